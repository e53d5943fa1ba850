//! A set of numbers that takes a quarter to a half more than the numbers themselves: open addressing without
//! metadata, in shards that each grow by a quarter, so that no growth needs a second copy of the whole.

/// A number that a set can hold.
pub(super) trait Slot: Copy + Eq {
    /// Marks a free place; the set keeps the number itself apart.
    const FREE: Self;

    /// Evenly spread over all 64 bits.
    fn spread(self, seed: u64) -> u64;
}

impl Slot for u64 {
    const FREE: Self = Self::MAX;

    fn spread(self, seed: u64) -> u64 {
        // Both halves of a product with the golden ratio, so that no bit of the number is without effect.
        let product = u128::from(self ^ seed) * 0x9e37_79b9_7f4a_7c15;
        (product >> 64) as u64 ^ product as u64
    }
}

/// For numbers that are hashes already.
impl Slot for [u64; 2] {
    const FREE: Self = [u64::MAX; 2];

    fn spread(self, _seed: u64) -> u64 {
        self[0]
    }
}

const SHARDS: usize = 64;
const SHARD_BITS: u32 = SHARDS.ilog2();
const SMALLEST: usize = 16;

#[derive(Debug)]
pub(super) struct CompactSet<T> {
    seed: u64,
    shards: Vec<Shard<T>>,
    holds_free: bool,
}

#[derive(Debug)]
struct Shard<T> {
    places: Vec<T>,
    taken: usize,
}

impl<T: Slot> CompactSet<T> {
    pub(super) fn new(seed: u64) -> Self {
        let shard = || Shard { places: Vec::new(), taken: 0 };
        Self { seed, shards: std::iter::repeat_with(shard).take(SHARDS).collect(), holds_free: false }
    }

    pub(super) fn contains(&self, value: T) -> bool {
        if value == T::FREE {
            return self.holds_free;
        }
        let (shard, position) = Self::locate(value.spread(self.seed));
        let shard = &self.shards[shard];
        !shard.places.is_empty() && shard.places[shard.find(value, position)] == value
    }

    /// Says whether the value was not there before.
    pub(super) fn insert(&mut self, value: T) -> bool {
        if value == T::FREE {
            return !std::mem::replace(&mut self.holds_free, true);
        }
        let (shard, position) = Self::locate(value.spread(self.seed));
        self.shards[shard].insert(value, position, self.seed)
    }

    /// Bytes that the set takes.
    #[cfg(test)]
    fn size(&self) -> usize {
        self.shards.iter().map(|shard| shard.places.capacity() * size_of::<T>()).sum()
    }

    /// The shard, and the position in it as a fraction of 2^64.
    fn locate(hash: u64) -> (usize, u64) {
        ((hash >> (64 - SHARD_BITS)) as usize, hash << SHARD_BITS)
    }
}

impl<T: Slot> Shard<T> {
    fn insert(&mut self, value: T, position: u64, seed: u64) -> bool {
        // Never more than four fifths full, so that a search ends soon.
        if (self.taken + 1) * 5 > self.places.len() * 4 {
            self.grow(seed);
        }
        let place = self.find(value, position);
        let is_new = self.places[place] != value;
        if is_new {
            self.places[place] = value;
            self.taken += 1;
        }
        is_new
    }

    /// The place that holds the value, or the free one where it belongs. There is always a free one.
    fn find(&self, value: T, position: u64) -> usize {
        let len = self.places.len();
        let mut place = ((u128::from(position) * len as u128) >> 64) as usize;
        while self.places[place] != value && self.places[place] != T::FREE {
            place += 1;
            if place == len {
                place = 0;
            }
        }
        place
    }

    fn grow(&mut self, seed: u64) {
        let len = SMALLEST.max(self.places.len() + self.places.len().div_ceil(4));
        let old = std::mem::replace(&mut self.places, vec![T::FREE; len]);
        for value in old {
            if value != T::FREE {
                let (_, position) = CompactSet::<T>::locate(value.spread(seed));
                let place = self.find(value, position);
                self.places[place] = value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(values in prop::collection::vec(prop_oneof![0..200_u64, Just(u64::MAX), any::<u64>()], 0..500), seed: u64) {
            let mut model = HashSet::new();
            let mut numbers = CompactSet::<u64>::new(seed);
            let mut pairs = CompactSet::<[u64; 2]>::new(seed);
            for value in values {
                prop_assert_eq!(numbers.contains(value), model.contains(&value));
                prop_assert_eq!(pairs.contains([value, u64::MAX]), model.contains(&value));
                let is_new = model.insert(value);
                prop_assert_eq!(numbers.insert(value), is_new);
                prop_assert_eq!(pairs.insert([value, u64::MAX]), is_new);
                prop_assert!(numbers.contains(value) && pairs.contains([value, u64::MAX]));
            }
        }
    }

    #[test]
    fn a_number_takes_8_to_16_bytes() {
        // Sequences and multiples are what identifiers look like.
        for step in [1, 1 << 20, 1_000_003] {
            let mut set = CompactSet::new(7);
            for value in 1..=200_000_u64 {
                set.insert(value * step);
                if value > 20_000 {
                    assert!(
                        (8 * value..=16 * value).contains(&(set.size() as u64)),
                        "{value} of step {step}"
                    );
                }
            }
        }
    }
}
