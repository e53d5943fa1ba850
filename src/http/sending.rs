//! How far a request has come, so that the timeout which applies is known from outside the HTTP library.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use super::clock::Clock;

tokio::task_local! {
    /// The request on whose behalf the HTTP library connects.
    static CURRENT: Sending;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The connector has its own timeout.
    Connecting,
    /// The body is on its way.
    Sending,
    /// All is handed over.
    Waiting,
}

#[derive(Debug, Clone, Copy)]
struct Moment {
    connecting: u32,
    /// Whether it is answered, or given up.
    over: bool,
    /// Whether any byte of the body was handed over.
    begun: bool,
    /// Whether a byte of the body is still to be handed over.
    body_left: bool,
    /// When something moved last.
    moved: Instant,
}

#[derive(Debug, Clone)]
pub(super) struct Sending {
    state: Arc<watch::Sender<Moment>>,
    clock: Arc<dyn Clock>,
}

impl Sending {
    pub fn new(clock: Arc<dyn Clock>, body_left: bool) -> Self {
        let state = Moment { connecting: 0, over: false, begun: false, body_left, moved: clock.now() };
        Self { state: Arc::new(watch::Sender::new(state)), clock }
    }

    /// The phase, and when it last moved.
    pub fn phase(&self) -> (Phase, Instant) {
        let state = *self.state.borrow();
        let phase = if state.connecting > 0 {
            Phase::Connecting
        } else if state.body_left {
            Phase::Sending
        } else {
            Phase::Waiting
        };
        (phase, state.moved)
    }

    /// Whether the service may have read anything of the body.
    pub fn begun(&self) -> bool {
        self.state.borrow().begun
    }

    /// Notes that a piece of the body was handed over.
    pub fn handed_over(&self, last: bool) {
        let now = self.clock.now();
        self.state.send_if_modified(|state| {
            state.begun = true;
            state.body_left = !last;
            state.moved = now;
            // A deadline that moves further away needs nobody woken.
            last
        });
    }

    /// Notes that a connection is being made until the guard is dropped.
    pub fn connecting(&self) -> Connecting {
        self.state.send_modify(|state| state.connecting += 1);
        Connecting(self.clone())
    }

    /// Tells that the request needs no connection any more when the guard is dropped.
    pub fn until_over(&self) -> UntilOver {
        UntilOver(self.clone())
    }

    /// Waits until the request needs no connection any more.
    pub async fn over(&self) {
        // The sender is this object's own.
        let _ = self.state.subscribe().wait_for(|state| state.over).await;
    }

    /// A receiver that is told when the phase changes.
    pub fn watch(&self) -> Changes {
        Changes(self.state.subscribe())
    }

    /// Runs a future whose connecting belongs to this request.
    pub fn scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self.clone(), future)
    }

    /// The request on whose behalf this task connects.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }
}

#[derive(Debug)]
pub(super) struct Changes(watch::Receiver<Moment>);

impl Changes {
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[derive(Debug)]
pub(super) struct UntilOver(Sending);

impl Drop for UntilOver {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.over = true);
    }
}

#[derive(Debug)]
pub(super) struct Connecting(Sending);

impl Drop for Connecting {
    fn drop(&mut self) {
        let now = self.0.clock.now();
        self.0.state.send_modify(|state| {
            state.connecting = state.connecting.saturating_sub(1);
            state.moved = now;
        });
    }
}
