//! Who is told of every attempt, for logs and progress.

use std::time::Duration;

use crate::query::Operation;

/// One attempt of a request, after it ended.
#[derive(Debug, Clone)]
pub struct RequestEvent {
    pub operation: Operation,
    /// The query without personal values.
    pub query: String,
    /// Absent where no answer came.
    pub status: Option<u16>,
    /// Counted from 1.
    pub attempt: u32,
    pub bytes_received: u64,
    pub elapsed: Duration,
    /// Why the attempt failed, if it did.
    pub failure: Option<String>,
    /// How long the next attempt is waited for, if there is one.
    pub retry_in: Option<Duration>,
}

/// Called from worker threads, so it must neither block nor panic.
pub trait Observer: Send + Sync + std::fmt::Debug {
    fn request(&self, event: RequestEvent);
}

/// For those who do not want to know.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn request(&self, _event: RequestEvent) {}
}
