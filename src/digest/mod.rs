//! The digest of a table: 128 bits that are the same for the same rows, and differ where a cell, a name or the number of
//! equal rows does. Knows nothing of HTTP, tokio or Python.
//!
//! A cell is hashed as the text that the table of types writes for its value in a string column, under its column's name:
//! so a column may widen, and the digest stays. A row is the sum of its cells, so the order of columns does not matter and a
//! null is what a missing attribute is; it is hashed once more, so that cells cannot move between rows unseen. A table is
//! the sum of its rows, not their XOR, under which two equal rows would cancel each other. Sums are modulo 2^128.
//!
//! Digests are kept for years: what is hashed, and how, must not change. A test holds some of them fixed.

mod cells;
mod hash;
mod moments;
mod nested;

pub(crate) use self::moments::Moments;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use self::hash::{ROW, TABLE, hash, name, seed};
use crate::error::Result;

/// Rows that are hashed at once: their sums stay in the processor's cache.
const ROWS: usize = 4096;

/// The digest of rows that come in batches of one schema.
#[derive(Debug, Clone)]
pub struct Digest {
    seeds: Vec<u64>,
    names: u128,
    rows: u64,
    sum: u128,
}

impl Digest {
    pub fn new(schema: &Schema) -> Self {
        let names = schema.fields().iter().map(|field| field.name().as_str());
        Self {
            seeds: names.clone().map(seed).collect(),
            names: names.map(name).fold(0, u128::wrapping_add),
            rows: 0,
            sum: 0,
        }
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// A type of another library's that has no digest.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut sums = vec![0_u128; ROWS];
        for start in (0..batch.num_rows()).step_by(ROWS) {
            let rows = ROWS.min(batch.num_rows() - start);
            let sums = &mut sums[..rows];
            sums.fill(0);
            for (seed, column) in self.seeds.iter().zip(batch.columns()) {
                let mut add = |row: usize, cell| sums[row] = sums[row].wrapping_add(cell);
                cells::each(&column.slice(start, rows), *seed, 0, &mut add)?;
            }
            for row in sums {
                self.sum = self.sum.wrapping_add(hash(ROW, &row.to_le_bytes()));
            }
            self.rows += rows as u64;
        }
        Ok(())
    }

    /// The digest of all rows so far. Where there are none, no column arrived, whichever are named.
    pub fn finish(&self) -> u128 {
        let names = if self.rows == 0 { 0 } else { self.names };
        let parts = [self.sum, names, self.rows.into()].map(u128::to_le_bytes);
        hash(TABLE, parts.as_flattened())
    }
}
