//! How a description shows a value.

use arrow_array::{Array, ArrayRef};
use arrow_schema::Field;

use super::values::Value;
use crate::encode::{Column, Output};
use crate::error::{Error, Result};
use crate::text::shortened;

/// Characters of a value, at most.
const LONGEST: usize = 80;

/// The value of a row as text: dates and times as the API writes them.
pub(super) fn text(field: &Field, array: &ArrayRef, row: usize, value: &Value<'_>) -> Result<String> {
    if let Value::Text(text) = value {
        return Ok(shortened(text, LONGEST));
    }
    let json = json(field, array, row)?;
    // Dates and times have quotes.
    Ok(json.trim_matches('"').to_owned())
}

/// The value as JSON, which a long text is cut in.
pub(super) fn example(field: &Field, array: &ArrayRef, row: usize, value: &Value<'_>) -> Result<String> {
    match value {
        Value::Text(text) => serde_json::to_string(&shortened(text, LONGEST))
            .map_err(|error| Error::internal(format!("a text cannot be written as JSON: {error}"))),
        _ => json(field, array, row),
    }
}

fn json(field: &Field, array: &ArrayRef, row: usize) -> Result<String> {
    let cell = array.slice(row, 1);
    let column = Column::new(field, std::slice::from_ref(&cell)).map_err(Error::internal)?;
    let mut out = Output::over(Vec::new(), 0);
    column.write_value(0, &mut out);
    String::from_utf8(out.finish())
        .map_err(|error| Error::internal(format!("a value is not written as text: {error}")))
}
