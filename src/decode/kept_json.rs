//! Columns that keep the JSON of their values, so that it can be written back.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::LargeStringBuilder;
use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field};
use serde::de::IgnoredAny;

use super::chunk::Chunk;
use super::data::{Data, Value};
use super::{Options, convert, infer_type, time};
use crate::error::{Error, Result};
use crate::types::{JSON_EXTENSION, JsonMark};

/// Where a field has the type that the column would have without [`Options::json`].
const TYPE_AS_READ: &str = "converz:type";

/// A column of JSON text whose values have this type, if they are read as usual.
pub fn json_field(name: &str, as_read: &DataType) -> Field {
    let metadata =
        [(EXTENSION_TYPE_NAME_KEY, JSON_EXTENSION.to_owned()), (TYPE_AS_READ, as_read.to_string())];
    Field::new(name, DataType::LargeUtf8, true)
        .with_metadata(metadata.map(|(key, value)| (key.to_owned(), value)).into())
}

/// Whether a column holds JSON text.
pub fn is_json(field: &Field) -> bool {
    field.extension_type_name() == Some(JSON_EXTENSION)
}

/// The type that reading as usual gives a column, be it kept as JSON or not.
pub fn type_as_read(field: &Field) -> DataType {
    let kept = field.metadata().get(TYPE_AS_READ).filter(|_| is_json(field));
    kept.and_then(|name| name.parse().ok()).unwrap_or_else(|| field.data_type().clone())
}

/// Whether the values of a column are kept as JSON.
pub(super) fn keeps_json(name: &str, options: &Options) -> bool {
    options.json && options.key != Some(name) && infer_type::pinned(name, options).is_none()
}

/// What the cells of a column are, for its mark.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    strings: bool,
    others: bool,
}

impl Marks {
    pub(super) fn add(&mut self, chunk: &Chunk) {
        let any = || (0..chunk.len()).any(|row| chunk.is_valid(row));
        match chunk.data() {
            Data::Null => {}
            Data::Text(_) | Data::Time(..) => self.strings = self.strings || any(),
            Data::Mixed(..) => {
                for value in (0..chunk.len()).filter_map(|row| chunk.get(row)) {
                    let is_string = matches!(value, Value::Text(_) | Value::Time(..));
                    self.strings |= is_string;
                    self.others |= !is_string;
                }
            }
            _ => self.others = self.others || any(),
        }
    }

    /// What a string column of these values says of its cells, so that they can be written back as what they were: nothing
    /// if all of them are strings.
    pub(super) fn mark(self) -> Option<JsonMark> {
        match (self.strings, self.others) {
            (true, true) => Some(JsonMark::Mixed),
            (false, true) => Some(JsonMark::Text),
            (_, false) => None,
        }
    }
}

/// The mark of a column of these values.
pub(super) fn mark<'a>(chunks: impl Iterator<Item = &'a Chunk>) -> Option<JsonMark> {
    let mut marks = Marks::default();
    for chunk in chunks {
        marks.add(chunk);
        if marks.mark() == Some(JsonMark::Mixed) {
            break;
        }
    }
    marks.mark()
}

/// The first string that reads as JSON, so that it could be mistaken for another value.
pub(super) fn unclear(chunk: &Chunk) -> Option<usize> {
    if !matches!(chunk.data(), Data::Text(_) | Data::Mixed(..)) {
        return None;
    }
    (0..chunk.len()).find(|row| {
        let Some(Value::Text(text)) = chunk.get(*row) else { return false };
        serde_json::from_slice::<IgnoredAny>(text).is_ok()
    })
}

/// The values of a chunk as JSON text.
///
/// # Errors
/// Only defects: text that is not UTF-8.
pub(super) fn array(chunk: &Chunk) -> Result<ArrayRef> {
    let mut texts = LargeStringBuilder::with_capacity(chunk.len(), chunk.forecast(chunk.len()).bytes);
    let mut text = Vec::new();
    for row in 0..chunk.len() {
        let Some(value) = chunk.get(row) else {
            texts.append_null();
            continue;
        };
        text.clear();
        write(value, &mut text)?;
        texts.append_value(str::from_utf8(&text).map_err(defect)?);
    }
    Ok(Arc::new(texts.finish()))
}

/// Numbers, objects and lists as they arrived; strings with as few escapes as possible.
fn write(value: Value<'_>, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Text(text) => {
            let text = str::from_utf8(text).map_err(defect)?;
            serde_json::to_writer(out, text).map_err(defect)?;
        }
        Value::Time(value, format) => {
            out.push(b'"');
            time::write(value, format, out);
            out.push(b'"');
        }
        // Where JSON is kept, the others are words, integers and text that is JSON.
        other => convert::write_text(other, out),
    }
    Ok(())
}

fn defect(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("a value cannot be kept as JSON: {error}"))
}
