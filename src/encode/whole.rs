//! Whole numbers in other types than those of integers: keys that pandas made floats, or a database decimals.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type, Float32Type,
    Float64Type,
};
use arrow_array::{Array, ArrayRef, Int64Array, PrimitiveArray, UInt64Array};
use arrow_schema::{DataType, Field};

use super::plain::Raw;
use super::refuse::{shown, shown_value};

/// What a row holds.
#[derive(Clone, Copy)]
enum Key {
    Null,
    Whole(i128),
    Other,
}

/// Keys as integers.
///
/// # Errors
/// Values that are not whole numbers, as the rest of a sentence about them.
pub(super) fn keys(keys: &Raw) -> Result<Raw, String> {
    let read: Vec<Vec<Key>> = keys.arrays.iter().map(read).collect();
    let all = || read.iter().flatten();
    let fits = |fits: fn(i128) -> bool| {
        all().all(|key| match key {
            Key::Null => true,
            Key::Whole(value) => fits(*value),
            Key::Other => false,
        })
    };
    let (data_type, arrays): (_, Vec<ArrayRef>) = if fits(|value| i64::try_from(value).is_ok()) {
        let array = |keys: &Vec<Key>| -> ArrayRef {
            Arc::new(keys.iter().map(|key| i64::try_from(key.value()?).ok()).collect::<Int64Array>())
        };
        (DataType::Int64, read.iter().map(array).collect())
    } else if fits(|value| u64::try_from(value).is_ok()) {
        let array = |keys: &Vec<Key>| -> ArrayRef {
            Arc::new(keys.iter().map(|key| u64::try_from(key.value()?).ok()).collect::<UInt64Array>())
        };
        (DataType::UInt64, read.iter().map(array).collect())
    } else {
        let mut texts =
            keys.arrays.iter().flat_map(|array| (0..array.len()).map(move |row| shown_value(array, row)));
        let wrong = all().enumerate().filter(|(_, key)| !key.is_integer()).map(|(row, _)| row);
        // Each is looked for behind the one before.
        let mut next = 0;
        let named = wrong.map(|row| {
            let value = texts.nth(row - next).unwrap_or_default();
            next = row + 1;
            format!("{value} (row {row})")
        });
        let limit = digits(keys.field.data_type())
            .map_or_else(String::new, |digits| format!(", below 2^{digits} in size where it is a float"));
        return Err(format!(
            "has values that are not whole numbers{limit}: {} (counted from 0)",
            shown(named)
        ));
    };
    Ok(Raw { field: Field::new(keys.field.name(), data_type, true), arrays })
}

impl Key {
    fn value(self) -> Option<i128> {
        match self {
            Self::Whole(value) => Some(value),
            Self::Null | Self::Other => None,
        }
    }

    /// Whether it fits one of the types of integers.
    fn is_integer(self) -> bool {
        match self {
            Self::Null => true,
            Self::Whole(value) => i64::try_from(value).is_ok() || u64::try_from(value).is_ok(),
            Self::Other => false,
        }
    }
}

fn read(array: &ArrayRef) -> Vec<Key> {
    fn each<T>(values: impl Iterator<Item = Option<T>>, key: impl Fn(T) -> Key) -> Vec<Key> {
        values.map(|value| value.map_or(Key::Null, &key)).collect()
    }
    fn decimals<T: DecimalType>(array: &PrimitiveArray<T>) -> Vec<Key> {
        let rows = (0..array.len()).map(|row| array.is_valid(row).then(|| array.value_as_string(row)));
        each(rows, |digits| number(&digits))
    }
    let digits = digits(array.data_type()).unwrap_or_default();
    match array.data_type() {
        DataType::Float16 => {
            each(array.as_primitive::<Float16Type>().iter(), |value| float(value.to_f64(), digits))
        }
        DataType::Float32 => {
            each(array.as_primitive::<Float32Type>().iter(), |value| float(value.into(), digits))
        }
        DataType::Float64 => each(array.as_primitive::<Float64Type>().iter(), |value| float(value, digits)),
        DataType::Decimal32(..) => decimals(array.as_primitive::<Decimal32Type>()),
        DataType::Decimal64(..) => decimals(array.as_primitive::<Decimal64Type>()),
        DataType::Decimal128(..) => decimals(array.as_primitive::<Decimal128Type>()),
        DataType::Decimal256(..) => decimals(array.as_primitive::<Decimal256Type>()),
        DataType::Utf8 => each(array.as_string::<i32>().iter(), number),
        DataType::LargeUtf8 => each(array.as_string::<i64>().iter(), number),
        DataType::Utf8View => each(array.as_string_view().iter(), number),
        _ => vec![Key::Other; array.len()],
    }
}

/// How many binary digits a float of some type has: an integer that needs more may have been rounded to another one.
fn digits(float: &DataType) -> Option<i32> {
    match float {
        DataType::Float16 => Some(11),
        DataType::Float32 => Some(24),
        DataType::Float64 => Some(53),
        _ => None,
    }
}

/// pandas has NaN where a key is missing.
fn float(value: f64, digits: i32) -> Key {
    if value.is_nan() {
        Key::Null
    } else if value.fract() == 0.0 && value.abs() < 2_f64.powi(digits) {
        Key::Whole(value as i128)
    } else {
        Key::Other
    }
}

/// The text of a number.
fn number(text: &str) -> Key {
    let read = || {
        let (negative, size) = text.strip_prefix('-').map_or((false, text), |size| (true, size));
        let (mantissa, exponent) = size.split_once(['e', 'E']).unwrap_or((size, "0"));
        let (before, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{before}{behind}");
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let significant = digits.trim_matches('0');
        if significant.is_empty() {
            return Some(0);
        }
        let zeros = digits.len() - digits.trim_end_matches('0').len();
        let exponent =
            exponent.parse::<i64>().ok()? - i64::try_from(behind.len()).ok()? + i64::try_from(zeros).ok()?;
        let zeros = u32::try_from(exponent).ok().filter(|zeros| *zeros < 40)?;
        let value = significant.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(zeros)?)?;
        Some(if negative { -value } else { value })
    };
    read().map_or(Key::Other, Key::Whole)
}
