//! Python values, or numpy's memory, → a column. For frames whose library does not speak Arrow by itself.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, UInt64Builder};
use arrow_array::{
    ArrayRef, Date32Array, DictionaryArray, Int32Array, NullArray, RecordBatch, Time64MicrosecondArray,
    TimestampMicrosecondArray, make_array, new_empty_array,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use arrow_select::concat::concat;
use arrow_select::take::take;
use bytes::Bytes;
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use pyo3::exceptions::PyMemoryError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBool, PyDate, PyDateTime, PyDict, PyFloat, PyInt, PyList, PyString};

use super::errors::{or_raise, to_py_err};
use super::import;
use super::panics::guard;
use super::table::Table;
use crate::decode::parse_type;
use crate::encode::as_dates;
use crate::error::Error;
use crate::ipc;
use crate::resources::room_for;
use crate::types::JSON_EXTENSION;

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

/// A Python value of one of the types that a column can have.
enum Value {
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    Date(NaiveDate),
    Time(NaiveDateTime),
    /// In UTC.
    Zoned(NaiveDateTime),
    TimeOfDay(NaiveTime),
    /// The JSON of a number with whatever digits it has.
    Decimal(String),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::Integer(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::Date(_) => "date",
            Self::Time(_) => "datetime without a zone",
            Self::Zoned(_) => "datetime with a zone",
            Self::TimeOfDay(_) => "time",
            Self::Decimal(_) => "Decimal",
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(integer) => write!(f, "{integer}"),
            other => f.write_str(other.kind()),
        }
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
        let refuse = |reason: String| {
            to_py_err(
                py,
                &Error::invalid_input(format!("frame[{name:?}] cannot be read as {kind}: {reason}")),
            )
        };
        let data_type = parse_type(kind).ok_or_else(|| refuse("no such type".into()))?;
        let nulls = nulls
            .map(|bytes| NullBuffer::from(bytes.iter().map(|byte| *byte == 0).collect::<BooleanBuffer>()));
        let (rows, buffer) = if data_type == DataType::Boolean {
            (values.len(), values.iter().map(|byte| *byte != 0).collect::<BooleanBuffer>().into_inner())
        } else {
            let width = data_type.primitive_width().ok_or_else(|| refuse("it has no fixed width".into()))?;
            // Shares the memory of the bytes, which nobody can change.
            (values.len() / width, Buffer::from(Bytes::from_owner(values)))
        };
        let data = ArrayData::builder(data_type).len(rows).add_buffer(buffer).nulls(nulls);
        // Python aligns its bytes as C does, though it does not promise to.
        let data = data.align_buffers(true).build();
        data.map(|data| Self::from(make_array(data))).map_err(|error| refuse(error.to_string()))
    }

    /// Categories of pandas: for each row the place of its value among those that there are, or -1.
    #[staticmethod]
    fn from_codes(py: Python<'_>, name: &str, codes: PyBackedBytes, categories: &Self) -> PyResult<Self> {
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
        array.map(|array| Self { array, metadata }).map_err(|error| {
            to_py_err(py, &Error::invalid_input(format!("frame[{name:?}] cannot be put together: {error}")))
        })
    }

    /// Times without a zone that are all midnight as dates; other columns as they are.
    fn as_dates(&self) -> Self {
        as_dates(&self.array).map_or_else(|| self.clone(), Self::from)
    }

    fn __len__(&self) -> usize {
        self.array.len()
    }

    /// The column of a table that has just this one, under another name.
    #[staticmethod]
    fn from_table(py: Python<'_>, name: &str, table: &Table) -> PyResult<Self> {
        let [field] = table.schema().fields().as_ref() else {
            return Err(to_py_err(
                py,
                &Error::invalid_input(format!("frame[{name:?}] is a table and not a column")),
            ));
        };
        let chunks = table.batches().iter().map(|batch| batch.column(0).as_ref());
        Self::of_chunks(py, name, field, &chunks.collect::<Vec<_>>())
    }

    /// A column of any Arrow array or chunked array.
    #[staticmethod]
    fn from_arrow(name: &str, array: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = array.py();
        guard(py, || {
            let (field, chunks) = import::column(array)?;
            let chunks: Vec<&dyn arrow_array::Array> = chunks.iter().map(AsRef::as_ref).collect();
            Self::of_chunks(py, name, &field, &chunks)
        })
    }
}

