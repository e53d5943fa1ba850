//! The key goes to the service and nowhere else.

use converz::error::{Error, ErrorKind};

use super::client::{Client, KEY, settings};
use super::clock::StoppedClock;
use super::server::{Script, Server, Step, ok, run, send, status};

const STATUSES: [&str; 5] =
    ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"];

#[test]
fn redirects_are_named_and_not_followed() {
    run(async {
        for line in STATUSES {
            let clock = StoppedClock::new();
            let other = Server::start(&clock, [ok("[]"), ok("[]")]);
            let target = other.url.replace("http://", "http://me:hidden@");
            let header = format!("Location: {target}/login?token=hidden#hidden");
            let redirect = status(line, &[&header], "");
            let server = Server::start(&clock, [redirect.clone(), redirect]);
            let client = Client::new(&clock, settings(&server.url));

            let (error, in_doubt) = client.send("[]").await.unwrap_err();
            assert!(in_doubt, "{line}");
            for error in [client.read().await.unwrap_err(), error] {
                let ErrorKind::Redirect { location } = error.kind() else { panic!("{error:?}") };
                assert_eq!(*location, format!("{}/login", other.url));
                assert!(error.message().contains(location.as_str()), "{error}");
                assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
                assert_eq!(error.attempt(), Some(1));
            }
            assert_eq!((server.requests(), other.connections()), (2, 0), "{line}");
        }
    });
}

#[test]
fn redirects_to_nowhere_are_still_redirects() {
    run(async {
        for (header, shown) in [
            ("Location: /elsewhere?x=1", "/elsewhere"),
            ("Location: http://[", "an invalid address"),
            ("X-Location: /", "does not name"),
        ] {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [status("302 Found", &[header], "")]);
            let error = Client::new(&clock, settings(&server.url)).read().await.unwrap_err();
            let ErrorKind::Redirect { location } = error.kind() else { panic!("{error:?}") };
            assert!(location.ends_with(shown) || location.contains(shown), "{location}");
        }
    });
}

fn assert_no_key(error: &Error, client: &Client) {
    let mut shown = format!("{error} {error:?} {error:#?} {:?} {:?}", client.events(), client.http);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        shown.extend([cause.to_string(), format!("{cause:?}")]);
        source = cause.source();
    }
    for part in KEY.as_bytes().windows(8) {
        assert!(!shown.contains(std::str::from_utf8(part).unwrap()), "{shown}");
    }
}

#[test]
fn a_key_that_comes_back_is_not_shown() {
    run(async {
        let echoes: Vec<Script> = vec![
            status("401 No", &[], format!(r#"{{"error":"no such key: {KEY}","code":"{KEY}"}}"#)),
            status("403 No", &[], format!("<html>{KEY}</html>")),
            status("403 No", &[&format!("Content-Type: text/{KEY}")], "x"),
            status("302 Found", &[&format!("Location: https://login.example/{KEY}/?k={KEY}")], ""),
            status("200 OK", &[], format!("<html>X-API-Key: {KEY}</html>")),
            // Excerpts of bodies, messages and headers that end in the middle of it.
            status("200 OK", &[], format!("{}{KEY}", "x".repeat(200 - KEY.len() + 1))),
            status("403 No", &[], format!("{}{KEY}", "x".repeat(200 - KEY.len() + 1))),
            status("403 No", &[], format!(r#"{{"error":"{}{KEY}"}}"#, "x".repeat(2000 - KEY.len() + 1))),
            status("403 No", &[&format!("Content-Type: text/{}{KEY}", "x".repeat(84))], "x"),
            status("200 OK", &[&format!("Content-Type: text/{KEY}")], "<html>"),
            status("200 OK", &[&format!("Content-Encoding: {KEY}")], "[]"),
            vec![send(format!("{KEY}\r\n\r\n")), Step::Close].into(),
        ];
        for script in echoes {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [script]);
            let mut settings = settings(&server.url);
            settings.max_retries = 0;
            let client = Client::new(&clock, settings);
            let error = client.read().await.unwrap_err();
            assert_no_key(&error, &client);
        }
    });
}

#[test]
fn a_missing_address_is_shown_without_key_or_person() {
    run(async {
        for line in ["404 Not Found", "405 Method Not Allowed", "410 Gone"] {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, vec![status(line, &[], ""); 2]);
            let client = Client::new(&clock, settings(&format!("{}/portal", server.url)));
            let asked = format!(
                "it was asked for {}/portal/calls: check the host and the path of base_url",
                server.url
            );
            for error in [client.read().await.unwrap_err(), client.send("[]").await.unwrap_err().0] {
                assert!(error.message().contains(&asked), "{error}");
                assert!(!error.to_string().contains("kees500"), "{error}");
            }
        }
    });
}

#[test]
fn no_error_shows_a_person() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::start(&clock, [status("400 No", &[], ""), Script::from(vec![Step::Close])]);
        let mut settings = settings(&server.url);
        settings.max_retries = 0;
        let client = Client::new(&clock, settings);
        for _ in 0..2 {
            let error = client.read().await.unwrap_err();
            assert!(!format!("{error:?} {:?}", client.events()).contains("kees500"), "{error:?}");
        }
    });
}
