//! Any schedule of faults: as many as there are retries are survived exactly, more end in a typed error.

use std::time::Duration;

use converz::error::ErrorKind;
use proptest::prelude::*;

use super::client::{Client, settings};
use super::clock::StoppedClock;
use super::compress::gzip;
use super::server::{Script, Server, Step, answer, ok, run, send, status};

#[derive(Debug, Clone)]
enum Fault {
    Status {
        status: u16,
        retry_after: Option<u8>,
    },
    NoAnswer,
    Reset,
    /// The body is cut after a part of it.
    Cut {
        gzip: bool,
        percent: usize,
    },
    Silence,
    Stall,
}

fn fault() -> impl Strategy<Value = Fault> {
    let statuses = prop::sample::select(vec![408, 425, 429, 500, 502, 503, 504, 520, 524]);
    prop_oneof![
        (statuses, prop::option::of(0_u8..20))
            .prop_map(|(status, retry_after)| Fault::Status { status, retry_after }),
        Just(Fault::NoAnswer),
        Just(Fault::Reset),
        (any::<bool>(), 0_usize..100).prop_map(|(gzip, percent)| Fault::Cut { gzip, percent }),
        Just(Fault::Silence),
        Just(Fault::Stall),
    ]
}

fn script(fault: &Fault, body: &[u8]) -> Script {
    let steps = match fault {
        Fault::Status { status: code, retry_after } => {
            let wait = retry_after.map(|seconds| format!("Retry-After: {seconds}"));
            let headers: Vec<&str> = wait.iter().map(String::as_str).collect();
            return status(&format!("{code} Fault"), &headers, "");
        }
        Fault::NoAnswer => vec![Step::Close],
        Fault::Reset => vec![Step::Reset],
        Fault::Cut { gzip: compressed, percent } => {
            let bytes = if *compressed {
                answer("200 OK", &["Content-Encoding: gzip"], gzip(body))
            } else {
                answer("200 OK", &[], body)
            };
            let size = bytes.len() * percent / 100;
            vec![send(&bytes[..size]), Step::Close]
        }
        Fault::Silence => vec![Step::Stall(Duration::from_secs(300))],
        Fault::Stall => vec![
            send("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n[1,"),
            Step::Stall(Duration::from_secs(60)),
        ],
    };
    steps.into()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    #[test]
    fn faults_up_to_the_budget_are_survived(
        faults in prop::collection::vec(fault(), 0..7),
        max_retries in 0_u32..6,
        size in prop::sample::select(vec![0_usize, 10, 200_000]),
        jitter in 0.0..=1.0,
        update in any::<bool>(),
    ) {
        let body = format!("[{}1]", "1,".repeat(size));
        let scripts: Vec<Script> = faults
            .iter()
            .map(|fault| script(fault, body.as_bytes()))
            .chain([ok(&body)])
            .collect();
        let (result, requests, elapsed, events) = run(async {
            let clock = StoppedClock::new();
            clock.set_jitter(jitter);
            let server = Server::start(&clock, scripts);
            let mut settings = settings(&server.url);
            settings.max_retries = max_retries;
            settings.timeout = Duration::from_secs(100_000);
            let client = Client::new(&clock, settings);
            let result = if update {
                client.send("[]").await.map(|()| body.clone()).map_err(|(error, _)| error)
            } else {
                client.read().await
            };
            (result, server.requests(), clock.elapsed(), client.events())
        });
        let attempts = faults.len().min(max_retries as usize) + 1;
        prop_assert_eq!(requests, attempts);
        prop_assert_eq!(events.len(), attempts);
        // The longest attempt waits for its first byte, the longest backoff is 30 s.
        prop_assert!(elapsed <= Duration::from_secs(330) * (attempts as u32));
        match result {
            Ok(arrived) => {
                prop_assert!(faults.len() <= max_retries as usize);
                prop_assert!(arrived == body);
            }
            Err(error) => {
                prop_assert!(faults.len() > max_retries as usize);
                prop_assert_eq!(error.attempt(), Some(attempts as u32));
                let last = &faults[attempts - 1];
                let expected = match error.kind() {
                    ErrorKind::Status { status: code, retry_after, .. } => matches!(
                        last,
                        Fault::Status { status, retry_after: asked }
                            if status == code && asked.map(u64::from) == retry_after.map(|wait| wait.as_secs())
                    ),
                    ErrorKind::Connection => {
                        matches!(last, Fault::NoAnswer | Fault::Reset | Fault::Cut { .. })
                    }
                    ErrorKind::Timeout => matches!(last, Fault::Silence | Fault::Stall),
                    _ => false,
                };
                prop_assert!(expected, "{:?} after {:?}", error, last);
            }
        }
    }
}
