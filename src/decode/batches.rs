//! Chunks of a batch → the batch of a settled schema.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{DataType, SchemaRef};

use super::convert;
use super::kept_json;
use super::raw_batch::RawBatch;
use super::rows::BATCH_BYTES;
use crate::error::{Error, Result};
use crate::resources;
use crate::text::quoted;

/// The batch with the columns that are at these positions; those that are nowhere are null.
pub(super) fn arrays(
    mut batch: RawBatch,
    positions: &[Option<usize>],
    schema: &SchemaRef,
) -> Result<RecordBatch> {
    let bytes = batch.chunks.iter().map(|chunk| chunk.forecast(batch.rows).bytes).sum::<usize>();
    if bytes > 2 * BATCH_BYTES {
        // One row is as long as a whole batch.
        resources::room_for(bytes.saturating_mul(2))?;
    }
    resources::check()?;
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(positions.len());
    // Columns of a type that have no value share their nulls.
    let mut nulls: HashMap<&DataType, ArrayRef> = HashMap::new();
    for (position, field) in positions.iter().zip(schema.fields()) {
        let chunk = position.and_then(|position| batch.chunks.get_mut(position));
        arrays.push(match chunk.filter(|chunk| !chunk.is_null()) {
            Some(chunk) if kept_json::is_json(field) => kept_json::array(chunk)?,
            Some(chunk) => convert::array(mem::take(chunk), field.data_type())
                .map_err(|error| error.with_context(format!("in column {}", quoted(field.name()))))?,
            None => {
                let null = || new_null_array(field.data_type(), batch.rows);
                Arc::clone(nulls.entry(field.data_type()).or_insert_with(null))
            }
        });
    }
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &rows).map_err(|error| {
        Error::internal(format!("columns of a batch do not match: {error}")).with_source(error)
    })
}
