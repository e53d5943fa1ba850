//! Whether two cells, each as JSON, are the same to the service, whatever Arrow type each came from.
//!
//! Numbers are compared by value (1 is 1.0 is 1.00), dates and times by the moment that they name if one of the two
//! columns holds such (a date is its midnight), objects by their members. A number is never a string.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::Value;

/// What is known of the two columns.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kinds {
    /// One of them holds dates or times.
    pub temporal: bool,
    /// The new one holds lists or objects, so that stored text may be theirs.
    pub nested: bool,
}

/// Empty slices are nulls.
pub(super) fn same(stored: &[u8], new: &[u8], kinds: Kinds) -> bool {
    if stored == new {
        return true;
    }
    let (Some(first), Some(new_first)) = (stored.first(), new.first()) else { return false };
    match (first, new_first) {
        (b'"', b'"') if kinds.temporal => match (moment(stored), moment(new)) {
            (Some(stored), Some(new)) => stored == new,
            _ => false,
        },
        (b'"', b'"') => match (text(stored), text(new)) {
            (Some(stored), Some(new)) => stored == new,
            _ => false,
        },
        (b'"', b'[' | b'{') if kinds.nested => {
            text(stored).is_some_and(|text| same_tree(text.as_bytes(), new))
        }
        (b'[' | b'{', b'[' | b'{') => same_tree(stored, new),
        (b'-' | b'0'..=b'9', b'-' | b'0'..=b'9') => Number::of(stored) == Number::of(new),
        _ => false,
    }
}

fn text(json: &[u8]) -> Option<String> {
    serde_json::from_slice(json).ok()
}

/// A moment, with whether it has a zone.
fn moment(json: &[u8]) -> Option<(bool, NaiveDateTime)> {
    let text = text(json)?.replacen('T', " ", 1);
    if let Ok(date) = NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
        return Some((false, date.and_time(NaiveTime::MIN)));
    }
    for format in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(&text, format) {
            return Some((false, time));
        }
    }
    let zoned = text.strip_suffix(['Z', 'z']).map_or_else(|| text.clone(), |rest| format!("{rest}+00:00"));
    for format in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z"] {
        if let Ok(time) = DateTime::parse_from_str(&zoned, format) {
            return Some((true, time.naive_utc()));
        }
    }
    // A time of day.
    NaiveTime::parse_from_str(&text, "%H:%M:%S%.f").ok().map(|time| (false, NaiveDate::MIN.and_time(time)))
}

/// A JSON number as its digits without zeros at either end, and where the point is.
#[derive(Debug, PartialEq, Eq)]
struct Number {
    negative: bool,
    digits: Vec<u8>,
    /// Of the last digit.
    exponent: i64,
}

impl Number {
    fn of(json: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(json).ok()?;
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_end_matches('0');
        let zeros = digits.len() - significant.len();
        let digits = significant.trim_start_matches('0').as_bytes().to_vec();
        if digits.is_empty() {
            return Some(Self { negative: false, digits, exponent: 0 });
        }
        let exponent = exponent - i64::try_from(fraction.len()).ok()? + i64::try_from(zeros).ok()?;
        Some(Self { negative, digits, exponent })
    }
}

fn same_tree(stored: &[u8], new: &[u8]) -> bool {
    match (serde_json::from_slice(stored), serde_json::from_slice(new)) {
        (Ok(stored), Ok(new)) => same_value(&stored, &new),
        _ => false,
    }
}

fn same_value(stored: &Value, new: &Value) -> bool {
    match (stored, new) {
        (Value::Number(stored), Value::Number(new)) => {
            stored == new
                || Number::of(stored.to_string().as_bytes()) == Number::of(new.to_string().as_bytes())
        }
        (Value::Array(stored), Value::Array(new)) => {
            stored.len() == new.len() && stored.iter().zip(new).all(|(stored, new)| same_value(stored, new))
        }
        (Value::Object(stored), Value::Object(new)) => {
            stored.len() == new.len()
                && stored
                    .iter()
                    .all(|(name, stored)| new.get(name).is_some_and(|new| same_value(stored, new)))
        }
        _ => stored == new,
    }
}