/// What values take between two looks at how much memory there is.
const LOOK: usize = 1 << 20;

impl Column {
    fn of_values(py: Python<'_>, name: &str, values: &Bound<'_, PyList>) -> PyResult<Self> {
        // The values, and the column that they become.
        or_raise(py, room_for(values.len().saturating_mul(2 * size_of::<Option<Value>>())))?;
        let mut taken = 0;
        let mut parsed = Vec::with_capacity(values.len());
        let mut refused: Option<Refusal> = None;
        for (row, value) in values.iter().enumerate() {
            // Characters, of which each may be four bytes.
            let text = value.cast::<PyString>().ok().and_then(|text| text.len().ok()).unwrap_or_default();
            taken += 4 * text + size_of::<Option<Value>>();
            if taken >= LOOK {
                or_raise(py, room_for(std::mem::take(&mut taken)))?;
            }
            match parse(&value) {
                Ok(value) => parsed.push(value),
                Err(reason) => {
                    let refusal = refused.get_or_insert_with(|| {
                        let shown = value.repr().map(|text| text.to_string()).unwrap_or_default();
                        let shown: String = shown.chars().take(80).collect();
                        Refusal {
                            rows: Vec::new(),
                            message: format!("has {shown} in row {row} (counted from 0): {reason}"),
                        }
                    });
                    refusal.rows.push(row);
                }
            }
        }
        or_raise(py, room_for(text_size(&parsed)))?;
        refused.map_or_else(|| build(&parsed), Err).map_err(|refusal| {
            let error = to_py_err(py, &Error::invalid_input(format!("frame[{name:?}] {}", refusal.message)));
            // Which keys those rows have is known to who knows the other columns.
            match error.value(py).setattr(intern!(py, "_rows"), refusal.rows) {
                Ok(()) => error,
                Err(error) => error,
            }
        })
    }

    fn of_chunks(
        py: Python<'_>,
        name: &str,
        field: &Field,
        chunks: &[&dyn arrow_array::Array],
    ) -> PyResult<Self> {
        let metadata = field.metadata().clone();
        if chunks.is_empty() {
            return Ok(Self { array: new_empty_array(field.data_type()), metadata });
        }
        or_raise(py, room_for(chunks.iter().map(|chunk| ipc::size(*chunk)).sum()))?;
        concat(chunks).map(|array| Self { array, metadata }).map_err(|error| {
            to_py_err(py, &Error::invalid_input(format!("frame[{name:?}] cannot be put together: {error}")))
        })
    }
}

/// A table of columns of the same length.
pub fn table(py: Python<'_>, names: &[String], columns: &[Py<Column>]) -> PyResult<Table> {
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
        return Ok(Table::new(schema, Vec::new()));
    }
    let batch = RecordBatch::try_new(schema.clone(), arrays)
        .map_err(|error| to_py_err(py, &Error::invalid_input(format!("frame is no table: {error}"))))?;
    Ok(Table::new(schema, vec![batch]))
}

const TOO_FINE: &str =
    "Python's times are in microseconds: pass finer ones as a column of pandas, numpy or Arrow";

