//! What a status says of the request.

use http::StatusCode;

/// Whether a status may be another one the next time: a service that is busy or not quite up, or something in between
/// (Cloudflare's 520 to 524) that did not reach it.
pub(super) fn passes(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=524)
}

/// Statuses that say that an update was done; 202 only promises it, 206 and 207 speak of parts.
pub(super) fn is_confirming(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 201 | 203 | 204 | 205)
}

/// Statuses that send the client to another address.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
