//! How large a table may become of the JSON that arrived. Rows of one key each, every key another, are a few bytes of JSON
//! and rows times columns of memory, here and in whatever library takes the table.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Options, Page};
use crate::error::{Error, Result};

/// So many cells are fine whatever they came from: 256 MiB of numbers.
const CELLS: u64 = 1 << 25;
/// More need as much JSON as this: of two thousand columns a row has to fill ten or so, since a member with its key takes
/// tens of bytes.
const CELLS_PER_BYTE: u64 = 4;

/// Whether so many cells are too many for so much JSON.
pub(super) fn is_too_sparse(cells: u64, bytes: u64) -> bool {
    cells > CELLS.max(bytes.saturating_mul(CELLS_PER_BYTE))
}

/// What is said of it.
pub(super) fn describe(rows: u64, columns: u64, bytes: u64) -> String {
    format!(
        "{rows} rows x {columns} columns from {bytes} bytes of JSON, most of whose cells are missing: each takes memory, so \
         beyond {CELLS} cells there may be {CELLS_PER_BYTE} a byte. Ask for fewer columns with columns=, or read \
         fewer rows at a time"
    )
}

/// Refuses what is too sparse.
pub(super) fn check(rows: u64, columns: u64, bytes: u64) -> Result<()> {
    if is_too_sparse(rows.saturating_mul(columns), bytes) {
        return Err(Error::limit_exceeded(format!(
            "the table would have {}",
            describe(rows, columns, bytes)
        )));
    }
    Ok(())
}

/// The extent of a table that is made of pages, before it is made.
#[derive(Debug)]
pub struct Extent {
    columns: HashSet<Arc<str>>,
    rows: u64,
    /// Rows that the table may have: those of pages beyond it are dropped.
    limit: u64,
    bytes: u64,
}

impl Extent {
    /// Of a table of at most `limit` rows.
    #[must_use]
    pub fn new(limit: Option<u64>) -> Self {
        Self { columns: HashSet::new(), rows: 0, limit: limit.unwrap_or(u64::MAX), bytes: 0 }
    }

    /// Adds a page.
    ///
    /// # Errors
    /// `LimitExceeded` if the table would have far more cells than its JSON has bytes.
    pub fn add(&mut self, page: &Page, options: &Options) -> Result<()> {
        self.rows += page.num_rows() as u64;
        self.bytes += page.bytes;
        for name in page.names.iter().filter(|name| options.selects(name)) {
            if !self.columns.contains(name) {
                self.columns.insert(Arc::clone(name));
            }
        }
        check(self.rows.min(self.limit), self.columns.len() as u64, self.bytes)
    }
}
