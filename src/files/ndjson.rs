//! NDJSON: an object a line, with every column; times as the API writes them, and the text of JSON columns as text.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::text::{Rows, Unfit, columns};
use crate::encode::{Column, Output};
use crate::error::Result;

pub(super) struct NdjsonRows;

impl NdjsonRows {
    /// # Errors
    /// Columns of types that JSON cannot hold.
    pub(super) fn new(schema: &SchemaRef) -> Result<Self> {
        columns(schema, &RecordBatch::new_empty(schema.clone()))?;
        Ok(Self)
    }
}

impl Rows for NdjsonRows {
    fn write_head(&mut self, _out: &mut Output) {}

    fn write_row(
        &mut self,
        _batch: &RecordBatch,
        columns: &[Column],
        row: usize,
        out: &mut Output,
    ) -> Result<(), Unfit> {
        out.push(b'{');
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            if let Some(fault) = column.bad_value(row) {
                return Err(Unfit { column: place, what: fault.to_string() });
            }
            column.write_member(row, out);
        }
        out.extend(b"}\n");
        Ok(())
    }
}
