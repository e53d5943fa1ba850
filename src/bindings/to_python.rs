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
use arrow_schema::{DataType, TimeUnit};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::types::type_name;

/// Appends the values of `array`, null as None.
pub fn extend(list: &Bound<'_, PyList>, array: &ArrayRef) -> PyResult<()> {
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
            for day in array.as_primitive::<Date32Type>() {
                let date = day
                    .map(|day| as_date::<Date32Type>(i64::from(day)).ok_or_else(out_of_range))
                    .transpose()?;
                list.append(date)?;
            }
            Ok(())
        }
        DataType::Timestamp(TimeUnit::Second, zone) => times!(TimestampSecondType, zone.is_some()),
        DataType::Timestamp(TimeUnit::Millisecond, zone) => times!(TimestampMillisecondType, zone.is_some()),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => times!(TimestampMicrosecondType, zone.is_some()),
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => times!(TimestampNanosecondType, zone.is_some()),
        DataType::Date64 => {
            for time in array.as_primitive::<Date64Type>() {
                let date =
                    time.map(|time| as_date::<Date64Type>(time).ok_or_else(out_of_range)).transpose()?;
                list.append(date)?;
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
        ))),
    }
}

fn append<'py, T: IntoPyObject<'py>>(
    list: &Bound<'py, PyList>,
    values: impl Iterator<Item = Option<T>>,
) -> PyResult<()> {
    for value in values {
        list.append(value)?;
    }
    Ok(())
}

fn append_times<T: ArrowPrimitiveType<Native = i64>>(
    list: &Bound<'_, PyList>,
    array: &ArrayRef,
    zoned: bool,
) -> PyResult<()> {
    for time in array.as_primitive::<T>() {
        let Some(time) = time else {
            list.append(list.py().None())?;
            continue;
        };
        let time = as_datetime::<T>(time).ok_or_else(out_of_range)?;
        if zoned {
            list.append(time.and_utc())?;
        } else {
            list.append(time)?;
        }
    }
    Ok(())
}

fn out_of_range() -> PyErr {
    PyOverflowError::new_err("a date is outside the years 1 to 9999 that Python's dates have")
}