fn parse(value: &Bound<'_, PyAny>) -> Result<Option<Value>, String> {
    const UNKNOWN: &str = "it takes bool, int, float, Decimal, str, UUID, date, datetime, time or None; for other \
                           types pass a table of pyarrow or polars";
    if value.is_none() {
        return Ok(None);
    }
    let failed = |error: PyErr| error.to_string();
    if value.is_instance_of::<PyBool>() {
        return value.extract().map(|value| Some(Value::Bool(value))).map_err(failed);
    }
    if value.is_instance_of::<PyInt>() {
        let integer = value.extract::<i128>().map_err(|_| "an integer must fit in 64 bits".to_owned())?;
        return Ok(Some(Value::Integer(integer)));
    }
    if value.is_instance_of::<PyFloat>() {
        return value.extract().map(|value| Some(Value::Float(value))).map_err(failed);
    }
    if value.is_instance_of::<PyString>() {
        let text = value.extract().map_err(|error: PyErr| {
            if error.is_instance_of::<PyMemoryError>(value.py()) {
                return error.to_string();
            }
            "a lone surrogate cannot be sent".to_owned()
        })?;
        return Ok(Some(Value::Text(text)));
    }
    // What pandas has for a missing value; they are told by name, since pandas may not be installed.
    let class = value.get_type().name().map_err(failed)?.to_string();
    if class == "NAType" || class == "NaTType" {
        return Ok(None);
    }
    if value.is_instance_of::<PyDate>() {
        // pandas' Timestamp.
        if value
            .getattr(intern!(value.py(), "nanosecond"))
            .is_ok_and(|nanos| nanos.is_truthy().unwrap_or(true))
        {
            return Err(TOO_FINE.to_owned());
        }
        return date_or_time(value).map(Some).map_err(failed);
    }
    if class == "datetime64" {
        return numpy_time(value);
    }
    if is_instance(value, "datetime", "time").map_err(failed)? {
        return time_of_day(value).map(Some);
    }
    if is_instance(value, "decimal", "Decimal").map_err(failed)? {
        return decimal(value).map(|digits| Some(Value::Decimal(digits)));
    }
    if is_instance(value, "uuid", "UUID").map_err(failed)? {
        return Ok(Some(Value::Text(value.str().and_then(|text| text.extract()).map_err(failed)?)));
    }
    // numpy's other scalars.
    if value.hasattr(intern!(value.py(), "dtype")).unwrap_or(false)
        && let Ok(item) = value.call_method0(intern!(value.py(), "item"))
        && !item.get_type().is(value.get_type())
    {
        return parse(&item);
    }
    Err(UNKNOWN.to_owned())
}

/// Whether it is of a class of the standard library; nothing is if its module was never imported.
fn is_instance(value: &Bound<'_, PyAny>, module: &str, class: &str) -> PyResult<bool> {
    let modules = value.py().import(intern!(value.py(), "sys"))?.getattr(intern!(value.py(), "modules"))?;
    let module = modules.cast_into::<PyDict>()?.get_item(module)?;
    module.map_or(Ok(false), |module| value.is_instance(&module.getattr(class)?))
}

fn time_of_day(value: &Bound<'_, PyAny>) -> Result<Value, String> {
    let part = |part: &str| -> PyResult<u32> { value.getattr(part)?.extract() };
    let read = || -> PyResult<Option<NaiveTime>> {
        if !value.getattr("tzinfo")?.is_none() {
            return Ok(None);
        }
        let (hour, minute) = (part("hour")?, part("minute")?);
        Ok(NaiveTime::from_hms_micro_opt(hour, minute, part("second")?, part("microsecond")?))
    };
    let time = read().map_err(|error| error.to_string())?;
    time.map(Value::TimeOfDay).ok_or_else(|| "a time of day has no zone".to_owned())
}

/// The digits that a decimal has, as a JSON number.
fn decimal(value: &Bound<'_, PyAny>) -> Result<String, String> {
    /// Zeros that are written rather than an exponent.
    const ZEROS: u64 = 100;
    let read = || -> PyResult<Option<String>> {
        if !value.call_method0("is_finite")?.extract::<bool>()? {
            return Ok(None);
        }
        let exponent: i64 = value.call_method0("as_tuple")?.getattr("exponent")?.extract()?;
        let text = if exponent.unsigned_abs() <= ZEROS {
            value.call_method1("__format__", ("f",))?
        } else {
            value.str()?.into_any()
        };
        text.extract().map(Some)
    };
    let digits = read().map_err(|error| error.to_string())?.ok_or("JSON has no such number")?;
    serde_json::from_str::<&serde_json::value::RawValue>(&digits)
        .map_err(|_| "its digits are no JSON number".to_owned())?;
    Ok(digits)
}

