//! Which column a key names: predicted from what followed last time, otherwise recognised by its first bytes, and
//! only then found by hash.

use std::hash::BuildHasher as _;
use std::num::NonZeroUsize;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::glue::Glue;
use super::parse_error::{ParseError, Reason};
use super::text;

/// More would be an attack: every column costs memory in every batch.
pub(super) const MAX_COLUMNS: usize = 16_384;
/// Longer white space between values (pretty printing at great depth) is not worth predicting.
const MAX_GLUE: usize = 256;
/// Slots of the shortcut for a column.
const SLOTS_PER_COLUMN: usize = 8;
const MIN_SLOTS: usize = 256;
/// So many more wrong predictions than right ones, and the next one comes second.
const DISTRUST: u32 = 16;
/// Without trust, what follows what is only looked at so often.
const LEARN_EVERY: u32 = 31;
/// Bytes of a key that its slot depends on.
const KEY_WORDS: usize = 16;

/// The columns of a page in the order in which they arrived.
#[derive(Debug, Default)]
pub(super) struct Layout {
    names: Vec<Arc<str>>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// All that stands before a column's value, from the end of the value before it: comma, key, colon and white
    /// space. The first is that of the next row's first column, with the brackets.
    glue: Vec<Glue>,
    /// What followed each column last, and before that, as indices of `glue`.
    next: Vec<[u32; 2]>,
    /// The column that `glue[0]` leads to.
    first: u32,
    /// Each column's key with the quote and the colon after it.
    keys: Vec<Glue>,
    /// Columns by the first bytes of their keys; one of those that share a slot.
    slots: Vec<u32>,
    /// How many more predictions were wrong than right.
    wrong: u32,
    /// Counts the keys that were not predicted.
    turn: u32,
}

/// What comes next. Two words, one of which is not 0, so that it is returned in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Next {
    /// Where the value begins.
    pub value: usize,
    /// Twice the column, plus 1 if a row ended and another one began before it; all that plus 1.
    code: NonZeroUsize,
}

impl Next {
    #[inline]
    pub(super) fn new(column: usize, value: usize, new_row: bool) -> Self {
        Self { value, code: NonZeroUsize::MIN.saturating_add(2 * column + usize::from(new_row)) }
    }

    #[inline]
    pub(super) fn column(self) -> usize {
        (self.code.get() - 1) >> 1
    }

    /// Whether a row ended and another one began before it.
    #[inline]
    pub(super) fn new_row(self) -> bool {
        self.code.get() & 1 == 0
    }
}

/// The glue that leads to a column.
fn glue_index(column: usize, new_row: bool) -> usize {
    if new_row { 0 } else { column + 1 }
}

impl Layout {
    pub(super) fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// What stood between the last two rows, from the end of the last value to the beginning of the next.
    pub(super) fn between_rows(&self) -> Option<&[u8]> {
        self.glue.first().map(Glue::text).filter(|text| !text.is_empty())
    }

