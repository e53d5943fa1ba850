//! When another attempt is made, when it is due, and when there is none.

use std::time::Duration;

use converz::error::{Error, ErrorKind};
use converz::http::RetryBudget;

use super::client::{Client, Collect, calls, settings};
use super::clock::StoppedClock;
use super::compress::{gzip, zstd};
use super::server::{Script, Server, Step, answer, ok, run, send, status};

fn status_of(error: &Error) -> (u16, Option<Duration>) {
    match error.kind() {
        ErrorKind::Status { status, retry_after, .. } => (*status, *retry_after),
        kind => panic!("{kind:?}"),
    }
}

/// An answer whose head is right and whose body is not.
fn broken(headers: &str, body: impl AsRef<[u8]>, end: Option<Step>) -> Script {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
    [Some(send(head)), Some(send(body)), end].into_iter().flatten().collect::<Vec<_>>().into()
}

/// What may pass, as often as it is tried.
fn passing() -> Vec<(&'static str, Script)> {
    let body = b"[1,2,3]";
    let (gz, zst) = (gzip(body), zstd(body));
    let mut wrong = gz.clone();
    let checksum = wrong.len() - 6;
    wrong[checksum] ^= 1;
    let encoded = |name: &str, bytes: &[u8]| {
        broken(&format!("Content-Encoding: {name}\r\nContent-Length: {}", bytes.len()), bytes, None)
    };
    vec![
        ("408", status("408 Request Timeout", &[], "")),
        ("429", status("429 Too Many Requests", &[], "")),
        ("500", status("500 Internal Server Error", &[], "")),
        ("502", status("502 Bad Gateway", &[], "<html>")),
        ("503", status("503 Service Unavailable", &[], "")),
        ("504", status("504 Gateway Timeout", &[], "")),
        ("425", status("425 Too Early", &[], "")),
        ("520", status("520 Web Server Returned an Unknown Error", &[], "<html>")),
        ("521", status("521 Web Server Is Down", &[], "")),
        ("522", status("522 Connection Timed Out", &[], "")),
        ("523", status("523 Origin Is Unreachable", &[], "")),
        ("524", status("524 A Timeout Occurred", &[], "")),
        ("closed unanswered", vec![Step::Close].into()),
        ("reset unanswered", vec![Step::Reset].into()),
        ("half a head", vec![send("HTTP/1.1 200 OK\r\nContent-Le"), Step::Close].into()),
        ("not HTTP", vec![send("220 smtp.example.com ESMTP\r\n"), Step::Close].into()),
        ("Content-Length", broken("Content-Length: 7", "[1,2", Some(Step::Close))),
        ("Content-Length, reset", broken("Content-Length: 7", "[1,2", Some(Step::Reset))),
        ("chunked", broken("Transfer-Encoding: chunked", "4\r\n[1,2\r\n", Some(Step::Close))),
        ("chunked, in a chunk", broken("Transfer-Encoding: chunked", "7\r\n[1,2", Some(Step::Close))),
        ("chunked, all but the end", broken("Transfer-Encoding: chunked", "3\r\n[1]\r\n", Some(Step::Close))),
        ("delimited by closing", broken("Connection: close", "[1,2", Some(Step::Close))),
        ("gzip", encoded("gzip", &gz[..gz.len() - 9])),
        ("gzip, no trailer", encoded("gzip", &gz[..gz.len() - 8])),
        ("gzip, in the header", encoded("gzip", &gz[..5])),
        ("gzip, wrong checksum", encoded("gzip", &wrong)),
        ("gzip, no gzip", encoded("gzip", b"[1,2,3]")),
        ("gzip, more after it", encoded("gzip", &[&gz[..], b"more"].concat())),
        ("zstd", encoded("zstd", &zst[..zst.len() - 1])),
        ("zstd, no zstd", encoded("zstd", b"[1,2,3]")),
        ("zstd, more after it", encoded("zstd", &[&zst[..], b"more"].concat())),
    ]
}

#[test]
fn what_may_pass_is_tried_again_with_a_new_sink() {
    run(async {
        for (name, script) in passing() {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [script, ok("[1,2,3]")]);
            let client = Client::new(&clock, settings(&server.url));
            let (body, sinks) = client.read_counted().await;
            assert_eq!(body.unwrap_or_else(|error| panic!("{name}: {error}")), "[1,2,3]", "{name}");
            assert!((1..=2).contains(&sinks), "{name}: {sinks} sinks");
            assert_eq!(server.requests(), 2, "{name}");
            assert_eq!(client.failures().len(), 1, "{name}");
            assert_eq!(clock.elapsed(), Duration::from_millis(500), "{name}");
        }
    });
}

