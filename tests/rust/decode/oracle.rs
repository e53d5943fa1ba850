//! The documented rules once more, plainly: `serde_json` for the grammar, the whole body at once, values as they
//! are written, one column at a time. What the decoder does must be the same.
//!
//! The fuzz target includes this file.

// Each cast is of a number that was just compared.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]

use std::fmt;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, NullArray, RecordBatch,
    RecordBatchOptions, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::{Field, Schema};
use chrono::{NaiveDate, NaiveDateTime};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Bool(bool),
    /// An integer's digits.
    Int(String),
    /// Any other number, and how it is written.
    Float(f64, String),
    Text(String),
    Json(String),
}

pub type Row = Vec<(String, Cell)>;

struct RawRow(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for RawRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawRow;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a row")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<RawRow, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawRow(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// What is read that is refused otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading {
    /// What is no character, and keys that come again.
    pub lossy: bool,
    /// Numbers too small for a double, whose text is kept.
    pub tiny: bool,
}

/// Whether it is a number that is 0 only for want of smaller doubles.
pub fn is_tiny(cell: &Cell) -> bool {
    let Cell::Float(value, raw) = cell else { return false };
    let mantissa = raw.split(['e', 'E']).next().unwrap_or_default();
    *value == 0.0 && mantissa.contains(|c: char| ('1'..='9').contains(&c))
}

/// The rows of a page, or why it is refused.
pub fn rows(body: &[u8], max_depth: usize, reading: Reading) -> Result<Vec<Row>, String> {
    let Reading { lossy, tiny } = reading;
    let replaced;
    let text = if lossy {
        replaced = without_lone_surrogates(&String::from_utf8_lossy(body));
        &replaced
    } else {
        std::str::from_utf8(body).map_err(|error| error.to_string())?
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let raw: Vec<RawRow> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    raw.into_iter()
        .map(|row| {
            let mut members: Row = Vec::new();
            for (mut key, value) in row.0 {
                if key.contains('\0') && !lossy {
                    return Err(format!("{key:?} has a NUL"));
                }
                key = key.replace('\0', "\u{fffd}");
                let cell = cell(value.get(), max_depth)?;
                if is_tiny(&cell) && !tiny {
                    return Err(format!("{cell:?} is no double"));
                }
                match members.iter_mut().find(|(known, _)| *known == key) {
                    None => members.push((key, cell)),
                    Some(_) if !lossy => return Err(format!("{key:?} comes twice")),
                    Some((_, known)) => *known = cell,
                }
            }
            Ok(members)
        })
        .collect()
}

/// The text with U+FFFD for each escape that is half a pair.
fn without_lone_surrogates(text: &str) -> String {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        if digits.starts_with('+') { None } else { u32::from_str_radix(digits, 16).ok() }
    };
    let mut out = String::new();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let length = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.push_str("\\ufffd");
                at += 6;
                continue;
            }
            // Whatever it escapes is no beginning of another escape.
            _ if character == '\\' => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            _ => character.len_utf8(),
        };
        out.push_str(&text[at..at + length]);
        at += length;
    }
    out
}

/// A value as it is written.
pub fn cell(raw: &str, max_depth: usize) -> Result<Cell, String> {
    Ok(match raw.as_bytes()[0] {
        b'n' => Cell::Null,
        b't' => Cell::Bool(true),
        b'f' => Cell::Bool(false),
        b'"' => Cell::Text(serde_json::from_str(raw).map_err(|error| error.to_string())?),
        b'{' | b'[' => {
            let depth = check_nested(raw)?;
            if depth + 2 > max_depth {
                return Err("too deep".into());
            }
            Cell::Json(raw.to_owned())
        }
        _ if raw == "-0" || raw.contains(['.', 'e', 'E']) => {
            let value: f64 = raw.parse().map_err(|_| "no number")?;
            if value.is_infinite() {
                return Err("too large".into());
            }
            Cell::Float(value, raw.to_owned())
        }
        _ => Cell::Int(raw.to_owned()),
    })
}

