//! Whether two cells, each as JSON, are the same to the service, whatever Arrow type each came from.
//!
//! Numbers are compared by value (1 is 1.0 is 1.00), dates and times by the day or the moment that they name if one of
//! the two columns holds such, objects by their members. A date is its midnight only where the column is known to be
//! of the one or the other, since it reads as that either way; elsewhere one among the others makes text of a column. A
//! number is never a string, unless its column is read as strings, since it also holds such: then users have the string,
//! and it is no change.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use serde::de::IgnoredAny;
use serde_json::Value;

/// What is known of the two columns.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kinds {
    /// One of them holds dates or times.
    pub temporal: bool,
    /// They read as dates, or as times, whichever of the two is stored.
    pub known: bool,
    /// The stored one is read as strings, whatever it holds.
    pub text: bool,
}

/// Empty slices are nulls.
pub(super) fn same(stored: &[u8], new: &[u8], kinds: Kinds) -> bool {
    if stored == new {
        return true;
    }
    let (Some(first), Some(new_first)) = (stored.first(), new.first()) else { return false };
    match (first, new_first) {
        (b'"', b'"') => {
            let (Some(stored), Some(new)) = (text(stored), text(new)) else { return false };
            let moment = |text: &str| {
                let (kind, moment) = moment(text)?;
                Some((if kinds.known && kind == Kind::Date { Kind::Time } else { kind }, moment))
            };
            stored == new || kinds.temporal && moment(&stored).is_some_and(|one| Some(one) == moment(&new))
        }
        (_, b'"') if kinds.text => {
            text(new).is_some_and(|new| as_text(stored).is_some_and(|text| text == new))
        }
        (b'[' | b'{', b'[' | b'{') => same_tree(stored, new),
        (b'-' | b'0'..=b'9', b'-' | b'0'..=b'9') => same_number(stored, new),
        _ => false,
    }
}

fn text(json: &[u8]) -> Option<String> {
    serde_json::from_slice(json).ok()
}

/// The text that reading makes of a value that is not a string.
fn as_text(json: &[u8]) -> Option<Cow<'_, str>> {
    let text = str::from_utf8(json).ok()?;
    Some(match float(text) {
        Some(value) => Cow::Owned(ryu_js::Buffer::new().format(value).to_owned()),
        None => Cow::Borrowed(text),
    })
}

/// The value of a number that is not an integer.
fn float(text: &str) -> Option<f64> {
    let is_number = text.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    let is_float = text == "-0" || text.contains(['.', 'e', 'E']);
    (is_number && is_float).then(|| text.parse().ok())?
}

/// What a text names in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Date,
    Time,
    Zoned,
    TimeOfDay,
}

fn moment(text: &str) -> Option<(Kind, NaiveDateTime)> {
    let text = text.replacen('T', " ", 1);
    if let Ok(date) = NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
        return Some((Kind::Date, date.and_time(NaiveTime::MIN)));
    }
    for format in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(&text, format) {
            return Some((Kind::Time, time));
        }
    }
    let zoned = text.strip_suffix(['Z', 'z']).map_or_else(|| text.clone(), |rest| format!("{rest}+00:00"));
    for format in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z"] {
        if let Ok(time) = DateTime::parse_from_str(&zoned, format) {
            return Some((Kind::Zoned, time.naive_utc()));
        }
    }
    let time = NaiveTime::parse_from_str(&text, "%H:%M:%S%.f").ok()?;
    Some((Kind::TimeOfDay, NaiveDate::MIN.and_time(time)))
}

/// Whether a cell as JSON is a date; nothing if it is null.
pub(super) fn is_date(json: &[u8]) -> Option<bool> {
    json.first()?;
    Some(text(json).and_then(|text| moment(&text)).is_some_and(|(kind, _)| kind == Kind::Date))
}

/// Whether a list or an object is stored, and the new cell is a text that reads as such.
pub(super) fn is_text_of_json(stored: &[u8], new: &[u8]) -> bool {
    let is_nested = |json: &[u8]| matches!(json.first(), Some(b'[' | b'{'));
    is_nested(stored)
        && new.first() == Some(&b'"')
        && text(new).is_some_and(|text| {
            is_nested(text.trim_ascii_start().as_bytes()) && serde_json::from_str::<IgnoredAny>(&text).is_ok()
        })
}

/// Whether two numbers are the same. One that has more digits than a float is the float that reading makes of it.
fn same_number(stored: &[u8], new: &[u8]) -> bool {
    let new = Number::of(new);
    let read = || {
        let value = float(str::from_utf8(stored).ok()?).filter(|value| value.is_finite())?;
        Number::of(zmij::Buffer::new().format_finite(value).as_bytes())
    };
    Number::of(stored) == new || read().is_some_and(|read| Some(read) == new)
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