/// numpy gives times that are finer than a microsecond as integers.
fn numpy_time(value: &Bound<'_, PyAny>) -> Result<Option<Value>, String> {
    let read = || -> PyResult<(Bound<'_, PyAny>, bool)> {
        let item = value.call_method0("item")?;
        if item.is_instance_of::<PyDate>() || item.is_none() {
            return Ok((item, true));
        }
        let micros = value.call_method1("astype", ("datetime64[us]",))?;
        let back = micros.call_method1("astype", (value.getattr("dtype")?,))?;
        Ok((micros.call_method0("item")?, back.eq(value)?))
    };
    let (item, is_exact) = read().map_err(|error| error.to_string())?;
    if !is_exact {
        return Err(TOO_FINE.to_owned());
    }
    if item.is_instance_of::<PyDate>() || item.is_none() {
        return parse(&item);
    }
    Err("its year is not one of the calendar's 1 to 9999".to_owned())
}

fn date_or_time(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    let py = value.py();
    let part = |value: &Bound<'_, PyAny>, part: &str| -> PyResult<u32> { value.getattr(part)?.extract() };
    let is_time = value.is_instance_of::<PyDateTime>();
    let zoned = is_time && !value.call_method0(intern!(py, "utcoffset"))?.is_none();
    let value = if zoned {
        let utc = py
            .import(intern!(py, "datetime"))?
            .getattr(intern!(py, "timezone"))?
            .getattr(intern!(py, "utc"))?;
        value.call_method1(intern!(py, "astimezone"), (utc,))?
    } else {
        value.clone()
    };
    let invalid = || pyo3::exceptions::PyValueError::new_err("not a date of the calendar");
    let year: i32 = value.getattr(intern!(py, "year"))?.extract()?;
    let date =
        NaiveDate::from_ymd_opt(year, part(&value, "month")?, part(&value, "day")?).ok_or_else(invalid)?;
    if !is_time {
        return Ok(Value::Date(date));
    }
    let time = NaiveTime::from_hms_micro_opt(
        part(&value, "hour")?,
        part(&value, "minute")?,
        part(&value, "second")?,
        part(&value, "microsecond")?,
    )
    .ok_or_else(invalid)?;
    let time = date.and_time(time);
    Ok(if zoned { Value::Zoned(time) } else { Value::Time(time) })
}

/// Why a column cannot be made, as the rest of a sentence about it, and the rows to blame.
struct Refusal {
    message: String,
    rows: Vec<usize>,
}

impl Refusal {
    /// If any value is to blame; `message` is about the first one.
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

fn build(values: &[Option<Value>]) -> Result<Column, Refusal> {
    let Some((first_row, first)) =
        values.iter().enumerate().find_map(|(row, value)| Some((row, value.as_ref()?)))
    else {
        let nothing: ArrayRef = Arc::new(NullArray::new(values.len()));
        return Ok(nothing.into());
    };
    let numbers = |value: &Value| matches!(value, Value::Float(_) | Value::Integer(_) | Value::Decimal(_));
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
    let floats = values.iter().flatten().any(|value| matches!(value, Value::Float(_)));
    let each = || values.iter().map(Option::as_ref);
    let array: ArrayRef = match first {
        // Whatever number the first one is.
        Value::Decimal(_) => return decimals(values),
        _ if values.iter().flatten().any(decimal) => return decimals(values),
        Value::Integer(_) | Value::Float(_) if floats => {
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
            each().for_each(|value| {
                builder.append_option(value.and_then(|value| match value {
                    Value::Float(float) => Some(*float),
                    Value::Integer(integer) => Some(*integer as f64),
                    _ => None,
                }));
            });
            Arc::new(builder.finish())
        }
        Value::Integer(_) | Value::Float(_) => integers(values)?,
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

/// Numbers of which at least one is a decimal, each with the digits that it has: as JSON, since Arrow's decimals have
/// one number of digits for a whole column.
fn decimals(values: &[Option<Value>]) -> Result<Column, Refusal> {
    Refusal::of(
        values,
        |value| matches!(value, Value::Float(float) if !float.is_finite()),
        |row, _| format!("has a float in row {row} (counted from 0) that is no number of JSON"),
    )?;
    let mut texts = StringBuilder::new();
    for value in values {
        match value {
            Some(Value::Decimal(digits)) => texts.append_value(digits),
            Some(Value::Integer(integer)) => texts.append_value(integer.to_string()),
            Some(Value::Float(float)) => texts.append_value(zmij::Buffer::new().format_finite(*float)),
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
