//! What a value is in each type that a column can be pinned to, by the documented rules: from how it is written to what
//! an array holds. And the arrays, taken apart to compare with that.
//!
//! The fuzz targets include this file.

// Each cast is of a number that was just compared, or is compared afterwards.
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::float_cmp)]

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};

use super::oracle::{self, Cell, Time};

/// What a cell of an array holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    Null,
    Bool(bool),
    /// Integers, days, points in time.
    Int(i128),
    /// The bits of a double.
    Double(u64),
    /// Those of a float of half the size.
    Single(u32),
    Text(String),
}

const TWO_TO_53: f64 = 9_007_199_254_740_992.0;

pub fn supported() -> Vec<DataType> {
    use DataType::{
        Boolean, Date32, Date64, Dictionary, Float32, Float64, Int8, Int16, Int32, Int64, LargeUtf8, Null,
        Timestamp, UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
    };
    let integers = [Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64];
    let mut types = vec![Null, Boolean, Float32, Float64, Utf8, LargeUtf8, Utf8View, Date32, Date64];
    for keys in &integers {
        for values in [Utf8, LargeUtf8, Utf8View] {
            types.push(Dictionary(Box::new(keys.clone()), Box::new(values)));
        }
    }
    types.extend(integers);
    for unit in [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond] {
        types.extend([None, Some("UTC"), Some("+01:00")].map(|zone| Timestamp(unit, zone.map(Into::into))));
    }
    types
}

/// The smallest and the largest value.
fn range(integers: &DataType) -> Option<(i128, i128)> {
    Some(match integers {
        DataType::Int8 => (i8::MIN.into(), i8::MAX.into()),
        DataType::Int16 => (i16::MIN.into(), i16::MAX.into()),
        DataType::Int32 => (i32::MIN.into(), i32::MAX.into()),
        DataType::Int64 => (i64::MIN.into(), i64::MAX.into()),
        DataType::UInt8 => (0, u8::MAX.into()),
        DataType::UInt16 => (0, u16::MAX.into()),
        DataType::UInt32 => (0, u32::MAX.into()),
        DataType::UInt64 => (0, u64::MAX.into()),
        _ => return None,
    })
}

/// An integer that int64 or uint64 holds.
fn int(digits: &str) -> Option<i128> {
    digits.parse().ok().filter(|value| (i64::MIN.into()..=u64::MAX.into()).contains(value))
}

fn double(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Float(value, _) => Some(*value),
        Cell::Int(digits) => {
            let exact = int(digits)?;
            let value: f64 = digits.parse().ok()?;
            (value as i128 == exact).then_some(value)
        }
        _ => None,
    }
}

/// A point in time, in UTC if it has a zone.
struct Instant {
    zoned: bool,
    seconds: i64,
    nanos: i64,
}

fn instant(text: &str) -> Option<Instant> {
    const CLOCK: usize = "2025-07-15 12:00:00".len();
    // The fraction, apart from the rest.
    let (fraction, whole) = match text.split_at_checked(CLOCK) {
        Some((before, rest)) if rest.starts_with('.') => {
            let after = rest[1..].trim_start_matches(|c: char| c.is_ascii_digit());
            (&rest[1..rest.len() - after.len()], format!("{before}{after}"))
        }
        _ => ("0", text.to_owned()),
    };
    // Nanoseconds, and zeros after them.
    let (nanos, finer) = fraction.split_at(fraction.len().min(9));
    if !(1..=255).contains(&fraction.len()) || finer.contains(|c| c != '0') {
        return None;
    }
    let nanos = format!("{nanos:0<9}").parse().ok()?;
    Some(match oracle::time(&whole)? {
        Time::Date(days) => Instant { zoned: false, seconds: i64::from(days) * 86_400, nanos },
        Time::Naive(micros) => Instant { zoned: false, seconds: micros.div_euclid(1_000_000), nanos },
        Time::Zoned(micros) => Instant { zoned: true, seconds: micros.div_euclid(1_000_000), nanos },
    })
}

/// The days of a date, or of a time that is midnight.
fn days(cell: &Cell) -> Option<i128> {
    let Cell::Text(text) = cell else { return None };
    let instant = instant(text)?;
    let midnight = !instant.zoned && instant.nanos == 0 && instant.seconds % 86_400 == 0;
    midnight.then(|| (instant.seconds / 86_400).into())
}

