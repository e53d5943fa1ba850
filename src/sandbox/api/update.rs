//! The body of an update, as it comes in.

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;

use crate::sandbox::problem::{Problem, excerpt};

/// 100,000 rows of 2.6 kB each.
pub(super) const MAX_BODY: usize = 256 * 1024 * 1024;

pub(super) async fn receive(request: Request) -> Result<Vec<u8>, Problem> {
    if let Some(query) = request.uri().query().filter(|query| !query.is_empty()) {
        let message = format!("an update takes no query parameters, it has {}", excerpt(query));
        return Err(Problem::bad("unknown_parameter", message));
    }
    check_headers(request.headers())?;
    let too_large = || {
        let message = format!("the body is larger than {} MiB: send fewer rows a request", MAX_BODY >> 20);
        Problem::new(413, "body_too_large", message)
    };
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let length: usize = length.unwrap_or_default();
    if length > MAX_BODY {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(length);
    let mut pieces = request.into_body().into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece
            .map_err(|error| Problem::bad("incomplete_body", format!("the body did not arrive: {error}")))?;
        if body.len() + piece.len() > MAX_BODY {
            return Err(too_large());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    let text =
        |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    if let Some(encoding) = text(header::CONTENT_ENCODING).filter(|encoding| encoding != "identity") {
        let message = format!("the body is encoded as {}: send it as it is", excerpt(&encoding));
        return Err(Problem::new(415, "unsupported_encoding", message));
    }
    let Some(media_type) = text(header::CONTENT_TYPE) else { return Ok(()) };
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if essence == "application/json" {
        return Ok(());
    }
    let message = format!("the body is {}: it must be application/json", excerpt(&media_type));
    Err(Problem::new(415, "unsupported_media_type", message))
}
