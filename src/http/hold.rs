//! Until when nothing is to be asked, as a service has said.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

#[derive(Debug, Default)]
pub(super) struct Hold(Mutex<Option<Instant>>);

impl Hold {
    /// Not before then, nor before what was said earlier.
    pub fn extend(&self, until: Instant) {
        let mut held = self.held();
        *held = held.max(Some(until));
    }

    pub fn until(&self) -> Option<Instant> {
        *self.held()
    }

    fn held(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
