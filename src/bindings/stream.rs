//! A result as it arrives: batches for Python's loops and for consumers of an Arrow C stream.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use arrow_array::{ArrayRef, RecordBatch, StructArray};
use arrow_schema::{ArrowError, Field, SchemaRef};
use pyo3::exceptions::{PyBaseException, PyRuntimeError, PyStopIteration};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use pyo3_arrow::ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule};
use tokio::time::{sleep, timeout};

use super::events::Events;
use super::files::Unwritten;
use super::foreign::{attached, leave, raise_next};
use super::operation::{Operation, Pending, Step};
use super::panics::guard;
use super::process::Owned;
use super::progress::Pages;
use super::receipt::receipt_dict;
use super::runtime::{begin, wait};
use super::schema::Schema;
use super::signals::{Kept, Since, Watch, ended};
use super::table::{Batch, Table};
use super::warnings::warn;
use crate::describe::Description;
use crate::error::{Error, Result as CoreResult};
use crate::fetch::{Receipt, Stream};
use crate::resources::Reserved;

/// Batches of one schema, read ahead of whoever takes them by a bounded number of pages.
#[pyclass(frozen, module = "converz._core", name = "RecordBatchStream")]
#[derive(Debug)]
pub struct RecordBatchStream {
    shared: Arc<Shared>,
}

/// What the object and the capsules made of it share.
#[derive(Debug)]
struct Shared {
    /// Writing into a file settles it by the whole result.
    schema: Mutex<SchemaRef>,
    state: Owned<Mutex<Reading>>,
    events: Arc<Events>,
    pages: Arc<Pages>,
    /// Whether another thread has closed the stream while one waits for a batch.
    closing: AtomicBool,
    /// What ended the stream inside a library.
    failure: Mutex<Option<Failure>>,
    /// Pages are read ahead while nobody waits.
    _reserved: Reserved,
    /// Signals that ended a wait inside a library.
    kept: Arc<Mutex<Kept>>,
}

/// The next batch, if it comes within `patience`, and the stream that it is of.
async fn read(
    mut stream: Box<Stream>,
    patience: Option<Duration>,
) -> CoreResult<(Box<Stream>, CoreResult<Poll<Option<RecordBatch>>>)> {
    let next = match patience {
        None => stream.next_batch().await.map(Poll::Ready),
        Some(patience) => timeout(patience, stream.next_batch())
            .await
            .map_or(Ok(Poll::Pending), |next| next.map(Poll::Ready)),
    };
    Ok((stream, next))
}

/// Why no batch comes.
enum Stopped {
    /// By an error of the stream.
    Failed(PyErr),
    /// By what Python raised meanwhile: a signal's handler, or the function that is told of progress.
    Raised(PyErr),
}

impl From<Stopped> for PyErr {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Failed(error) | Stopped::Raised(error) => error,
        }
    }
}

#[derive(Debug)]
struct Failure {
    /// For those whose library swallowed it.
    error: Py<PyBaseException>,
    /// What the library was told.
    text: String,
}

#[derive(Debug)]
enum Reading {
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
        let report = self.pages.take();
        if failure.is_some() || report.is_some() {
            leave((failure, report));
        }
    }
}

impl RecordBatchStream {
    pub fn new(stream: Stream, events: Arc<Events>, pages: Arc<Pages>) -> Self {
        Self {
            shared: Arc::new(Shared {
                schema: Mutex::new(Arc::clone(stream.schema())),
                state: Owned::new(Mutex::new(Reading::Open(Box::new(stream)))),
                events,
                pages,
                closing: AtomicBool::new(false),
                failure: Mutex::new(None),
                _reserved: Reserved::new(),
                kept: Arc::default(),
            }),
        }
    }
}

impl RecordBatchStream {
    /// The next batch, if it comes within `patience`.
    pub fn poll(&self, py: Python<'_>, patience: Duration) -> PyResult<Poll<Option<RecordBatch>>> {
        Ok(self.shared.poll(py, Some(patience), || Ok(()))?)
    }

