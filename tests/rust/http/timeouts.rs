//! Each timeout on its own, and what is none.

use std::sync::mpsc;
use std::time::Duration;

use converz::error::{Error, ErrorKind, Result};
use converz::http::{BodySink, RetryBudget};

use super::client::{Client, calls, settings};
use super::clock::StoppedClock;
use super::compress::gzip;
use super::server::{Reading, Script, Server, Step, answer, ok, run, send};

const CONNECT: Duration = Duration::from_secs(10);
const STALL: Duration = Duration::from_secs(60);
const FIRST_BYTE: Duration = Duration::from_secs(300);
/// How often what has come of a body is looked at.
const LOOK: Duration = Duration::from_secs(5);

fn assert_timeout(error: &Error, setting: &str) {
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    assert!(error.message().contains(setting), "{error}");
}

#[test]
fn no_first_byte() {
    run(async {
        let clock = StoppedClock::new();
        let silent = Script::from(vec![Step::Stall(FIRST_BYTE)]);
        let server = Server::start(&clock, [silent.clone(), ok("[1]"), silent]);
        let mut settings = settings(&server.url);
        settings.max_retries = 1;
        let client = Client::new(&clock, settings.clone());
        assert_eq!(client.read().await.unwrap(), "[1]");
        assert_eq!(clock.elapsed(), Duration::from_millis(300_500));
        assert!(client.failures()[0].contains("first_byte_timeout=300 s"), "{:?}", client.failures());

        settings.max_retries = 0;
        assert_timeout(&Client::new(&clock, settings).read().await.unwrap_err(), "first_byte_timeout=300 s");
    });
}

#[test]
fn a_head_without_an_end_is_no_first_byte() {
    run(async {
        let clock = StoppedClock::new();
        let half = Script::from(vec![send("HTTP/1.1 200 OK\r\nServer: x"), Step::Stall(FIRST_BYTE)]);
        let server = Server::start(&clock, [half]);
        let mut settings = settings(&server.url);
        settings.max_retries = 0;
        assert_timeout(&Client::new(&clock, settings).read().await.unwrap_err(), "first_byte_timeout=300 s");
    });
}

#[test]
fn a_stalled_body() {
    run(async {
        let clock = StoppedClock::new();
        let head = send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[1,");
        let stalled = Script::from(vec![head, Step::Stall(STALL)]);
        let server = Server::start(&clock, [stalled.clone(), ok("[1,2]"), stalled]);
        let mut settings = settings(&server.url);
        settings.max_retries = 1;
        let client = Client::new(&clock, settings.clone());
        assert_eq!(client.read().await.unwrap(), "[1,2]");

        settings.max_retries = 0;
        assert_timeout(&Client::new(&clock, settings).read().await.unwrap_err(), "stall_timeout=60 s");
    });
}

#[test]
fn a_body_that_stalls_is_not_forgiven_for_being_looked_at() {
    run(async {
        let clock = StoppedClock::new();
        for beginning in ["", "[1,"] {
            let head = send(format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{beginning}"));
            let server = Server::start(&clock, [vec![head, Step::Stall(LOOK)].into(), ok("[1,2]")]);
            let mut settings = settings(&server.url);
            settings.max_retries = 1;
            let started = clock.elapsed();
            assert_eq!(Client::new(&clock, settings).read().await.unwrap(), "[1,2]");
            assert!(clock.elapsed() < started + STALL + LOOK, "{:?}", clock.elapsed());
        }
    });
}

#[test]
fn a_stalled_body_of_an_error_still_gives_the_error() {
    run(async {
        let clock = StoppedClock::new();
        let head = send("HTTP/1.1 400 No\r\nContent-Length: 99\r\n\r\nbad date");
        let server = Server::start(&clock, [vec![head, Step::Stall(STALL)].into()]);
        let error = Client::new(&clock, settings(&server.url)).read().await.unwrap_err();
        let ErrorKind::Status { status: 400, message, .. } = error.kind() else { panic!("{error:?}") };
        assert!(message.starts_with("bad date"), "{message}");
    });
}

#[test]
fn the_words_of_an_error_are_waited_for_for_seconds() {
    run(async {
        for (line, retries) in [("503 Busy", 1), ("401 No", 0)] {
            let clock = StoppedClock::new();
            // A word every two seconds, for ever.
            let mut steps = vec![send(format!("HTTP/1.1 {line}\r\nContent-Length: 999\r\n\r\n"))];
            for word in ["wait ", "for ", "me "] {
                steps.push(Step::Pause { until: STALL, pass: Duration::from_secs(2) });
                steps.push(send(word));
            }
            steps.push(Step::Hold);
            let drips = Script::from(steps);
            let server = Server::start(&clock, [drips.clone(), drips]);
            let mut settings = settings(&server.url);
            settings.max_retries = 1;
            let client = Client::new(&clock, settings);
            let error = client.read().await.unwrap_err();
            let ErrorKind::Status { message, .. } = error.kind() else { panic!("{error:?}") };
            assert!(message.starts_with("wait for"), "{message}");
            assert!(!message.contains("me"), "{message}");
            assert_eq!(server.requests(), 1 + retries);
            assert!(clock.elapsed() <= Duration::from_secs(13), "{:?}", clock.elapsed());
        }
    });
}

/// Bytes that come two seconds apart, behind the head of a success.
fn dripping(headers: &str, pieces: &[&[u8]]) -> Script {
    let mut steps = vec![send(format!("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n{headers}\r\n"))];
    for piece in pieces {
        steps.push(Step::Pause { until: STALL, pass: Duration::from_secs(2) });
        steps.push(send(piece));
    }
    steps.push(Step::Hold);
    steps.into()
}

#[test]
fn a_success_that_begins_as_none_is_waited_for_for_seconds() {
    run(async {
        let page = b"<html>please log in";
        let packed = gzip(page);
        let head = &packed[..packed.len() - 8];
        for (headers, pieces) in [
            ("", [&page[..9], &page[9..], b".", b".", b"."]),
            ("", [b" \n", &page[..3], &page[3..], b".", b"."]),
            ("Content-Encoding: gzip\r\n", [&head[..9], &head[9..], b"", b"", b""]),
        ] {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [dripping(headers, &pieces), ok("[1]")]);
            let error = Client::new(&clock, settings(&server.url)).read().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Decode), "{error:?}");
            assert!(error.message().contains('<'), "{error}");
            assert_eq!(server.requests(), 1);
            assert!(clock.elapsed() <= Duration::from_secs(12), "{:?}", clock.elapsed());
        }
    });
}

