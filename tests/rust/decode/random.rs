//! Choices of a test: from a seed, or from the bytes of a fuzzer, which then has a hand in each of them.
//!
//! The fuzz targets include this file.

use std::collections::VecDeque;

pub enum Random {
    Seed(u64),
    Bytes(VecDeque<u8>),
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Self::Seed(seed | 1)
    }

    #[allow(dead_code)] // of a fuzz target only
    pub fn of(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.iter().copied().collect())
    }

    /// A number below `bound`; 0 once the bytes are used up.
    pub fn below(&mut self, bound: usize) -> usize {
        match self {
            Self::Seed(state) => {
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                (*state >> 11) as usize % bound
            }
            Self::Bytes(bytes) => usize::from(bytes.pop_front().unwrap_or_default()) % bound,
        }
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
