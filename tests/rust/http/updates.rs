//! Updates whose outcome is unknown: tried again like a read, and never said to be unsent.

use std::time::Duration;

use converz::error::ErrorKind;

use super::client::{Client, settings};
use super::clock::StoppedClock;
use super::compress::{gzip, zstd};
use super::server::{Reading, Script, Server, Step, ok, run, send, status};

const BODY: &str = r#"{"call_id":[1,2],"campaign":["a","b"]}"#;

fn cut_success() -> Script {
    vec![send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), Step::Close].into()
}

/// Scripts after which the service may have applied the request.
fn doubtful() -> Vec<(&'static str, Script)> {
    vec![
        ("closed unanswered", vec![Step::Close].into()),
        ("reset unanswered", vec![Step::Reset].into()),
        ("no first byte", vec![Step::Stall(Duration::from_secs(300))].into()),
        ("answer cut", cut_success()),
        ("500", status("500 Error", &[], "")),
        ("502", status("502 Bad Gateway", &[], "")),
        ("503", status("503 Busy", &[], "")),
        ("504", status("504 Gateway Timeout", &[], "")),
        ("520", status("520 Unknown", &[], "")),
        ("521", status("521 Down", &[], "")),
        ("522", status("522 Connection Timed Out", &[], "")),
        ("523", status("523 Unreachable", &[], "")),
        ("524", status("524 Timeout", &[], "")),
    ]
}

#[test]
fn an_unknown_outcome_is_tried_again_with_the_same_body() {
    run(async {
        for (name, script) in doubtful() {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [script, ok(r#"{"updated":2}"#)]);
            let client = Client::new(&clock, settings(&server.url));
            client.send(BODY).await.unwrap_or_else(|(error, _)| panic!("{name}: {error}"));
            let bodies: Vec<_> = server.received().into_iter().map(|request| request.body).collect();
            assert_eq!(bodies, [BODY.as_bytes(), BODY.as_bytes()], "{name}");
        }
    });
}

#[test]
fn an_unknown_outcome_stays_unknown() {
    run(async {
        for (name, script) in doubtful() {
            let refusal = || status("400 No", &[], "");
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [script.clone(), refusal()]);
            let (error, in_doubt) = Client::new(&clock, settings(&server.url)).send(BODY).await.unwrap_err();
            assert!(in_doubt, "{name}, then refused: {error}");
            assert!(matches!(error.kind(), ErrorKind::Status { status: 400, .. }), "{error:?}");

            // The last of its kind is not hidden either.
            let clock = StoppedClock::new();
            let server = Server::start(&clock, vec![script.clone(); 2]);
            let mut settings = settings(&server.url);
            settings.max_retries = 1;
            let (_, in_doubt) = Client::new(&clock, settings).send(BODY).await.unwrap_err();
            assert!(in_doubt, "{name}");
        }
    });
}

#[test]
fn an_unknown_outcome_stays_unknown_where_later_nobody_listens() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::start(&clock, [vec![Step::Stop, Step::Close].into()]);
        let (error, in_doubt) = Client::new(&clock, settings(&server.url)).send(BODY).await.unwrap_err();
        assert!(error.message().contains("refused"), "{error}");
        assert!(in_doubt);
    });
}

#[test]
fn a_refusal_applies_nothing() {
    run(async {
        for line in [
            "400 No",
            "401 No",
            "403 No",
            "404 No",
            "408 Slow",
            "409 No",
            "413 Large",
            "425 Early",
            "429 Slow",
        ] {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, vec![status(line, &[], ""); 9]);
            let (error, in_doubt) = Client::new(&clock, settings(&server.url)).send(BODY).await.unwrap_err();
            assert!(!in_doubt, "{line}: {error}");
        }
    });
}

#[test]
fn what_was_never_sent_is_unsent() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::start(&clock, []);
        server.stop().await;
        let (error, in_doubt) = Client::new(&clock, settings(&server.url)).send(BODY).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connection), "{error}");
        assert!(!in_doubt);
    });
}

#[test]
fn a_body_that_was_sent_in_part_is_in_doubt() {
    run(async {
        let clock = StoppedClock::new();
        let script = Script { reading: Reading::Head, steps: vec![Step::Reset] };
        let server = Server::start(&clock, [script]);
        let mut settings = settings(&server.url);
        settings.max_retries = 0;
        let (error, in_doubt) = Client::new(&clock, settings).send(vec![b'1'; 30 << 20]).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connection), "{error}");
        assert!(in_doubt);
    });
}

#[test]
fn an_answer_that_comes_before_the_body_is_read_is_heard() {
    run(async {
        let clock = StoppedClock::new();
        let large = r#"{"error":"at most 100000 rows","code":"too_many_rows"}"#;
        let steps = status("413 Too Large", &[], large).steps;
        let script = Script { reading: Reading::Head, steps };
        let server = Server::start(&clock, [script]);
        let (error, in_doubt) =
            Client::new(&clock, settings(&server.url)).send(vec![b'1'; 30 << 20]).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Status { status: 413, .. }), "{error:?}");
        assert!(!in_doubt);
    });
}

