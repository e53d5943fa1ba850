//! The cells of an array as hashes of their text.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, TimeUnit};

use super::hash::hash;
use super::moments::Moments;
use super::nested;
use crate::error::{Error, Result};
use crate::types::type_name;

/// Integers up to here are doubles, and those are written as the integers.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Deeper nesting than any value has; it also bounds the recursion.
const MAX_NESTING: usize = 64;

/// What takes the row and the hash of each cell that is not null.
pub(super) type Found<'a> = &'a mut dyn FnMut(usize, u128);

/// Hashes the cells that are not null.
///
/// # Errors
/// A type that has no text.
pub(super) fn each(array: &dyn Array, seed: u64, depth: usize, found: Found<'_>) -> Result<()> {
    macro_rules! integers {
        ($kind:ty) => {
            primitives::<$kind>(array, found, |value| {
                hash(seed, itoa::Buffer::new().format(value).as_bytes())
            })
        };
    }
    macro_rules! decimals {
        ($kind:ty) => {
            decimals::<$kind>(array, seed, found)
        };
    }
    macro_rules! moments {
        ($kind:ty, $per_second:expr, $zoned:expr) => {{
            let mut moments = Moments::new($zoned);
            primitives::<$kind>(array, found, |value| {
                let seconds = value.div_euclid($per_second);
                let nanos = value.rem_euclid($per_second) * (1_000_000_000 / $per_second);
                hash(seed, moments.text(seconds, nanos))
            })
        }};
    }
    if depth > MAX_NESTING {
        return Err(Error::invalid_input(format!(
            "values that are nested deeper than {MAX_NESTING} levels have no digest: turn them into JSON text"
        )));
    }
    match array.data_type() {
        DataType::Null => {}
        DataType::Boolean => {
            let values = array.as_boolean();
            let hashes = [hash(seed, b"false"), hash(seed, b"true")];
            for (row, value) in values.iter().enumerate() {
                if let Some(value) = value {
                    found(row, hashes[usize::from(value)]);
                }
            }
        }
        DataType::Int8 => integers!(Int8Type),
        DataType::Int16 => integers!(Int16Type),
        DataType::Int32 => integers!(Int32Type),
        DataType::Int64 => integers!(Int64Type),
        DataType::UInt8 => integers!(UInt8Type),
        DataType::UInt16 => integers!(UInt16Type),
        DataType::UInt32 => integers!(UInt32Type),
        DataType::UInt64 => integers!(UInt64Type),
        DataType::Float16 => primitives::<Float16Type>(array, found, |value| float(seed, value.to_f64())),
        DataType::Float32 => primitives::<Float32Type>(array, found, |value| float(seed, value.into())),
        DataType::Float64 => primitives::<Float64Type>(array, found, |value| float(seed, value)),
        DataType::Decimal32(..) => decimals!(Decimal32Type),
        DataType::Decimal64(..) => decimals!(Decimal64Type),
        DataType::Decimal128(..) => decimals!(Decimal128Type),
        DataType::Decimal256(..) => decimals!(Decimal256Type),
        DataType::Date32 => {
            let mut days = Moments::new(false);
            primitives::<Date32Type>(array, found, |value| hash(seed, days.date(value.into())));
        }
        // Milliseconds, which other libraries may make more of than days.
        DataType::Date64 => {
            const DAY: i64 = 86_400_000;
            let (mut days, mut times) = (Moments::new(false), Moments::new(false));
            primitives::<Date64Type>(array, found, |value| {
                if value.rem_euclid(DAY) == 0 {
                    return hash(seed, days.date(value.div_euclid(DAY)));
                }
                hash(seed, times.text(value.div_euclid(1_000), value.rem_euclid(1_000) * 1_000_000))
            });
        }
        DataType::Timestamp(unit, zone) => {
            let zoned = zone.is_some();
            match unit {
                TimeUnit::Second => moments!(TimestampSecondType, 1, zoned),
                TimeUnit::Millisecond => moments!(TimestampMillisecondType, 1_000, zoned),
                TimeUnit::Microsecond => moments!(TimestampMicrosecondType, 1_000_000, zoned),
                TimeUnit::Nanosecond => moments!(TimestampNanosecondType, 1_000_000_000, zoned),
            }
        }
        DataType::Utf8 => bytes(array.as_string::<i32>().iter(), seed, found),
        DataType::LargeUtf8 => {
            bytes(array.as_string::<i64>().iter(), seed, found);
        }
        DataType::Utf8View => {
            bytes(array.as_string_view().iter(), seed, found);
        }
        DataType::Binary => bytes(array.as_binary::<i32>().iter(), seed, found),
        DataType::LargeBinary => bytes(array.as_binary::<i64>().iter(), seed, found),
        DataType::BinaryView => bytes(array.as_binary_view().iter(), seed, found),
        DataType::FixedSizeBinary(_) => {
            bytes(array.as_fixed_size_binary().iter(), seed, found);
        }
        other if other.is_nested() || matches!(other, DataType::Dictionary(..)) => {
            return nested::each(array, seed, depth, found);
        }
        _ => return others(array, seed, found),
    }
    Ok(())
}

fn primitives<T: ArrowPrimitiveType>(
    array: &dyn Array,
    found: Found<'_>,
    mut hash: impl FnMut(T::Native) -> u128,
) {
    let array = array.as_primitive::<T>();
    for (row, value) in array.values().iter().enumerate() {
        if array.is_valid(row) {
            found(row, hash(*value));
        }
    }
}

fn bytes<V: AsRef<[u8]>>(values: impl Iterator<Item = Option<V>>, seed: u64, found: Found<'_>) {
    for (row, value) in values.enumerate() {
        if let Some(value) = value {
            found(row, hash(seed, value.as_ref()));
        }
    }
}

/// As JavaScript writes it: 3.0 is `3`, and so is -0.0 `0`.
#[allow(clippy::float_cmp)] // whole numbers are whole exactly
fn float(seed: u64, value: f64) -> u128 {
    if value.abs() < EXACT && value.trunc() == value {
        return hash(seed, itoa::Buffer::new().format(value as i64).as_bytes());
    }
    hash(seed, ryu_js::Buffer::new().format(value).as_bytes())
}

/// The digits, without zeros behind the point.
fn decimals<T: DecimalType>(array: &dyn Array, seed: u64, found: Found<'_>) {
    let array = array.as_primitive::<T>();
    for row in (0..array.len()).filter(|row| array.is_valid(*row)) {
        let text = array.value_as_string(row);
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        found(row, hash(seed, text.as_bytes()));
    }
}

/// Times of day, durations and what else only other libraries have, as Arrow writes them.
pub(super) fn others(array: &dyn Array, seed: u64, found: Found<'_>) -> Result<()> {
    let options = FormatOptions::default();
    let unreadable = |error| {
        let message = format!("a column of {} has no digest: {error}", type_name(array.data_type()));
        Error::invalid_input(message)
    };
    let formatter = ArrayFormatter::try_new(array, &options).map_err(unreadable)?;
    let nulls = array.logical_nulls();
    let mut text = String::new();
    for row in (0..array.len()).filter(|row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row))) {
        text.clear();
        formatter.value(row).write(&mut text).map_err(unreadable)?;
        found(row, hash(seed, text.as_bytes()));
    }
    Ok(())
}
