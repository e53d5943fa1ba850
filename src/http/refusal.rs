//! Answers that are no success: what the service says about it, in bounded memory.

use std::io::Read;

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use serde_json::Value;

use super::address;
use super::decompress::Decompressor;
use super::encoding::Encoding;
use super::exchange::{Exchange, Response};
use super::failure::Failure;
use super::redact::excerpt;
use super::retry_after::retry_after;
use crate::error::{Error, ErrorKind};

/// Bytes that are read of what a service says, before and after decompression.
const LONGEST: usize = 64 << 10;
/// Characters that are shown of it.
const SHOWN: usize = 200;
/// Characters of a documented error's message, which the service means to be read.
const MESSAGE: usize = 2000;

/// Whether a status may be another one the next time: a service that is busy or not quite up, or something in between
/// (Cloudflare's 520 to 524) that did not reach it.
pub(super) fn passes(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=524)
}

/// The failure that an answer without success is.
pub(super) async fn refusal(mut response: Response, exchange: &mut Exchange<'_>) -> Failure {
    let status = response.status();
    if let 301 | 302 | 303 | 307 | 308 = status.as_u16() {
        return redirect(&response, exchange);
    }
    let wait = retry_after(response.headers(), exchange.date());
    let body = exchange.read_some(&mut response, LONGEST).await;
    let text = decompressed(response.headers(), &body);
    let (code, said) = match documented(&text) {
        Some((message, code)) => (code, Some(message)),
        None => (None, described(response.headers(), &text)),
    };
    let brief = format!("the service answered {status}");
    let mut shown = brief.clone();
    if let Some(said) = &said {
        shown = format!("{shown}: {said}");
    }
    if let Some(code) = &code {
        shown = format!("{shown} (code {code})");
    }
    if let Some(wait) = wait {
        shown = format!("{shown}; it asks to wait {} s", wait.as_secs_f64());
    }
    let message = said.unwrap_or_else(|| status.canonical_reason().unwrap_or_default().to_owned());
    let kind = ErrorKind::Status { status: status.as_u16(), code, message, retry_after: wait };
    let mut error = Error::new(kind, shown);
    if let Some(advice) = advice(status, exchange) {
        error = error.with_context(advice);
    }
    let failure = match status.as_u16() {
        status if passes(status) => Failure::passing(error, brief),
        _ => Failure::lasting(error, brief),
    };
    // A 4xx says that nothing was done; any other status may come from something in between.
    Failure {
        retry_after: wait,
        busy: status == StatusCode::TOO_MANY_REQUESTS,
        ..failure.doubted(!status.is_client_error())
    }
}

/// What to do about a status.
fn advice(status: StatusCode, exchange: &Exchange<'_>) -> Option<String> {
    Some(match status.as_u16() {
        401 => "check api_key, or the environment variable CONVERZ_API_KEY".to_owned(),
        // The path is the base URL's and one that the documentation names, so the base URL is to blame.
        404 | 405 | 410 => format!(
            "it was asked for {}: check the host and the path of base_url (one without a path gets /api/v1)",
            address::shown(exchange.url())
        ),
        407 => "it comes from a proxy: check the user and the password in proxy=, or in the environment variable \
                HTTP_PROXY"
            .to_owned(),
        202 | 206..=299 => "this does not say that the update was done".to_owned(),
        _ => return None,
    })
}

fn redirect(response: &Response, exchange: &Exchange<'_>) -> Failure {
    let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let location = match target.map(|target| exchange.url().join(target)) {
        Some(Ok(url)) => excerpt(&address::shown(&url), MESSAGE),
        Some(Err(_)) => "an address that is none".to_owned(),
        None => "an address that it does not name".to_owned(),
    };
    let brief = format!("the service answered {}", response.status());
    let shown = format!(
        "{brief}, a redirect to {location}, which is not followed since the key would go along: set base_url to the \
         service itself"
    );
    Failure::lasting(Error::new(ErrorKind::Redirect { location }, shown), brief)
}

/// The body as text, as far as it can be read.
fn decompressed(headers: &HeaderMap, body: &[u8]) -> String {
    let Ok(encoding) = Encoding::of(headers) else { return String::new() };
    let mut plain = Vec::new();
    if let Ok(decompressor) = Decompressor::new(encoding, body) {
        // What came out before an error is still worth showing.
        let _ = decompressor.take(LONGEST as u64).read_to_end(&mut plain);
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Message and code of a documented error.
fn documented(text: &str) -> Option<(String, Option<String>)> {
    let Ok(Value::Object(body)) = serde_json::from_str(text) else { return None };
    let message = excerpt(body.get("error")?.as_str()?, MESSAGE);
    let code = match body.get("code") {
        Some(Value::String(code)) => Some(excerpt(code, SHOWN)),
        Some(Value::Number(code)) => Some(code.to_string()),
        _ => None,
    };
    Some((message, code))
}

/// The content type and beginning of what is no documented error.
fn described(headers: &HeaderMap, text: &str) -> Option<String> {
    let shown = excerpt(text, SHOWN);
    (!shown.is_empty()).then(|| format!("{shown} ({})", content_type(headers)))
}

/// What errors say of the content type.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    match headers.get(CONTENT_TYPE) {
        Some(value) => {
            format!("the content type is {}", excerpt(&String::from_utf8_lossy(value.as_bytes()), 100))
        }
        None => "there is no content type".to_owned(),
    }
}
