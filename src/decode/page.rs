//! A decoded page: its batches as they arrived, whose types are not settled yet.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use super::chunk::Chunk;
use super::convert;
use super::key::{Key, key};
use super::layout::MAX_COLUMNS;
use super::raw_batch::RawBatch;
use crate::error::{Error, Result};

/// The columns of one page, with what is needed to widen them together with those of other pages.
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub(super) names: Vec<Arc<str>>,
    pub(super) batches: Vec<RawBatch>,
    /// JSON that it was read from.
    pub(super) bytes: u64,
}

impl Page {
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(|batch| batch.rows).sum()
    }

    /// JSON that it was read from.
    pub fn num_bytes(&self) -> u64 {
        self.bytes
    }

    /// The columns that arrived, in order.
    pub fn column_names(&self) -> Vec<&str> {
        self.names.iter().map(|name| &**name).collect()
    }

    /// The rows' keys in order; all `None` where the page has no such column.
    pub fn keys(&self, column: &str) -> impl Iterator<Item = Option<Key>> {
        let column = self.position(column);
        self.batches.iter().flat_map(move |batch| {
            let chunk = column.and_then(|column| batch.chunks.get(column));
            (0..batch.rows).map(move |row| chunk.and_then(|chunk| chunk.get(row)).map(key))
        })
    }

    /// A digest of the rows: the same for the same rows in whatever order, batches and order of columns. Values are
    /// taken as text.
    pub fn digest(&self) -> u64 {
        self.row_digests().fold(0, u64::wrapping_add)
    }

    /// A digest of each row: the same for the same values, in whatever order of columns.
    pub fn row_digests(&self) -> impl Iterator<Item = u64> {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let mut text = Vec::new();
        let rows = self.batches.iter().flat_map(|batch| (0..batch.rows).map(move |row| (batch, row)));
        rows.map(move |(batch, row)| {
            let mut cells = 0_u64;
            for (name, chunk) in self.names.iter().zip(&batch.chunks) {
                if let Some(value) = chunk.get(row) {
                    text.clear();
                    convert::write_text(value, &mut text);
                    cells = cells.wrapping_add(hasher.hash_one((name, &text)));
                }
            }
            hasher.hash_one(cells)
        })
    }

    /// Keeps the rows for which `keep` is true (it has one entry a row).
    #[must_use]
    pub fn filter(mut self, keep: &[bool]) -> Self {
        let mut start = 0;
        for batch in &mut self.batches {
            let keep = keep.get(start..start + batch.rows).unwrap_or_default();
            start += batch.rows;
            if keep.iter().all(|keep| *keep) && keep.len() == batch.rows {
                continue;
            }
            batch.rows = keep.iter().filter(|keep| **keep).count();
            for chunk in &mut batch.chunks {
                *chunk = std::mem::take(chunk).filter(keep);
            }
        }
        self.batches.retain(|batch| batch.rows > 0);
        self
    }

    /// This page and the rows of another one after it.
    ///
    /// # Errors
    /// More columns than a page may have.
    pub(super) fn followed_by(mut self, other: Self) -> Result<Self> {
        self.bytes += other.bytes;
        if self.names == other.names {
            self.batches.extend(other.batches);
            return Ok(self);
        }
        let known: HashMap<Arc<str>, usize> =
            self.names.iter().cloned().enumerate().map(|(index, name)| (name, index)).collect();
        let mut index_of = |name: Arc<str>| {
            known.get(&name).copied().unwrap_or_else(|| {
                self.names.push(name);
                self.names.len() - 1
            })
        };
        let indices: Vec<usize> = other.names.into_iter().map(&mut index_of).collect();
        if self.names.len() > MAX_COLUMNS {
            return Err(Error::limit_exceeded(format!("the answer has more than {MAX_COLUMNS} columns")));
        }
        for mut batch in other.batches {
            let mut chunks = vec![Chunk::default(); self.names.len()];
            for (chunk, index) in batch.chunks.into_iter().zip(&indices) {
                chunks[*index] = chunk;
            }
            for chunk in &mut chunks {
                chunk.close(batch.rows);
            }
            batch.chunks = chunks;
            self.batches.push(batch);
        }
        Ok(self)
    }

    pub(super) fn position(&self, column: &str) -> Option<usize> {
        self.names.iter().position(|name| **name == *column)
    }
}
