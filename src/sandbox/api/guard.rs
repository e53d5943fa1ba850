//! Who may ask: only this machine, under its own name, with the key.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::service::Service;
use crate::sandbox::problem::{Problem, excerpt};

/// Refuses requests that were meant for another host: a web page whose name was made to point to this machine
/// (DNS rebinding) sends its own name as `Host`.
pub(super) async fn host(request: Request, next: Next) -> Response {
    match check_host(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check_host(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(Problem::bad("invalid_host", "a request needs one Host header"));
    };
    let host = String::from_utf8_lossy(host.as_bytes());
    for host in std::iter::once(&*host).chain(uri.authority().map(axum::http::uri::Authority::as_str)) {
        if !is_own_name(host) {
            return Err(Problem::new(
                403,
                "foreign_host",
                format!("the host {} is not this sandbox: use 127.0.0.1 or localhost", excerpt(host)),
            ));
        }
    }
    Ok(())
}

fn is_own_name(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    port.is_none_or(is_port)
        && (name == "127.0.0.1" || name == "[::1]" || name.eq_ignore_ascii_case("localhost"))
}

/// Everything below `/api` needs the key.
pub(super) async fn key(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let mut keys = request.headers().get_all("x-api-key").iter();
    let problem = match (keys.next(), keys.next()) {
        (Some(key), None) if key.as_bytes() == service.api_key.as_bytes() => return next.run(request).await,
        (None, _) => Problem::new(401, "missing_api_key", "the request has no X-API-Key header"),
        _ => Problem::new(401, "invalid_api_key", "the key in the X-API-Key header is not this sandbox's"),
    };
    problem.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_names_have_any_port() {
        for own in ["127.0.0.1", "127.0.0.1:80", "localhost:8080", "LocalHost", "[::1]", "[::1]:99"] {
            assert!(is_own_name(own), "{own}");
        }
        let foreign = [
            "",
            "example.com",
            "127.0.0.1.example.com",
            "localhost.example.com:80",
            "127.0.0.1:x",
            "user@127.0.0.1",
            "127.0.0.2",
            "localhost:80:80",
            "0.0.0.0",
        ];
        for host in foreign {
            assert!(!is_own_name(host), "{host}");
        }
    }
}