    /// Shows the collector of cycles the Python objects that only this object holds. Those that a capsule holds as well
    /// are used by somebody the collector does not know.
    pub fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        if Arc::strong_count(&self.shared) > 1 {
            return Ok(());
        }
        // Whatever is locked is in use.
        if let Ok(failure) = self.shared.failure.try_lock() {
            visit.call(failure.as_ref().map(|failure| &failure.error))?;
        }
        self.shared.pages.visit(visit)
    }

    /// Drops the Python objects.
    pub fn let_go(&self) {
        let failure = self.shared.failure.try_lock().ok().and_then(|mut failure| failure.take());
        drop((failure, self.shared.pages.take()));
    }
}

impl Shared {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn state(&self) -> MutexGuard<'_, Reading> {
        self.state.look().lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn swap(&self, state: Reading) -> Reading {
        std::mem::replace(&mut *self.state(), state)
    }

    /// What was done so far; nothing while another thread waits for a batch.
    fn receipt(&self) -> Option<Receipt> {
        match &*self.state() {
            Reading::Open(stream) => Some(stream.receipt()),
            Reading::Ended(receipt) | Reading::Closed(receipt) => Some(receipt.clone()),
            Reading::Taken => None,
        }
    }

    /// Whether there is nothing left to take.
    fn is_over(&self) -> bool {
        matches!(&*self.state(), Reading::Ended(_) | Reading::Closed(_))
    }

    /// The next batch, waiting for it detached from the interpreter. `interrupted` may end the wait.
    fn next(
        &self,
        py: Python<'_>,
        interrupted: impl Fn() -> PyResult<()>,
    ) -> Result<Option<RecordBatch>, Stopped> {
        match self.poll(py, None, interrupted)? {
            Poll::Ready(batch) => Ok(batch),
            Poll::Pending => Err(Stopped::Failed(Error::internal("a wait without an end has ended").into())),
        }
    }

    /// The same, but waiting no longer than `patience`.
    fn poll(
        &self,
        py: Python<'_>,
        patience: Option<Duration>,
        interrupted: impl Fn() -> PyResult<()>,
    ) -> Result<Poll<Option<RecordBatch>>, Stopped> {
        let Some(stream) = self.take().map_err(Stopped::Failed)? else { return Ok(Poll::Ready(None)) };
        let receipt = stream.receipt();
        let (stream, next) = self.wait_for(py, receipt, interrupted, read(stream, patience))?;
        self.came(py, stream, next)
    }

    /// What has come of a wait for a batch.
    fn came(
        &self,
        py: Python<'_>,
        stream: Box<Stream>,
        next: CoreResult<Poll<Option<RecordBatch>>>,
    ) -> Result<Poll<Option<RecordBatch>>, Stopped> {
        match next {
            Ok(Poll::Ready(None)) => {
                self.swap(Reading::Ended(stream.receipt()));
                self.end_pages(py)?;
                for warning in stream.warnings() {
                    warn(py, &warning).map_err(Stopped::Raised)?;
                }
                Ok(Poll::Ready(None))
            }
            Ok(next) => {
                self.put_back(py, stream)?;
                Ok(next)
            }
            Err(error) => {
                self.swap(Reading::Closed(stream.receipt()));
                self.end_pages(py)?;
                Err(Stopped::Failed(error.into()))
            }
        }
    }

    /// The stream, which nobody else has until it is put back; none after its end.
    fn take(&self) -> PyResult<Option<Box<Stream>>> {
        if !self.state.is_ours() {
            return Err(refuse("a stream belongs to the process that opened it: open one in the child"));
        }
        match self.swap(Reading::Taken) {
            Reading::Open(stream) => Ok(Some(stream)),
            Reading::Taken => Err(refuse("another thread is taking a batch of this stream")),
            Reading::Ended(receipt) => {
                self.swap(Reading::Ended(receipt));
                Ok(None)
            }
            Reading::Closed(receipt) => {
                self.swap(Reading::Closed(receipt));
                Err(refuse(READ))
            }
        }
    }

