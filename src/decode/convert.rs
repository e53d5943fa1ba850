//! Chunks → Arrow arrays of a settled type. Only what loses nothing converts: anything into text, numbers into
//! numbers of the same value, ISO strings into dates and timestamps.

use std::sync::Arc;

use arrow_array::builder::BooleanBuilder;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{ArrayRef, BooleanArray, PrimitiveArray, new_null_array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Schema, TimeUnit};

use super::chunk::Chunk;
use super::data::{Data, Tag, Value};
use super::infer_type;
use super::number;
use super::time::{self, Moment};
use super::unchecked;
use crate::error::{Error, Result};
use crate::types::type_name;

/// The largest double of which all smaller integers are doubles, too.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Whether columns can be pinned to the type.
pub(super) fn is_supported(data_type: &DataType) -> bool {
    match data_type {
        DataType::Null
        | DataType::Boolean
        | DataType::Float32
        | DataType::Float64
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Date32
        | DataType::Date64
        | DataType::Timestamp(..) => true,
        DataType::Dictionary(keys, values) => {
            keys.is_dictionary_key_type()
                && matches!(**values, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
        }
        other => other.is_integer(),
    }
}

/// Checks types that a user pins columns to.
///
/// # Errors
/// A type that no JSON value converts to, with its column.
pub fn check_pinned(schema: &Schema) -> Result<()> {
    match schema.fields().iter().find(|field| !is_supported(field.data_type())) {
        None => Ok(()),
        Some(field) => Err(Error::invalid_input(format!(
            "schema pins column {:?} to {}, which is not supported: use bool, an integer, float or string type, \
             date32, date64, timestamp, or a dictionary of strings",
            field.name(),
            type_name(field.data_type())
        ))),
    }
}

/// Appends the value as the table of types writes it in a string column.
pub(super) fn write_text(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
        Value::Int(value) => out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
        Value::UInt(value) => out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
        Value::Float(value) => out.extend_from_slice(ryu_js::Buffer::new().format(value).as_bytes()),
        Value::Time(value, format) => time::write(value, format, out),
        Value::Big(text) | Value::Text(text) | Value::Json(text) => out.extend_from_slice(text),
    }
}

/// Where JSON is kept, a number that is not an integer is its text; here it is the number.
fn plain(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Big(text) if !infer_type::is_integer(text) => number::double(text).map(Value::Float),
        other => Some(other),
    }
}

fn integer<T: TryFrom<i128>>(value: Value<'_>) -> Option<T> {
    let value: i128 = match plain(value)? {
        Value::Int(value) => value.into(),
        Value::UInt(value) => value.into(),
        // Beyond this its digits may not have been those that arrived; -0.0 has a sign to lose.
        Value::Float(value)
            if value.fract() == 0.0
                && value.abs() <= EXACT
                && !(value == 0.0 && value.is_sign_negative()) =>
        {
            value as i128
        }
        _ => return None,
    };
    T::try_from(value).ok()
}

fn float64(value: Value<'_>) -> Option<f64> {
    let (value, exact) = match plain(value)? {
        Value::Float(value) => return Some(value),
        Value::Int(value) => (value as f64, i128::from(value)),
        Value::UInt(value) => (value as f64, i128::from(value)),
        _ => return None,
    };
    (value as i128 == exact).then_some(value)
}

#[allow(clippy::cast_possible_truncation, clippy::float_cmp)] // the comparison finds what is lost
fn float32(value: Value<'_>) -> Option<f32> {
    float64(value)
        .map(|value| (value, value as f32))
        .filter(|(value, narrow)| f64::from(*narrow) == *value)
        .map(|(_, narrow)| narrow)
}

fn moment(value: Value<'_>) -> Option<Moment> {
    match value {
        Value::Time(value, format) => Some(Moment::of(value, format)),
        Value::Text(text) => time::parse(text),
        _ => None,
    }
}

/// Days; a time of day that is midnight goes, as the `.0` of `1.0` does.
fn date(value: Value<'_>) -> Option<i32> {
    const DAY: i64 = 86_400;
    let moment = moment(value)?;
    let whole = !moment.format.is_zoned() && moment.nanos == 0 && moment.seconds % DAY == 0;
    whole.then(|| i32::try_from(moment.seconds / DAY).ok())?
}

fn timestamp(value: Value<'_>, unit: TimeUnit, zoned: bool) -> Option<i64> {
    let moment = moment(value).filter(|moment| moment.format.is_zoned() == zoned)?;
    let per_second = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    let nanos_per_unit = 1_000_000_000 / per_second;
    let fraction = i64::from(moment.nanos);
    if fraction % nanos_per_unit != 0 {
        return None;
    }
    moment.seconds.checked_mul(per_second)?.checked_add(fraction / nanos_per_unit)
}

fn boolean(value: Value<'_>) -> Option<bool> {
    if let Value::Bool(value) = value { Some(value) } else { None }
}

