//! Answers that are not a success: what the service says about it, in bounded memory.

use std::io::Read;
use std::time::SystemTime;

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use serde_json::Value;
use url::Url;

use super::address;
use super::decompress::Decompressor;
use super::encoding::Encoding;
use super::failure::Failure;
use super::redact::excerpt;
use super::retry_after::retry_after;
use super::status::{is_redirect, passes};
use crate::error::{Error, ErrorKind};

/// Bytes that are read of what a service says, before and after decompression.
pub(super) const LONGEST: usize = 64 << 10;
/// Characters that are shown of it.
const SHOWN: usize = 200;
/// Characters of a documented error's message, which the service means to be read.
const MESSAGE: usize = 2000;

/// An answer that is not a success, as far as it is looked at.
pub(super) struct Refusal<'a> {
    pub status: StatusCode,
    pub headers: &'a HeaderMap,
    /// The beginning of the body as it arrived, [`LONGEST`] bytes at most. That of a redirect says nothing.
    pub body: &'a [u8],
    /// What was asked for.
    pub url: &'a Url,
    pub date: SystemTime,
}

/// What marks an answer of something between the client and the service, which says that it has none.
const RECORDING: &str = "converz-recording";

/// The failure of an answer that is not a success.
pub(super) fn refusal(answer: &Refusal<'_>) -> Failure {
    let Refusal { status, headers, .. } = *answer;
    if is_redirect(status) {
        return redirect(answer);
    }
    if headers.contains_key(RECORDING) {
        return not_recorded(answer);
    }
    let wait = retry_after(headers, answer.date);
    let text = decompressed(headers, answer.body);
    let (code, said) = match documented(&text) {
        Some((message, code)) => (code, Some(message)),
        None => (None, described(headers, &text)),
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
    let names_a_column = is_about_a_column(status, answer.url, said.as_deref(), code.as_deref());
    let message = said.unwrap_or_else(|| status.canonical_reason().unwrap_or_default().to_owned());
    let kind = ErrorKind::Status { status: status.as_u16(), code, message, retry_after: wait };
    let mut error = Error::new(kind, shown);
    if names_a_column {
        error = error.with_context("describe_calls() says what columns and metrics there are");
    } else if let Some(advice) = advice(status, answer.url) {
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

/// The failure of a request that a recording has no answer to.
fn not_recorded(answer: &Refusal<'_>) -> Failure {
    let said = documented(&decompressed(answer.headers, answer.body)).map(|(message, _)| message);
    let shown = said.unwrap_or_else(|| "the recording has no answer to it".to_owned());
    Failure::lasting(Error::new(ErrorKind::Recording, shown), "the recording has no answer to it").unsent()
}

/// What to do about a status.
fn advice(status: StatusCode, url: &Url) -> Option<String> {
    Some(match status.as_u16() {
        401 => "check api_key, or the environment variable CONVERZ_API_KEY".to_owned(),
        // The path is that of the base URL and one that is documented, so the base URL must be wrong.
        404 | 405 | 410 => format!(
            "it was asked for {}: check the host and the path of base_url (one without a path gets /api/v1)",
            address::shown(url)
        ),
        407 => "it comes from a proxy: check the user and the password in proxy=, or in the environment variable \
                HTTP_PROXY"
            .to_owned(),
        202 | 206..=299 => "this does not say that the update was done".to_owned(),
        _ => return None,
    })
}

/// Whether a read is refused for the columns or metrics that it names.
fn is_about_a_column(status: StatusCode, url: &Url, said: Option<&str>, code: Option<&str>) -> bool {
    let names = |name: &str| url.query_pairs().any(|(parameter, _)| parameter == name);
    let tells =
        |word: &str| [said, code].into_iter().flatten().any(|text| text.to_ascii_lowercase().contains(word));
    matches!(status.as_u16(), 400 | 422)
        && (names("columns") && tells("column") || names("metric") && tells("metric"))
}

fn redirect(answer: &Refusal<'_>) -> Failure {
    let target = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let location = match target.map(|target| answer.url.join(target)) {
        Some(Ok(url)) => excerpt(&address::shown(&url), MESSAGE),
        Some(Err(_)) => "an invalid address".to_owned(),
        None => "an address that it does not name".to_owned(),
    };
    let brief = format!("the service answered {}", answer.status);
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

/// The content type and the beginning of a body that is not a documented error.
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
