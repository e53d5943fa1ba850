//! What a client knows of how often the service lets it ask. A key is what services limit, so all requests of a client wait
//! for each other, whatever they are for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::clock::Clock;
use super::hold::Hold;
use super::pace::Pace;
use super::turns::{Turn, Turns};

#[derive(Debug, Default)]
pub(super) struct Rate {
    /// Until when the service has asked not to be asked.
    hold: Hold,
    pace: Mutex<Pace>,
    turns: Turns,
    served: AtomicU64,
}

impl Rate {
    /// A request that was sent at that time was served.
    pub fn served(&self, sent: Instant) {
        self.served.fetch_add(1, Ordering::Relaxed);
        self.pace().served(sent);
        self.turns.served();
    }

    /// How many requests were served so far.
    pub fn num_served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// A request was refused until then.
    pub fn refused_until(&self, until: Instant) {
        self.turns.refused();
        self.hold.extend(until);
    }

    /// A request was refused, and nothing says until when. Gives back when to ask again, and whether that is so late that it
    /// counts as a retry.
    pub fn refused(&self, clock: &dyn Clock) -> (Instant, bool) {
        let (until, counts) = self.pace().refused(clock);
        self.refused_until(until);
        (until, counts)
    }

    pub fn held_until(&self) -> Option<Instant> {
        self.hold.until()
    }

    /// Waits until another request may be in flight.
    pub async fn turn(&self) -> Turn<'_> {
        self.turns.next().await
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