fn is_text(to: &DataType) -> bool {
    matches!(to, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..))
}

/// Calls a macro with the Arrow type, the conversion and what else is given, for every type but text and null.
macro_rules! by_type {
    ($to:expr, $call:ident, $($argument:expr),*) => {
        match $to {
            DataType::Int8 => $call!(Int8Type, integer::<i8>, $($argument),*),
            DataType::Int16 => $call!(Int16Type, integer::<i16>, $($argument),*),
            DataType::Int32 => $call!(Int32Type, integer::<i32>, $($argument),*),
            DataType::Int64 => $call!(Int64Type, integer::<i64>, $($argument),*),
            DataType::UInt8 => $call!(UInt8Type, integer::<u8>, $($argument),*),
            DataType::UInt16 => $call!(UInt16Type, integer::<u16>, $($argument),*),
            DataType::UInt32 => $call!(UInt32Type, integer::<u32>, $($argument),*),
            DataType::UInt64 => $call!(UInt64Type, integer::<u64>, $($argument),*),
            DataType::Float32 => $call!(Float32Type, float32, $($argument),*),
            DataType::Float64 => $call!(Float64Type, float64, $($argument),*),
            DataType::Date32 => $call!(Date32Type, date, $($argument),*),
            DataType::Date64 => {
                $call!(Date64Type, |value| date(value).map(|days| i64::from(days) * 86_400_000), $($argument),*)
            }
            DataType::Timestamp(unit, zone) => {
                let zoned = zone.is_some();
                match unit {
                    TimeUnit::Second => {
                        $call!(TimestampSecondType, |value| timestamp(value, *unit, zoned), $($argument),*)
                    }
                    TimeUnit::Millisecond => {
                        $call!(TimestampMillisecondType, |value| timestamp(value, *unit, zoned), $($argument),*)
                    }
                    TimeUnit::Microsecond => {
                        $call!(TimestampMicrosecondType, |value| timestamp(value, *unit, zoned), $($argument),*)
                    }
                    TimeUnit::Nanosecond => {
                        $call!(TimestampNanosecondType, |value| timestamp(value, *unit, zoned), $($argument),*)
                    }
                }
            }
            other => Err(unsupported(other)),
        }
    };
}

fn unsupported(to: &DataType) -> Error {
    Error::internal(format!("no conversion to {} was checked for", type_name(to)))
}

/// Whether the form in which the chunk is held already says that everything fits.
fn fits_as_it_is(data: &Data, to: &DataType) -> bool {
    match (data, to) {
        (Data::Null, _)
        | (Data::Bool(_), DataType::Boolean)
        | (Data::Int(_), DataType::Int64)
        | (Data::Float(_), DataType::Float64) => true,
        (Data::Time(_, format), DataType::Date32) => format.is_date(),
        (Data::Time(_, format), DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
            !format.is_date() && format.is_zoned() == zone.is_some()
        }
        (_, to) => is_text(to),
    }
}

fn first_misfit<T>(chunk: &Chunk, convert: impl Fn(Value<'_>) -> Option<T>) -> Option<usize> {
    (0..chunk.len()).find(|row| chunk.get(*row).is_some_and(|value| convert(value).is_none()))
}

/// The first row whose value the type cannot hold without loss.
pub(super) fn misfit(chunk: &Chunk, to: &DataType) -> Option<usize> {
    macro_rules! search {
        ($arrow:ty, $convert:expr, $chunk:expr) => {
            Ok(first_misfit($chunk, $convert))
        };
    }
    if fits_as_it_is(chunk.data(), to) {
        return None;
    }
    let searched: Result<Option<usize>> = match to {
        DataType::Null => Ok(first_misfit(chunk, |_| None::<()>)),
        DataType::Boolean => Ok(first_misfit(chunk, boolean)),
        _ => by_type!(to, search, chunk),
    };
    // What has no conversion fits nothing.
    searched.unwrap_or_else(|_| first_misfit(chunk, |_| None::<()>))
}

fn nulls(valid: Option<Vec<u8>>, len: usize) -> Option<NullBuffer> {
    valid
        .map(|bits| NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(bits), 0, len)))
        .filter(|nulls| nulls.null_count() > 0)
}

fn primitive<T: ArrowPrimitiveType>(
    values: Vec<T::Native>,
    valid: Option<Vec<u8>>,
    to: &DataType,
) -> ArrayRef {
    let nulls = nulls(valid, values.len());
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls).with_data_type(to.clone()))
}

