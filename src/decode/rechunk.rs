//! Batches of the size that consumers like.

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::concat::concat_batches;

use super::rows::{BATCH_BYTES, BATCH_ROWS};
use crate::error::{Error, Result};
use crate::resources;

/// Below both, a batch is put together with its neighbours; others stay as they are, without a copy.
const SMALL_ROWS: usize = BATCH_ROWS / 8;
const SMALL_BYTES: usize = BATCH_BYTES / 8;

#[derive(Debug, Default)]
struct Group {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

impl Group {
    fn is_small(&self) -> bool {
        self.rows < SMALL_ROWS && self.bytes < SMALL_BYTES
    }

    fn take(&mut self, schema: &SchemaRef) -> Result<Vec<RecordBatch>> {
        let Self { batches, .. } = std::mem::take(self);
        if batches.len() < 2 {
            return Ok(batches);
        }
        resources::check()?;
        match concat_batches(schema, &batches) {
            Ok(joined) => Ok(vec![joined]),
            // The keys are too narrow for the strings of all, though not for those of each.
            Err(ArrowError::DictionaryKeyOverflowError) => Ok(batches),
            Err(error) => Err(Error::internal(format!("batches cannot be joined: {error}"))),
        }
    }
}

/// Takes batches one after the other.
#[derive(Debug, Default)]
pub(super) struct Rechunker(Group);

impl Rechunker {
    /// The batches that this one completes.
    pub(super) fn push(&mut self, schema: &SchemaRef, batch: RecordBatch) -> Result<Vec<RecordBatch>> {
        let Self(group) = self;
        let (rows, bytes) = (batch.num_rows(), batch.get_array_memory_size());
        let small = group.is_small() || (rows < SMALL_ROWS && bytes < SMALL_BYTES);
        let complete = !small || group.rows + rows > BATCH_ROWS || group.bytes + bytes > BATCH_BYTES;
        let batches = if complete { group.take(schema)? } else { Vec::new() };
        group.rows += rows;
        group.bytes += bytes;
        group.batches.push(batch);
        Ok(batches)
    }

    /// What is left.
    pub(super) fn finish(&mut self, schema: &SchemaRef) -> Result<Vec<RecordBatch>> {
        self.0.take(schema)
    }
}

pub(super) fn rechunk(schema: &SchemaRef, batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>> {
    let mut result = Vec::with_capacity(batches.len());
    let mut rechunker = Rechunker::default();
    for batch in batches {
        result.extend(rechunker.push(schema, batch)?);
    }
    result.extend(rechunker.finish(schema)?);
    Ok(result)
}
