//! A clock that stands still until a test moves it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use converz::http::{Clock, Sleep};
use tokio::sync::Notify;

#[derive(Debug, Clone)]
pub struct StoppedClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    asleep: Notify,
    start: Instant,
}

#[derive(Debug)]
struct State {
    now: Instant,
    /// Share of the longest backoff that is waited for.
    jitter: f64,
    next: u64,
    sleepers: BTreeMap<u64, (Instant, Waker)>,
}

/// 2025-07-15 12:00:00 UTC.
pub const DATE: u64 = 1_752_580_800;

impl StoppedClock {
    pub fn new() -> Self {
        let start = Instant::now();
        let state = State { now: start, jitter: 1.0, next: 0, sleepers: BTreeMap::new() };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), asleep: Notify::new(), start }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    pub fn set_jitter(&self, share: f64) {
        self.state().jitter = share;
    }

    pub fn elapsed(&self) -> Duration {
        self.now() - self.shared.start
    }

    pub fn advance(&self, time: Duration) {
        let mut state = self.state();
        state.now += time;
        for (_, waker) in state.sleepers.values() {
            waker.wake_by_ref();
        }
    }

    /// Lets time pass until the first who waits for it has waited long enough.
    pub fn advance_to_first(&self) {
        let first = self.state().sleepers.values().map(|(until, _)| *until).min();
        if let Some(first) = first {
            self.advance(first.saturating_duration_since(self.now()));
        }
    }

    /// How many wait for time to pass.
    pub fn sleepers(&self) -> usize {
        self.state().sleepers.len()
    }

    /// Waits until somebody sleeps for exactly that long from now.
    pub async fn asleep_for(&self, time: Duration) {
        loop {
            let changed = self.shared.asleep.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let state = self.state();
                if state.sleepers.values().any(|(until, _)| *until == state.now + time) {
                    return;
                }
            }
            changed.await;
        }
    }

    /// Lets a sleep of exactly that length pass, once somebody has begun it.
    pub async fn expire(&self, time: Duration) {
        self.asleep_for(time).await;
        self.advance(time);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Instant {
        self.state().now
    }

    fn date(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(DATE) + self.elapsed()
    }

    fn sleep_until(&self, instant: Instant) -> Sleep {
        let mut state = self.state();
        state.next += 1;
        Box::pin(Sleeper { clock: self.clone(), until: instant, id: state.next })
    }

    fn jitter(&self, most: Duration) -> Duration {
        most.mul_f64(self.state().jitter)
    }
}

struct Sleeper {
    clock: StoppedClock,
    until: Instant,
    id: u64,
}

impl Future for Sleeper {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.state();
        if state.now >= self.until {
            return Poll::Ready(());
        }
        state.sleepers.insert(self.id, (self.until, context.waker().clone()));
        drop(state);
        self.clock.shared.asleep.notify_waiters();
        Poll::Pending
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.clock.state().sleepers.remove(&self.id);
    }
}