/// The chunk as an array of a type that all its values fit (see [`misfit`]).
///
/// # Errors
/// Only defects: a value that does not fit.
pub(super) fn array(chunk: Chunk, to: &DataType) -> Result<ArrayRef> {
    macro_rules! build {
        ($arrow:ty, $convert:expr, $chunk:expr, $to:expr) => {
            one_by_one::<$arrow>($chunk, $convert, $to)
        };
    }
    if is_text(to) {
        return text_array(chunk, to);
    }
    if *to == DataType::Null || chunk.is_null() {
        return Ok(new_null_array(to, chunk.len()));
    }
    if *to == DataType::Boolean && !matches!(chunk.data(), Data::Bool(_)) {
        return booleans(&chunk);
    }
    let as_it_is = fits_as_it_is(chunk.data(), to);
    let numbers = match (chunk.data(), to) {
        (Data::Int(_) | Data::Number(..), DataType::Float64) => true,
        // Their bits are those of the integer, unless one arrived as a double.
        (Data::Number(_, tags), DataType::Int64 | DataType::UInt64) => !tags.contains(&Tag::Float),
        _ => false,
    };
    if !as_it_is && !numbers {
        return by_type!(to, build, &chunk, to);
    }
    let (data, valid, len) = chunk.into_parts();
    Ok(match (data, to) {
        (Data::Bool(bits), _) => {
            let values = BooleanBuffer::new(Buffer::from_vec(bits.into_bytes()), 0, len);
            Arc::new(BooleanArray::new(values, nulls(valid, len)))
        }
        // These collect in place.
        (Data::Int(values), DataType::Float64) => {
            primitive::<Float64Type>(values.into_iter().map(|value| value as f64).collect(), valid, to)
        }
        (Data::Number(values, tags), DataType::Float64) => {
            let float = |(value, tag): (u64, Tag)| match tag {
                Tag::Float => f64::from_bits(value),
                Tag::UInt => value as f64,
                _ => value.cast_signed() as f64,
            };
            primitive::<Float64Type>(values.into_iter().zip(tags).map(float).collect(), valid, to)
        }
        (Data::Number(values, _), DataType::UInt64) => primitive::<UInt64Type>(values, valid, to),
        (Data::Number(values, _), _) => {
            primitive::<Int64Type>(values.into_iter().map(u64::cast_signed).collect(), valid, to)
        }
        (Data::Int(values), _) => primitive::<Int64Type>(values, valid, to),
        (Data::Float(values), _) => primitive::<Float64Type>(values, valid, to),
        (Data::Time(values, _), DataType::Date32) => {
            // Days of four-digit years.
            primitive::<Date32Type>(values.into_iter().map(|days| days as i32).collect(), valid, to)
        }
        (Data::Time(values, _), _) => primitive::<TimestampMicrosecondType>(values, valid, to),
        _ => return Err(unsupported(to)),
    })
}

fn defect(row: usize, to: &DataType) -> Error {
    Error::internal(format!("row {row} of a batch does not fit {}, which was checked", type_name(to)))
}

fn one_by_one<T: ArrowPrimitiveType>(
    chunk: &Chunk,
    convert: impl Fn(Value<'_>) -> Option<T::Native>,
    to: &DataType,
) -> Result<ArrayRef> {
    let mut values = PrimitiveArray::<T>::builder(chunk.len());
    for row in 0..chunk.len() {
        match chunk.get(row) {
            None => values.append_null(),
            Some(value) => values.append_value(convert(value).ok_or_else(|| defect(row, to))?),
        }
    }
    Ok(Arc::new(values.finish().with_data_type(to.clone())))
}

fn booleans(chunk: &Chunk) -> Result<ArrayRef> {
    let mut values = BooleanBuilder::with_capacity(chunk.len());
    for row in 0..chunk.len() {
        match chunk.get(row) {
            None => values.append_null(),
            Some(value) => match boolean(value) {
                Some(value) => values.append_value(value),
                None => return Err(defect(row, &DataType::Boolean)),
            },
        }
    }
    Ok(Arc::new(values.finish()))
}

fn text_array(chunk: Chunk, to: &DataType) -> Result<ArrayRef> {
    let len = chunk.len();
    if chunk.is_null() {
        return Ok(new_null_array(to, len));
    }
    let chunk = if matches!(chunk.data(), Data::Text(_) | Data::Json(_)) { chunk } else { as_text(&chunk) };
    let (Data::Text(strings) | Data::Json(strings), valid, _) = chunk.into_parts() else {
        return Err(unsupported(to));
    };
    let text = unchecked::strings(strings, nulls(valid, len));
    if *to == DataType::Utf8 {
        return Ok(Arc::new(text));
    }
    arrow_cast::cast(&text, to).map_err(|error| {
        Error::invalid_input(format!("the strings do not fit the pinned {}: {error}", type_name(to)))
    })
}

/// Every value as text.
fn as_text(chunk: &Chunk) -> Chunk {
    let mut texts = Chunk::default();
    let mut text = Vec::new();
    for row in 0..chunk.len() {
        if let Some(value) = chunk.get(row) {
            text.clear();
            write_text(value, &mut text);
            texts.push(row, Value::Text(&text), chunk.forecast(chunk.len()));
        }
    }
    texts.close(chunk.len());
    texts
}