    /// Waits for what uses the stream, detached from the interpreter. Without a result the stream is closed.
    fn wait_for<T: Send + 'static>(
        &self,
        py: Python<'_>,
        receipt: Receipt,
        interrupted: impl Fn() -> PyResult<()>,
        work: impl Future<Output = CoreResult<T>> + Send + 'static,
    ) -> Result<T, Stopped> {
        let closed_meanwhile = Cell::new(false);
        let waited = wait(py, work, |py| {
            interrupted()?;
            self.tell(py, || closed_meanwhile.set(true))
        });
        self.settle(py, receipt, waited, closed_meanwhile.get())
    }

    /// Tells Python what has happened while the stream is used; an error if it was closed meanwhile.
    fn tell(&self, py: Python<'_>, closed: impl FnOnce()) -> PyResult<()> {
        self.events.log(py)?;
        self.pages.report(py)?;
        if self.closing.load(Ordering::Relaxed) {
            closed();
            return Err(refuse("another thread has closed this stream"));
        }
        Ok(())
    }

    /// What has come of a wait. Without a result the stream is closed.
    fn settle<T>(
        &self,
        py: Python<'_>,
        receipt: Receipt,
        waited: PyResult<CoreResult<T>>,
        closed_meanwhile: bool,
    ) -> Result<T, Stopped> {
        match waited {
            Ok(Ok(waited)) => Ok(waited),
            Ok(Err(error)) => {
                self.swap(Reading::Closed(receipt));
                self.end_pages(py)?;
                Err(Stopped::Failed(error.into()))
            }
            Err(error) => {
                self.swap(Reading::Closed(receipt));
                self.end_pages(py)?;
                let is_own = closed_meanwhile || !self.state.is_ours();
                Err(if is_own { Stopped::Failed(error) } else { Stopped::Raised(error) })
            }
        }
    }

    /// The next batch as an operation of its own.
    fn reading(shared: &Arc<Self>, py: Python<'_>) -> PyResult<Pending> {
        let Some(stream) = shared.take()? else { return Ok(Pending::over(py.None())) };
        let receipt = stream.receipt();
        let (told, ended) = (Arc::clone(shared), Arc::clone(shared));
        let tick = move |py: Python<'_>| told.tell(py, || ());
        let end = move |py: Python<'_>, waited| {
            let closed_meanwhile = ended.closing.load(Ordering::Relaxed);
            let (stream, next) = ended.settle(py, receipt, waited, closed_meanwhile)?;
            match ended.came(py, stream, next)? {
                Poll::Ready(Some(batch)) => Step::over(py, Batch(batch)),
                Poll::Ready(None) => Step::over(py, py.None()),
                Poll::Pending => Err(Error::internal("a wait without an end has ended").into()),
            }
        };
        Ok(Pending::new(Operation::told(read(stream, None), tick, end)))
    }

    /// Puts the stream back, and says what there is to say of its columns.
    fn put_back(&self, py: Python<'_>, mut stream: Box<Stream>) -> Result<(), Stopped> {
        for warning in stream.take_column_warnings() {
            if let Err(error) = warn(py, &warning.text) {
                self.swap(Reading::Closed(stream.receipt()));
                self.end_pages(py)?;
                return Err(Stopped::Raised(error));
            }
        }
        self.swap(Reading::Open(stream));
        Ok(())
    }

    /// Has the types be those of the whole result, as they are in every file.
    fn become_whole(&self, py: Python<'_>) -> PyResult<()> {
        let Some(stream) = self.take()? else { return Err(refuse(READ)) };
        if stream.is_begun() {
            self.swap(Reading::Open(stream));
            return Err(refuse(BEGUN));
        }
        let receipt = stream.receipt();
        let whole =
            self.wait_for(py, receipt, || Ok(()), async move { stream.into_whole().await.map(Box::new) })?;
        *self.schema.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(whole.schema());
        Ok(self.put_back(py, whole)?)
    }

    /// Writes every batch into a file; `annotate` makes what the file says of itself of the receipt.
    fn write(&self, py: Python<'_>, file: Unwritten, annotate: &Bound<'_, PyAny>) -> PyResult<()> {
        self.become_whole(py)?;
        let written = || -> PyResult<()> {
            let mut export = file.begin(&self.schema())?;
            while let Some(batch) = self.next(py, || Ok(()))? {
                export.write(py, &batch)?;
            }
            let receipt = self.receipt().map(|receipt| receipt_dict(py, &receipt)).transpose()?;
            export.finish(py, &annotate.call1((receipt,))?.extract()?)
        };
        let result = written();
        if result.is_err() {
            self.close(py)?;
        }
        result
    }

    /// A row a column.
    fn describe(&self, py: Python<'_>) -> PyResult<RecordBatch> {
        self.become_whole(py)?;
        let mut description = Description::new(&self.schema());
        while let Some(batch) = self.next(py, || Ok(()))? {
            py.detach(|| description.add(&batch))?;
        }
        Ok(description.finish()?)
    }

    /// Cancels what is in flight.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        if !self.state.is_ours() {
            return Ok(());
        }
        match self.swap(Reading::Taken) {
            Reading::Open(stream) => {
                self.swap(Reading::Closed(stream.receipt()));
            }
            // Whoever waits for a batch has the stream, and closes it.
            Reading::Taken => self.closing.store(true, Ordering::Relaxed),
            ended => {
                self.swap(ended);
            }
        }
        self.pages.end(py)
    }

    fn end_pages(&self, py: Python<'_>) -> Result<(), Stopped> {
        self.pages.end(py).map_err(Stopped::Raised)
    }

    /// The same for a consumer that knows no Python and keeps only the text of an error.
    fn next_for_consumer(&self) -> Result<Option<ArrayRef>, ArrowError> {
        attached(|py| {
            if let Some(text) = self.failed_with() {
                // The consumer's other threads ask again, and what they are told may be what it shows.
                self.handle_signals(py);
                return Err(ArrowError::ExternalError(text.into()));
            }
            // A panic must not leave through the consumer's frames, which are not Rust's.
            let next = guard(py, || {
                if has_python_frame(py) {
                    return Ok(self.next(py, || Ok(())));
                }
                // In a thread of the library a signal is still to be handled by Python.
                let watch = Watch::keeping(py, |number| ends(py, number));
                let next = self.next(py, || signalled(py, Some(watch.since()))?.map_or(Ok(()), Err));
                let kept = watch.end(py);
                if next.is_err() && !kept.is_empty() {
                    self.keep(kept);
                }
                Ok(next)
            });
            let next = next.map_err(Stopped::Failed).and_then(|next| next);
            next.map(|batch| batch.map(|batch| Arc::new(StructArray::from(batch)) as ArrayRef)).map_err(
                |stopped| {
                    if let Stopped::Raised(error) = &stopped
                        && has_python_frame(py)
                    {
                        raise_in_caller(py, error);
                    }
                    let error = PyErr::from(stopped);
                    let text = format!("{error} ({WHERE})");
                    let failure = Failure { error: error.into_value(py), text: text.clone() };
                    self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
                    ArrowError::ExternalError(text.into())
                },
            )
        })
    }

    /// Keeps signals from Python until the consumer is about to be left, or for so long that it must have been.
    fn keep(&self, kept: Kept) {
        const LEFT: Duration = Duration::from_millis(300);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        let kept = Arc::clone(&self.kept);
        let later = async move {
            sleep(LEFT).await;
            drop(std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner)));
        };
        // Without a thread to wait in, it is not waited.
        if begin(later).is_err() {
            drop(self.take_kept());
        }
    }

    fn take_kept(&self) -> Kept {
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells Python of the signals that were kept from it, and handles them if this is the thread that does.
    fn handle_signals(&self, py: Python<'_>) {
        drop(self.take_kept());
        if has_python_frame(py)
            && let Err(error) = py.check_signals()
        {
            raise_in_caller(py, &error);
        }
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

/// The error to end a wait with in a thread that Python does not tell of signals, if one came that is to end it.
pub fn signalled(py: Python<'_>, since: Option<Since>) -> PyResult<Option<PyErr>> {
    for number in since.iter().flat_map(Since::came) {
        if let Some(error) = ended_by(py, number)? {
            ended(py, number);
            return Ok(Some(error));
        }
    }
    Ok(None)
}

/// Whether a signal ends a wait.
pub fn ends(py: Python<'_>, number: i32) -> bool {
    ended_by(py, number).is_ok_and(|error| error.is_some())
}

/// The error with which a signal ends a wait; none if it does not.
fn ended_by(py: Python<'_>, number: i32) -> PyResult<Option<PyErr>> {
    let interrupt = py.import(intern!(py, "converz._runtime.interrupt"))?;
    let error = interrupt.call_method1(intern!(py, "ended_by"), (number,))?;
    Ok((!error.is_none()).then(|| PyErr::from_value(error)))
}

/// A callback's or a signal handler's `StopIteration` would look like the end of the stream to a loop over it.
fn no_end(py: Python<'_>, error: PyErr) -> PyErr {
    if !error.is_instance_of::<PyStopIteration>(py) {
        return error;
    }
    let raised = PyRuntimeError::new_err("a callback or signal handler raised StopIteration");
    raised.set_cause(py, Some(error));
    raised
}

/// Raises when the consumer, which would swallow the error, is back in Python. If that cannot be arranged, the
/// consumer's own error is what remains.
fn raise_in_caller(py: Python<'_>, error: &PyErr) {
    let arrange = || {
        let caller = py.import(intern!(py, "sys"))?.call_method0(intern!(py, "_getframe"))?;
        let interrupt = py.import(intern!(py, "converz._runtime.interrupt"))?;
        let arranged = interrupt.call_method1(intern!(py, "raise_in"), (caller, error.value(py)))?;
        if !arranged.is_truthy()? && interrupt.call_method0(intern!(py, "is_main_thread"))?.is_truthy()? {
            // A debugger's trace function is in the way: then at the first step after the consumer's error.
            raise_next(py, error);
        }
        Ok::<_, PyErr>(())
    };
    let _ = arrange();
}

#[pymethods]
impl RecordBatchStream {
    #[getter]
    fn schema(&self) -> Schema {
        Schema::new(self.shared.schema())
    }

    /// What was done so far; complete after the end.
    #[getter]
    fn receipt<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        guard(py, || self.shared.receipt().map(|receipt| receipt_dict(py, &receipt)).transpose())
    }

    /// The error that ended the stream inside a library that did not pass it on.
    #[getter]
    fn error(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let failure = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().map(|failure| failure.error.clone_ref(py).into_any())
    }

    /// Writes the whole result into a file of some format.
    fn write_file(
        &self,
        file: &Bound<'_, PyAny>,
        format: &str,
        options: &Bound<'_, PyDict>,
        annotate: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = file.py();
        // A path that cannot be written to is found out before the rows are read.
        guard(py, || self.shared.write(py, Unwritten::new(file, format, options)?, annotate))
    }

    /// Reads the whole result, and says what is in its columns.
    fn describe<'py>(&self, py: Python<'py>) -> PyResult<(Table, Option<Bound<'py, PyDict>>)> {
        guard(py, || {
            let description = self.shared.describe(py)?;
            let receipt = self.shared.receipt().map(|receipt| receipt_dict(py, &receipt)).transpose()?;
            Ok((Table::new(description.schema(), vec![description]), receipt))
        })
    }

    /// Cancels what is in flight.
    pub fn close(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || self.shared.close(py))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.visit(&visit)
    }

    fn __clear__(&self) {
        self.let_go();
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        guard(py, || Ok(self.shared.next(py, || Ok(()))?.map(Batch))).map_err(|error| no_end(py, error))
    }

    /// The next batch, for whoever decides how to wait for it; None after the last one.
    fn next_batch(&self, py: Python<'_>) -> PyResult<Pending> {
        guard(py, || Shared::reading(&self.shared, py))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        guard(py, || Ok(to_schema_pycapsule(py, self.shared.schema().as_ref())?))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        guard(py, || {
            if self.shared.is_over() {
                return Err(refuse(READ));
            }
            let field = Arc::new(Field::new_struct("", self.shared.schema().fields().clone(), false));
            let batches = Batches { shared: Arc::clone(&self.shared), started: false };
            Ok(to_stream_pycapsule(py, Box::new(ArrayIterator::new(batches, field)), requested_schema)?)
        })
    }
}

/// The batches of a capsule. Dropped when its consumer is done.
struct Batches {
    shared: Arc<Shared>,
    started: bool,
}

impl Iterator for Batches {
    type Item = Result<ArrayRef, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = if !self.started && self.shared.is_over() {
            // Another consumer took the batches after this capsule was made: no rows would look like a result.
            Err(ArrowError::ExternalError(format!("InvalidInputError: {READ}").into()))
        } else {
            self.shared.next_for_consumer()
        };
        self.started = true;
        next.transpose()
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        if !self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            attached(|py| self.shared.handle_signals(py));
        }
    }
}

/// Ends the text of an error that a library makes its own error of.
const WHERE: &str = "the stream's attribute `error` has this exception";
const READ: &str = "this stream has been read or closed: a stream can be read once, so open another one";

const BEGUN: &str = "batches of this stream have been taken, and a file of the others would lack them: open another stream and \
    write that; for the batches and a file, read a table, or collect the batches and write them with the library \
    that has them";

fn refuse(message: &str) -> PyErr {
    Error::invalid_input(message).into()
}
