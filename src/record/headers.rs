//! The headers of answers that a recording keeps: those that clients act on.

use super::names::Names;

const KEPT: [&str; 4] = ["content-type", "etag", "last-modified", "retry-after"];
const LONGEST: usize = 200;

/// Whether a recording may have a header.
pub fn is_kept(name: &str, value: &str) -> bool {
    let is_visible = |byte: u8| (0x20..=0x7e).contains(&byte);
    KEPT.contains(&name) && value.len() <= LONGEST && value.bytes().all(is_visible)
}

/// The headers of an answer that are kept.
pub fn kept(headers: &http::HeaderMap, names: &Names) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for name in KEPT {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let value = match name {
            "content-type" => content_type(value),
            // A tag may be made of what it stands for.
            "etag" if !value.is_empty() && names.rules.anonymised => format!("\"{}\"", names.of_text(value)),
            "etag" => value.to_owned(),
            // A number of seconds, or a time.
            _ => Some(value).filter(|value| is_number_or_time(value)).unwrap_or_default().to_owned(),
        };
        if !value.is_empty() && is_kept(name, &value) {
            found.push((name.to_owned(), value));
        }
    }
    found
}

/// The type without what may be added to it.
fn content_type(value: &str) -> String {
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"/+-.".contains(&byte);
    if essence.bytes().all(is_plain) { essence } else { String::new() }
}

fn is_number_or_time(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        || httpdate::parse_http_date(value).is_ok()
}