    /// What follows the value of `from` that ended at `at`, if it is a key that is known, in a familiar form.
    #[expect(
        clippy::inline_always,
        reason = "part of the loop over a row; a call apart costs a tenth of the speed"
    )]
    #[inline(always)]
    pub(super) fn next(&mut self, from: usize, bytes: &[u8], at: usize) -> Option<Next> {
        if self.wrong == 0
            && let Some(next) = self.follow(from, 0, bytes, at)
        {
            return Some(next);
        }
        self.next_apart(from, bytes, at)
    }

    /// The same, where what followed last may not be what follows.
    #[inline(never)]
    fn next_apart(&mut self, from: usize, bytes: &[u8], at: usize) -> Option<Next> {
        let predicted = if self.wrong < DISTRUST { self.predict(from, bytes, at) } else { None };
        predicted.or_else(|| self.recognise(from, bytes, at))
    }

    /// What followed before.
    #[inline]
    fn predict(&mut self, from: usize, bytes: &[u8], at: usize) -> Option<Next> {
        for turn in 0..2 {
            if let Some(next) = self.follow(from, turn, bytes, at) {
                if turn > 0
                    && let Some(candidates) = self.next.get_mut(from)
                {
                    candidates.swap(0, turn);
                }
                self.wrong = self.wrong.saturating_sub(1);
                return Some(next);
            }
        }
        None
    }

    /// What followed last, or before that, if it follows again.
    #[inline]
    fn follow(&self, from: usize, turn: usize, bytes: &[u8], at: usize) -> Option<Next> {
        let candidate = *self.next.get(from)?.get(turn)? as usize;
        let value = self.glue.get(candidate)?.after(bytes, at)?;
        let new_row = candidate == 0;
        let column = if new_row { self.first as usize } else { candidate - 1 };
        Some(Next::new(column, value, new_row))
    }

    /// Any key, with no white space around it but single blanks.
    #[inline]
    fn recognise(&mut self, from: usize, bytes: &[u8], start: usize) -> Option<Next> {
        let skip = |at: usize| at + usize::from(bytes.get(at) == Some(&b' '));
        let expect = |at: usize, byte: u8| (bytes.get(at) == Some(&byte)).then_some(at + 1);
        let new_row = bytes.get(start) == Some(&b'}');
        let mut at = start;
        if new_row {
            at = skip(expect(at + 1, b',')?);
            at = expect(at, b'{')?;
        } else {
            at = skip(expect(at, b',')?);
        }
        at = expect(at, b'"')?;
        let start_of_key = start_of_key(bytes, at)?;
        let slot = start_of_key.hash & self.slots.len().checked_sub(1)?;
        let shortcut = self.slots.get(slot).copied().unwrap_or_default() as usize;
        let shortcut_end = self.keys.get(shortcut).and_then(|key| key.after(bytes, at));
        let (column, value) = if let Some(end) = shortcut_end {
            // The same, but known earlier if the key is short.
            let end = if start_of_key.len < KEY_WORDS { at + start_of_key.len + 2 } else { end };
            (shortcut, skip(end))
        } else {
            let run = text::run(bytes, at);
            let value = skip(expect(expect(run.end, b'"')?, b':')?);
            let key = bytes.get(at..run.end)?;
            let same =
                |index: &u32| self.names.get(*index as usize).is_some_and(|name| name.as_bytes() == key);
            let column = *self.table.find(self.hash(key), same)?;
            if let Some(slot) = self.slots.get_mut(slot) {
                *slot = column;
            }
            (column as usize, value)
        };
        // There must be something to tell that the white space ends here.
        bytes.get(value)?;
        let next = Next::new(column, value, new_row);
        self.turn = self.turn.wrapping_add(1);
        if self.wrong < DISTRUST || self.turn.is_multiple_of(LEARN_EVERY) {
            self.learn(from, bytes, start, next);
        }
        Some(next)
    }

    /// Remembers what followed the value of `from` that ended at `start`.
    pub(super) fn learn(&mut self, from: usize, bytes: &[u8], start: usize, next: Next) {
        let Some(glue) = bytes.get(start..next.value).filter(|glue| glue.len() <= MAX_GLUE) else { return };
        let index = glue_index(next.column(), next.new_row());
        if next.new_row() {
            self.first = next.column() as u32;
        }
        // With keys in any order there is something to learn all the time, but seldom anything new.
        if let Some(known) = self.glue.get_mut(index)
            && known.after(bytes, start) != Some(next.value)
        {
            known.set(glue);
        }
        let Some(candidates) = self.next.get_mut(from) else { return };
        if candidates[0] == index as u32 {
            self.wrong = self.wrong.saturating_sub(1);
        } else {
            self.wrong = (self.wrong + 1).min(2 * DISTRUST);
            *candidates = [index as u32, candidates[0]];
        }
    }

    fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash_one(key)
    }

    /// The column of that name, a new one if there is none.
    pub(super) fn find(&mut self, key: &str, at: usize) -> Result<usize, ParseError> {
        let hash = self.hash(key.as_bytes());
        let names = &self.names;
        let same = |index: &u32| names.get(*index as usize).is_some_and(|name| **name == *key);
        if let Some(index) = self.table.find(hash, same) {
            return Ok(*index as usize);
        }
        if self.names.len() == MAX_COLUMNS {
            return Err(ParseError::new(at, Reason::Columns));
        }
        Ok(self.add(key, hash))
    }

    fn add(&mut self, key: &str, hash: u64) -> usize {
        let column = self.names.len();
        self.names.push(key.into());
        let mut whole = Glue::default();
        // A key that arrives with escapes is never equal to its name, and a quote in it could be mistaken.
        if text::run(key.as_bytes(), 0).end == key.len() {
            whole.set(format!("{key}\":").as_bytes());
        }
        self.keys.push(whole);
        self.glue.resize(glue_index(column, false) + 1, Glue::default());
        self.next.push([u32::MAX; 2]);
        let slots = (self.names.len() * SLOTS_PER_COLUMN).next_power_of_two().max(MIN_SLOTS);
        if slots > self.slots.len() {
            self.slots = vec![0; slots];
        }
        let (names, hasher) = (&self.names, &self.hasher);
        let rehash =
            |index: &u32| names.get(*index as usize).map_or(0, |name| hasher.hash_one(name.as_bytes()));
        self.table.insert_unique(hash, column as u32, rehash);
        column
    }
}

/// The first bytes of a key: how many they are, and their hash.
#[derive(Clone, Copy)]
struct StartOfKey {
    /// [`KEY_WORDS`] if the key goes on.
    len: usize,
    hash: usize,
}

#[inline]
fn start_of_key(bytes: &[u8], at: usize) -> Option<StartOfKey> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    /// Fibonacci hashing: 2^64 divided by the golden ratio.
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, _) = bytes.get(at..)?.first_chunk::<KEY_WORDS>()?.as_chunks();
    // The high bit of the first quote (see `text`).
    let quote = |word: u64| {
        let zero = word ^ (ONES * u64::from(b'"'));
        let quotes = zero.wrapping_sub(ONES) & !zero & (ONES << 7);
        quotes & quotes.wrapping_neg()
    };
    // The bytes before it; without one it lacks the uppermost bits only.
    let before = |quote: u64| quote.wrapping_sub(1) >> 7;
    let [first, second] = [u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1])];
    let in_first = quote(first);
    let in_second = quote(second);
    // Keys are short and long in turns, which no processor foresees: without a branch.
    let long = if in_first == 0 { u64::MAX } else { 0 };
    let len = (in_first.trailing_zeros() >> 3) + (in_second.trailing_zeros() >> 3 & long as u32);
    let start = (first & before(in_first)).wrapping_mul(MULTIPLIER);
    let rest = (second & before(in_second) & long).wrapping_mul(MULTIPLIER);
    let mixed = start ^ rest.rotate_left(32);
    Some(StartOfKey { len: len as usize, hash: (mixed.wrapping_mul(MULTIPLIER) >> 32) as usize })
}
