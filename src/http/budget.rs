//! How many retries are left, and when a service that is down wants to be asked again.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use super::hold::Hold;
use crate::settings::Settings;

/// Pages share as many retries as this number of requests.
const SHARE: u32 = 4;

/// The retries that requests of one operation share, so that many pages side by side do not hammer a
/// service that is down. Each success gives all of them back: they bound retries that lead nowhere.
#[derive(Debug)]
pub struct RetryBudget {
    full: u32,
    left: AtomicU32,
    /// Until when the service has asked not to be asked.
    hold: Hold,
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
        Self { full, left: full.into(), hold: Hold::default() }
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
        self.left.store(self.full, Ordering::Relaxed);
    }

    /// No request of the operation is to be sent before then.
    pub(super) fn hold(&self, until: Instant) {
        self.hold.extend(until);
    }

    pub(super) fn held_until(&self) -> Option<Instant> {
        self.hold.until()
    }
}
