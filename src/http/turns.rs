//! How many requests of an operation may be in flight: as many as it sends, until the service refuses one for its rate. From
//! then on one, and one more with each that is served, so that few are refused, which some services count as well.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// So many are as many as it sends.
const MANY: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// How many may be in flight, if that is bounded.
    most: Option<usize>,
    taken: usize,
}

/// The right of one request to be in flight.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    pub async fn next(&self) -> Turn<'_> {
        loop {
            let freed = self.freed.notified();
            if self.take() {
                return Turn(self);
            }
            freed.await;
        }
    }

    pub fn refused(&self) {
        self.state().most = Some(1);
    }

    pub fn served(&self) {
        let mut state = self.state();
        if let Some(most) = state.most {
            state.most = (most < MANY).then_some(most + 1);
            drop(state);
            self.freed.notify_one();
        }
    }

    fn take(&self) -> bool {
        let mut state = self.state();
        let free = state.most.is_none_or(|most| state.taken < most);
        state.taken += usize::from(free);
        free
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state().taken -= 1;
        self.0.freed.notify_one();
    }
}
