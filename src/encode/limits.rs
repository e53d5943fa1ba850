//! How large a request of an update may be.

/// The most rows that the API takes in one request.
pub const MAX_ROWS: usize = 100_000;

/// How large a request may be; more than [`MAX_ROWS`] rows are never sent at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub rows: usize,
    pub bytes: usize,
}
