//! Python's own values, as far as a column can have them.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use pyo3::exceptions::PyMemoryError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDate, PyDateTime, PyDict, PyFloat, PyInt, PyString};

/// A Python value of one of the types that a column can have.
pub enum Value {
    Bool(bool),
    Integer(i128),
    Float(f64),
    /// Of numpy, with fewer binary digits.
    Narrow {
        value: f32,
        digits: i32,
    },
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
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::Integer(_) => "int",
            Self::Float(_) | Self::Narrow { .. } => "float",
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

const TOO_FINE: &str =
    "Python's times are in microseconds: pass finer ones as a column of pandas, numpy or Arrow";

/// numpy's scalars that a float of Python widens, and how many binary digits they have.
const NARROW: [(&str, i32); 2] = [("float32", 24), ("float16", 11)];

/// The value, or nothing where it is null.
///
/// # Errors
/// Why a column cannot have it.
pub fn parse(value: &Bound<'_, PyAny>) -> Result<Option<Value>, String> {
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
    // As a float of Python it would have digits that were never its own.
    if let Some((_, digits)) = NARROW.iter().find(|(name, _)| *name == class)
        && let Ok(value) = value.extract::<f32>()
    {
        return Ok(Some(Value::Narrow { value, digits: *digits }));
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
