//! The script of faults.

use std::io::Read;
use std::time::{Duration, Instant};

use converz::sandbox::{Fault, FaultOperation, Options, Sandbox, SandboxError, Stride};
use serde_json::json;

use super::client::{all_calls, all_reps, column, get, post, request};
use super::options;

fn with(faults: Vec<Fault>) -> Sandbox {
    Sandbox::start(Options { faults, ..options(2_500, 30) }).unwrap()
}

#[test]
fn statuses_follow_the_script() {
    let sandbox = with(vec![
        Fault {
            operation: Some(FaultOperation::Calls),
            requests: Some(vec![2, 3]),
            status: Some(429),
            retry_after: Some("7".into()),
            ..Fault::default()
        },
        Fault {
            operation: Some(FaultOperation::UpdateCalls),
            requests: Some(vec![1]),
            status: Some(503),
            ..Fault::default()
        },
        Fault { operation: Some(FaultOperation::UpdateReps), status: Some(500), ..Fault::default() },
    ]);
    // Requests without a valid key don't count.
    request(&sandbox, "GET", "/api/v1/calls", &["x-api-key: no"], b"");
    let statuses: Vec<u16> = (0..5).map(|_| get(&sandbox, "calls").status).collect();
    assert_eq!(statuses, [200, 429, 429, 200, 200]);
    let body = r#"{"call_id":[1],"campaign":["A"]}"#;
    let answer = post(&sandbox, "calls", body);
    assert_eq!((answer.status, answer.refusal().1.as_str()), (503, "fault"));
    assert_ne!(all_calls(&sandbox)[0]["campaign"], "A", "a refused update is not applied");
    assert_eq!(post(&sandbox, "calls", body).status, 200);
    assert_eq!(get(&sandbox, "reps").status, 200);
    assert_eq!(get(&sandbox, "report").status, 200);
    for _ in 0..3 {
        assert_eq!(post(&sandbox, "reps", "[]").status, 500);
    }
}

#[test]
fn faults_of_any_operation_count_all_requests_and_the_first_effect_wins() {
    let sandbox = with(vec![
        Fault { requests: Some(vec![3]), status: Some(502), ..Fault::default() },
        Fault {
            requests: Some(vec![3, 4]),
            status: Some(503),
            retry_after: Some("soon, perhaps".into()),
            ..Fault::default()
        },
    ]);
    let answers: Vec<_> =
        ["calls", "reps", "report", "calls", "reps"].into_iter().map(|path| get(&sandbox, path)).collect();
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 200, 502, 503, 200]);
    assert_eq!(answers[2].header("retry-after"), Some("soon, perhaps"));
    assert_eq!(answers[4].header("retry-after"), None);
}

#[test]
fn answers_are_held_back_when_the_work_is_done() {
    let delay = Duration::from_millis(120);
    let sandbox = with(vec![Fault { delay: Some(delay), requests: Some(vec![2]), ..Fault::default() }]);
    get(&sandbox, "calls");
    let begin = Instant::now();
    assert_eq!(get(&sandbox, "calls").rows().len(), 10);
    assert!(begin.elapsed() >= delay);
}

