//! Answers that are no success: what the service says about it, in bounded memory.

use std::io::Read;

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::address;
use super::decompress::Decompressor;
use super::encoding::Encoding;
use super::exchange::Exchange;
use super::failure::Failure;
use super::redact::{excerpt, redact};
use super::retry_after::retry_after;
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;

/// Bytes that are read of what a service says, before and after decompression.
const LONGEST: usize = 64 << 10;
/// Characters that are shown of it.
const SHOWN: usize = 200;
/// Characters of a documented error's message, which the service means to be read.
const MESSAGE: usize = 2000;

/// The failure that an answer without success is.
pub(super) async fn refusal(mut response: Response, exchange: &mut Exchange<'_>) -> Failure {
    let status = response.status();
    let settings = exchange.settings();
    if let 301 | 302 | 303 | 307 | 308 = status.as_u16() {
        return redirect(&response, settings);
    }
    let wait = retry_after(response.headers(), exchange.date());
    let body = exchange.read_some(&mut response, LONGEST).await;
    let text = decompressed(response.headers(), &body);
    let (code, said) = match documented(&text) {
        Some((message, code)) => (code, Some(message)),
        None => (None, described(response.headers(), &text)),
    };
    let code = code.map(|code| redact(&code, &settings.api_key));
    let said = said.map(|said| redact(&said, &settings.api_key));

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
    if status == StatusCode::UNAUTHORIZED {
        error = error.with_context("check api_key, or the environment variable CONVERZ_API_KEY");
    }
    let failure = match status.as_u16() {
        408 | 429 | 500 | 502 | 503 | 504 => Failure::passing(error, brief),
        _ => Failure::lasting(error, brief),
    };
    // A 4xx says that nothing was done; any other status may come from something in between.
    Failure {
        retry_after: wait,
        busy: status == StatusCode::TOO_MANY_REQUESTS,
        ..failure.doubted(!status.is_client_error())
    }
}

fn redirect(response: &Response, settings: &Settings) -> Failure {
    let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let location = match target.map(|target| response.url().join(target)) {
        Some(Ok(url)) => redact(&address::shown(&url), &settings.api_key),
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
