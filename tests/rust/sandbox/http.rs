//! What every request passes: host, key, paths, methods, compression.

use std::io::Read;

use super::client::{exchange, get, post, request};
use super::start;

#[test]
fn the_key_is_needed_for_every_operation() {
    let sandbox = start(5, 2);
    for (method, path) in
        [("GET", "calls"), ("POST", "calls"), ("GET", "reps"), ("POST", "reps"), ("GET", "report")]
    {
        let target = format!("/api/v1/{path}");
        let without = format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let (status, code, _) = exchange(&sandbox, without.as_bytes()).refusal();
        assert_eq!((status, code.as_str()), (401, "missing_api_key"));
        for wrong in ["x-api-key: wrong", "x-api-key:", &format!("x-api-key: {}x", sandbox.api_key())] {
            let (status, code, message) = request(&sandbox, method, &target, &[wrong], b"").refusal();
            assert_eq!((status, code.as_str()), (401, "invalid_api_key"));
            assert!(!message.contains(sandbox.api_key()));
        }
        let twice = [&*format!("x-api-key: {}", sandbox.api_key()), "x-api-key: other"];
        assert_eq!(request(&sandbox, method, &target, &twice, b"").status, 401);
    }
    assert!(sandbox.api_key().starts_with("sandbox-") && sandbox.api_key().len() > 24);
}

#[test]
fn a_foreign_host_is_refused() {
    let sandbox = start(5, 2);
    for host in [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "0.0.0.0",
        "a@127.0.0.1",
    ] {
        for target in ["/api/v1/calls", "/openapi.json", "/"] {
            let answer = request(&sandbox, "GET", target, &[&format!("host: {host}")], b"");
            assert_eq!((answer.status, answer.refusal().1.as_str()), (403, "foreign_host"), "{host}");
        }
    }
    for host in ["127.0.0.1", "localhost", "LOCALHOST:1234", "[::1]:80"] {
        assert_eq!(request(&sandbox, "GET", "/api/v1/calls", &[&format!("host: {host}")], b"").status, 200);
    }
    let absolute = request(&sandbox, "GET", "http://evil.example/api/v1/calls", &["host: localhost"], b"");
    assert_eq!(absolute.status, 403);
    let two = request(&sandbox, "GET", "/api/v1/calls", &["host: localhost", "host: evil.example"], b"");
    assert_eq!(two.status, 400);
    let none = exchange(&sandbox, b"GET /api/v1/calls HTTP/1.0\r\n\r\n");
    assert_eq!(none.refusal().1, "invalid_host");
}

#[test]
fn it_listens_on_loopback_only() {
    let sandbox = start(0, 1);
    let address: std::net::SocketAddr = sandbox.url().strip_prefix("http://").unwrap().parse().unwrap();
    assert_eq!(address.ip(), std::net::Ipv4Addr::LOCALHOST);
    // Another loopback address would be answered by a socket that is bound to all of them.
    assert!(std::net::TcpStream::connect(("127.0.0.2", address.port())).is_err());
}

#[test]
fn unknown_paths_and_methods_are_refused_as_json() {
    let sandbox = start(5, 2);
    for path in ["/", "/api/v1", "/api/v1/", "/api/v1/calls/", "/api/v1/calls/1", "/api/v2/calls", "/calls"] {
        let (status, code, message) = request(&sandbox, "GET", path, &[], b"").refusal();
        assert_eq!((status, code.as_str()), (404, "not_found"));
        assert!(message.contains(&format!("{path:?}")));
    }
    for (path, allowed) in [
        ("/api/v1/calls", "GET,HEAD,POST"),
        ("/api/v1/reps", "GET,HEAD,POST"),
        ("/api/v1/report", "GET,HEAD"),
        ("/openapi.json", "GET,HEAD"),
    ] {
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            let answer = request(&sandbox, method, path, &[], b"");
            assert_eq!(answer.header("allow"), Some(allowed));
            let (status, code, message) = answer.refusal();
            assert_eq!((status, code.as_str()), (405, "method_not_allowed"));
            assert!(message.contains(path) && message.contains(method));
        }
    }
    assert_eq!(request(&sandbox, "POST", "/api/v1/report", &[], b"").status, 405);
}

#[test]
fn answers_are_compressed_when_asked() {
    let sandbox = start(2_000, 10);
    for (target, size) in [("/api/v1/calls", 10), ("/api/v1/calls?n_per_page=2000", 2000)] {
        let plain = request(&sandbox, "GET", target, &["accept-encoding: identity"], b"");
        assert_eq!(plain.header("content-encoding"), None);
        assert_eq!(plain.rows().len(), size);
        assert_eq!(request(&sandbox, "GET", target, &[], b"").body, plain.body);

        let gzip = request(&sandbox, "GET", target, &["accept-encoding: gzip"], b"");
        assert_eq!(gzip.header("content-encoding"), Some("gzip"));
        assert!(gzip.is_complete && gzip.body.len() < plain.body.len() / 2);
        let mut decoded = Vec::new();
        flate2::read::GzDecoder::new(&*gzip.body).read_to_end(&mut decoded).unwrap();
        assert!(decoded == plain.body);

        let zstd = request(&sandbox, "GET", target, &["accept-encoding: zstd"], b"");
        assert_eq!(zstd.header("content-encoding"), Some("zstd"));
        assert!(zstd.is_complete && zstd::stream::decode_all(&*zstd.body).unwrap() == plain.body);

        let none = request(&sandbox, "GET", target, &["accept-encoding: gzip;q=0, br"], b"");
        assert_eq!(none.header("content-encoding"), None);
        assert_eq!(none.header("vary"), Some("accept-encoding"));
    }
}

#[test]
fn requests_are_recorded() {
    let sandbox = start(5, 2);
    get(&sandbox, "calls?page=2&rep_id=a%20b");
    get(&sandbox, "reps?nothing=1");
    post(&sandbox, "calls", "");
    let records: Vec<(String, String, String, u16)> = sandbox
        .requests()
        .into_iter()
        .map(|record| (record.method, record.path, record.query, record.status))
        .collect();
    let expected = [
        ("GET", "/api/v1/calls", "page=2&rep_id=a%20b", 200),
        ("GET", "/api/v1/reps", "nothing=1", 400),
        ("POST", "/api/v1/calls", "", 400),
    ];
    let expected =
        expected.map(|(method, path, query, status)| (method.into(), path.into(), query.into(), status));
    assert_eq!(records, expected);
}

#[test]
fn head_has_no_body() {
    let sandbox = start(5, 2);
    let answer = request(&sandbox, "HEAD", "/api/v1/calls", &[], b"");
    assert_eq!(answer.status, 200);
    assert!(answer.body.is_empty());
}
