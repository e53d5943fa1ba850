//! What is sent, and what comes of a plain answer.

use std::error::Error as _;

use converz::http::RetryBudget;

use super::client::{Client, Collect, KEY, calls, settings};
use super::clock::StoppedClock;
use super::server::{Server, ok, run};

#[test]
fn a_request_says_what_it_wants_and_nothing_else() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::start(&clock, [ok("[1]"), ok(r#"{"updated":2}"#)]);
        let client = Client::new(&clock, settings(&server.url));
        assert_eq!(client.read().await.unwrap(), "[1]");
        client.send(r#"{"call_id":[1]}"#).await.unwrap();

        let [get, post] = &server.received()[..] else { panic!("two requests") };
        assert!(get.head.starts_with("GET /api/v1/calls?rep_id=kees500&page=3 HTTP/1.1\r\n"), "{}", get.head);
        assert!(post.head.starts_with("POST /api/v1/calls HTTP/1.1\r\n"), "{}", post.head);
        for request in [get, post] {
            assert_eq!(request.header("x-api-key"), Some(KEY));
            assert_eq!(request.header("accept"), Some("application/json"));
            assert_eq!(request.header("accept-encoding"), Some("zstd, gzip"));
            assert_eq!(request.header("user-agent"), Some(client.settings.user_agent.as_str()));
            assert_eq!(request.header("referer"), None);
            assert_eq!(request.header("transfer-encoding"), None);
        }
        assert_eq!(get.header("content-type"), None);
        assert_eq!(get.header("content-length"), None);
        assert_eq!(post.header("content-type"), Some("application/json"));
        assert_eq!(post.header("content-length"), Some("15"));
        assert_eq!(post.body, br#"{"call_id":[1]}"#);
    });
}

#[test]
fn a_client_can_be_shared() {
    fn assert_shared<T: Clone + Send + Sync + 'static>() {}
    assert_shared::<converz::http::Http>();
}

#[test]
fn the_cost_of_an_answer_is_counted() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::start(&clock, [ok("[1,2]")]);
        let client = Client::new(&clock, settings(&server.url));
        let budget = RetryBudget::single(&client.settings);
        let answer = client.http.read(&calls(), &budget, Collect::default).await.unwrap();
        assert_eq!((answer.cost.attempts, answer.cost.bytes_received, answer.cost.bytes_decoded), (1, 5, 5));

        let [event] = &client.events()[..] else { panic!("one event") };
        assert_eq!(event.query, "rep_id=…&page=3");
        assert_eq!((event.status, event.attempt, event.bytes_received), (Some(200), 1, 5));
        assert_eq!((&event.failure, event.retry_in), (&None, None));
    });
}

/// What an error came from, to the innermost.
fn chain(error: &converz::error::Error) -> Vec<String> {
    let mut chain = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        chain.push(source.to_string());
        next = source.source();
    }
    chain
}

#[test]
fn errors_keep_what_they_came_from_and_say_it() {
    run(async {
        let clock = StoppedClock::new();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut nowhere = settings(&format!("http://{free}"));
        nowhere.max_retries = 0;
        let error = Client::new(&clock, nowhere).read().await.unwrap_err();
        assert!(error.source().unwrap().is::<hyper_util::client::legacy::Error>(), "{error:?}");
        let innermost = chain(&error).pop().unwrap();
        assert!(error.message().contains(&innermost), "{error}: {innermost}");

        let mut unreadable = settings("https://127.0.0.1:1");
        unreadable.ca_file = Some("/nowhere/ca.pem".into());
        let unreadable = std::sync::Arc::new(unreadable);
        let observer = std::sync::Arc::new(converz::http::Unobserved);
        let error = converz::http::Http::new(unreadable, observer).unwrap_err();
        let source = error.source().unwrap();
        assert_eq!(source.downcast_ref::<std::io::Error>().unwrap().kind(), std::io::ErrorKind::NotFound);
        assert!(error.message().contains(&source.to_string()), "{error}");
    });
}

#[test]
fn the_cause_of_an_unfinished_update_is_its_source() {
    use converz::error::{Error, ErrorKind, UpdateFailure};

    let cause = Error::timeout("no answer came").with_source(std::io::Error::other("slept"));
    let failure = UpdateFailure {
        committed: Vec::new(),
        in_doubt: Vec::new(),
        unsent: std::iter::once(0..2).collect(),
        cause,
    };
    let error = Error::new(ErrorKind::Update(Box::new(failure)), "no answer came; of 2 rows 0 are committed");
    assert_eq!(chain(&error), ["no answer came", "slept"]);
}
