//! Updates whose outcome is unknown: tried again like a read, and never said to be unsent.

use std::time::Duration;

use converz::error::ErrorKind;

use super::client::{Client, settings};
use super::clock::StoppedClock;
use super::server::{Reading, Script, Server, Step, ok, run, send, status};

const BODY: &str = r#"{"call_id":[1],"campaign":["a"]}"#;

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
    ]
}

#[test]
fn an_unknown_outcome_is_tried_again_with_the_same_body() {
    run(async {
        for (name, script) in doubtful() {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [script, ok(r#"{"updated":1}"#)]);
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
        for line in ["400 No", "401 No", "403 No", "404 No", "408 Slow", "409 No", "413 Large", "429 Slow"] {
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
fn the_body_of_a_success_is_ignored() {
    run(async {
        for body in ["", "<html>", "null"] {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [ok(body)]);
            Client::new(&clock, settings(&server.url)).send(BODY).await.unwrap();
        }
        let clock = StoppedClock::new();
        let server = Server::start(&clock, [status("204 No Content", &[], "")]);
        Client::new(&clock, settings(&server.url)).send(BODY).await.unwrap();
    });
}
