//! How far a read runs ahead of whoever takes its pages: so many pages, or as many as so much JSON.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// JSON that pages ahead of the consumer should not exceed together. Two pages are always allowed, if
/// `max_concurrency` allows them.
const AHEAD_BYTES: u64 = 128 << 20;

/// Every page holds one of its permits from when it is asked for until its consumer lets go of it.
#[derive(Debug, Clone)]
pub struct Gate {
    permits: Arc<Semaphore>,
    /// How many pages there may be at most, once it is known how large they are.
    most: Option<usize>,
}

impl Gate {
    /// As many pages as there are permits.
    pub fn new(permits: Arc<Semaphore>) -> Self {
        Self { permits, most: None }
    }

    /// One page, and when that has come as many as fit, up to `most`.
    pub fn by_bytes(most: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(1)), most: Some(most) }
    }

    /// A page of so much JSON has come.
    pub(super) fn came(&mut self, bytes: u64) {
        if let Some(most) = self.most.take() {
            self.permits.add_permits(pages_ahead(most, bytes).saturating_sub(1));
        }
    }

    pub(super) fn try_acquire(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    pub(super) async fn acquire(self) -> Option<OwnedSemaphorePermit> {
        // It is never closed; if it were, the read would go on without it.
        self.permits.acquire_owned().await.ok()
    }
}

/// How many pages may be ahead of the consumer, given the JSON of the first.
pub(super) fn pages_ahead(max_concurrency: usize, page_bytes: u64) -> usize {
    let fitting = AHEAD_BYTES / page_bytes.max(1);
    usize::try_from(fitting).unwrap_or(usize::MAX).max(2).min(max_concurrency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pages_are_asked_for_less_far_ahead() {
        assert_eq!(pages_ahead(4, 13 << 20), 4);
        assert_eq!(pages_ahead(4, 40 << 20), 3);
        assert_eq!(pages_ahead(4, 1 << 30), 2);
        assert_eq!(pages_ahead(1, 1 << 30), 1);
        assert_eq!(pages_ahead(4, 0), 4);
    }
}