#[test]
fn an_update_is_not_confirmed_by_a_page_that_drips() {
    run(async {
        let clock = StoppedClock::new();
        let pieces = ["<html>", "a sig", "n-in ", "page ", "for e"].map(str::as_bytes);
        let server = Server::start(&clock, [dripping("", &pieces)]);
        let (error, in_doubt) = Client::new(&clock, settings(&server.url)).send("[]").await.unwrap_err();
        assert!(error.message().contains("it is a page"), "{error}");
        assert!(in_doubt);
        assert!(clock.elapsed() <= Duration::from_secs(12), "{:?}", clock.elapsed());
    });
}

#[test]
fn a_success_that_is_right_so_far_may_be_slow() {
    run(async {
        let clock = StoppedClock::new();
        let mut steps = vec![send("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n")];
        for piece in ["[", "1", ",", "2"].into_iter().chain([" "; 25]).chain(["]"]) {
            steps.push(Step::Pause { until: STALL, pass: Duration::from_secs(20) });
            steps.push(send(piece));
        }
        let server = Server::start(&clock, [steps.into()]);
        let text = Client::new(&clock, settings(&server.url)).read().await.unwrap();
        assert!(text.starts_with("[1,2 "), "{text}");
        assert_eq!((server.requests(), clock.elapsed()), (1, Duration::from_secs(600)));
    });
}

#[test]
fn the_whole() {
    run(async {
        let clock = StoppedClock::new();
        let timeout = Duration::from_secs(100);
        let scripts: [Script; 2] = [vec![Step::Stall(timeout)].into(), ok("[]")];
        let server = Server::start(&clock, scripts);
        let mut settings = settings(&server.url);
        settings.timeout = timeout;
        let client = Client::new(&clock, settings);
        let error = client.read().await.unwrap_err();
        assert_timeout(&error, "timeout=100 s");
        assert!(!error.message().contains("first_byte"), "{error}");
        assert_eq!((server.requests(), clock.elapsed()), (1, timeout));
    });
}

#[test]
fn a_steady_slow_download_is_no_stall() {
    run(async {
        let clock = StoppedClock::new();
        let mut steps = vec![
            Step::Pause { until: FIRST_BYTE, pass: Duration::from_secs(299) },
            send("HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n["),
        ];
        for piece in 0..20 {
            steps.push(Step::Pause { until: STALL, pass: Duration::from_secs(59) });
            steps.push(send(if piece == 19 { "1]" } else { "1," }));
        }
        let server = Server::start(&clock, [steps.into()]);
        let mut settings = settings(&server.url);
        settings.timeout = Duration::from_secs(5000);
        let client = Client::new(&clock, settings);
        assert_eq!(client.read().await.unwrap(), format!("[{}1]", "1,".repeat(19)));
        assert_eq!((server.requests(), clock.elapsed().as_secs()), (1, 299 + 20 * 59));
    });
}