/// What the value is in that type; `None` if it does not fit without loss.
pub fn converted(cell: &Cell, to: &DataType) -> Option<Held> {
    if *cell == Cell::Null {
        return Some(Held::Null);
    }
    if oracle::is_tiny(cell) && (range(to).is_some() || to.is_floating()) {
        return None;
    }
    if let Some((least, most)) = range(to) {
        let value = match cell {
            Cell::Int(digits) => int(digits)?,
            // -0.0 has a sign to lose, and above 2^53 the digits may not be those that arrived.
            Cell::Float(value, _) if value.is_sign_negative() && *value == 0.0 => return None,
            Cell::Float(value, _) if value.trunc() == *value && value.abs() <= TWO_TO_53 => *value as i128,
            _ => return None,
        };
        return (least..=most).contains(&value).then_some(Held::Int(value));
    }
    match to {
        DataType::Boolean => match cell {
            Cell::Bool(value) => Some(Held::Bool(*value)),
            _ => None,
        },
        DataType::Float64 => double(cell).map(|value| Held::Double(value.to_bits())),
        DataType::Float32 => {
            let value = double(cell)?;
            (f64::from(value as f32) == value).then(|| Held::Single((value as f32).to_bits()))
        }
        DataType::Date32 => days(cell).map(Held::Int),
        DataType::Date64 => days(cell).map(|days| Held::Int(days * 86_400_000)),
        DataType::Timestamp(unit, zone) => {
            let Cell::Text(text) = cell else { return None };
            let instant = instant(text)?;
            let nanos = i128::from(instant.seconds) * 1_000_000_000 + i128::from(instant.nanos);
            let per_unit = match unit {
                TimeUnit::Second => 1_000_000_000,
                TimeUnit::Millisecond => 1_000_000,
                TimeUnit::Microsecond => 1_000,
                TimeUnit::Nanosecond => 1,
            };
            let fits = instant.zoned == zone.is_some()
                && nanos % per_unit == 0
                && i64::try_from(nanos / per_unit).is_ok();
            fits.then_some(Held::Int(nanos / per_unit))
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            oracle::text(cell).map(Held::Text)
        }
        _ => None,
    }
}

/// What the cells of an array hold.
pub fn held(array: &ArrayRef) -> Vec<Held> {
    macro_rules! integers {
        ($type:ty) => {
            array
                .as_primitive::<$type>()
                .iter()
                .map(|value| value.map(|value| Held::Int(value.into())))
                .collect()
        };
    }
    let text = |text: &str| Held::Text(text.to_owned());
    let cells: Vec<Option<Held>> = match array.data_type() {
        DataType::Null => vec![None; array.len()],
        DataType::Boolean => array.as_boolean().iter().map(|value| value.map(Held::Bool)).collect(),
        DataType::Int8 => integers!(Int8Type),
        DataType::Int16 => integers!(Int16Type),
        DataType::Int32 => integers!(Int32Type),
        DataType::Int64 => integers!(Int64Type),
        DataType::UInt8 => integers!(UInt8Type),
        DataType::UInt16 => integers!(UInt16Type),
        DataType::UInt32 => integers!(UInt32Type),
        DataType::UInt64 => integers!(UInt64Type),
        DataType::Date32 => integers!(Date32Type),
        DataType::Date64 => integers!(Date64Type),
        DataType::Timestamp(TimeUnit::Second, _) => integers!(TimestampSecondType),
        DataType::Timestamp(TimeUnit::Millisecond, _) => integers!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, _) => integers!(TimestampMicrosecondType),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => integers!(TimestampNanosecondType),
        DataType::Float64 => {
            let bits = |value: f64| Held::Double(value.to_bits());
            array.as_primitive::<Float64Type>().iter().map(|value| value.map(bits)).collect()
        }
        DataType::Float32 => {
            let bits = |value: f32| Held::Single(value.to_bits());
            array.as_primitive::<Float32Type>().iter().map(|value| value.map(bits)).collect()
        }
        DataType::Utf8 => array.as_string::<i32>().iter().map(|value| value.map(text)).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(|value| value.map(text)).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(|value| value.map(text)).collect(),
        DataType::Dictionary(..) => {
            if array.null_count() == array.len() {
                return vec![Held::Null; array.len()];
            }
            let dictionary = array.as_any_dictionary();
            let values = held(dictionary.values());
            let keys = dictionary.normalized_keys();
            keys.iter()
                .enumerate()
                .map(|(row, key)| array.is_valid(row).then(|| values[*key].clone()))
                .collect()
        }
        other => panic!("no column has the type {other}"),
    };
    cells.into_iter().map(|cell| cell.unwrap_or(Held::Null)).collect()
}
