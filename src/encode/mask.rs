//! Which rows of a frame are meant: one bit a row, kept batch by batch as Arrow does.

use std::ops::Range;

use arrow_array::Array;
use arrow_buffer::{BooleanBuffer, NullBuffer};

/// One bit a row. A batch of which every row is meant needs no bits.
#[derive(Debug, Clone)]
pub struct Mask {
    parts: Vec<Option<NullBuffer>>,
}

impl Mask {
    /// Every row of so many batches.
    pub(super) fn all(batches: usize) -> Self {
        Self { parts: vec![None; batches] }
    }

    /// A bit for each row of each batch.
    pub fn new(batches: impl IntoIterator<Item = BooleanBuffer>) -> Self {
        Self { parts: batches.into_iter().map(|rows| Some(NullBuffer::new(rows))).collect() }
    }

    /// Whether it is one of batches that have so many rows.
    pub(super) fn fits(&self, batches: impl Iterator<Item = usize>) -> bool {
        let mut parts = self.parts.iter();
        let fit = batches.into_iter().all(|rows| match parts.next() {
            Some(part) => part.as_ref().is_none_or(|part| part.len() == rows),
            None => false,
        });
        fit && parts.next().is_none()
    }

    /// The rows that are not null.
    pub(super) fn valid<'a>(arrays: impl Iterator<Item = &'a dyn Array>) -> Self {
        let parts = arrays.map(|array| array.logical_nulls().filter(|nulls| nulls.null_count() > 0));
        Self { parts: parts.collect() }
    }

    pub(super) fn contains(&self, batch: usize, row: usize) -> bool {
        self.parts[batch].as_ref().is_none_or(|part| part.is_valid(row))
    }

    pub(super) fn count(&self, batch: usize, rows: &Range<usize>) -> usize {
        match self.part(batch, rows) {
            None => rows.len(),
            Some(part) => part.len() - part.null_count(),
        }
    }

    /// The meant rows among these, as few runs as possible.
    pub(super) fn runs(&self, batch: usize, rows: &Range<usize>) -> Vec<Range<usize>> {
        match self.part(batch, rows) {
            None => vec![rows.clone()],
            Some(part) => {
                part.valid_slices().map(|(start, end)| rows.start + start..rows.start + end).collect()
            }
        }
    }

    /// Whether the same of these rows are meant.
    pub(super) fn agrees(&self, other: &Self, batch: usize, rows: &Range<usize>) -> bool {
        match (self.part(batch, rows), other.part(batch, rows)) {
            (None, None) => true,
            (Some(part), None) | (None, Some(part)) => part.null_count() == 0,
            (Some(one), Some(two)) => one.null_count() == two.null_count() && one == two,
        }
    }

    /// Whether every row meant here is meant there too.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.parts.iter().zip(&other.parts).all(|parts| match parts {
            (_, None) => true,
            (None, Some(other)) => other.null_count() == 0,
            (Some(own), Some(other)) => {
                let outside = own.inner() & &!other.inner();
                outside.count_set_bits() == 0
            }
        })
    }

    fn part(&self, batch: usize, rows: &Range<usize>) -> Option<NullBuffer> {
        self.parts[batch].as_ref().map(|part| {
            if rows.start == 0 && rows.end == part.len() {
                part.clone()
            } else {
                part.slice(rows.start, rows.len())
            }
        })
    }
}
