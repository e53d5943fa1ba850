//! Whose certificates are trusted.

use std::time::Duration;

use converz::error::ErrorKind;
use converz::settings::Settings;

use super::authority::{Authority, Ending, TemporaryFile, TlsServer, self_signed, with_foreign_key};
use super::client::{Client, settings};
use super::clock::StoppedClock;
use super::compress::gzip;
use super::server::{answer, run};

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
fn a_certificate_that_vouches_for_itself_is_trusted_if_it_is_named() {
    run(async {
        type Change = fn(&mut rcgen::CertificateParams);
        let plain: Change = |_| {};
        let leaf: Change = |params| params.is_ca = rcgen::IsCa::NoCa;
        let expired: Change = |params| {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        };
        let future: Change = |params| params.not_before = rcgen::date_time_ymd(2100, 1, 1);
        for (change, names, refusal) in [
            (plain, NAMES, None),
            (leaf, NAMES, None),
            (plain, &["other.example"], Some("another host's")),
            (expired, NAMES, Some("not valid today")),
            (future, NAMES, Some("not valid today")),
        ] {
            let (config, file) = self_signed(names, change);
            let server = TlsServer::start(config).await;
            let mut settings = settings(&format!("https://127.0.0.1:{}", server.port));
            settings.ca_file = Some(file.0.clone());
            let read = Client::new(&StoppedClock::new(), settings.clone()).read().await;
            match refusal {
                None => assert_eq!(read.unwrap(), "[1]"),
                Some(why) => assert!(read.as_ref().unwrap_err().message().contains(why), "{why}: {read:?}"),
            }
            // One with the same names and another key is another one.
            let (_, other) = self_signed(names, change);
            settings.ca_file = Some(other.0.clone());
            let error = Client::new(&StoppedClock::new(), settings).read().await.unwrap_err();
            assert!(error.message().contains("no secure connection"), "{error}");
        }
    });
}

#[test]
fn a_server_s_own_certificate_is_trusted_without_its_authority() {
    run(async {
        let (config, file) = self_signed(NAMES, |params| params.is_ca = rcgen::IsCa::ExplicitNoCa);
        let server = TlsServer::start(config).await;
        let mut settings = settings(&format!("https://127.0.0.1:{}", server.port));
        settings.ca_file = Some(file.0.clone());
        assert_eq!(Client::new(&StoppedClock::new(), settings).read().await.unwrap(), "[1]");
    });
}

#[test]
fn a_certificate_is_read_as_editors_and_old_tools_write_it() {
    run(async {
        let (config, file) = self_signed(NAMES, |_| {});
        let server = TlsServer::start(config).await;
        let text = std::fs::read_to_string(&file.0).unwrap();
        let bare = text.replace("CERTIFICATE", "X509 CERTIFICATE");
        for text in [format!("\u{feff}{text}"), format!("\u{feff}{}", text.replace('\n', "\r\n")), bare] {
            let file = TemporaryFile::new(&text);
            let mut settings = settings(&format!("https://127.0.0.1:{}", server.port));
            settings.ca_file = Some(file.0.clone());
            assert_eq!(Client::new(&StoppedClock::new(), settings).read().await.unwrap(), "[1]");
        }
        let text = format!("{text}{}", text.replace("CERTIFICATE", "TRUSTED CERTIFICATE"));
        for (bytes, told) in [
            (text.clone().into_bytes(), "TRUSTED CERTIFICATE"),
            (
                [b"\xff\xfe", &*text.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<_>>()].concat(),
                "is text in UTF-16",
            ),
            (
                b"\x30\x82\x01\x00\x30".to_vec(),
                "looks like DER: write it as PEM with `openssl x509 -inform der",
            ),
        ] {
            let file = TemporaryFile::new("");
            std::fs::write(&file.0, bytes).unwrap();
            let mut settings = settings("https://acme.converz.co");
            settings.ca_file = Some(file.0.clone());
            let observer = std::sync::Arc::new(converz::http::Unobserved);
            let error = converz::http::Http::new(settings.into(), observer).unwrap_err();
            let named = format!("ca_file={}", file.0.display());
            assert!(error.message().starts_with(&named) && error.message().contains(told), "{error}");
        }
    });
}

#[test]
fn whoever_has_not_the_key_of_a_trusted_certificate_is_refused() {
    run(async {
        // A server that shows a certificate that is trusted, with a key of its own.
        let (_, file) = self_signed(NAMES, |_| {});
        let server = TlsServer::start(with_foreign_key(&file)).await;
        let mut settings = settings(&format!("https://127.0.0.1:{}", server.port));
        settings.ca_file = Some(file.0.clone());
        let error = Client::new(&StoppedClock::new(), settings).read().await.unwrap_err();
        assert!(error.message().contains("no secure connection"), "{error}");
    });
}

#[test]
fn an_answer_that_is_complete_needs_no_goodbye() {
    run(async {
        let by_closing = |body: &[u8]| [b"HTTP/1.1 200 OK\r\n\r\n", body].concat();
        let gzipped = |body: &[u8]| [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", body].concat();
        let large = format!("[{}1]", "1,".repeat(300_000));
        let packed = gzip(large.as_bytes());
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n".to_vec();
        let cases: Vec<(&str, Vec<u8>, Option<&str>, bool)> = vec![
            ("by closing", by_closing(b"[1]"), Some("[1]"), false),
            ("large", by_closing(large.as_bytes()), Some(&large), false),
            ("gzip", gzipped(&packed), Some(&large), false),
            ("with a length", answer("200 OK", &["Connection: close"], "[1]"), Some("[1]"), false),
            ("object", by_closing(b"{}"), None, true),
            ("a part", by_closing(b"[1"), None, false),
            ("nothing", by_closing(b""), None, false),
            ("a part of gzip", gzipped(&packed[..packed.len() - 9]), None, false),
            ("a part of a length", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[1]".to_vec(), None, false),
            ("a part of chunks", chunked, None, false),
            ("a part of an object", by_closing(b"{"), None, false),
        ];
        for (name, bytes, body, confirms) in cases {
            for ending in [Ending::Close, Ending::Reset] {
                let authority = Authority::new();
                let config = authority.certificate(NAMES, |_| {});
                let server = TlsServer::answering_rudely(config, ending, bytes.clone()).await;
                let mut settings = trusting(&authority, &server);
                settings.max_retries = 1;
                let client = Client::new(&StoppedClock::new(), settings);
                let read = client.read().await;
                if let Some(body) = body {
                    match read {
                        Ok(arrived) => assert!(arrived == body, "{name}"),
                        // A reset may overtake what is on its way.
                        Err(error) => {
                            let is_cut = matches!(error.kind(), ErrorKind::Connection);
                            assert!(is_cut && ending == Ending::Reset, "{name}: {error:?}");
                        }
                    }
                    assert!(ending == Ending::Reset || server.connections() == 1, "{name}");
                } else if !confirms {
                    let error = read.unwrap_err();
                    let is_cut = matches!(error.kind(), ErrorKind::Connection);
                    assert!(is_cut || name.contains("object") || name == "nothing", "{name}: {error:?}");
                    assert!(client.send("[]").await.is_err_and(|(_, in_doubt)| in_doubt), "{name}");
                }
                if confirms && ending == Ending::Close {
                    client.send("[]").await.unwrap_or_else(|(error, _)| panic!("{name}: {error}"));
                }
            }
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
        (
            Some("-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n"),
            "has a TRUSTED CERTIFICATE, a form that only OpenSSL reads: write it as a plain one with `openssl x509 -in",
        ),
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
