//! What is sent, and what comes of a plain answer.

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
