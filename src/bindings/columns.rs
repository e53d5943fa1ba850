//! Python's values, or numpy's memory, → a column. For frames whose library does not speak Arrow by itself.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, UInt64Builder};
use arrow_array::{
    ArrayRef, Date32Array, DictionaryArray, Float32Array, Int32Array, NullArray, RecordBatch,
    Time64MicrosecondArray, TimestampMicrosecondArray, make_array, new_empty_array,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_cast::cast;
use arrow_data::ArrayData;
use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow_select::concat::concat;
use arrow_select::take::take;
use bytes::Bytes;
use chrono::{Datelike, NaiveTime, Timelike};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyList, PyString};

use super::from_python::{Value, parse};
use super::import;
use super::panics::guard;
use super::refusal::shown;
use crate::encode::{KeyColumn, as_dates};
use crate::error::Error;
use crate::ipc;
use crate::resources::room_for;
use crate::types::{JSON_EXTENSION, parse_type};

/// One column on its way into a table.
#[pyclass(frozen, module = "converz._core", name = "Column")]
#[derive(Debug, Clone)]
pub struct Column {
    array: ArrayRef,
    /// Says where the values are of an extension type, such as JSON.
    metadata: HashMap<String, String>,
}

impl From<ArrayRef> for Column {
    fn from(array: ArrayRef) -> Self {
        Self { array, metadata: HashMap::new() }
    }
}

/// Above this size not every integer is a float of its own.
const EXACT: i128 = 1 << 53;

#[pymethods]
impl Column {
    /// A column of Python values, all of one type or null; whole numbers, floats and decimals may be mixed.
    #[staticmethod]
    fn from_list(py: Python<'_>, name: &str, values: &Bound<'_, PyList>) -> PyResult<Self> {
        guard(py, || Self::of_values(py, name, values))
    }

    /// A column of numpy's memory in native byte order (a bool is a byte), with a byte a row that is 1 for null.
    #[staticmethod]
    fn from_fixed_width(
        py: Python<'_>,
        name: &str,
        kind: &str,
        values: PyBackedBytes,
        nulls: Option<&[u8]>,
    ) -> PyResult<Self> {
        guard(py, || {
            let refuse = |reason: String| wrong(name, format!("cannot be read as {kind}: {reason}"));
            // Which is no type that can be asked for.
            let half = (kind == "float16").then_some(DataType::Float16);
            let data_type = half.or_else(|| parse_type(kind)).ok_or_else(|| refuse("no such type".into()))?;
            let nulls = nulls.map(|bytes| {
                NullBuffer::from(bytes.iter().map(|byte| *byte == 0).collect::<BooleanBuffer>())
            });
            let (rows, buffer) = if data_type == DataType::Boolean {
                (values.len(), values.iter().map(|byte| *byte != 0).collect::<BooleanBuffer>().into_inner())
            } else {
                let width =
                    data_type.primitive_width().ok_or_else(|| refuse("it has no fixed width".into()))?;
                // Shares the memory of the bytes, which nobody can change.
                (values.len() / width, Buffer::from(Bytes::from_owner(values)))
            };
            let data = ArrayData::builder(data_type).len(rows).add_buffer(buffer).nulls(nulls);
            // Python aligns its bytes as C does, though it does not promise to.
            let data = data.align_buffers(true).build();
            Ok(data
                .map(|data| Self::from(make_array(data)))
                .map_err(|error| refuse(error.to_string()).with_source(error))?)
        })
    }

    /// Categories of pandas: for each row the place of its value among those that there are, or -1.
    #[staticmethod]
    fn from_codes(py: Python<'_>, name: &str, codes: PyBackedBytes, categories: &Self) -> PyResult<Self> {
        guard(py, || {
            let codes =
                codes.chunks_exact(4).map(|code| i32::from_ne_bytes([code[0], code[1], code[2], code[3]]));
            let codes: Int32Array = codes.map(|code| (code >= 0).then_some(code)).collect();
            let Self { array, metadata } = categories.clone();
            // Only strings are worth to be kept apart, and only where no extension type says what they are.
            let array = if array.data_type().is_string() && metadata.is_empty() {
                DictionaryArray::try_new(codes, array).map(|array| Arc::new(array) as ArrayRef)
            } else {
                take(&array, &codes, None)
            };
            Ok(array.map(|array| Self { array, metadata }).map_err(|error| in_pieces(name, error))?)
        })
    }

