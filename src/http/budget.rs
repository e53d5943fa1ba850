//! How many retries are left, and when the next request may be sent.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::settings::Settings;

/// Pages share as many retries as this number of requests.
const SHARE: u32 = 4;

/// The retries that requests of one operation share, so that many pages side by side do not hammer a
/// service that is down. Each success gives all of them back: they bound retries that lead nowhere.
#[derive(Debug)]
pub struct RetryBudget {
    full: u32,
    left: AtomicU32,
    successes: AtomicU64,
    /// Until when the service has asked not to be asked.
    held_until: Mutex<Option<Instant>>,
}

impl RetryBudget {
    /// The budget of one request alone.
    pub fn single(settings: &Settings) -> Self {
        Self::new(settings.max_retries)
    }

    /// The budget that the pages of one read share.
    pub fn shared(settings: &Settings) -> Self {
        Self::new(settings.max_retries.saturating_mul(SHARE))
    }

    fn new(full: u32) -> Self {
        Self { full, left: full.into(), successes: AtomicU64::new(0), held_until: Mutex::new(None) }
    }

    /// How many there are while nothing has failed.
    pub(super) fn full(&self) -> u32 {
        self.full
    }

    /// Takes one retry, if one is left.
    pub(super) fn take(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// A request was answered, so that the service can be expected to answer others.
    pub(super) fn succeeded(&self) {
        self.successes.fetch_add(1, Ordering::Relaxed);
        self.left.store(self.full, Ordering::Relaxed);
    }

    /// How many requests of the operation were answered so far.
    pub(super) fn successes(&self) -> u64 {
        self.successes.load(Ordering::Relaxed)
    }

    /// No request of the operation is to be sent before then.
    pub(super) fn hold(&self, until: Instant) {
        let mut held = self.held_until.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(held.map_or(until, |held| held.max(until)));
    }

    pub(super) fn held_until(&self) -> Option<Instant> {
        *self.held_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
