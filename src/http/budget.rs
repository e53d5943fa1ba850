//! How many retries are left.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::settings::Settings;

/// Pages share as many retries as this number of requests.
const SHARE: u32 = 4;

/// The retries that requests of one operation share, so that many pages side by side do not hammer a
/// service that is down.
#[derive(Debug)]
pub struct RetryBudget {
    left: AtomicU32,
}

impl RetryBudget {
    /// The budget of one request alone.
    pub fn single(settings: &Settings) -> Self {
        Self { left: settings.max_retries.into() }
    }

    /// The budget that the pages of one read share.
    pub fn shared(settings: &Settings) -> Self {
        Self { left: settings.max_retries.saturating_mul(SHARE).into() }
    }

    /// Takes one retry, if one is left.
    pub(super) fn take(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}