    /// Times without a zone that are all midnight as dates; other columns as they are.
    fn as_dates(&self, py: Python<'_>) -> PyResult<Self> {
        guard(py, || Ok(as_dates(&self.array).map_or_else(|| self.clone(), Self::from)))
    }

    fn __len__(&self) -> usize {
        self.array.len()
    }

    /// A column of any Arrow array or chunked array.
    #[staticmethod]
    fn from_arrow(name: &str, array: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = array.py();
        guard(py, || {
            let (field, chunks) = import::column(array)?;
            let chunks: Vec<&dyn arrow_array::Array> = chunks.iter().map(AsRef::as_ref).collect();
            Ok(Self::of_chunks(name, &field, &chunks)?)
        })
    }
}

/// What values take between two looks at how much memory there is.
const LOOK: usize = 1 << 20;

impl Column {
    fn of_values(py: Python<'_>, name: &str, values: &Bound<'_, PyList>) -> PyResult<Self> {
        // The values, and the column that they become.
        room_for(values.len().saturating_mul(2 * size_of::<Option<Value>>()))?;
        let mut taken = 0;
        let mut parsed = Vec::with_capacity(values.len());
        let mut refused: Option<Refusal> = None;
        for (row, value) in values.iter().enumerate() {
            // Characters, of which each may be four bytes.
            let text = value.cast::<PyString>().ok().and_then(|text| text.len().ok()).unwrap_or_default();
            taken += 4 * text + size_of::<Option<Value>>();
            if taken >= LOOK {
                room_for(std::mem::take(&mut taken))?;
            }
            match parse(&value) {
                Ok(value) => parsed.push(value),
                Err(reason) => {
                    let refusal = refused.get_or_insert_with(|| Refusal {
                        rows: Vec::new(),
                        message: format!("has {} in row {row} (counted from 0): {reason}", shown(&value)),
                    });
                    refusal.rows.push(row);
                }
            }
        }
        room_for(text_size(&parsed))?;
        refused.map_or_else(|| build(name, &parsed), Err).map_err(|refusal| {
            let error = PyErr::from(wrong(name, refusal.message));
            // Which keys those rows have is known to those who know the other columns.
            match error.value(py).setattr(intern!(py, "_rows"), refusal.rows) {
                Ok(()) => error,
                Err(error) => error,
            }
        })
    }

    pub fn into_array(self) -> ArrayRef {
        self.array
    }

    /// # Errors
    /// Chunks that do not fit together, or want more memory than there is.
    pub fn of_chunks(name: &str, field: &Field, chunks: &[&dyn arrow_array::Array]) -> Result<Self, Error> {
        let metadata = field.metadata().clone();
        if chunks.is_empty() {
            return Ok(Self { array: new_empty_array(field.data_type()), metadata });
        }
        room_for(chunks.iter().map(|chunk| ipc::size(*chunk)).sum())?;
        concat(chunks).map(|array| Self { array, metadata }).map_err(|error| in_pieces(name, error))
    }
}

fn wrong(name: &str, message: impl std::fmt::Display) -> Error {
    Error::invalid_input(format!("frame[{name:?}] {message}"))
}

fn in_pieces(name: &str, error: ArrowError) -> Error {
    wrong(name, format!("cannot be put together: {error}")).with_source(error)
}

