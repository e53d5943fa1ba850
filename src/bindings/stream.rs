//! A result as it arrives: batches for Python's loops and for consumers of an Arrow C stream.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use arrow_array::{ArrayRef, RecordBatch, StructArray};
use arrow_schema::{ArrowError, Field, SchemaRef};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use pyo3_arrow::ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule};
use tokio::time::timeout;

use super::ctrl_c::Watch;
use super::errors::to_py_err;
use super::events::Events;
use super::foreign::{attached, leave};
use super::panics::guard;
use super::progress::Pages;
use super::receipt::receipt_dict;
use super::runtime::wait;
use super::schema::Schema;
use super::table::Batch;
use super::warnings::warn;
use crate::error::{Error, Result as CoreResult};
use crate::fetch::{Receipt, Stream};

/// Batches of one schema, read ahead of whoever takes them by a bounded number of pages.
#[pyclass(frozen, module = "converz._core", name = "RecordBatchStream")]
#[derive(Debug)]
pub struct RecordBatchStream {
    schema: SchemaRef,
    shared: Arc<Shared>,
}

/// What the object and the capsules made of it share.
#[derive(Debug)]
struct Shared {
    pid: u32,
    state: Mutex<State>,
    events: Arc<Events>,
    pages: Pages,
    /// Whether another thread has closed the stream while one waits for a batch.
    closing: AtomicBool,
    /// What ended the stream inside a library.
    failure: Mutex<Option<Failure>>,
}

#[derive(Debug)]
struct Failure {
    /// For those whose library swallowed it.
    error: PyErr,
    /// What the library was told.
    text: String,
}

#[derive(Debug)]
enum State {
    Open(Box<Stream>),
    /// Another thread waits for a batch.
    Taken,
    Ended(Receipt),
    /// By `close`, or by the error of a batch.
    Closed(Receipt),
}

impl Drop for Shared {
    fn drop(&mut self) {
        // It may be a library's thread that drops the last capsule.
        let failure = self.failure.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let pages = std::mem::replace(&mut self.pages, Pages::new(None));
        if failure.is_some() || pages.is_reported() {
            leave((failure, pages));
        }
        if self.pid != std::process::id() {
            // The tasks that feed the stream exist only in the process that made it.
            let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
            std::mem::forget(std::mem::replace(state, State::Taken));
        }
    }
}

impl RecordBatchStream {
    pub fn new(stream: Stream, events: Arc<Events>, pages: Pages) -> Self {
        Self {
            schema: Arc::clone(stream.schema()),
            shared: Arc::new(Shared {
                pid: std::process::id(),
                state: Mutex::new(State::Open(Box::new(stream))),
                events,
                pages,
                closing: AtomicBool::new(false),
                failure: Mutex::new(None),
            }),
        }
    }
}

impl RecordBatchStream {
    /// The next batch, if it comes within `patience`.
    pub fn poll(&self, py: Python<'_>, patience: Duration) -> PyResult<Poll<Option<RecordBatch>>> {
        self.shared.poll(py, Some(patience), || Ok(()))
    }
}

impl Shared {
    fn swap(&self, state: State) -> State {
        std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), state)
    }

    /// Whether there is nothing left to take.
    fn is_over(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(&*state, State::Ended(_) | State::Closed(_))
    }

    /// The next batch, waiting for it detached from the interpreter. `interrupted` may end the wait.
    fn next(&self, py: Python<'_>, interrupted: impl Fn() -> PyResult<()>) -> PyResult<Option<RecordBatch>> {
        match self.poll(py, None, interrupted)? {
            Poll::Ready(batch) => Ok(batch),
            Poll::Pending => Err(to_py_err(py, &Error::internal("a wait without an end has ended"))),
        }
    }

    /// The same, but waiting no longer than `patience`.
    fn poll(
        &self,
        py: Python<'_>,
        patience: Option<Duration>,
        interrupted: impl Fn() -> PyResult<()>,
    ) -> PyResult<Poll<Option<RecordBatch>>> {
        if self.pid != std::process::id() {
            return Err(refuse(py, "a stream belongs to the process that opened it: open one in the child"));
        }
        let mut stream = match self.swap(State::Taken) {
            State::Open(stream) => stream,
            State::Taken => return Err(refuse(py, "another thread is taking a batch of this stream")),
            State::Ended(receipt) => {
                self.swap(State::Ended(receipt));
                return Ok(Poll::Ready(None));
            }
            State::Closed(receipt) => {
                self.swap(State::Closed(receipt));
                return Err(refuse(py, READ));
            }
        };
        let receipt = stream.receipt();
        let waited = wait(
            py,
            async move {
                let next: CoreResult<Poll<Option<RecordBatch>>> = match patience {
                    None => stream.next_batch().await.map(Poll::Ready),
                    Some(patience) => timeout(patience, stream.next_batch())
                        .await
                        .map_or(Ok(Poll::Pending), |next| next.map(Poll::Ready)),
                };
                Ok((stream, next))
            },
            |py| {
                interrupted()?;
                self.events.log(py)?;
                self.pages.report(py)?;
                if self.closing.load(Ordering::Relaxed) {
                    return Err(refuse(py, "another thread has closed this stream"));
                }
                Ok(())
            },
        );
        let (stream, next) = match waited {
            Ok(Ok(waited)) => waited,
            Ok(Err(defect)) => {
                self.swap(State::Closed(receipt));
                return Err(to_py_err(py, &defect));
            }
            Err(interrupt) => {
                self.swap(State::Closed(receipt));
                self.pages.end(py)?;
                return Err(interrupt);
            }
        };
        match next {
            Ok(Poll::Ready(None)) => {
                self.swap(State::Ended(stream.receipt()));
                self.pages.end(py)?;
                for warning in stream.warnings() {
                    warn(py, &warning)?;
                }
                Ok(Poll::Ready(None))
            }
            Ok(next) => {
                self.swap(State::Open(stream));
                Ok(next)
            }
            Err(error) => {
                self.swap(State::Closed(stream.receipt()));
                self.pages.end(py)?;
                Err(to_py_err(py, &error))
            }
        }
    }

    /// The same for a consumer that knows no Python and keeps only the text of an error.
    fn next_for_consumer(&self) -> Result<Option<ArrayRef>, ArrowError> {
        attached(|py| {
            if let Some(text) = self.failed_with() {
                // The consumer's other threads ask again, and what they are told may be what it shows. One of them
                // may be the thread in which Python handles signals.
                if let Err(interrupt) = py.check_signals() {
                    raise_in_caller(py, &interrupt);
                }
                return Err(ArrowError::ExternalError(text.into()));
            }
            // A panic must not leave through the consumer's frames, which are not Rust's.
            guard(py, || {
                let watch = (!has_python_frame(py)).then(Watch::new);
                self.next(py, || {
                    if is_pressed(py, watch.as_ref())? {
                        return Err(PyKeyboardInterrupt::new_err(()));
                    }
                    Ok(())
                })
            })
            .map(|batch| batch.map(|batch| Arc::new(StructArray::from(batch)) as ArrayRef))
            .map_err(|error| {
                let text = error.to_string();
                // In a thread of the library the signal is still to be handled by Python, or by the library.
                if error.is_instance_of::<PyKeyboardInterrupt>(py) && has_python_frame(py) {
                    raise_in_caller(py, &error);
                }
                let failure = Failure { error, text: text.clone() };
                self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
                ArrowError::ExternalError(text.into())
            })
        })
    }

    fn failed_with(&self) -> Option<String> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().map(|failure| failure.text.clone())
    }
}

