//! Which column a key names: predicted from what followed last time, found by hash otherwise.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::fault::{Fault, What};

/// More would be an attack: every column costs memory in every batch.
const MAX_COLUMNS: usize = 16_384;

/// All that stands between the end of one value and the beginning of the next: comma, key, colon, white space,
/// or, from one row to the next, also the brackets.
#[derive(Debug, Clone)]
struct Glue {
    /// The first bytes, and a mask of how many there are.
    head: [u64; WORDS],
    mask: [u64; WORDS],
    len: usize,
    /// The bytes that the head has no room for.
    tail: Box<[u8]>,
}

const WORDS: usize = 4;
const HEAD: usize = 8 * WORDS;
/// Longer ones (pretty printing at great depth) are not worth predicting.
const MAX_GLUE: usize = 256;

impl Default for Glue {
    /// Matches nothing.
    fn default() -> Self {
        Self { head: [1; WORDS], mask: [0; WORDS], len: 0, tail: Box::default() }
    }
}

fn words(bytes: &[u8; HEAD]) -> [u64; WORDS] {
    let (words, _) = bytes.as_chunks::<8>();
    let mut result = [0; WORDS];
    for (result, word) in result.iter_mut().zip(words) {
        *result = u64::from_le_bytes(*word);
    }
    result
}

impl Glue {
    fn set(&mut self, bytes: &[u8]) {
        let (head, tail) = bytes.split_at(bytes.len().min(HEAD));
        let mut padded = [0; HEAD];
        let mut mask = [0; HEAD];
        for ((padded, mask), byte) in padded.iter_mut().zip(&mut mask).zip(head) {
            *padded = *byte;
            *mask = 0xff;
        }
        self.head = words(&padded);
        self.mask = words(&mask);
        self.len = bytes.len();
        self.tail = tail.into();
    }

    /// Where the value behind it begins, if it is at `at`.
    #[inline]
    fn after(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let block = words(bytes.get(at..)?.first_chunk::<HEAD>()?);
        let mut difference = 0;
        for index in 0..WORDS {
            difference |= block[index] & self.mask[index] ^ self.head[index];
        }
        if difference != 0 {
            return None;
        }
        let end = at + self.len;
        (self.tail.is_empty() || bytes.get(at + HEAD..end) == Some(&*self.tail)).then_some(end)
    }
}

/// The columns of a page in the order in which they arrived.
#[derive(Debug, Default)]
pub(super) struct Layout {
    names: Vec<Arc<str>>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The glue before each column's value; the first is that of the next row.
    glue: Vec<Glue>,
    /// What followed each column last, and before that.
    next: Vec<[u32; 2]>,
    /// The column that `glue[0]` leads to.
    first: u32,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Column {
        column: usize,
        value: usize,
    },
    /// The row ended, another one begins with this column.
    Row {
        column: usize,
        value: usize,
    },
}

impl Layout {
    pub(super) fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// What follows the value of `column` that ended at `at`, if it is what followed before.
    #[inline]
    pub(super) fn predict(&mut self, column: usize, bytes: &[u8], at: usize) -> Option<Next> {
        let candidates = self.next.get_mut(column)?;
        for turn in 0..2 {
            let candidate = candidates[turn] as usize;
            if let Some(value) = self.glue.get(candidate).and_then(|glue| glue.after(bytes, at)) {
                if turn == 1 {
                    candidates.swap(0, 1);
                }
                return Some(if candidate == 0 {
                    Next::Row { column: self.first as usize, value }
                } else {
                    Next::Column { column: candidate - 1, value }
                });
            }
        }
        None
    }

    /// Remembers that `glue` led from the value of column `from` to that of column `to`.
    pub(super) fn learn(&mut self, from: usize, to: usize, glue: &[u8], new_row: bool) {
        if glue.len() > MAX_GLUE {
            return;
        }
        let candidate = if new_row { 0 } else { to + 1 };
        if new_row {
            self.first = to as u32;
        }
        if self.glue.is_empty() {
            self.glue.push(Glue::default());
        }
        if let Some(known) = self.glue.get_mut(candidate) {
            known.set(glue);
        }
        if let Some(candidates) = self.next.get_mut(from)
            && candidates[0] != candidate as u32
        {
            *candidates = [candidate as u32, candidates[0]];
        }
    }

    /// The column of that name, a new one if there is none.
    pub(super) fn find(&mut self, key: &str, at: usize) -> Result<usize, Fault> {
        let hash = self.hasher.hash_one(key);
        let names = &self.names;
        let same = |index: &u32| names.get(*index as usize).is_some_and(|name| **name == *key);
        if let Some(index) = self.table.find(hash, same) {
            return Ok(*index as usize);
        }
        let index = self.names.len();
        if index == MAX_COLUMNS {
            return Err(Fault::new(at, What::Columns));
        }
        self.names.push(key.into());
        self.glue.resize(index + 2, Glue::default());
        self.next.push([u32::MAX; 2]);
        let (names, hasher) = (&self.names, &self.hasher);
        self.table.insert_unique(hash, index as u32, |index| {
            names.get(*index as usize).map_or(0, |name| hasher.hash_one(&**name))
        });
        Ok(index)
    }
}