/// Columns of the same length beside one another.
///
/// # Errors
/// Columns of different lengths.
pub fn beside(names: &[String], columns: &[Py<Column>]) -> Result<(SchemaRef, Vec<RecordBatch>), Error> {
    let arrays: Vec<ArrayRef> = columns.iter().map(|column| column.get().array.clone()).collect();
    let fields: Vec<Field> = names
        .iter()
        .zip(columns)
        .map(|(name, column)| {
            let column = column.get();
            Field::new(name, column.array.data_type().clone(), true).with_metadata(column.metadata.clone())
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    if arrays.is_empty() {
        return Ok((schema, Vec::new()));
    }
    let batch = RecordBatch::try_new(schema.clone(), arrays)
        .map_err(|error| Error::invalid_input(format!("frame is not a table: {error}")).with_source(error))?;
    Ok((schema, vec![batch]))
}

/// Why a column cannot be made, as the rest of a sentence about it, and the rows with the values that are wrong.
struct Refusal {
    message: String,
    rows: Vec<usize>,
}

impl Refusal {
    /// # Errors
    /// Values for which `is_wrong`; `message` is about the first of them.
    fn of(
        values: &[Option<Value>],
        is_wrong: impl Fn(&Value) -> bool,
        message: impl Fn(usize, &Value) -> String,
    ) -> Result<(), Self> {
        let mut wrong = values.iter().enumerate().filter_map(|(row, value)| {
            value.as_ref().filter(|value| is_wrong(value)).map(|value| (row, value))
        });
        let Some((row, value)) = wrong.next() else { return Ok(()) };
        let message = message(row, value);
        Err(Self { message, rows: std::iter::once(row).chain(wrong.map(|(row, _)| row)).collect() })
    }
}

/// The bytes of all text.
fn text_size(values: &[Option<Value>]) -> usize {
    let size = |value: &Option<Value>| if let Some(Value::Text(text)) = value { text.len() } else { 0 };
    values.iter().map(size).sum()
}

fn build(name: &str, values: &[Option<Value>]) -> Result<Column, Refusal> {
    let Some((first_row, first)) =
        values.iter().enumerate().find_map(|(row, value)| Some((row, value.as_ref()?)))
    else {
        let nothing: ArrayRef = Arc::new(NullArray::new(values.len()));
        return Ok(nothing.into());
    };
    let numbers = |value: &Value| {
        matches!(value, Value::Float(_) | Value::Narrow { .. } | Value::Integer(_) | Value::Decimal(_))
    };
    Refusal::of(
        values,
        |value| value.kind() != first.kind() && !(numbers(value) && numbers(first)),
        |row, other| {
            format!(
                "has {} in row {first_row} and {} in row {row} (counted from 0): the values of a column are of one type",
                first.kind(),
                other.kind()
            )
        },
    )?;
    let decimal = |value: &Value| matches!(value, Value::Decimal(_));
    let floats = values.iter().flatten().any(|value| matches!(value, Value::Float(_) | Value::Narrow { .. }));
    if let Some(narrow) = narrow(values) {
        return Ok(narrow.into());
    }
    refuse_narrow_keys(name, values)?;
    let each = || values.iter().map(Option::as_ref);
    let array: ArrayRef = match first {
        // Whatever number the first one is.
        Value::Decimal(_) => return decimals(values),
        _ if values.iter().flatten().any(decimal) => return decimals(values),
        Value::Integer(_) | Value::Float(_) | Value::Narrow { .. } if floats => mixed_floats(values)?,
        Value::Integer(_) | Value::Float(_) | Value::Narrow { .. } => integers(values)?,
        Value::Bool(_) => {
            let mut builder = BooleanBuilder::with_capacity(values.len());
            each().for_each(|value| {
                builder.append_option(value.and_then(|value| match value {
                    Value::Bool(value) => Some(*value),
                    _ => None,
                }));
            });
            Arc::new(builder.finish())
        }
        Value::Text(_) => {
            let mut builder = StringBuilder::with_capacity(values.len(), text_size(values));
            each().for_each(|value| {
                builder.append_option(value.and_then(|value| match value {
                    Value::Text(text) => Some(text),
                    _ => None,
                }));
            });
            Arc::new(builder.finish())
        }
        Value::Date(_) => Arc::new(
            each()
                .map(|value| match value {
                    Some(Value::Date(date)) => Some(date.num_days_from_ce() - EPOCH_FROM_CE),
                    _ => None,
                })
                .collect::<Date32Array>(),
        ),
        Value::TimeOfDay(_) => Arc::new(
            each()
                .map(|value| match value {
                    Some(Value::TimeOfDay(time)) => Some(micros_of_day(*time)),
                    _ => None,
                })
                .collect::<Time64MicrosecondArray>(),
        ),
        Value::Time(_) | Value::Zoned(_) => {
            let zone = matches!(first, Value::Zoned(_)).then_some("UTC");
            let times = each()
                .map(|value| match value {
                    Some(Value::Time(time) | Value::Zoned(time)) => Some(time.and_utc().timestamp_micros()),
                    _ => None,
                })
                .collect::<TimestampMicrosecondArray>();
            let data_type = DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
            Arc::new(times.with_data_type(data_type))
        }
    };
    Ok(array.into())
}

/// numpy's floats of fewer digits as a column of theirs, which is treated as an array of them is.
fn narrow(values: &[Option<Value>]) -> Option<ArrayRef> {
    let mut of_all = None;
    for value in values.iter().flatten() {
        let Value::Narrow { digits, .. } = value else { return None };
        if *of_all.get_or_insert(*digits) != *digits {
            return None;
        }
    }
    let floats: Float32Array = values
        .iter()
        .map(|value| match value {
            Some(Value::Narrow { value, .. }) => Some(*value),
            _ => None,
        })
        .collect();
    if of_all? == 24 { Some(Arc::new(floats)) } else { cast(&floats, &DataType::Float16).ok() }
}

/// Floats, with whole numbers among them or not.
fn mixed_floats(values: &[Option<Value>]) -> Result<ArrayRef, Refusal> {
    Refusal::of(
        values,
        |value| matches!(value, Value::Integer(integer) if integer.abs() > EXACT),
        |row, value| {
            format!(
                "has {value} in row {row} (counted from 0), which would lose digits next to the column's floats"
            )
        },
    )?;
    let mut builder = Float64Builder::with_capacity(values.len());
    values.iter().map(Option::as_ref).for_each(|value| {
        builder.append_option(value.and_then(|value| match value {
            Value::Float(float) => Some(*float),
            // The number that it shows itself as.
            Value::Narrow { value, .. } => value.to_string().parse().ok(),
            Value::Integer(integer) => Some(*integer as f64),
            _ => None,
        }));
    });
    Ok(Arc::new(builder.finish()))
}

/// Next to others nothing tells any more how many digits a number had, which matters where it says which row is meant.
fn refuse_narrow_keys(name: &str, values: &[Option<Value>]) -> Result<(), Refusal> {
    if name != KeyColumn::CallId.name() {
        return Ok(());
    }
    Refusal::of(
        values,
        |value| matches!(value, Value::Narrow { value, digits } if f64::from(*value).abs() >= 2_f64.powi(*digits)),
        |row, value| match value {
            Value::Narrow { value, digits } => format!(
                "has {value} in row {row} (counted from 0), a float of {digits} binary digits, which may have been \
                 another number: pass integers"
            ),
            other => other.to_string(),
        },
    )
}

/// Numbers of which at least one is a decimal, each with the digits that it has: as JSON, since Arrow's decimals have
/// one number of digits for a whole column.
fn decimals(values: &[Option<Value>]) -> Result<Column, Refusal> {
    Refusal::of(
        values,
        |value| match value {
            Value::Float(float) => !float.is_finite(),
            Value::Narrow { value, .. } => !value.is_finite(),
            _ => false,
        },
        |row, _| format!("has a float in row {row} (counted from 0) that JSON has no number for"),
    )?;
    let mut texts = StringBuilder::new();
    for value in values {
        match value {
            Some(Value::Decimal(digits)) => texts.append_value(digits),
            Some(Value::Integer(integer)) => texts.append_value(integer.to_string()),
            Some(Value::Float(float)) => texts.append_value(zmij::Buffer::new().format_finite(*float)),
            Some(Value::Narrow { value, .. }) => {
                texts.append_value(zmij::Buffer::new().format_finite(*value));
            }
            _ => texts.append_null(),
        }
    }
    let metadata = [(EXTENSION_TYPE_NAME_KEY.to_owned(), JSON_EXTENSION.to_owned())].into();
    Ok(Column { array: Arc::new(texts.finish()), metadata })
}

fn micros_of_day(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight()) * 1_000_000 + i64::from(time.nanosecond() / 1_000)
}

/// 1970-01-01, counted as chrono counts days.
const EPOCH_FROM_CE: i32 = 719_163;

fn integers(values: &[Option<Value>]) -> Result<ArrayRef, Refusal> {
    let integers = || {
        values.iter().map(|value| match value {
            Some(Value::Integer(integer)) => Some(*integer),
            _ => None,
        })
    };
    if integers().flatten().all(|integer| i64::try_from(integer).is_ok()) {
        let mut builder = Int64Builder::with_capacity(values.len());
        integers().for_each(|value| builder.append_option(value.and_then(|value| i64::try_from(value).ok())));
        return Ok(Arc::new(builder.finish()));
    }
    Refusal::of(
        values,
        |value| matches!(value, Value::Integer(integer) if u64::try_from(*integer).is_err()),
        |row, value| {
            format!(
                "has {value} in row {row} (counted from 0): its integers do not all fit in int64, nor in uint64"
            )
        },
    )?;
    let mut builder = UInt64Builder::with_capacity(values.len());
    integers().for_each(|value| builder.append_option(value.and_then(|value| u64::try_from(value).ok())));
    Ok(Arc::new(builder.finish()))
}