#[test]
fn a_success_that_says_nothing_against_it_confirms() {
    run(async {
        let large = format!(r#"{{"rows":["{}"],"updated":2}}"#, "x".repeat(3 << 20));
        let encoded =
            |name: &str, body: &[u8]| status("200 OK", &[&format!("Content-Encoding: {name}")], body);
        let by_closing =
            |body: &str| vec![send(format!("HTTP/1.1 200 OK\r\n\r\n{body}")), Step::Close].into();
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
        let scripts: Vec<Script> = vec![
            ok(""),
            ok("null"),
            ok("{}"),
            ok(r#"{"updated":2}"#),
            ok(BODY),
            ok(&large),
            status("201 Created", &["Content-Type: text/html"], "OK"),
            status("203 Non-Authoritative Information", &[], "{}"),
            status("204 No Content", &[], ""),
            status("205 Reset Content", &[], ""),
            encoded("gzip", &gzip(large.as_bytes())),
            encoded("zstd", &zstd(b"{}")),
            encoded("br", b""),
            by_closing(""),
            by_closing("{}"),
            vec![send(chunked)].into(),
        ];
        for (place, script) in scripts.into_iter().enumerate() {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [script]);
            let sent = Client::new(&clock, settings(&server.url)).send(BODY).await;
            sent.unwrap_or_else(|(error, _)| panic!("{place}: {error}"));
        }
    });
}

#[test]
fn a_success_that_speaks_of_anything_else_leaves_doubt() {
    run(async {
        let error = r#"{"error":"maintenance","code":"later"}"#;
        let broken =
            |name: &str, body: &[u8]| status("200 OK", &[&format!("Content-Encoding: {name}")], body);
        let cases: Vec<(&str, Script)> = vec![
            (
                "a page",
                status("200 OK", &["Content-Type: text/html"], "<!doctype html><title>Sign in</title>"),
            ),
            ("a page", ok("<html>")),
            ("a page", broken("gzip", &gzip(b"<html>"))),
            (r#"it has "error""#, ok(error)),
            (r#"it has "error""#, status("201 Created", &[], error)),
            (r#"it has "error""#, ok(r#"{"error":"down","\ud800":1}"#)),
            ("0 of 2 rows", ok(r#"{"updated":0}"#)),
            ("1 of 2 rows", broken("zstd", &zstd(br#"{"updated":1}"#))),
            ("it is neither JSON nor words of assent", ok("Service Unavailable")),
            ("asked for: br", broken("br", b"{}")),
            ("202 Accepted", status("202 Accepted", &[], r#"{"updated":2}"#)),
            ("206 Partial Content", status("206 Partial Content", &[], "{}")),
            ("207 Multi-Status", status("207 Multi-Status", &[], r#"{"updated":2}"#)),
        ];
        for (told, script) in cases {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [script, ok("{}")]);
            let client = Client::new(&clock, settings(&server.url));
            let (error, in_doubt) = client.send(BODY).await.unwrap_err();
            assert!(error.message().contains(told), "{told}: {error}");
            assert!(in_doubt, "{told}: {error}");
            // It would be the same again.
            assert_eq!((server.requests(), client.failures().len()), (1, 1), "{told}");
            match error.kind() {
                ErrorKind::Decode => assert!(error.message().contains("content type"), "{error}"),
                ErrorKind::Status { status, .. } => assert_eq!(status.to_string(), told[..3]),
                kind => panic!("{told}: {kind:?}"),
            }
        }
    });
}

#[test]
fn a_confirmation_that_is_cut_is_none() {
    run(async {
        let large = format!(r#"{{"rows":["{}"],"updated":2}}"#, "x".repeat(1 << 20));
        let packed = gzip(large.as_bytes());
        let head = |length: usize| send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"));
        let gzipped = send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let scripts: Vec<Script> = vec![
            vec![head(1), Step::Close].into(),
            vec![head(large.len()), send(&large[..large.len() - 1]), Step::Close].into(),
            vec![head(3), send("{}"), Step::Reset].into(),
            vec![send(chunked), Step::Close].into(),
            vec![send(chunked), send("2\r\n{}\r\n"), Step::Close].into(),
            vec![gzipped, send(&packed[..packed.len() - 9]), Step::Close].into(),
            vec![send("HTTP/1.1 200 OK\r\n\r\n{\"updated\""), Step::Close].into(),
        ];
        for (place, script) in scripts.into_iter().enumerate() {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [script.clone(), ok("{}")]);
            Client::new(&clock, settings(&server.url)).send(BODY).await.unwrap();
            assert_eq!(server.requests(), 2, "{place}");

            let server = Server::start(&clock, vec![script; 9]);
            let (error, in_doubt) = Client::new(&clock, settings(&server.url)).send(BODY).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Connection), "{place}: {error:?}");
            assert!(in_doubt, "{place}");
        }
    });
}

#[test]
fn a_confirmation_without_an_end_is_waited_for_no_longer_than_others() {
    run(async {
        let clock = StoppedClock::new();
        let head = send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
        let server = Server::start(&clock, [vec![head, Step::Stall(Duration::from_secs(60))].into()]);
        let mut settings = settings(&server.url);
        settings.max_retries = 0;
        let (error, in_doubt) = Client::new(&clock, settings).send(BODY).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        assert!(in_doubt);
    });
}
