//! How soon to come again to a service that answers only so many requests a second and does not say when it may be asked.
//!
//! The requests of an operation wait together, or each that is refused would fall behind those that come later. The wait that
//! was long enough the last time is nearly long enough the next time: less is tried first, and then a little more,
//! so that a read is about as fast as the service allows, whatever it allows.

use std::time::{Duration, Instant};

use super::backoff::backoff;
use super::clock::Clock;

const LEAST: Duration = Duration::from_millis(5);
const MOST: Duration = Duration::from_secs(30);

/// A wait of so long counts as a retry; shorter ones find out the pace.
const LONG: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub(super) struct Pace {
    /// How long after a refusal the service has served again.
    learned: Option<Duration>,
    /// How often in a row the first wait was long enough.
    enough: u32,
    /// The waits since the service last served.
    waits: Vec<Wait>,
}

#[derive(Debug, Clone, Copy)]
struct Wait {
    length: Duration,
    until: Instant,
}

impl Pace {
    /// A request was refused. Until when all are to wait, and whether that is so long that it counts as a retry.
    pub fn refused(&mut self, clock: &dyn Clock) -> (Instant, bool) {
        let now = clock.now();
        if let Some(last) = self.waits.last().filter(|last| now < last.until) {
            // It was sent before the others were told to wait.
            return (last.until, false);
        }
        let (length, counts) = match (self.learned, u32::try_from(self.waits.len()).unwrap_or(u32::MAX)) {
            (None, waits) => (backoff(waits.saturating_add(1), clock), true),
            (Some(learned), waits) => {
                let length = match waits.checked_sub(1) {
                    // Further below each time, or a long wait would be unlearned slowly.
                    None => learned.mul_f64(0.9_f64.powi(1 << self.enough.min(4))),
                    Some(more) => (learned / 16).saturating_mul(1 << more.min(16)),
                };
                let length = length.clamp(LEAST, MOST);
                // Others that wait for the same service must not come all at once.
                (length + clock.jitter(length / 16), length >= LONG)
            }
        };
        let until = now + length;
        self.waits.push(Wait { length, until });
        (until, counts)
    }

    /// A request that was sent at that time was served, so that the waits before it were long enough. Others that were sent
    /// with it may have been refused meanwhile.
    pub fn served(&mut self, sent: Instant) {
        let before = self.waits.iter().take_while(|wait| wait.until <= sent).count();
        if before > 0 {
            self.enough = if self.learned.is_some() && before == 1 { self.enough + 1 } else { 0 };
            self.learned = Some(self.waits.drain(..before).map(|wait| wait.length).sum());
        }
    }
}
