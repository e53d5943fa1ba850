//! How a read ends.

/// How it is known that a read is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// An empty page.
    Empty,
    /// The page behind the last row was refused.
    Refused,
    /// The page behind the last row was the last one once more.
    Repeated,
    /// A short page that was trusted.
    Short,
    /// The limit.
    Limit,
    /// There was nothing to page.
    Whole,
}
