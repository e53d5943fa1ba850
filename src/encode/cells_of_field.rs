//! Which Arrow types can be written, and as which cells.

use arrow_array::cast::AsArray;
use arrow_array::types as t;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field, IntervalUnit, TimeUnit};

use super::cells::Cells;
use super::nested::{Dictionary, Lists, Maps, Runs, Structs};
use super::number::{Booleans, Decimals, Floats, Halves, Integers};
use super::text::{JsonTexts, Strings};
use super::time::{Clocks, Dates, Days, Timestamps};
use super::uuid::{self, Uuids};
use crate::types::{JSON_EXTENSION, is_json_text, type_name};

/// Deeper nesting than any attribute has; it also bounds the recursion.
const MAX_NESTING: usize = 64;

/// The cells of a column or of a field within one.
///
/// # Errors
/// What about the type cannot be written, as the rest of a sentence about the column.
pub(super) fn field_cells(field: &Field, array: &ArrayRef, depth: usize) -> Result<Box<dyn Cells>, String> {
    if field.extension_type_name().is_none() && is_json_text(field) {
        match array.data_type() {
            DataType::Utf8 => return Ok(Box::new(JsonTexts(array.as_string::<i32>().clone()))),
            DataType::LargeUtf8 => return Ok(Box::new(JsonTexts(array.as_string::<i64>().clone()))),
            DataType::Utf8View => return Ok(Box::new(JsonTexts(array.as_string_view().clone()))),
            // Unpacked, where rows are sent.
            _ => {}
        }
    }
    match field.extension_type_name() {
        Some(JSON_EXTENSION) => match array.data_type() {
            DataType::Utf8 => Ok(Box::new(JsonTexts(array.as_string::<i32>().clone()))),
            DataType::LargeUtf8 => Ok(Box::new(JsonTexts(array.as_string::<i64>().clone()))),
            DataType::Utf8View => Ok(Box::new(JsonTexts(array.as_string_view().clone()))),
            other => Err(format!(
                "has the extension type {JSON_EXTENSION} over {}: it must be strings",
                type_name(other)
            )),
        },
        Some(_) if uuid::is_uuid(field) => Ok(Box::new(Uuids::new(array))),
        Some(name) if MISLEADING_EXTENSIONS.contains(&name) => {
            Err(format!("has the extension type {name}, which JSON cannot hold: turn it into a string"))
        }
        _ => cells(array, depth),
    }
}

/// Names whose storage is not the value that users see.
const MISLEADING_EXTENSIONS: [&str; 3] = ["pandas.period", "pandas.interval", "arrow.bool8"];

