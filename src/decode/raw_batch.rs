//! A batch of a page as it arrived.

use super::chunk::Chunk;

/// The chunks of a batch, by column of the page. Columns that came later are missing at the end.
#[derive(Debug, Clone)]
pub(super) struct RawBatch {
    pub rows: usize,
    pub chunks: Vec<Chunk>,
}
