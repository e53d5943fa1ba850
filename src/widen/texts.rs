//! Any values as text.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Float64Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{ArrowError, DataType, TimeUnit};

use super::cast::cast;
use crate::digest::Moments;
use crate::error::{Error, Result};
use crate::types::holds_strings;

const DAY: i64 = 86_400;

/// The text of every value, as the table of types writes it; nothing for types that it does not have.
///
/// # Errors
/// Only defects.
pub(super) fn texts(array: &ArrayRef) -> Result<Option<ArrayRef>> {
    let from = array.data_type();
    let wide = |to: &DataType| cast(array, to).map_err(|error| defect(&error));
    Ok(Some(match from {
        DataType::Boolean => {
            let texts = array.as_boolean().iter().map(|value| value.map(|value| value.to_string()));
            Arc::new(texts.collect::<arrow_array::StringArray>())
        }
        _ if from.is_unsigned_integer() => each::<UInt64Type>(&wide(&DataType::UInt64)?, |value, text| {
            text.push_str(itoa::Buffer::new().format(value));
        }),
        _ if from.is_integer() => each::<Int64Type>(&wide(&DataType::Int64)?, |value, text| {
            text.push_str(itoa::Buffer::new().format(value));
        }),
        _ if from.is_floating() => each::<Float64Type>(&wide(&DataType::Float64)?, |value, text| {
            text.push_str(ryu_js::Buffer::new().format(value));
        }),
        DataType::Date32 => {
            let mut days = Moments::new(false);
            each::<Date32Type>(array, |value, text| push(text, days.date(value.into())))
        }
        DataType::Date64 => {
            let mut days = Moments::new(false);
            each::<Date64Type>(array, |value, text| push(text, days.date(value.div_euclid(DAY * 1_000))))
        }
        DataType::Timestamp(unit, zone) => {
            let zoned = zone.is_some();
            match unit {
                TimeUnit::Second => moments::<TimestampSecondType>(array, zoned, 1),
                TimeUnit::Millisecond => moments::<TimestampMillisecondType>(array, zoned, 1_000),
                TimeUnit::Microsecond => moments::<TimestampMicrosecondType>(array, zoned, 1_000_000),
                TimeUnit::Nanosecond => moments::<TimestampNanosecondType>(array, zoned, 1_000_000_000),
            }
        }
        _ if holds_strings(from) => wide(&DataType::Utf8)?,
        _ => return Ok(None),
    }))
}

fn moments<T: ArrowPrimitiveType<Native = i64>>(array: &ArrayRef, zoned: bool, per_second: i64) -> ArrayRef {
    let mut moments = Moments::new(zoned);
    each::<T>(array, |value, text| {
        let nanos = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
        push(text, moments.text(value.div_euclid(per_second), nanos));
    })
}

fn each<T: ArrowPrimitiveType>(array: &ArrayRef, mut write: impl FnMut(T::Native, &mut String)) -> ArrayRef {
    let mut texts = StringBuilder::with_capacity(array.len(), 8 * array.len());
    let mut text = String::new();
    for value in array.as_primitive::<T>() {
        match value {
            None => texts.append_null(),
            Some(value) => {
                text.clear();
                write(value, &mut text);
                texts.append_value(&text);
            }
        }
    }
    Arc::new(texts.finish())
}

fn push(text: &mut String, written: &[u8]) {
    text.push_str(&String::from_utf8_lossy(written));
}

fn defect(error: &ArrowError) -> Error {
    Error::internal(format!("values have no text: {error}"))
}