/// Whether Python called whoever calls here; the threads of a library were called by nobody.
fn has_python_frame(py: Python<'_>) -> bool {
    py.import(intern!(py, "sys")).and_then(|sys| sys.call_method0(intern!(py, "_getframe"))).is_ok()
}

/// Whether Ctrl-C was seen, and means KeyboardInterrupt.
pub fn is_pressed(py: Python<'_>, watch: Option<&Watch>) -> PyResult<bool> {
    Ok(watch.is_some_and(Watch::pressed) && is_left_to_python(py)?)
}

fn is_left_to_python(py: Python<'_>) -> PyResult<bool> {
    py.import(intern!(py, "converz.interrupt"))?.call_method0(intern!(py, "is_left_to_python"))?.is_truthy()
}

/// Raises when the consumer, which would swallow the error, is back in Python. If that cannot be arranged, the
/// consumer's own error is what remains.
fn raise_in_caller(py: Python<'_>, error: &PyErr) {
    let arrange = || {
        let caller = py.import(intern!(py, "sys"))?.call_method0(intern!(py, "_getframe"))?;
        let arranged = py
            .import(intern!(py, "converz.interrupt"))?
            .call_method1(intern!(py, "raise_in"), (caller, error.value(py)))?;
        if !arranged.is_truthy()? {
            // Then at its next call. From here on every call of Python may raise, so it is the last one.
            py.import(intern!(py, "_thread"))?.call_method0(intern!(py, "interrupt_main"))?;
        }
        Ok::<_, PyErr>(())
    };
    let _ = arrange();
}

#[pymethods]
impl RecordBatchStream {
    #[getter]
    fn schema(&self) -> Schema {
        Schema::new(Arc::clone(&self.schema))
    }

    /// What was done so far; complete after the end.
    #[getter]
    fn receipt<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let receipt = match &*self.shared.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Open(stream) => stream.receipt(),
            State::Ended(receipt) | State::Closed(receipt) => receipt.clone(),
            State::Taken => return Ok(None),
        };
        receipt_dict(py, &receipt).map(Some)
    }

    /// The error that ended the stream inside a library that did not pass it on.
    #[getter]
    fn error(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let failure = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().map(|failure| failure.error.value(py).clone().into_any().unbind())
    }

    /// Cancels what is in flight.
    pub fn close(&self, py: Python<'_>) -> PyResult<()> {
        if self.shared.pid != std::process::id() {
            return Ok(());
        }
        match self.shared.swap(State::Taken) {
            State::Open(stream) => {
                self.shared.swap(State::Closed(stream.receipt()));
            }
            // Whoever waits for a batch has the stream, and closes it.
            State::Taken => self.shared.closing.store(true, Ordering::Relaxed),
            ended => {
                self.shared.swap(ended);
            }
        }
        self.shared.pages.end(py)
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        guard(py, || Ok(self.shared.next(py, || Ok(()))?.map(Batch)))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.schema.as_ref())?)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        if self.shared.is_over() {
            return Err(refuse(py, READ));
        }
        let field = Arc::new(Field::new_struct("", self.schema.fields().clone(), false));
        let shared = Arc::clone(&self.shared);
        let mut started = false;
        let batches = std::iter::from_fn(move || {
            let next = if !started && shared.is_over() {
                // Another consumer took the batches after this capsule was made: no rows would look like a result.
                Err(ArrowError::ExternalError(format!("InvalidInputError: {READ}").into()))
            } else {
                shared.next_for_consumer()
            };
            started = true;
            next.transpose()
        });
        Ok(to_stream_pycapsule(py, Box::new(ArrayIterator::new(batches, field)), requested_schema)?)
    }
}

const READ: &str = "this stream has been read or closed: a stream can be read once, so open another one";

fn refuse(py: Python<'_>, message: &str) -> PyErr {
    to_py_err(py, &Error::invalid_input(message))
}
