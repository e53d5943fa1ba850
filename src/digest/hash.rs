//! The hash that all else is made of: XXH3, which is quick on short texts, in 128 bits.

use twox_hash::XxHash3_128;

const NAME: u64 = 1;
pub(super) const ROW: u64 = 2;
pub(super) const TABLE: u64 = 3;

pub(super) fn hash(seed: u64, bytes: &[u8]) -> u128 {
    XxHash3_128::oneshot_with_seed(seed, bytes)
}

pub(super) fn name(name: &str) -> u128 {
    hash(NAME, name.as_bytes())
}

/// What the cells of a column, or of a field within one, are hashed under.
pub(super) fn seed(column: &str) -> u64 {
    name(column) as u64
}