#[test]
fn what_does_not_pass_ends_in_its_own_error() {
    run(async {
        for (name, script) in passing() {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, vec![script; 9]);
            let mut settings = settings(&server.url);
            settings.max_retries = 2;
            let client = Client::new(&clock, settings);
            let error = client.read().await.unwrap_err();
            match error.kind() {
                ErrorKind::Status { status, .. } => assert_eq!(name, status.to_string()),
                // Broken rather than cut.
                ErrorKind::Decode => assert!(name.contains(", "), "{name}: {error}"),
                kind => assert!(matches!(kind, ErrorKind::Connection), "{name}: {error}"),
            }
            assert_eq!(error.attempt(), Some(3), "{name}");
            assert_eq!(error.request(), Some("GET /calls?rep_id=…&page=3"), "{name}");
            assert_eq!(server.requests(), 3, "{name}");
        }
    });
}

#[test]
fn a_refused_connection_is_tried_again() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::start(&clock, []);
        server.stop().await;
        let client = Client::new(&clock, settings(&server.url));
        let error = client.read().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connection), "{error}");
        assert!(error.message().contains("refused") && error.message().contains(&server.url), "{error}");
        assert_eq!(error.attempt(), Some(6));
    });
}

#[test]
fn what_would_come_again_is_not_tried_again() {
    run(async {
        let statuses = [
            "400 Bad Request",
            "401 No",
            "403 No",
            "404 No",
            "413 No",
            "414 No",
            "501 No",
            "304 No",
            "525 No",
            "530 No",
        ];
        for line in statuses {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [status(line, &[], ""), ok("[]")]);
            let client = Client::new(&clock, settings(&server.url));
            let error = client.read().await.unwrap_err();
            assert_eq!(status_of(&error).0.to_string(), line[..3]);
            assert_eq!(error.attempt(), Some(1), "{line}");
            assert_eq!(server.requests(), 1, "{line}");
        }
    });
}

#[test]
fn waits_grow_with_full_jitter() {
    run(async {
        for (share, waits) in [(1.0, [0.5, 1.0, 2.0, 4.0, 8.0]), (0.5, [0.25, 0.5, 1.0, 2.0, 4.0])] {
            let clock = StoppedClock::new();
            clock.set_jitter(share);
            let server = Server::start(&clock, vec![status("503 Busy", &[], ""); 9]);
            let client = Client::new(&clock, settings(&server.url));
            client.read().await.unwrap_err();
            let waited: Vec<_> = client.events().iter().filter_map(|event| event.retry_in).collect();
            assert_eq!(waited, waits.map(Duration::from_secs_f64));
            assert_eq!(clock.elapsed(), waits.iter().copied().map(Duration::from_secs_f64).sum::<Duration>());
            assert_eq!(client.events().last().unwrap().retry_in, None);
        }
    });
}

#[test]
fn retry_after_is_obeyed_where_it_makes_sense() {
    run(async {
        for (value, wait) in [
            ("7", 7.0),
            ("Tue, 15 Jul 2025 12:00:30 GMT", 30.0),
            // Shorter than the backoff.
            ("0", 0.5),
            ("Tue, 15 Jul 2025 11:00:00 GMT", 0.5),
            ("-5", 0.5),
            ("NaN", 0.5),
            ("soon", 0.5),
            ("99999999999999999999", 0.5),
        ] {
            for line in ["429 Slow Down", "503 Busy"] {
                let clock = StoppedClock::new();
                let header = format!("Retry-After: {value}");
                let server = Server::start(&clock, [status(line, &[&header], ""), ok("[]")]);
                let client = Client::new(&clock, settings(&server.url));
                client.read().await.unwrap();
                assert_eq!(client.events()[0].retry_in, Some(Duration::from_secs_f64(wait)), "{value}");
            }
        }
    });
}

#[test]
fn a_wait_beyond_the_deadline_raises_at_once() {
    run(async {
        let clock = StoppedClock::new();
        let busy = status("429 Slow Down", &["Retry-After: 901"], r#"{"error":"slow down","code":"rate"}"#);
        let server = Server::start(&clock, [busy, ok("[]")]);
        let client = Client::new(&clock, settings(&server.url));
        let error = client.read().await.unwrap_err();
        assert_eq!(status_of(&error), (429, Some(Duration::from_secs(901))));
        assert!(error.message().contains("timeout=900 s"), "{error}");
        assert_eq!((server.requests(), clock.elapsed()), (1, Duration::ZERO));
    });
}

#[test]
fn retries_share_the_deadline_of_their_request() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::start(&clock, vec![status("503 Busy", &[], ""); 99]);
        let mut settings = settings(&server.url);
        settings.timeout = Duration::from_secs(10);
        settings.max_retries = 99;
        let client = Client::new(&clock, settings);
        let error = client.read().await.unwrap_err();
        // 0.5 + 1 + 2 + 4, and 8 more would be too late.
        assert_eq!((error.attempt(), clock.elapsed()), (Some(5), Duration::from_millis(7500)));
        assert_eq!(status_of(&error).0, 503);
    });
}

