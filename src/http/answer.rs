//! What becomes of a request: its output and what it cost, or why it was not confirmed.

use crate::error::Error;

/// What one request brought, after its retries.
#[derive(Debug)]
pub struct Answer<T> {
    pub output: T,
    pub cost: Cost,
}

/// What one request cost, failed attempts included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    pub attempts: u32,
    pub bytes_received: u64,
    pub bytes_decoded: u64,
}

/// Why an update was not confirmed.
#[derive(Debug)]
pub struct SendError {
    pub error: Error,
    /// Whether the service may have applied the request all the same.
    pub in_doubt: bool,
}
