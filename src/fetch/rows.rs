//! What a page has to tell of its rows.

use crate::decode::Key;

/// Rows of which some can be left out.
pub trait Rows: Clone + Send + 'static {
    fn num_rows(&self) -> usize;

    /// The key of each row.
    fn keys(&self) -> impl Iterator<Item = Option<Key>>;

    /// A digest of each row: the same for the same row.
    fn digests(&self) -> impl Iterator<Item = u64>;

    #[must_use]
    fn filter(self, keep: &[bool]) -> Self;
}
