//! A stream for a consumer that must not be kept waiting, neither for its beginning nor for a batch.
//!
//! A consumer may also stop to ask without letting go: of two sources of a query that a signal ends, polars may keep one as
//! it stands. So a signal ends what a stream has in flight even where nobody looks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::events::Events;
use super::foreign::leave;
use super::panics::guard;
use super::progress::Pages;
use super::runtime::{Task, Waited, begin};
use super::signals::{Since, WATCHED, Watch};
use super::stream::{RecordBatchStream, ends, signalled};
use super::table::Batch;
use crate::error::Error;
use crate::fetch::Stream;

/// Between two looks for a signal where nobody polls.
const LOOK: Duration = Duration::from_millis(50);

/// A stream from before its first page is there. Whoever waits for a batch is back after the seconds that it says.
#[pyclass(frozen, module = "converz._core", name = "PolledStream")]
pub struct PolledStream {
    shared: Arc<Shared>,
    events: Arc<Events>,
    /// Since when signals count, for threads that Python does not tell of them.
    since: Option<Since>,
    /// Whether the consumer was given a chance to see for itself that a signal came.
    has_had_chance: AtomicBool,
}

/// What the object and whoever looks for a signal share.
struct Shared {
    polling: Mutex<Polling>,
    /// Ended while attached to the interpreter.
    watch: Mutex<Option<Watch>>,
}

enum Polling {
    Opening(Task<Stream>),
    Open(RecordBatchStream),
    /// Or taken by a thread that polls.
    Closed,
}

impl Shared {
    fn swap(&self, polling: Polling) -> Polling {
        std::mem::replace(&mut *self.polling.lock().unwrap_or_else(PoisonError::into_inner), polling)
    }

    fn take_watch(&self) -> Option<Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl PolledStream {
    /// `watch` is for threads that Python does not tell of Ctrl-C.
    pub fn new(py: Python<'_>, task: Task<Stream>, events: Arc<Events>, watch: bool) -> PyResult<Self> {
        let watch = watch.then(|| Watch::new(py));
        let since = watch.as_ref().map(Watch::since);
        let shared =
            Arc::new(Shared { polling: Mutex::new(Polling::Opening(task)), watch: Mutex::new(watch) });
        if let Some(since) = since {
            let ends = WATCHED.map(|number| ends(py, number));
            begin(end_by_signal(Arc::downgrade(&shared), since, ends))?;
        }
        Ok(Self { shared, events, since, has_had_chance: AtomicBool::new(false) })
    }
}

impl Drop for PolledStream {
    fn drop(&mut self) {
        // Here, where it is attached, even if somebody looks for a signal at this moment.
        drop(self.shared.take_watch());
    }
}

/// Cancels what is in flight once a signal has come that is to end it. A thread that polls at that moment sees it itself,
/// or leaves it to the next look.
async fn end_by_signal(shared: Weak<Shared>, since: Since, ends: [bool; WATCHED.len()]) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(shared) = shared.upgrade() else { return };
        let is_ended = |number| WATCHED.iter().zip(ends).any(|(watched, ends)| ends && *watched == number);
        if since.came().any(is_ended) && !matches!(shared.swap(Polling::Closed), Polling::Closed) {
            // Whoever keeps the object would keep signals' handlers, too.
            leave(shared.take_watch());
            return;
        }
    }
}

#[pymethods]
impl PolledStream {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.shared.polling.try_lock().as_deref() {
            Ok(Polling::Open(stream)) => stream.visit(&visit),
            _ => Ok(()),
        }
    }

    fn __clear__(&self) {
        if let Ok(Polling::Open(stream)) = self.shared.polling.try_lock().as_deref() {
            stream.let_go();
        }
    }

    /// Waits so many seconds for the next batch. Whether the stream has ended, and the batch, if it has come.
    fn poll(&self, py: Python<'_>, seconds: f64) -> PyResult<(bool, Option<Batch>)> {
        guard(py, || {
            let patience = Duration::try_from_secs_f64(seconds)
                .map_err(|error| Error::invalid_input(format!("seconds={seconds}: {error}")))?;
            if let Some(error) = signalled(py, self.since)? {
                if self.has_had_chance.swap(true, Ordering::Relaxed) {
                    return Err(error);
                }
                return Ok((false, None));
            }
            match self.shared.swap(Polling::Closed) {
                Polling::Opening(task) => {
                    let waited = task.wait(py, patience, |py| self.events.log(py))?;
                    self.shared.swap(match waited {
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
                    self.shared.swap(Polling::Open(stream));
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
        guard(py, || match self.shared.swap(Polling::Closed) {
            Polling::Open(stream) => stream.close(py),
            Polling::Opening(_) | Polling::Closed => Ok(()),
        })
    }
}
