//! The values of a column → Python's own objects.

use arrow_array::cast::AsArray;
use arrow_array::temporal_conversions::{as_date, as_datetime};
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_cast::display::array_value_to_string;
use arrow_schema::{DataType, TimeUnit};
use chrono::Datelike;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::types::type_name;

/// Appends the values of `array`, null as None.
///
/// # Errors
/// A type that Python has nothing for, and a date that Python's dates do not reach, as the rest of a sentence about the
/// column.
pub fn extend(list: &Bound<'_, PyList>, array: &ArrayRef) -> Result<(), Unfit> {
    macro_rules! numbers {
        ($kind:ty) => {
            append(list, array.as_primitive::<$kind>().iter())
        };
    }
    macro_rules! times {
        ($kind:ty, $zoned:expr) => {
            append_times::<$kind>(list, array, $zoned)
        };
    }
    match array.data_type() {
        DataType::Null => append(list, (0..array.len()).map(|_| None::<bool>)),
        DataType::Boolean => append(list, array.as_boolean().iter()),
        DataType::Int8 => numbers!(Int8Type),
        DataType::Int16 => numbers!(Int16Type),
        DataType::Int32 => numbers!(Int32Type),
        DataType::Int64 => numbers!(Int64Type),
        DataType::UInt8 => numbers!(UInt8Type),
        DataType::UInt16 => numbers!(UInt16Type),
        DataType::UInt32 => numbers!(UInt32Type),
        DataType::UInt64 => numbers!(UInt64Type),
        DataType::Float32 => numbers!(Float32Type),
        DataType::Float64 => numbers!(Float64Type),
        DataType::Utf8 => append(list, array.as_string::<i32>().iter()),
        DataType::LargeUtf8 => append(list, array.as_string::<i64>().iter()),
        DataType::Utf8View => append(list, array.as_string_view().iter()),
        DataType::Date32 => {
            for (row, day) in array.as_primitive::<Date32Type>().iter().enumerate() {
                append_date::<Date32Type>(list, array, row, day.map(i64::from))?;
            }
            Ok(())
        }
        DataType::Timestamp(TimeUnit::Second, zone) => times!(TimestampSecondType, zone.is_some()),
        DataType::Timestamp(TimeUnit::Millisecond, zone) => times!(TimestampMillisecondType, zone.is_some()),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => times!(TimestampMicrosecondType, zone.is_some()),
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => times!(TimestampNanosecondType, zone.is_some()),
        DataType::Date64 => {
            for (row, time) in array.as_primitive::<Date64Type>().iter().enumerate() {
                append_date::<Date64Type>(list, array, row, time)?;
            }
            Ok(())
        }
        DataType::Dictionary(_, values) => {
            let plain = cast(array, values).map_err(|error| PyTypeError::new_err(error.to_string()))?;
            extend(list, &plain)
        }
        other => Err(PyTypeError::new_err(format!(
            "values of {} have no counterpart in Python's own types",
            type_name(other)
        ))
        .into()),
    }
}

/// Why values are not Python's.
pub enum Unfit {
    Error(PyErr),
    /// The date or time at a row of the array.
    OutOfRange {
        row: usize,
        shown: String,
    },
}

impl From<PyErr> for Unfit {
    fn from(error: PyErr) -> Self {
        Self::Error(error)
    }
}

fn append<'py, T: IntoPyObject<'py>>(
    list: &Bound<'py, PyList>,
    values: impl Iterator<Item = Option<T>>,
) -> Result<(), Unfit> {
    for value in values {
        list.append(value)?;
    }
    Ok(())
}

fn append_date<T: ArrowPrimitiveType>(
    list: &Bound<'_, PyList>,
    array: &ArrayRef,
    row: usize,
    days: Option<i64>,
) -> Result<(), Unfit> {
    let date = days.map(|days| fitting(as_date::<T>(days), array, row)).transpose()?;
    Ok(list.append(date)?)
}

fn append_times<T: ArrowPrimitiveType<Native = i64>>(
    list: &Bound<'_, PyList>,
    array: &ArrayRef,
    zoned: bool,
) -> Result<(), Unfit> {
    for (row, time) in array.as_primitive::<T>().iter().enumerate() {
        let Some(time) = time else {
            list.append(list.py().None())?;
            continue;
        };
        let time = fitting(as_datetime::<T>(time), array, row)?;
        if zoned {
            list.append(time.and_utc())?;
        } else {
            list.append(time)?;
        }
    }
    Ok(())
}

/// A date or time, if Python has it.
fn fitting<D: Datelike>(date: Option<D>, array: &ArrayRef, row: usize) -> Result<D, Unfit> {
    date.filter(|date| (1..=9999).contains(&date.year())).ok_or_else(|| {
        // Years that not even the formatter knows are shown as they are stored.
        let shown = array_value_to_string(array, row).ok().filter(|shown| !shown.contains("ERROR"));
        let stored = || array_value_to_string(&cast(array, &DataType::Int64).ok()?, row).ok();
        Unfit::OutOfRange { row, shown: shown.or_else(stored).unwrap_or_default() }
    })
}
