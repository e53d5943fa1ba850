//! What every format does.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;

use crate::error::Result;

/// Takes batches of one schema.
pub(super) trait BatchWriter: Send {
    fn write(&mut self, batch: &RecordBatch) -> Result<()>;

    /// Adds what readers of the format find beside the rows, where it has a place for that.
    fn annotate(&mut self, _metadata: &BTreeMap<String, String>) {}

    /// Writes what comes after the last batch, and completes the destination.
    fn finish(self: Box<Self>) -> Result<()>;
}
