//! Tables of windows in order, for a Python iterator.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use super::events::Events;
use super::operation::{Operation, Pending, Step};
use super::panics::guard;
use super::process::Owned;
use super::receipt::receipt_dict;
use super::table::Table;
use super::warnings::warn;
use crate::error::Error;
use crate::fetch::{self, Fetched, Window};
use crate::resources::Reserved;

/// Reads of windows, a bounded number of them at once.
#[pyclass(frozen, module = "converz._core", name = "WindowReads")]
pub struct WindowReads {
    state: Owned<Mutex<State>>,
    events: Arc<Events>,
    /// Whether another thread has closed it while one waits.
    closing: AtomicBool,
    /// Windows are read ahead while nobody waits.
    _reserved: Reserved,
}

enum State {
    Open(Box<fetch::WindowReads>),
    /// Another thread waits for a window.
    Taken,
    Over,
}

/// The reads, and what the next one gave.
type Read = (Box<fetch::WindowReads>, Result<Option<(Window, Fetched)>, Error>);

impl WindowReads {
    pub fn new(reads: fetch::WindowReads, events: Arc<Events>) -> Self {
        Self {
            state: Owned::new(Mutex::new(State::Open(Box::new(reads)))),
            events,
            closing: AtomicBool::new(false),
            _reserved: Reserved::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.look().lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn swap(&self, state: State) -> State {
        std::mem::replace(&mut *self.state(), state)
    }

    fn tell(&self, py: Python<'_>) -> PyResult<()> {
        self.events.log(py)?;
        if self.closing.load(Ordering::Relaxed) {
            return Err(Error::invalid_input("another thread has closed these windows").into());
        }
        Ok(())
    }

    /// What has come of a wait.
    fn settle(&self, py: Python<'_>, waited: PyResult<Result<Read, Error>>) -> PyResult<Step> {
        if !self.state.is_ours() {
            // A signal's handler has forked: what is under way is the parent's.
            waited?.map(drop)?;
            return Step::over(py, py.None());
        }
        let (state, settled) = match waited {
            Ok(Ok((reads, Ok(Some((_, fetched)))))) => (State::Open(reads), Ok(Some(fetched))),
            Ok(Ok((_, Ok(None)))) => (State::Over, Ok(None)),
            Ok(Ok((_, Err(error))) | Err(error)) => (State::Over, Err(error.into())),
            Err(raised) => (State::Over, Err(raised)),
        };
        self.swap(state);
        let Some(fetched) = settled? else { return Step::over(py, py.None()) };
        for warning in &fetched.warnings {
            warn(py, warning)?;
        }
        for warning in &fetched.column_warnings {
            warn(py, &warning.text)?;
        }
        let receipt = receipt_dict(py, &fetched.receipt)?;
        Step::over(py, (Table::new(fetched.schema, fetched.batches), receipt))
    }
}

#[pymethods]
impl WindowReads {
    /// The table of the next window and its receipt; None after the last one. An error ends all of it.
    fn read_next(slf: &Bound<'_, Self>) -> PyResult<Pending> {
        let py = slf.py();
        guard(py, || {
            let refuse = |message| Err(PyErr::from(Error::invalid_input(message)));
            let reads = slf.get();
            if !reads.state.is_ours() {
                return refuse("windows are read by the process that began to: begin again in the child");
            }
            let mut next = match reads.swap(State::Taken) {
                State::Open(next) => next,
                State::Taken => return refuse("another thread waits for the next of these windows"),
                State::Over => {
                    reads.swap(State::Over);
                    return Ok(Pending::over(py.None()));
                }
            };
            let reading = async move {
                let read = next.next().await;
                Ok((next, read))
            };
            let (told, ended) = (slf.clone().unbind(), slf.clone().unbind());
            let tick = move |py: Python<'_>| told.get().tell(py);
            let end = move |py: Python<'_>, waited| ended.get().settle(py, waited);
            Ok(Pending::new(Operation::told(reading, tick, end)))
        })
    }

    /// Cancels what is in flight.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || {
            if !self.state.is_ours() {
                return Ok(());
            }
            match self.swap(State::Over) {
                State::Taken => {
                    self.swap(State::Taken);
                    self.closing.store(true, Ordering::Relaxed);
                }
                State::Open(_) | State::Over => {}
            }
            Ok(())
        })
    }
}
