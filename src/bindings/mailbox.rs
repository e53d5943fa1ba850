//! What is over, for an event loop: its numbers, and a word to the loop that there are some.
//!
//! The threads that serve connections never wait for the interpreter, which may be busy for long. One thread of a
//! process does, for all loops, and says once what is meant for many.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::foreign::attached;
use super::panics::guard;
use super::process::Owned;
use super::runtime::Notify;
use crate::resources::no_thread;

/// The numbers of what is over, until the loop takes them.
#[pyclass(frozen, module = "converz._core", name = "Mailbox")]
pub struct Mailbox(Arc<Inbox>);

struct Inbox {
    state: Mutex<State>,
    /// Told to wake the loop.
    waker: Waker,
    /// Wakes the loop, from any thread. It holds the loop weakly, so there is no cycle.
    wake: Py<PyAny>,
}

#[derive(Default)]
struct State {
    over: Vec<u64>,
    /// Whether the loop will look.
    is_told: bool,
}

impl Mailbox {
    /// What is to be called when `number` is over.
    pub fn notice(&self, number: u64) -> Notify {
        let inbox = Arc::clone(&self.0);
        Box::new(move || {
            let mut state = inbox.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.over.push(number);
            let was_told = std::mem::replace(&mut state.is_told, true);
            drop(state);
            if !was_told {
                inbox.waker.wake(&inbox);
            }
        })
    }
}

#[pymethods]
impl Mailbox {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.0.wake)
    }

    /// `wake` is called whenever there is something to take, from another thread.
    #[new]
    fn new(py: Python<'_>, wake: Py<PyAny>) -> PyResult<Self> {
        guard(py, || {
            let inbox = Inbox { state: Mutex::default(), waker: Waker::of_process()?, wake };
            Ok(Self(Arc::new(inbox)))
        })
    }

    /// What is over since this was last called.
    fn take(&self, py: Python<'_>) -> PyResult<Vec<u64>> {
        guard(py, || {
            let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.is_told = false;
            Ok(std::mem::take(&mut state.over))
        })
    }
}

/// Locked only while attached to the interpreter, so that no thread can hold it across a `fork` by another.
static WAKER: Mutex<Option<Owned<Waker>>> = Mutex::new(None);

/// The thread that wakes loops.
#[derive(Clone)]
struct Waker {
    sender: Sender<Arc<Inbox>>,
    /// Whether the interpreter is about to end. Held while a loop is woken.
    is_over: Arc<Mutex<bool>>,
}

impl Waker {
    /// The thread of this process, begun if need be.
    fn of_process() -> PyResult<Self> {
        let mut slot = WAKER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = slot.as_ref().and_then(Owned::get) {
            return Ok(waker.clone());
        }
        let (sender, receiver) = channel();
        let waker = Self { sender, is_over: Arc::default() };
        let is_over = Arc::clone(&waker.is_over);
        let thread = Builder::new().name("converz-wakes".to_owned());
        thread.spawn(move || serve(&receiver, &is_over)).map_err(|_| no_thread())?;
        *slot = Some(Owned::new(waker.clone()));
        Ok(waker)
    }

    fn wake(&self, inbox: &Arc<Inbox>) {
        // The thread is gone only where the process is.
        let _ = self.sender.send(Arc::clone(inbox));
    }
}

fn serve(inboxes: &Receiver<Arc<Inbox>>, is_over: &Mutex<bool>) {
    for inbox in inboxes {
        let is_over = is_over.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_over {
            // Nothing of Python may be touched any more, not even to be dropped.
            std::mem::forget(inbox);
            continue;
        }
        attached(|py| {
            // A loop that was closed has nobody who waits.
            let _ = inbox.wake.call0(py);
            drop(inbox);
        });
    }
}

/// Wakes no loop any more: called before the interpreter ends, which no other thread survives that is attached to it.
#[pyfunction]
pub fn stop_waking(py: Python<'_>) -> PyResult<()> {
    guard(py, || {
        let slot = WAKER.lock().unwrap_or_else(PoisonError::into_inner);
        let waker = slot.as_ref().and_then(Owned::get).cloned();
        drop(slot);
        if let Some(waker) = waker {
            // The thread may hold it, and wait for the interpreter.
            py.detach(|| *waker.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true);
        }
        Ok(())
    })
}