/// `serde_json` does not look into the strings of raw values. Gives the depth.
fn check_nested(raw: &str) -> Result<usize, String> {
    let bytes = raw.as_bytes();
    let (mut depth, mut deepest) = (0, 0);
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth -= 1,
            b'"' => {
                let start = at;
                at += 1;
                while bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                serde_json::from_str::<String>(&raw[start..=at]).map_err(|error| error.to_string())?;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(deepest)
}

/// A number as JavaScript writes it (ECMAScript, `Number::toString`), from the shortest digits that Rust finds.
pub fn javascript(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if value < 0.0 {
        return format!("-{}", javascript(-value));
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap();
    let point = exponent.parse::<i32>().unwrap() + 1;
    let digits = even_of_two(value, digits.replace('.', ""), point);
    let count = digits.len() as i32;
    if count <= point && point <= 21 {
        digits + &"0".repeat((point - count) as usize)
    } else if 0 < point && point <= 21 {
        let (whole, fraction) = digits.split_at(point as usize);
        format!("{whole}.{fraction}")
    } else if -6 < point && point <= 0 {
        format!("0.{}{digits}", "0".repeat(-point as usize))
    } else {
        let sign = if point > 0 { '+' } else { '-' };
        let (first, rest) = digits.split_at(1);
        let point_and_rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
        format!("{first}{point_and_rest}e{sign}{}", (point - 1).abs())
    }
}

/// Of two shortest texts that are equally close to the value, JavaScript takes the one that ends with an even digit.
fn even_of_two(value: f64, digits: String, point: i32) -> String {
    // More digits than any double has.
    let exact = format!("{value:.1100e}");
    let exact: String = exact.split('e').next().unwrap().replace('.', "").trim_end_matches('0').to_owned();
    if exact.len() != digits.len() + 1 || !exact.ends_with('5') {
        return digits;
    }
    let lower: u64 = exact[..digits.len()].parse().unwrap();
    let even = (lower + lower % 2).to_string();
    let exponent = point - digits.len() as i32;
    let same = format!("{even}e{exponent}").parse() == Ok(value);
    if same && even.len() == digits.len() && !even.ends_with('0') { even } else { digits }
}

/// A value as it is written in a string column.
pub fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Bool(value) => Some(value.to_string()),
        Cell::Int(text) | Cell::Text(text) | Cell::Json(text) => Some(text.clone()),
        Cell::Float(value, _) => Some(javascript(*value)),
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Time {
    Date(i32),
    Naive(i64),
    Zoned(i64),
}

#[test]
#[expect(clippy::excessive_precision, reason = "halfway between two texts, and exact")]
fn numbers_as_javascript_writes_them() {
    // As engines print them.
    for (value, expected) in [
        (563_000_000_000_000.25, "563000000000000.2"),
        (563_000_000_000_000.75, "563000000000000.8"),
        (5e-324, "5e-324"),
        (1e21, "1e+21"),
        (123_456_789_012_345_680_000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (-0.0, "0"),
    ] {
        assert_eq!(javascript(value), expected);
    }
}

fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.chars().zip(shape.chars()).all(|(c, s)| if s == '0' { c.is_ascii_digit() } else { c == s })
}

/// A string that is an ISO date or date-time.
pub fn time(text: &str) -> Option<Time> {
    if !text.is_ascii() || text.starts_with("0000") {
        return None;
    }
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
    if has_shape(text, "0000-00-00") {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        return Some(Time::Date(date.signed_duration_since(epoch).num_days() as i32));
    }
    if text.len() < 16 {
        return None;
    }
    let (date, rest) = text.split_at(10);
    let (separator, rest) = rest.split_at(1);
    if separator != "T" && separator != " " {
        return None;
    }
    let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(zone_at);
    let clock = if zone.is_empty() { clock } else { clock.strip_suffix(' ').unwrap_or(clock) };
    let (clock, fraction) =
        clock.split_once('.').map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let clock = match fraction {
        None if has_shape(clock, "00:00") => format!("{clock}:00"),
        Some(f) if f.is_empty() || f.len() > 255 || !f.chars().all(|c| c.is_ascii_digit()) => return None,
        Some(f) if f.chars().skip(6).any(|c| c != '0') => return None,
        _ if has_shape(clock, "00:00:00") => clock.to_owned(),
        _ => return None,
    };
    if !has_shape(date, "0000-00-00") || clock.ends_with(":60") {
        return None;
    }
    let moment = NaiveDateTime::parse_from_str(&format!("{date} {clock}"), "%Y-%m-%d %H:%M:%S").ok()?;
    let micros: i64 = format!("{:0<6}", fraction.unwrap_or(""))[..6].parse().unwrap();
    let local = moment.and_utc().timestamp() * 1_000_000 + micros;
    if zone.is_empty() {
        return Some(Time::Naive(local));
    }
    let offset = if zone == "Z" {
        0
    } else {
        let digits = &zone[1..];
        let (hours, minutes) = match digits {
            _ if has_shape(digits, "00:00") => (&digits[..2], &digits[3..]),
            _ if has_shape(digits, "0000") => (&digits[..2], &digits[2..]),
            _ if has_shape(digits, "00") => (digits, "0"),
            _ => return None,
        };
        let (hours, minutes): (i64, i64) = (hours.parse().unwrap(), minutes.parse().unwrap());
        if hours > 23 || minutes > 59 || zone.starts_with('Z') {
            return None;
        }
        (if zone.starts_with('-') { -1 } else { 1 }) * (hours * 60 + minutes)
    };
    let utc = local - offset * 60_000_000;
    let years = NaiveDate::from_ymd_opt(1, 1, 1)?.and_hms_opt(0, 0, 0)?.and_utc().timestamp() * 1_000_000
        ..NaiveDate::from_ymd_opt(10_000, 1, 1)?.and_hms_opt(0, 0, 0)?.and_utc().timestamp() * 1_000_000;
    years.contains(&utc).then_some(Time::Zoned(utc))
}

/// What a column of text says of its cells.
pub fn mark(cells: &[Cell]) -> Option<&'static str> {
    let is_string = |cell: &&Cell| matches!(cell, Cell::Text(_));
    let values = || cells.iter().filter(|cell| **cell != Cell::Null);
    match (values().any(|cell| is_string(&cell)), values().all(|cell| is_string(&cell))) {
        (_, true) => None,
        (true, false) => Some("mixed"),
        (false, false) => Some("text"),
    }
}

/// A column by the table of types.
pub fn column(cells: &[Cell], parse_dates: bool) -> ArrayRef {
    let values: Vec<&Cell> = cells.iter().filter(|cell| **cell != Cell::Null).collect();
    let all = |is: &dyn Fn(&Cell) -> bool| values.iter().all(|cell| is(cell));
    if values.is_empty() {
        return Arc::new(NullArray::new(cells.len()));
    }
    if all(&|cell| matches!(cell, Cell::Bool(_))) {
        let values = cells.iter().map(|cell| if let Cell::Bool(value) = cell { Some(*value) } else { None });
        return Arc::new(values.collect::<BooleanArray>());
    }
    let int = |cell: &Cell| if let Cell::Int(digits) = cell { digits.parse::<i128>().ok() } else { None };
    if all(&|cell| int(cell).is_some_and(|value| i64::try_from(value).is_ok())) {
        return Arc::new(
            cells.iter().map(|cell| int(cell).map(|value| value as i64)).collect::<Int64Array>(),
        );
    }
    if all(&|cell| int(cell).is_some_and(|value| u64::try_from(value).is_ok())) {
        return Arc::new(
            cells.iter().map(|cell| int(cell).map(|value| value as u64)).collect::<UInt64Array>(),
        );
    }
    let exact = |cell: &Cell| match cell {
        Cell::Float(value, _) => Some(*value),
        cell => int(cell).filter(|value| value.unsigned_abs() < 1 << 53).map(|value| value as f64),
    };
    let has_float = values.iter().any(|cell| matches!(cell, Cell::Float(..)));
    if has_float && all(&|cell| exact(cell).is_some()) {
        return Arc::new(cells.iter().map(exact).collect::<Float64Array>());
    }
    let moment = |cell: &Cell| if let Cell::Text(text) = cell { time(text) } else { None };
    if parse_dates && all(&|cell| matches!(moment(cell), Some(Time::Date(_)))) {
        let days = |cell| if let Some(Time::Date(days)) = moment(cell) { Some(days) } else { None };
        return Arc::new(cells.iter().map(days).collect::<Date32Array>());
    }
    if parse_dates && all(&|cell| matches!(moment(cell), Some(Time::Naive(_)))) {
        let micros = |cell| if let Some(Time::Naive(micros)) = moment(cell) { Some(micros) } else { None };
        return Arc::new(cells.iter().map(micros).collect::<TimestampMicrosecondArray>());
    }
    if parse_dates && all(&|cell| matches!(moment(cell), Some(Time::Zoned(_)))) {
        let micros = |cell| if let Some(Time::Zoned(micros)) = moment(cell) { Some(micros) } else { None };
        return Arc::new(
            cells.iter().map(micros).collect::<TimestampMicrosecondArray>().with_timezone("UTC"),
        );
    }
    Arc::new(cells.iter().map(text).collect::<StringArray>())
}

/// All rows as one batch, columns in order of arrival.
pub fn table(rows: &[Row], parse_dates: bool) -> RecordBatch {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for name in names {
        let of_row =
            |row: &Row| row.iter().find(|(key, _)| key == name).map_or(Cell::Null, |(_, cell)| cell.clone());
        let cells: Vec<Cell> = rows.iter().map(of_row).collect();
        let array = column(&cells, parse_dates);
        let mark = mark(&cells).filter(|_| array.data_type().is_string());
        let metadata = mark.map(|mark| ("converz:json".to_owned(), mark.to_owned()));
        fields.push(
            Field::new(name, array.data_type().clone(), true).with_metadata(metadata.into_iter().collect()),
        );
        arrays.push(array);
    }
    let count = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &count).unwrap()
}

/// Where two tables differ; floats bit for bit.
pub fn difference(left: &RecordBatch, right: &RecordBatch) -> Option<String> {
    if left.schema() != right.schema() {
        return Some(format!("{:?} is not {:?}", left.schema(), right.schema()));
    }
    if left.num_rows() != right.num_rows() {
        return Some(format!("{} rows are not {}", left.num_rows(), right.num_rows()));
    }
    for (field, (left, right)) in
        left.schema().fields().iter().zip(left.columns().iter().zip(right.columns()))
    {
        let bits = |array: &ArrayRef| {
            let floats = array.as_any().downcast_ref::<Float64Array>();
            floats.map(|floats| floats.iter().map(|value| value.map(f64::to_bits)).collect::<Vec<_>>())
        };
        if left != right || bits(left) != bits(right) {
            return Some(format!("{field:?}: {left:?} is not {right:?}"));
        }
    }
    None
}