#[test]
fn a_steady_slow_upload_is_no_stall() {
    run(async {
        let clock = StoppedClock::new();
        let pass = Duration::from_secs(5);
        let slow = Script {
            reading: Reading::Slowly { bytes: 256 << 10, pass },
            steps: vec![Step::Send(answer("200 OK", &[], ""))],
        };
        let server = Server::start(&clock, [slow]);
        let client = Client::new(&clock, settings(&server.url));
        let body: Vec<u8> = (0_u32..30 << 20).map(|index| (index % 251) as u8).collect();
        client.send(body.clone()).await.unwrap();
        let received = server.received();
        assert_eq!(received.len(), 1);
        assert!(received[0].body == body, "the body arrived otherwise");
        assert!(clock.elapsed() >= pass * 4 * 29, "{:?}", clock.elapsed());
    });
}

#[test]
fn an_upload_that_nobody_takes_is_a_stall() {
    run(async {
        let clock = StoppedClock::new();
        let deaf = Script { reading: Reading::Head, steps: vec![Step::Expire { time: STALL, times: 9 }] };
        let server = Server::start(&clock, [deaf]);
        let mut settings = settings(&server.url);
        settings.max_retries = 0;
        let (error, in_doubt) = Client::new(&clock, settings).send(vec![b'1'; 30 << 20]).await.unwrap_err();
        assert_timeout(&error, "stall_timeout=60 s");
        assert!(error.message().contains("request"), "{error}");
        assert!(in_doubt);
    });
}

#[test]
fn the_first_byte_counts_from_the_last_of_the_request() {
    run(async {
        let clock = StoppedClock::new();
        let silent = Script::from(vec![Step::Stall(FIRST_BYTE)]);
        let server = Server::start(&clock, [silent]);
        let mut settings = settings(&server.url);
        settings.max_retries = 0;
        let (error, in_doubt) = Client::new(&clock, settings).send("[]").await.unwrap_err();
        assert_timeout(&error, "first_byte_timeout=300 s");
        assert!(in_doubt);
    });
}

#[test]
fn no_connection() {
    run(async {
        let clock = StoppedClock::new();
        // A handshake that is never answered.
        let silent = || Script { reading: Reading::Nothing, steps: vec![Step::Stall(CONNECT)] };
        let server = Server::start(&clock, [silent(), silent(), silent()]);
        let authority = super::authority::Authority::new();
        let mut settings = settings(&server.url.replace("http:", "https:"));
        settings.ca_file = Some(authority.file());
        settings.max_retries = 1;
        let client = Client::new(&clock, settings.clone());
        let error = client.read().await.unwrap_err();
        assert_timeout(&error, "connect_timeout=10 s");
        assert_eq!(error.attempt(), Some(2));

        settings.max_retries = 0;
        let (error, in_doubt) = Client::new(&clock, settings).send("[]").await.unwrap_err();
        assert_timeout(&error, "connect_timeout=10 s");
        assert!(!in_doubt);
    });
}

/// Takes nothing until it is told to.
struct Slow {
    entered: mpsc::Sender<()>,
    go_on: mpsc::Receiver<()>,
    bytes: usize,
    waited: bool,
}

impl BodySink for Slow {
    type Output = usize;

    fn push(&mut self, window: bytes::Bytes) -> Result<()> {
        if !self.waited {
            self.waited = true;
            self.entered.send(()).unwrap();
            self.go_on.recv().unwrap();
        }
        self.bytes += window.len();
        Ok(())
    }

    fn finish(self) -> Result<usize> {
        Ok(self.bytes)
    }
}

#[test]
fn a_consumer_that_takes_its_time_is_no_stall() {
    run(async {
        let size = 8 << 20;
        let clock = StoppedClock::new();
        let server = Server::start(&clock, [ok(vec![b'1'; size])]);
        let client = Client::new(&clock, settings(&server.url));
        let (entered, has_entered) = mpsc::channel();
        let (go, go_on) = mpsc::channel();
        let sink = std::sync::Mutex::new(Some(Slow { entered, go_on, bytes: 0, waited: false }));
        let budget = RetryBudget::single(&client.settings);
        let request = calls();
        let reading =
            client.http.read(&request, &budget, || sink.lock().unwrap().take().expect("one attempt"));
        let consumer = async {
            while has_entered.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
            // Who waits for the network sleeps beside it: now only the consumer is waited for.
            while clock.sleepers() > 0 {
                tokio::task::yield_now().await;
            }
            clock.advance(Duration::from_secs(10_000));
            go.send(()).unwrap();
        };
        let (answer, ()) = tokio::join!(reading, consumer);
        assert_eq!(answer.unwrap().output, size);
    });
}
