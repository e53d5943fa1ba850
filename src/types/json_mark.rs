//! Which columns of strings hold JSON, as their fields say.

use arrow_schema::{DataType, Field};

/// The canonical extension type of strings that are JSON.
pub const JSON_EXTENSION: &str = "arrow.json";

/// Where the field of a string column says that its cells are JSON. A key of our own: the canonical extension type makes
/// some versions of polars panic.
const JSON_KEY: &str = "converz:json";

/// What the cells of a marked string column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonMark {
    /// JSON text: lists, objects, numbers, words.
    Text,
    /// Strings as they are, beside the JSON text of other values, so that `1` may be either.
    Mixed,
}

/// What the field says of its cells.
pub fn json_mark(field: &Field) -> Option<JsonMark> {
    match field.metadata().get(JSON_KEY)?.as_str() {
        "text" => Some(JsonMark::Text),
        "mixed" => Some(JsonMark::Mixed),
        _ => None,
    }
}

/// The field with a mark, or without one.
#[must_use]
pub fn with_json_mark(mut field: Field, mark: Option<JsonMark>) -> Field {
    let metadata = field.metadata_mut();
    match mark {
        None => metadata.remove(JSON_KEY),
        Some(JsonMark::Text) => metadata.insert(JSON_KEY.to_owned(), "text".to_owned()),
        Some(JsonMark::Mixed) => metadata.insert(JSON_KEY.to_owned(), "mixed".to_owned()),
    };
    field
}

/// Whether each cell of a column is JSON text, whoever says so.
pub fn is_json_text(field: &Field) -> bool {
    field.extension_type_name() == Some(JSON_EXTENSION)
        || (holds_strings(field.data_type()) && json_mark(field) == Some(JsonMark::Text))
}

/// Whether the values of a type are strings, however they are packed.
pub fn holds_strings(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => holds_strings(values),
        DataType::RunEndEncoded(_, values) => holds_strings(values.data_type()),
        other => other.is_string(),
    }
}
