//! Proxies that refuse, and what is told of them.

use std::time::Duration;

use converz::error::{Error, ErrorKind};
use converz::settings::{Settings, parse_proxy};

use super::authority::Authority;
use super::client::{Client, settings};
use super::clock::StoppedClock;
use super::server::{Server, run, status};

/// A client of a service elsewhere, behind a proxy that wants to know who asks.
fn behind(proxy: &Server, scheme: &str, authority: &Authority) -> Settings {
    let elsewhere =
        Settings::new(&format!("{scheme}://service.test"), settings("http://[::1]").api_key, true);
    let mut settings = elsewhere.unwrap();
    settings.ca_file = Some(authority.file());
    let url = proxy.url.replace("http://", "http://martinique:pa55word@");
    settings.proxy = Some(parse_proxy(&url).unwrap());
    settings
}

fn assert_nothing_of_the_proxy_s_user(error: &Error, client: &Client) {
    let shown = format!("{error} {error:?} {:?} {:?}", client.events(), client.http);
    for secret in ["martinique", "pa55word", "bWFydGluaXF1ZTpwYTU1d29yZA=="] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_proxy_that_refuses_is_not_asked_again() {
    run(async {
        let authority = Authority::new();
        for (line, header, told) in [
            ("407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=x", "password in proxy="),
            ("407 Kerberos Please", "Proxy-Authenticate: Negotiate", "it asks for Negotiate"),
            ("403 Forbidden By Rule", "X: x", "ask who runs the proxy"),
            ("401 Unauthorized", "X: x", "ask who runs the proxy"),
            ("302 Found", "Location: http://login.test/", "the proxy answered 302 Found"),
        ] {
            let clock = StoppedClock::new();
            let refusal = status(line, &[header], "martinique and pa55word are wrong");
            let proxy = Server::start(&clock, vec![refusal; 9]);
            let client = Client::new(&clock, behind(&proxy, "https", &authority));
            let error = client.read().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Connection), "{error:?}");
            let answered = format!("through the proxy {}: the proxy answered {line}", proxy.url);
            assert!(error.message().contains(&answered) && error.message().contains(told), "{error}");
            assert_eq!((error.attempt(), proxy.requests()), (Some(1), 1), "{line}");
            assert_nothing_of_the_proxy_s_user(&error, &client);

            let (error, in_doubt) = client.send("[]").await.unwrap_err();
            assert_eq!((error.attempt(), proxy.requests()), (Some(1), 2), "{line}");
            assert!(!in_doubt, "{line}");
        }
    });
}

#[test]
fn a_proxy_that_does_not_reach_the_service_is_asked_again() {
    run(async {
        let authority = Authority::new();
        for line in ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout", "429 Slow Down"] {
            let clock = StoppedClock::new();
            let proxy = Server::start(&clock, vec![status(line, &[], ""); 9]);
            let client = Client::new(&clock, behind(&proxy, "https", &authority));
            let error = client.read().await.unwrap_err();
            assert!(error.message().contains(&format!("the proxy answered {line}")), "{error}");
            assert_eq!((error.attempt(), proxy.requests()), (Some(6), 6), "{line}");
        }
    });
}

#[test]
fn a_wrong_password_is_tried_once_however_many_requests_there_are() {
    run(async {
        let authority = Authority::new();
        let clock = StoppedClock::new();
        let refusal = status("407 Log In", &["Proxy-Authenticate: Basic realm=x"], "");
        let proxy = Server::start(&clock, vec![refusal; 9]);
        let client = Client::new(&clock, behind(&proxy, "https", &authority));
        for round in 1..=2 {
            let read = || async { client.read().await.unwrap_err() };
            let (one, other, third, fourth) = tokio::join!(read(), read(), read(), read());
            for error in [one, other, third, fourth] {
                assert!(error.message().contains("the proxy answered 407 Log In"), "{error}");
                assert_eq!(error.attempt(), Some(1));
            }
            assert_eq!(proxy.requests(), round);
        }
    });
}

#[test]
fn a_proxy_that_limits_requests_is_asked_again_when_it_says() {
    run(async {
        let authority = Authority::new();
        let clock = StoppedClock::new();
        let busy = status("429 Slow Down", &["Retry-After: 40"], "");
        let proxy = Server::start(&clock, vec![busy; 9]);
        let mut settings = behind(&proxy, "https", &authority);
        settings.max_retries = 1;
        settings.timeout = Duration::from_secs(100);
        let error = Client::new(&clock, settings).read().await.unwrap_err();
        assert!(error.message().contains("429 Slow Down, which limits how often it is asked"), "{error}");
        assert!(error.message().contains("it asks to wait 40 s"), "{error}");
        assert!(!error.message().contains("allow this address"), "{error}");
        assert_eq!((proxy.requests(), clock.elapsed()), (2, Duration::from_secs(40)));
    });
}

#[test]
fn a_proxy_that_is_sent_the_request_is_not_asked_again_either() {
    run(async {
        let authority = Authority::new();
        let clock = StoppedClock::new();
        let echo = "who is martinique, Basic bWFydGluaXF1ZTpwYTU1d29yZA==? pa55word is wrong";
        let refusal = status("407 Proxy Authentication Required", &[], echo);
        let proxy = Server::start(&clock, vec![refusal; 9]);
        let client = Client::new(&clock, behind(&proxy, "http", &authority));
        let error = client.read().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Status { status: 407, .. }), "{error:?}");
        assert!(
            error.message().contains("it comes from a proxy: check the user and the password"),
            "{error}"
        );
        assert_eq!((error.attempt(), proxy.requests()), (Some(1), 1));
        assert_eq!(
            proxy.received()[0].header("proxy-authorization"),
            Some("Basic bWFydGluaXF1ZTpwYTU1d29yZA==")
        );
        assert_nothing_of_the_proxy_s_user(&error, &client);
    });
}

#[test]
fn what_is_no_proxy_is_told() {
    run(async {
        let authority = Authority::new();
        let clock = StoppedClock::new();
        let smtp = super::server::Script::from(vec![
            super::server::send("220 smtp.example.com ESMTP\r\n\r\n"),
            super::server::Step::Close,
        ]);
        let proxy = Server::start(&clock, vec![smtp; 2]);
        let mut settings = behind(&proxy, "https", &authority);
        settings.max_retries = 1;
        let error = Client::new(&clock, settings).read().await.unwrap_err();
        assert!(error.message().contains("the proxy did not answer in HTTP"), "{error}");
        assert_eq!(error.attempt(), Some(2));
    });
}
