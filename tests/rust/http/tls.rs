//! Whose certificates are trusted.

use std::time::Duration;

use converz::error::ErrorKind;
use converz::settings::Settings;

use super::authority::{Authority, TemporaryFile, TlsServer};
use super::client::{Client, settings};
use super::clock::StoppedClock;
use super::server::run;

const NAMES: &[&str] = &["127.0.0.1", "localhost"];

fn trusting(authority: &Authority, server: &TlsServer) -> Settings {
    let mut settings = settings(&format!("https://127.0.0.1:{}", server.port));
    settings.ca_file = Some(authority.file());
    settings
}

#[test]
fn an_authority_of_one_s_own_is_trusted() {
    run(async {
        let authority = Authority::new();
        let server = TlsServer::start(authority.certificate(NAMES, |_| {})).await;
        let client = Client::new(&StoppedClock::new(), trusting(&authority, &server));
        assert_eq!(client.read().await.unwrap(), "[1]");
        client.send("[]").await.unwrap();
    });
}

#[test]
fn certificates_that_fail_are_not_tried_again() {
    run(async {
        let authority = Authority::new();
        let other = Authority::new();
        let expired = |params: &mut rcgen::CertificateParams| {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        };
        let cases = [
            ("another authority's", other.certificate(NAMES, |_| {}), "ca_file="),
            ("another host's", authority.certificate(&["other.example"], |_| {}), "base_url"),
            ("expired", authority.certificate(NAMES, expired), "clock"),
        ];
        for (name, certificate, advice) in cases {
            let server = TlsServer::start(certificate).await;
            let client = Client::new(&StoppedClock::new(), trusting(&authority, &server));
            let error = client.read().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Connection), "{name}: {error:?}");
            assert!(error.message().contains(advice), "{name}: {error}");
            assert_eq!((error.attempt(), server.connections()), (Some(1), 1), "{name}");
            let (_, in_doubt) = client.send("[]").await.unwrap_err();
            assert!(!in_doubt, "{name}");
        }
    });
}

#[test]
fn plain_http_where_tls_is_expected_is_told() {
    run(async {
        let clock = StoppedClock::new();
        let plain = super::server::Script {
            reading: super::server::Reading::Nothing,
            steps: vec![super::server::send("HTTP/1.1 400 Bad Request\r\n\r\n")],
        };
        let server = super::server::Server::start(&clock, [plain]);
        let mut settings = settings(&server.url.replace("http:", "https:"));
        settings.ca_file = Some(Authority::new().file());
        // The file goes with its authority, so it is missing by now.
        assert!(
            converz::http::Http::new(settings.clone().into(), std::sync::Arc::new(converz::http::Unobserved))
                .is_err()
        );
        let authority = Authority::new();
        settings.ca_file = Some(authority.file());
        let error = Client::new(&clock, settings).read().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connection), "{error:?}");
        assert!(error.message().contains("is not TLS"), "{error}");
        assert_eq!(server.requests(), 1);
    });
}

#[test]
fn http_2_is_offered() {
    run(async {
        let authority = Authority::new();
        let mut config = authority.certificate(NAMES, |_| {});
        // What the client does not offer ends the handshake with an alert.
        config.alpn_protocols = vec![b"h2".to_vec()];
        let server = TlsServer::start(config).await;
        let mut settings = trusting(&authority, &server);
        settings.max_retries = 0;
        let error = Client::new(&StoppedClock::new(), settings).read().await.unwrap_err();
        assert!(error.message().contains("died before the answer"), "{error}");
    });
}

#[test]
fn waiting_for_the_first_byte_begins_when_connected() {
    run(async {
        let clock = StoppedClock::new();
        let authority = Authority::new();
        let (connect, first_byte) = (Duration::from_secs(10), Duration::from_secs(5));
        let slow = TlsServer::start_slow(authority.certificate(NAMES, |_| {}), &clock, connect).await;
        let mut settings = trusting(&authority, &slow);
        settings.first_byte_timeout = first_byte;
        settings.max_retries = 0;
        let client = Client::new(&clock, settings);
        assert_eq!(client.read().await.unwrap(), "[1]");
        assert_eq!(clock.elapsed(), Duration::from_secs(9));
    });
}

#[test]
fn a_ca_file_that_is_none_is_refused() {
    for (text, what) in [
        (None, "cannot be read"),
        (Some(""), "no certificate"),
        (Some("hello"), "no certificate"),
        (Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "no certificate"),
        (Some("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"), "broken"),
    ] {
        let file = TemporaryFile::new(text.unwrap_or_default());
        let mut settings = settings("https://acme.converz.co");
        settings.ca_file = Some(file.0.clone());
        if text.is_none() {
            std::fs::remove_file(&file.0).unwrap();
        }
        let observer = std::sync::Arc::new(converz::http::Unobserved);
        let error = converz::http::Http::new(settings.into(), observer).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
        assert!(error.message().starts_with("ca_file=") && error.message().contains(what), "{error}");
    }
}
