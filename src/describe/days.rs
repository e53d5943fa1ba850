//! The day that a row is of.

use arrow_array::cast::AsArray;
use arrow_array::types::Date32Type;
use arrow_array::{Array, Date32Array, RecordBatch};
use arrow_schema::DataType;

use crate::error::{Error, Result};

/// The columns that say it, the first one that is there and has dates or times.
const COLUMNS: [&str; 2] = ["date", "start_time"];

/// The day of each row, if a column says it.
pub(super) fn of_rows(batch: &RecordBatch) -> Result<Option<Date32Array>> {
    let mut columns = COLUMNS.iter().filter_map(|name| batch.column_by_name(name));
    let column = columns.find(|column| {
        matches!(column.data_type(), DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
    });
    let Some(column) = column else { return Ok(None) };
    let days = arrow_cast::cast(column, &DataType::Date32)
        .map_err(|error| Error::internal(format!("the days of rows are not known: {error}")))?;
    Ok(Some(days.as_primitive::<Date32Type>().clone()))
}

/// The first and the last day of the rows that are not null in a column.
pub(super) fn span(column: &dyn Array, days: &Date32Array) -> Option<(i32, i32)> {
    // A column without a type has no bits that say that its cells are null.
    if *column.data_type() == DataType::Null {
        return None;
    }
    let there = (0..column.len()).filter(|row| column.is_valid(*row) && days.is_valid(*row));
    there.map(|row| days.value(row)).fold(None, |span, day| match span {
        None => Some((day, day)),
        Some((first, last)) => Some((day.min(first), day.max(last))),
    })
}
