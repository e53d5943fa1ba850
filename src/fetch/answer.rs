//! What a page was asked for, what came, and what becomes of it.

/// What an answered page held.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counted {
    pub rows: u64,
    /// Rows whose key an earlier page had.
    pub repeated: u64,
    /// Rows that cannot be told apart by a key.
    pub without_key: u64,
    /// Whether it has no key that is new, and as a whole is an earlier page.
    pub seen_before: bool,
    /// Whether it has the rows of the last page that had any, and no others.
    pub same_as_last: bool,
    /// Whether rows without a key are also on the last page that had any.
    pub shares_rows: bool,
    /// Rows of the proof that have keys of rows on it, and are others.
    pub other_rows: u64,
    /// Rows of the proof that were there before and are on it.
    pub of_proof: u64,
    /// So many pages in a row had just the keys of the page before, where keys do not tell rows apart.
    pub echoes: u64,
    /// Rows without a key that are the same as another one of it, so that those of another page may be as well.
    pub alike: u64,
}

/// What becomes of an answered page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first so many of its new rows belong to the result.
    Keep(u64),
    /// The same, and every later page that was asked for is forgotten.
    KeepAndForget(u64),
    /// It only showed something.
    Discard,
    /// Forget it and every later page: they are asked for again.
    Rewind,
}

/// What a page was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Its rows. If it is outdated and repeats no row, it is asked for again.
    InTurn { outdated: bool },
    /// What follows a short page; it is left out if it repeats more rows than may be.
    Proof { slack: u64 },
    /// The short page once more.
    Recheck,
    /// Only to be compared with what is there.
    Comparison,
}

/// An answer that says that there is no such page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// Not an array without rows, but meant as one.
    Empty,
    /// An error that can only be about the page.
    Missing,
    /// An error that may be about the page, or about how far a service lets anybody read.
    Refused,
    /// An error that may be about anything.
    Doubtful,
}
