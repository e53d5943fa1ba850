//! What the values in an answer say.

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::names::{is_count, is_refusal, plain, tells};
use super::parts::{Sent, entries, text};
use super::words::number;

/// Objects and lists within each other that are looked into.
const DEEPEST: usize = 8;

/// Whether a value says something, rather than that there is nothing.
pub(super) fn is_something(value: &RawValue) -> bool {
    something(value, true, 0)
}

/// `tells`: whether a zero or a word may say that there is nothing. In a list it says which row or key it is.
fn something(value: &RawValue, is_telling: bool, depth: usize) -> bool {
    let json = value.get();
    match json.as_bytes()[0] {
        b'n' | b'f' => false,
        b'{' | b'[' if depth == DEEPEST => true,
        b'{' => entries(value).map_or(true, |entries| {
            entries.iter().any(|(name, value)| something(value, is_telling && tells(&plain(name)), depth + 1))
        }),
        b'[' => serde_json::from_str::<Vec<&RawValue>>(json)
            .map_or(true, |values| values.iter().any(|value| something(value, false, depth + 1))),
        b'"' => text(value).is_none_or(|text| {
            let text = text.trim();
            let is_good = is_nothing(text) || depth > 0 && is_assent(text);
            !(text.is_empty() || is_telling && is_good)
        }),
        b't' => true,
        _ => !is_telling || json.parse() != Ok(0.0),
    }
}

fn is_nothing(text: &str) -> bool {
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    ["null", "none", "nil", "false", "no", "n/a", "-"].contains(&&*text)
        || text.parse() == Ok(0.0)
        || text.strip_prefix("no ").is_some_and(|what| is_refusal(&plain(what)))
}

/// Whether it is said of an error that all is well.
pub(super) fn is_assent(text: &str) -> bool {
    matches!(&*plain(text), "ok" | "success")
}

/// Whether one word says that it went wrong.
pub(super) fn is_bad_word(value: &RawValue) -> bool {
    const WORDS: [&str; 10] = [
        "partial",
        "partialsuccess",
        "incomplete",
        "aborted",
        "fail",
        "unauthorized",
        "unauthorised",
        "forbidden",
        "unavailable",
        "timeout",
    ];
    text(value).is_some_and(|text| {
        let word = plain(&text);
        WORDS.contains(&&*word) || is_refusal(&word)
    })
}

/// Whether a number is the status of what is no success.
pub(super) fn is_bad_status(value: &RawValue) -> bool {
    let status = value.get().trim_matches('"').trim();
    status.parse().is_ok_and(|status: u64| (300..600).contains(&status))
}

/// How many rows a value speaks of, if it does.
pub(super) fn count(value: &RawValue, sent: &Sent) -> Option<f64> {
    let json = value.get();
    match json.as_bytes()[0] {
        b'f' => Some(0.0),
        b'[' => Some(serde_json::from_str::<Vec<IgnoredAny>>(json).ok()?.len() as f64),
        b'{' => {
            let entries = entries(value).ok()?;
            // Of each attribute: how many of its values, not how many rows.
            let is_attribute = |name: &str| !is_count(name) && sent.has(name);
            if entries.iter().any(|(name, _)| is_attribute(&plain(name))) {
                return None;
            }
            // Of one kind of rows or another, of which only one was sent.
            let counts = entries.iter().filter(|(name, _)| is_count(&plain(name)));
            counts.filter_map(|(_, count)| digits(count)).reduce(f64::max)
        }
        _ => digits(value),
    }
}

/// Also beyond what a number can be.
fn digits(value: &RawValue) -> Option<f64> {
    let text = text(value).unwrap_or_else(|| value.get().to_owned());
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "no" | "none" | "false" => Some(0.0),
        // Words to Rust, not to a service.
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') => {
            text.parse().ok().or_else(|| of_rows(text))
        }
        _ => None,
    }
}

/// `0 rows`, `0/1000`, `1,000 of 1,000 calls`; no date.
fn of_rows(text: &str) -> Option<f64> {
    let mut words = text.split(|c: char| c == '/' || c.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let updated = number(words.next()?)?;
    let mut all = None;
    for word in words {
        match number(word) {
            Some(number) if all.is_none() && number >= updated => all = Some(number),
            None if super::words::is_of_rows(&word.to_ascii_lowercase()) => {}
            _ => return None,
        }
    }
    Some(updated as f64)
}
