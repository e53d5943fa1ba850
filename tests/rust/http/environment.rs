//! What the environment says: proxies and certificates. Each test runs itself in a process of its own.

use std::process::Command;

use converz::settings::{ApiKey, Settings, parse_proxy};

use super::authority::{Authority, TemporaryFile, TlsServer};
use super::client::{Client, KEY};
use super::clock::StoppedClock;
use super::server::{Server, ok, run, status};

/// Reads from a base URL in a process with these variables; gives what it printed.
async fn read_in(url: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "http::environment::child", "--ignored", "--nocapture"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env("CONVERZ_TEST_URL", url).envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let (_, result) = output.split_once("result: ").unwrap_or_else(|| panic!("{output}"));
    result.lines().next().unwrap().to_owned()
}

/// The threads of this process, where the system tells.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

#[test]
#[ignore = "what the other tests of this file start"]
fn child() {
    run(async {
        let url = std::env::var("CONVERZ_TEST_URL").unwrap();
        let mut settings = Settings::new(&url, ApiKey::new(KEY).unwrap(), true).unwrap();
        settings.max_retries = 0;
        settings.proxy = std::env::var("CONVERZ_TEST_PROXY").ok().map(|proxy| parse_proxy(&proxy).unwrap());
        let before = threads();
        let http =
            converz::http::Http::new(settings.clone().into(), std::sync::Arc::new(converz::http::Unobserved));
        assert_eq!(threads(), before, "making a client starts threads");
        match http {
            Err(error) => println!("result: {error}"),
            Ok(_) => match Client::new(&StoppedClock::new(), settings).read().await {
                Ok(body) => println!("result: {body}"),
                Err(error) => println!("result: {error}"),
            },
        }
    });
}

#[test]
fn proxies_are_used_but_never_for_this_machine() {
    run(async {
        let clock = StoppedClock::new();
        let proxy = Server::start(&clock, [ok(r#"["by proxy"]"#), ok(r#"["by proxy"]"#)]);
        let direct = Server::start(&clock, [ok("[1]"), ok("[1]")]);
        for variable in ["HTTP_PROXY", "CONVERZ_TEST_PROXY"] {
            let proxies = [(variable, proxy.url.as_str())];
            assert_eq!(read_in("http://converz.test", &proxies).await, r#"["by proxy"]"#);
            assert_eq!(read_in(&direct.url, &proxies).await, "[1]");
        }
        for request in proxy.received() {
            assert!(request.head.starts_with("GET http://converz.test/api/v1/calls?"), "{}", request.head);
        }
        // The setting goes before the environment.
        let answers = Server::start(&clock, [ok("[2]")]);
        let preferred = [("HTTP_PROXY", "http://127.0.0.1:1"), ("CONVERZ_TEST_PROXY", answers.url.as_str())];
        assert_eq!(read_in("http://converz.test", &preferred).await, "[2]");
    });
}

#[test]
fn a_proxy_sees_neither_key_nor_request_of_a_secure_service() {
    run(async {
        let clock = StoppedClock::new();
        let refused = || status("407 Proxy Authentication Required", &[], "");
        let proxy = Server::start(&clock, [refused(), refused()]);
        let url = proxy.url.replace("http://", "http://me:hidden@");
        for variable in ["HTTPS_PROXY", "CONVERZ_TEST_PROXY"] {
            let result = read_in("https://converz.test", &[(variable, &url)]).await;
            assert!(result.contains("proxy"), "{result}");
            assert!(!result.contains("hidden"), "{result}");
        }
        assert_eq!(proxy.requests(), 2);
        for request in proxy.received() {
            assert!(request.head.starts_with("CONNECT converz.test:443 HTTP/1.1\r\n"), "{}", request.head);
            // The user and password that the proxy asked for, and nothing of the service's.
            assert_eq!(request.header("proxy-authorization"), Some("Basic bWU6aGlkZGVu"));
            assert!(!request.head.contains(KEY), "{}", request.head);
        }
    });
}

#[test]
fn certificates_come_from_ssl_cert_file() {
    run(async {
        let authority = Authority::new();
        let server = TlsServer::start(authority.certificate(&["127.0.0.1"], |_| {})).await;
        let url = format!("https://127.0.0.1:{}", server.port);
        let file = authority.file();
        assert_eq!(read_in(&url, &[("SSL_CERT_FILE", file.to_str().unwrap())]).await, "[1]");

        let other = Authority::new().file();
        let missing = read_in(&url, &[("SSL_CERT_FILE", other.to_str().unwrap())]).await;
        assert!(missing.starts_with("SSL_CERT_FILE=") && missing.contains("cannot be read"), "{missing}");

        let other = Authority::new();
        let untrusted = read_in(&url, &[("SSL_CERT_FILE", other.file().to_str().unwrap())]).await;
        assert!(untrusted.contains("not trusted"), "{untrusted}");
    });
}

#[test]
fn plain_http_needs_no_certificates() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::start(&clock, [ok("[1]"), ok("[1]")]);
        let empty = TemporaryFile::new("");
        let nowhere = empty.0.join("nowhere");
        let none =
            [("SSL_CERT_FILE", nowhere.to_str().unwrap()), ("SSL_CERT_DIR", nowhere.to_str().unwrap())];
        assert_eq!(read_in(&server.url, &none).await, "[1]");
        assert_eq!(read_in(&server.url, &none[1..]).await, "[1]");
        // To another machine neither.
        let more = Server::start(&clock, [ok("[2]")]);
        let proxied = [none[1], ("HTTP_PROXY", more.url.as_str())];
        assert_eq!(read_in("http://converz.test", &proxied).await, "[2]");

        let secure = read_in("https://127.0.0.1:1", &none[1..]).await;
        assert!(secure.contains("ca_file=") && secure.contains("SSL_CERT_FILE"), "{secure}");
    });
}