#[test]
fn cut_bodies_arrive_incomplete_whatever_their_framing() {
    for cut in [0, 1, 5_000, 200_000, u64::MAX] {
        let sandbox =
            with(vec![Fault { operation: Some(FaultOperation::Calls), cut: Some(cut), ..Fault::default() }]);
        let whole = with(vec![]);
        for (target, encoding) in [
            ("/api/v1/calls?n_per_page=2500", "identity"),
            ("/api/v1/calls?n_per_page=3", "identity"),
            ("/api/v1/calls?n_per_page=2500", "gzip"),
            ("/api/v1/calls?n_per_page=2500", "zstd"),
            ("/api/v1/calls?n_per_page=3", "gzip"),
        ] {
            let header = format!("accept-encoding: {encoding}");
            let full = request(&whole, "GET", target, &[&header], b"");
            let answer = request(&sandbox, "GET", target, &[&header], b"");
            assert!(full.is_complete);
            assert_eq!(answer.status, 200);
            assert!(!answer.is_complete, "{cut} {target} {encoding}");
            let framing = |name| (answer.header(name).is_some(), full.header(name).is_some());
            assert!(matches!(framing("content-length"), (true, true) | (false, false)));
            let cut = usize::try_from(cut).unwrap_or(usize::MAX);
            match encoding {
                "identity" => {
                    // What was promised lacks its last byte at least; what was not lacks its end.
                    let promised =
                        full.header("content-length").map(|length| length.parse::<usize>().unwrap() - 1);
                    let most = cut.min(promised.unwrap_or(usize::MAX)).min(full.body.len());
                    assert!(answer.body == full.body[..most], "{} {most}", answer.body.len());
                }
                // How long it becomes depends on the pieces in which it was compressed.
                "gzip" => {
                    let mut decoded = Vec::new();
                    let result = flate2::read::GzDecoder::new(&*answer.body).read_to_end(&mut decoded);
                    assert!(answer.body.len() <= cut && (result.is_err() || answer.body.len() < cut));
                    assert!(gunzip(&full.body).starts_with(&decoded));
                }
                _ => assert!(answer.body.len() <= cut && answer.body.len() >= cut.min(5_000)),
            }
        }
    }
}

#[test]
fn an_update_whose_answer_is_cut_was_applied() {
    let sandbox =
        with(vec![Fault { operation: Some(FaultOperation::UpdateCalls), cut: Some(4), ..Fault::default() }]);
    let answer = post(&sandbox, "calls", r#"{"call_id":[1],"campaign":["A"]}"#);
    assert!(!answer.is_complete);
    assert_eq!(answer.body, b"{\"up");
    assert_eq!(all_calls(&sandbox)[0]["campaign"], "A");
}

#[test]
fn pages_are_capped_in_silence() {
    let capped = |stride| {
        with(vec![Fault {
            operation: Some(FaultOperation::Calls),
            cap: Some(100),
            stride,
            ..Fault::default()
        }])
    };
    let ids = |sandbox: &Sandbox, query: &str| -> Vec<i64> {
        let rows = get(sandbox, &format!("calls?columns=call_id&{query}")).rows();
        column(&rows, "call_id").iter().map(|id| id.as_i64().unwrap()).collect()
    };
    let by_cap = capped(Stride::Cap);
    assert_eq!(ids(&by_cap, "n_per_page=1000"), (1..=100).collect::<Vec<_>>());
    assert_eq!(ids(&by_cap, "n_per_page=1000&page=2"), (101..=200).collect::<Vec<_>>());
    assert_eq!(ids(&by_cap, "n_per_page=60&page=2"), (61..=120).collect::<Vec<_>>());
    let by_request = capped(Stride::Request);
    assert_eq!(ids(&by_request, "n_per_page=1000&page=2"), (1001..=1100).collect::<Vec<_>>());
    assert_eq!(ids(&by_request, "n_per_page=100&page=2"), (101..=200).collect::<Vec<_>>());
    assert_eq!(all_reps(&by_request).len(), 30, "the other list is not capped");
}

#[test]
fn faults_that_cannot_be_played_are_refused() {
    let refused = |fault: Fault| match Sandbox::start(Options { faults: vec![fault], ..options(1, 1) }) {
        Err(SandboxError::InvalidOption(message)) => message,
        other => panic!("{other:?}"),
    };
    assert!(refused(Fault { status: Some(100), ..Fault::default() }).contains("status 100"));
    assert!(refused(Fault { status: Some(600), ..Fault::default() }).contains("status 600"));
    assert!(refused(Fault { requests: Some(vec![1, 0]), ..Fault::default() }).contains("counted from 1"));
    assert!(refused(Fault { cap: Some(0), ..Fault::default() }).contains("cap of 0"));
    assert!(refused(Fault { retry_after: Some("a\nb".into()), ..Fault::default() }).contains("retry_after"));
}

#[test]
fn success_may_be_a_fault_too() {
    let sandbox = with(vec![Fault { status: Some(200), ..Fault::default() }]);
    let answer = get(&sandbox, "calls");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["code"], json!("fault"));
}

fn gunzip(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut decoded).unwrap();
    decoded
}
