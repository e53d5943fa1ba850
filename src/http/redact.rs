//! Takes the key out of what a service wrote before it comes into an error.

use url::form_urlencoded::byte_serialize;

use crate::error::Error;
use crate::settings::ApiKey;

/// Keys that are shorter would be found in ordinary words.
const SHORTEST: usize = 8;
const MASK: &str = "[api_key]";

/// The text without the key, as it is or as an address spells it.
pub(super) fn redact(text: &str, key: &ApiKey) -> String {
    let key = key.expose();
    if key.len() < SHORTEST {
        return text.to_owned();
    }
    let spelt: String = byte_serialize(key.as_bytes()).collect();
    text.replace(key, MASK).replace(&spelt, MASK)
}

/// The error without the key in its message, which may show a part of a body.
pub(super) fn redact_error(error: Error, key: &ApiKey) -> Error {
    let message = redact(error.message(), key);
    if message == error.message() { error } else { Error::new(error.kind().clone(), message) }
}

/// The beginning of a text from outside, on one line.
pub(super) fn excerpt(text: &str, most: usize) -> String {
    let mut shown = String::new();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    for word in words {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(word);
        if shown.len() > 4 * most {
            break;
        }
    }
    match shown.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_in_either_spelling() {
        let key = ApiKey::new("canary/+key").unwrap();
        let shown = redact("a canary/+key, https://a/?k=canary%2F%2Bkey", &key);
        assert_eq!(shown, "a [api_key], https://a/?k=[api_key]");
        assert_eq!(redact("a key", &ApiKey::new("k").unwrap()), "a key");
        let error = redact_error(Error::decode("it says canary/+key"), &key);
        assert_eq!(error.message(), "it says [api_key]");
    }

    #[test]
    fn excerpts_are_short_and_on_one_line() {
        assert_eq!(excerpt(" a\r\n\tb\u{1b}[31m  c ", 200), "a b [31m c");
        assert_eq!(excerpt(&"ä".repeat(300), 200).chars().count(), 201);
        assert_eq!(excerpt("", 200), "");
    }
}
