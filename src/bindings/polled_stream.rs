//! A stream for a consumer that must not be kept waiting, neither for its beginning nor for a batch.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::events::Events;
use super::panics::guard;
use super::progress::Pages;
use super::runtime::{Task, Waited};
use super::signals::Watch;
use super::stream::{RecordBatchStream, signalled};
use super::table::Batch;
use crate::error::Error;
use crate::fetch::Stream;

/// A stream from before its first page is there. Whoever waits for a batch is back after the seconds that it says.
#[pyclass(frozen, module = "converz._core", name = "PolledStream")]
pub struct PolledStream {
    state: Mutex<Polling>,
    events: Arc<Events>,
    watch: Option<Watch>,
    /// Whether the consumer was given a chance to see for itself that a signal came.
    has_had_chance: AtomicBool,
}

enum Polling {
    Opening(Task<Stream>),
    Open(RecordBatchStream),
    /// Or taken by a thread that polls.
    Closed,
}

impl PolledStream {
    /// `watch` is for threads that Python does not tell of Ctrl-C.
    pub fn new(py: Python<'_>, task: Task<Stream>, events: Arc<Events>, watch: bool) -> Self {
        Self {
            state: Mutex::new(Polling::Opening(task)),
            events,
            watch: watch.then(|| Watch::new(py)),
            has_had_chance: AtomicBool::new(false),
        }
    }

    fn swap(&self, state: Polling) -> Polling {
        std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), state)
    }
}

#[pymethods]
impl PolledStream {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.state.try_lock().as_deref() {
            Ok(Polling::Open(stream)) => stream.visit(&visit),
            _ => Ok(()),
        }
    }

    fn __clear__(&self) {
        if let Ok(Polling::Open(stream)) = self.state.try_lock().as_deref() {
            stream.let_go();
        }
    }

    /// Waits so many seconds for the next batch. Whether the stream has ended, and the batch, if it has come.
    fn poll(&self, py: Python<'_>, seconds: f64) -> PyResult<(bool, Option<Batch>)> {
        guard(py, || {
            let patience = Duration::try_from_secs_f64(seconds)
                .map_err(|error| Error::invalid_input(format!("seconds={seconds}: {error}")))?;
            if let Some(error) = signalled(py, self.watch.as_ref())? {
                if self.has_had_chance.swap(true, Ordering::Relaxed) {
                    return Err(error);
                }
                return Ok((false, None));
            }
            match self.swap(Polling::Closed) {
                Polling::Opening(task) => {
                    let waited = task.wait(py, patience, |py| self.events.log(py))?;
                    self.swap(match waited {
                        Waited::Pending(task) => Polling::Opening(task),
                        Waited::Over(opened) => {
                            let events = Arc::clone(&self.events);
                            Polling::Open(RecordBatchStream::new(opened?, events, Arc::new(Pages::new(None))))
                        }
                    });
                    Ok((false, None))
                }
                Polling::Open(stream) => {
                    let polled = stream.poll(py, patience)?;
                    self.swap(Polling::Open(stream));
                    Ok(match polled {
                        Poll::Ready(batch) => (batch.is_none(), batch.map(Batch)),
                        Poll::Pending => (false, None),
                    })
                }
                Polling::Closed => Err(Error::invalid_input("this stream is closed").into()),
            }
        })
    }

    /// Cancels what is in flight.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || match self.swap(Polling::Closed) {
            Polling::Open(stream) => stream.close(py),
            Polling::Opening(_) | Polling::Closed => Ok(()),
        })
    }
}