#[test]
fn pages_side_by_side_share_a_budget() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::start(&clock, vec![status("503 Busy", &[], ""); 20]);
        let mut settings = settings(&server.url);
        settings.max_retries = 1;
        let client = Client::new(&clock, settings);
        let budget = RetryBudget::shared(&client.settings);
        let request = calls();
        for retries in [1, 1, 1, 1, 0, 0] {
            let error = client.http.read(&request, &budget, Collect::default).await.unwrap_err();
            assert_eq!((status_of(&error).0, error.attempt()), (503, Some(retries + 1)));
            assert_eq!(error.message().contains("share"), retries == 0, "{error}");
        }
        assert_eq!(server.requests(), 10);
    });
}

#[test]
fn a_page_that_is_answered_gives_the_retries_back() {
    run(async {
        let clock = StoppedClock::new();
        let busy = status("503 Busy", &[], "");
        let scripts = (0..40).flat_map(|_| [busy.clone(), ok("[]")]);
        let server = Server::start(&clock, scripts);
        let mut settings = settings(&server.url);
        settings.max_retries = 1;
        let client = Client::new(&clock, settings);
        let budget = RetryBudget::shared(&client.settings);
        for _ in 0..40 {
            client.http.read(&calls(), &budget, Collect::default).await.unwrap();
        }
        assert_eq!(server.requests(), 80);
    });
}

#[test]
fn waits_that_are_asked_for_are_waited_for_and_no_longer() {
    run(async {
        let clock = StoppedClock::new();
        let busy = status("429 Slow Down", &["Retry-After: 1"], "");
        let server = Server::start(&clock, vec![busy; 9]);
        let client = Client::new(&clock, settings(&server.url));
        let error = client.read().await.unwrap_err();
        assert_eq!((status_of(&error).0, error.attempt()), (429, Some(6)));
        assert_eq!(clock.elapsed(), Duration::from_secs(5));
    });
}

#[test]
fn the_cost_of_failed_attempts_counts() {
    run(async {
        let clock = StoppedClock::new();
        let cut = broken("Content-Length: 7", "[1,2", Some(Step::Close));
        let server = Server::start(&clock, [cut, status("503 Busy", &[], "busy"), ok("[1,2]")]);
        let client = Client::new(&clock, settings(&server.url));
        let budget = RetryBudget::single(&client.settings);
        let answer = client.http.read(&calls(), &budget, Collect::default).await.unwrap();
        assert_eq!((answer.cost.attempts, answer.cost.bytes_received), (3, 13));
        let statuses: Vec<_> = client.events().iter().map(|event| event.status).collect();
        assert_eq!(statuses, [Some(200), Some(503), Some(200)]);
    });
}

#[test]
fn what_the_service_says_is_told() {
    run(async {
        let documented = r#"{"error":"page must be a number","code":"bad_page"}"#;
        let page = format!("<html>{}</html>", "x ".repeat(4000));
        let cases: [(&str, Vec<u8>, Option<&str>, &str); 5] = [
            (
                "json",
                answer("400 No", &["Content-Type: application/json"], documented),
                Some("bad_page"),
                documented,
            ),
            (
                "gzip",
                answer("400 No", &["Content-Encoding: gzip"], gzip(documented.as_bytes())),
                Some("bad_page"),
                documented,
            ),
            (
                "zstd",
                answer("400 No", &["Content-Encoding: zstd"], zstd(documented.as_bytes())),
                Some("bad_page"),
                documented,
            ),
            ("html", answer("400 No", &["Content-Type: text/html"], &page), None, "<html>"),
            ("empty", answer("400 No", &[], ""), None, ""),
        ];
        for (name, bytes, expected, _) in cases {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [vec![Step::Send(bytes)].into()]);
            let client = Client::new(&clock, settings(&server.url));
            let error = client.read().await.unwrap_err();
            let ErrorKind::Status { status: 400, code, message, .. } = error.kind() else {
                panic!("{error:?}")
            };
            assert_eq!(code.as_deref(), expected, "{name}");
            if expected.is_some() {
                assert_eq!(message, "page must be a number", "{name}");
                assert!(error.message().contains("400") && error.message().contains("bad_page"), "{error}");
            } else if name == "html" {
                assert!(
                    message.starts_with("<html>x x") && message.ends_with("(the content type is text/html)"),
                    "{message}"
                );
                assert!(message.chars().count() < 240, "{message}");
            } else {
                assert_eq!(message, "Bad Request");
            }
            // Logs have the status but no words that may be personal.
            assert_eq!(client.failures(), ["the service answered 400 Bad Request"], "{name}");
        }
    });
}
