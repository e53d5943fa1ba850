//! The keys that earlier pages had: the only memory of a read that grows with its rows.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, RandomState};

use super::compact_set::CompactSet;
use super::runs::Runs;
use crate::decode::Key;

/// A key in few bytes. Whole numbers are exact; of other keys it is a hash of 128 bits, since two keys that
/// were taken for one would lose a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Compact {
    Integer(i64),
    Hash([u64; 2]),
}

/// The keys of one page, a row each.
#[derive(Debug)]
pub struct PageKeys(Vec<Option<Compact>>);

impl PageKeys {
    pub fn without_key(&self) -> u64 {
        self.0.iter().filter(|key| key.is_none()).count() as u64
    }

    /// Whether two rows have the same key.
    pub fn repeat_within(&self) -> bool {
        let mut seen = HashSet::with_capacity(self.0.len());
        self.0.iter().flatten().any(|key| !seen.insert(*key))
    }

    /// The same for the same keys in the same order.
    pub fn fingerprint(&self) -> u64 {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(&self.0)
    }

    pub(super) fn get(&self, row: usize) -> Option<Compact> {
        self.0.get(row).copied().flatten()
    }
}

/// The keys that have been seen.
#[derive(Debug)]
pub struct SeenKeys {
    runs: Runs,
    /// Those that no run takes in.
    integers: CompactSet<u64>,
    hashes: CompactSet<[u64; 2]>,
    hashers: [RandomState; 2],
}

impl Default for SeenKeys {
    fn default() -> Self {
        let hashers = [RandomState::new(), RandomState::new()];
        let seed = hashers[0].hash_one(0_u8);
        Self {
            runs: Runs::default(),
            integers: CompactSet::new(seed),
            hashes: CompactSet::new(seed),
            hashers,
        }
    }
}

impl SeenKeys {
    pub fn compact(&self, keys: impl IntoIterator<Item = Option<Key>>) -> PageKeys {
        PageKeys(keys.into_iter().map(|key| key.map(|key| self.compact_key(&key))).collect())
    }

    /// Which rows are new, and how many are not. Rows without a key are new.
    pub fn new_rows(&self, keys: &PageKeys) -> (Vec<bool>, u64) {
        let new: Vec<bool> = keys.0.iter().map(|key| key.is_none_or(|key| !self.contains(key))).collect();
        let repeated = new.iter().filter(|new| !**new).count() as u64;
        (new, repeated)
    }

    /// A page is compared with earlier ones only, so its keys are added when it has been. Says how many of its rows
    /// have the key of another one on it; `new` is what [`Self::new_rows`] said.
    pub fn insert(&mut self, keys: &PageKeys, new: &[bool]) -> u64 {
        let mut within = 0;
        for (key, _) in keys.0.iter().zip(new).filter(|(_, new)| **new) {
            let is_new = match *key {
                None => continue,
                Some(Compact::Integer(value)) => {
                    !self.runs.contains(value)
                        && (self.runs.insert(value) || self.integers.insert(value.cast_unsigned()))
                }
                Some(Compact::Hash(hash)) => self.hashes.insert(hash),
            };
            within += u64::from(!is_new);
        }
        within
    }

    fn contains(&self, key: Compact) -> bool {
        match key {
            Compact::Integer(value) => {
                self.runs.contains(value) || self.integers.contains(value.cast_unsigned())
            }
            Compact::Hash(hash) => self.hashes.contains(hash),
        }
    }

    /// A number has the same key with and without quotes, as a service may write it either way.
    fn compact_key(&self, key: &Key) -> Compact {
        match key {
            Key::Integer(value) => match i64::try_from(*value) {
                Ok(value) => Compact::Integer(value),
                Err(_) => self.hash(value.to_string().as_bytes()),
            },
            Key::Text(text) => match canonical_integer(text) {
                Some(value) => Compact::Integer(value),
                None => self.hash(text.as_bytes()),
            },
        }
    }

    fn hash(&self, bytes: &[u8]) -> Compact {
        Compact::Hash([self.hashers[0].hash_one(bytes), self.hashers[1].hash_one(bytes)])
    }
}

/// The number that would be written exactly so.
fn canonical_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', ..] => true,
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Key {
        Key::Text(text.into())
    }

    #[test]
    fn equal_keys_are_those_that_are_written_the_same() {
        let mut seen = SeenKeys::default();
        let first = [
            Key::Integer(7),
            Key::Integer(-7),
            Key::Integer(1 << 63),
            Key::Integer(-1),
            text("kees500"),
            text("007"),
            text(""),
            text("18446744073709551616"),
        ];
        let keys = seen.compact(first.iter().cloned().map(Some));
        assert_eq!(seen.new_rows(&keys).1, 0);
        assert_eq!(seen.insert(&keys, &[true; 8]), 0);
        assert_eq!(seen.new_rows(&keys), (vec![false; 8], 8));

        let same = [text("7"), text("-7"), text("9223372036854775808"), text("-1"), Key::Integer(1 << 64)];
        let keys = seen.compact(same.into_iter().map(Some));
        assert_eq!(seen.new_rows(&keys).1, 5);
        let other = [
            text("07"),
            text("-07"),
            text("+7"),
            text("7 "),
            text("-"),
            text("-0"),
            text("0"),
            text("Kees500"),
            Key::Integer(u64::MAX.into()),
            Key::Integer(i64::MIN.into()),
        ];
        let keys = seen.compact(other.into_iter().map(Some));
        assert_eq!(seen.new_rows(&keys), (vec![true; 10], 0));
    }

    #[test]
    fn rows_without_a_key_and_repetitions_within_a_page_are_new() {
        let mut seen = SeenKeys::default();
        let keys = seen.compact([None, Some(Key::Integer(1)), Some(Key::Integer(1)), None]);
        assert_eq!(seen.new_rows(&keys), (vec![true; 4], 0));
        assert!(keys.repeat_within());
        assert_eq!(seen.insert(&keys, &[true; 4]), 1);
        assert_eq!(seen.new_rows(&keys), (vec![true, false, false, true], 2));
    }
}