/// # Errors
/// What about the type cannot be written, as the rest of a sentence about the column.
pub(super) fn cells(array: &ArrayRef, depth: usize) -> Result<Box<dyn Cells>, String> {
    if depth > MAX_NESTING {
        return Err(format!("is nested deeper than {MAX_NESTING} levels"));
    }
    Ok(match array.data_type() {
        // A Null array has no cell that is set; any writer does.
        DataType::Null => Box::new(Booleans::none()),
        DataType::Boolean => Box::new(Booleans(array.as_boolean().clone())),
        DataType::Int8 => Box::new(Integers(array.as_primitive::<t::Int8Type>().clone())),
        DataType::Int16 => Box::new(Integers(array.as_primitive::<t::Int16Type>().clone())),
        DataType::Int32 => Box::new(Integers(array.as_primitive::<t::Int32Type>().clone())),
        DataType::Int64 => Box::new(Integers(array.as_primitive::<t::Int64Type>().clone())),
        DataType::UInt8 => Box::new(Integers(array.as_primitive::<t::UInt8Type>().clone())),
        DataType::UInt16 => Box::new(Integers(array.as_primitive::<t::UInt16Type>().clone())),
        DataType::UInt32 => Box::new(Integers(array.as_primitive::<t::UInt32Type>().clone())),
        DataType::UInt64 => Box::new(Integers(array.as_primitive::<t::UInt64Type>().clone())),
        DataType::Float16 => Box::new(Halves(array.as_primitive::<t::Float16Type>().clone())),
        DataType::Float32 => Box::new(Floats(array.as_primitive::<t::Float32Type>().clone())),
        DataType::Float64 => Box::new(Floats(array.as_primitive::<t::Float64Type>().clone())),
        DataType::Decimal32(..) => Box::new(Decimals(array.as_primitive::<t::Decimal32Type>().clone())),
        DataType::Decimal64(..) => Box::new(Decimals(array.as_primitive::<t::Decimal64Type>().clone())),
        DataType::Decimal128(..) => Box::new(Decimals(array.as_primitive::<t::Decimal128Type>().clone())),
        DataType::Decimal256(..) => Box::new(Decimals(array.as_primitive::<t::Decimal256Type>().clone())),
        DataType::Date32 => Box::new(Days(array.as_primitive::<t::Date32Type>().clone())),
        DataType::Date64 => Box::new(Dates(array.as_primitive::<t::Date64Type>().clone())),
        DataType::Timestamp(unit, zone) => {
            let zoned = zone.is_some();
            match unit {
                TimeUnit::Second => Box::new(Timestamps::<t::TimestampSecondType>::new(array, zoned)),
                TimeUnit::Millisecond => {
                    Box::new(Timestamps::<t::TimestampMillisecondType>::new(array, zoned))
                }
                TimeUnit::Microsecond => {
                    Box::new(Timestamps::<t::TimestampMicrosecondType>::new(array, zoned))
                }
                TimeUnit::Nanosecond => Box::new(Timestamps::<t::TimestampNanosecondType>::new(array, zoned)),
            }
        }
        DataType::Time32(TimeUnit::Second) => Box::new(Clocks::<t::Time32SecondType>::new(array, 1)),
        DataType::Time32(_) => Box::new(Clocks::<t::Time32MillisecondType>::new(array, 1_000)),
        DataType::Time64(TimeUnit::Microsecond) => {
            Box::new(Clocks::<t::Time64MicrosecondType>::new(array, 1_000_000))
        }
        DataType::Time64(_) => Box::new(Clocks::<t::Time64NanosecondType>::new(array, 1_000_000_000)),
        DataType::Utf8 => Box::new(Strings(array.as_string::<i32>().clone())),
        DataType::LargeUtf8 => Box::new(Strings(array.as_string::<i64>().clone())),
        DataType::Utf8View => Box::new(Strings(array.as_string_view().clone())),
        DataType::Dictionary(..) => Dictionary::cells(array, depth)?,
        DataType::RunEndEncoded(..) => Runs::cells(array, depth)?,
        DataType::List(field) => Lists::cells(array.as_list::<i32>(), field, depth)?,
        DataType::LargeList(field) => Lists::cells(array.as_list::<i64>(), field, depth)?,
        DataType::ListView(field) => Lists::cells(array.as_list_view::<i32>(), field, depth)?,
        DataType::LargeListView(field) => Lists::cells(array.as_list_view::<i64>(), field, depth)?,
        DataType::FixedSizeList(field, _) => Lists::cells(array.as_fixed_size_list(), field, depth)?,
        DataType::Struct(_) => Structs::cells(array.as_struct(), depth)?,
        DataType::Map(..) => Maps::cells(array.as_map(), depth)?,
        refused => {
            let instead = instead(refused);
            return Err(format!("has the type {}, which JSON cannot hold: {instead}", type_name(refused)));
        }
    })
}

fn instead(refused: &DataType) -> &'static str {
    match refused {
        DataType::Duration(_) | DataType::Interval(IntervalUnit::DayTime) => {
            "turn it into a number (of seconds, say)"
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "turn it into a string"
        }
        _ => "turn it into numbers or strings",
    }
}
