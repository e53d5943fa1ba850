//! What was asked of the sandbox: the newest requests, for its users' own tests.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// The newest so many are kept.
const CAPACITY: usize = 10_000;

/// One request and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    pub method: String,
    pub path: String,
    /// The query string as it came, without the question mark.
    pub query: String,
    pub status: u16,
}

#[derive(Debug, Default)]
pub(super) struct RequestLog(Mutex<VecDeque<RequestRecord>>);

impl RequestLog {
    pub fn push(&self, record: RequestRecord) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() == CAPACITY {
            records.pop_front();
        }
        records.push_back(record);
    }

    pub fn all(&self) -> Vec<RequestRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
