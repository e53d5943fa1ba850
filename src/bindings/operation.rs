//! An operation in stages: each is a future on the runtime, and then a step with Python. A thread waits for it, or an
//! event loop is told when a stage is over; what is done is the same.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use pyo3::BoundObject;
use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;

use super::mailbox::Mailbox;
use super::panics::guard;
use super::runtime::{Notify, Task, on_processor, wait};
use crate::error::{Error, Result as CoreResult};

/// What a stage leads to.
pub enum Step {
    Over(Py<PyAny>),
    Next(Operation),
}

impl Step {
    /// The result of an operation.
    pub fn over<'py, T: IntoPyObject<'py>>(py: Python<'py>, result: T) -> PyResult<Self> {
        Ok(Self::Over(result.into_pyobject(py).map_err(Into::into)?.into_any().unbind()))
    }
}

/// An operation that has not begun, or is in one of its stages.
pub struct Operation(Box<dyn Stage>);

trait Stage: Send {
    /// Does it while this thread waits.
    fn wait(self: Box<Self>, py: Python<'_>) -> PyResult<Step>;
    /// Begins it, with what is to be called when it is over.
    fn begin(&mut self, notify: Notify) -> PyResult<()>;
    /// Tells Python what has happened since.
    fn tick(&mut self, py: Python<'_>) -> PyResult<()>;
    /// Takes the output of what is over.
    fn finish(self: Box<Self>, py: Python<'_>) -> PyResult<Step>;
    /// Cancels it, since something was raised.
    fn interrupt(self: Box<Self>, py: Python<'_>, raised: PyErr) -> PyErr;
}

/// What is told of between two looks.
type Tick = Box<dyn FnMut(Python<'_>) -> PyResult<()> + Send>;

impl Operation {
    /// Awaits `future`, and then does `end` with what it gives.
    pub fn new<T: Send + 'static>(
        future: impl Future<Output = CoreResult<T>> + Send + 'static,
        tick: impl FnMut(Python<'_>) -> PyResult<()> + Send + 'static,
        end: impl FnOnce(Python<'_>, T) -> PyResult<Step> + Send + 'static,
    ) -> Self {
        Self::staged(future, tick, |py, waited| end(py, waited??), false)
    }

    /// The same, but `end` is also told of an error, and of what interrupted it.
    pub fn told<T: Send + 'static>(
        future: impl Future<Output = CoreResult<T>> + Send + 'static,
        tick: impl FnMut(Python<'_>) -> PyResult<()> + Send + 'static,
        end: impl FnOnce(Python<'_>, PyResult<CoreResult<T>>) -> PyResult<Step> + Send + 'static,
    ) -> Self {
        Self::staged(future, tick, end, false)
    }

    /// The same for what has to be accounted for: when `end` is told of what interrupted it, it has ended.
    pub fn accounted<T: Send + 'static>(
        future: impl Future<Output = CoreResult<T>> + Send + 'static,
        tick: impl FnMut(Python<'_>) -> PyResult<()> + Send + 'static,
        end: impl FnOnce(Python<'_>, PyResult<CoreResult<T>>) -> PyResult<Step> + Send + 'static,
    ) -> Self {
        Self::staged(future, tick, end, true)
    }

    /// Does work on the processor. Work that is interrupted goes on, and is thrown away.
    pub fn work<T: Send + 'static>(
        work: impl FnOnce() -> CoreResult<T> + Send + 'static,
        end: impl FnOnce(Python<'_>, T) -> PyResult<Step> + Send + 'static,
    ) -> Self {
        Self::new(on_processor(work), |_| Ok(()), end)
    }

    fn staged<T: Send + 'static>(
        future: impl Future<Output = CoreResult<T>> + Send + 'static,
        tick: impl FnMut(Python<'_>) -> PyResult<()> + Send + 'static,
        end: impl FnOnce(Python<'_>, PyResult<CoreResult<T>>) -> PyResult<Step> + Send + 'static,
        is_accounted: bool,
    ) -> Self {
        let state = State::Ready(future);
        Self(Box::new(Staged { state, tick: Box::new(tick), end, is_accounted }))
    }

    /// Does all of it while this thread waits.
    pub fn run(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut operation = self;
        loop {
            match operation.0.wait(py)? {
                Step::Over(result) => return Ok(result),
                Step::Next(next) => operation = next,
            }
        }
    }
}

struct Staged<F, T, E> {
    state: State<F, T>,
    tick: Tick,
    end: E,
    /// Whether nothing of it may go on when it is accounted for.
    is_accounted: bool,
}

enum State<F, T> {
    Ready(F),
    Running(Task<T>),
    Gone,
}

impl<F, T, E> Stage for Staged<F, T, E>
where
    F: Future<Output = CoreResult<T>> + Send + 'static,
    T: Send + 'static,
    E: FnOnce(Python<'_>, PyResult<CoreResult<T>>) -> PyResult<Step> + Send + 'static,
{
    fn wait(self: Box<Self>, py: Python<'_>) -> PyResult<Step> {
        let Self { state, tick, end, .. } = *self;
        let waited = match state {
            State::Ready(future) => wait(py, future, tick),
            State::Running(_) | State::Gone => Err(begun_already()),
        };
        end(py, waited)
    }

    fn begin(&mut self, notify: Notify) -> PyResult<()> {
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Ready(future) => {
                self.state = State::Running(Task::spawn_and_tell(future, notify)?);
                Ok(())
            }
            other => {
                self.state = other;
                Err(begun_already())
            }
        }
    }

    fn tick(&mut self, py: Python<'_>) -> PyResult<()> {
        (self.tick)(py)
    }

    fn finish(self: Box<Self>, py: Python<'_>) -> PyResult<Step> {
        let Self { state, mut tick, end, .. } = *self;
        let output = match state {
            State::Running(task) => task.into_output(),
            State::Ready(_) | State::Gone => Err(Error::internal("what is not over has no output").into()),
        };
        let output = output.and_then(|output| tick(py).map(|()| output));
        end(py, output)
    }

    fn interrupt(self: Box<Self>, py: Python<'_>, raised: PyErr) -> PyErr {
        let Self { state, end, is_accounted, .. } = *self;
        match state {
            State::Running(task) if is_accounted => task.cancel(py),
            running => drop(running),
        }
        end(py, Err(raised))
            .err()
            .unwrap_or_else(|| Error::internal("what was interrupted has a result").into())
    }
}

fn begun_already() -> PyErr {
    Error::internal("an operation is begun once").into()
}

/// An operation for whoever decides how to wait for it.
#[pyclass(frozen, module = "converz._core", name = "Pending")]
pub struct Pending(Mutex<Option<Operation>>);

impl Pending {
    pub fn new(operation: Operation) -> Self {
        Self(Mutex::new(Some(operation)))
    }

    /// For what is known already.
    pub fn over(result: Py<PyAny>) -> Self {
        let known = async move { Ok(result) };
        Self::new(Operation::new(known, |_| Ok(()), |_, result| Ok(Step::Over(result))))
    }

    /// Takes it out, since no lock may be held while Python runs.
    fn take(&self) -> Option<Operation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, operation: Operation) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(operation);
    }

    fn take_whole(&self) -> PyResult<Operation> {
        self.take().ok_or_else(|| {
            Error::invalid_input("this operation is over, or another thread waits for it").into()
        })
    }
}

#[pymethods]
impl Pending {
    /// Does it while this thread waits.
    fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        guard(py, || self.take_whole()?.run(py))
    }

    /// Begins its first stage. When it is over, the number is in the mailbox.
    fn begin(&self, py: Python<'_>, mailbox: &Bound<'_, Mailbox>, number: u64) -> PyResult<()> {
        guard(py, || {
            let mut operation = self.take_whole()?;
            let begun = operation.0.begin(mailbox.get().notice(number));
            // If it has failed, it is to be interrupted.
            self.put(operation);
            begun
        })
    }

    /// Logs, and tells of progress.
    fn tick(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || {
            let Some(mut operation) = self.take() else { return Ok(()) };
            let told = operation.0.tick(py);
            self.put(operation);
            told
        })
    }

    /// Goes on after a stage that is over: whether nothing is left to do, and what came of it.
    fn proceed(
        &self,
        py: Python<'_>,
        mailbox: &Bound<'_, Mailbox>,
        number: u64,
    ) -> PyResult<(bool, Option<Py<PyAny>>)> {
        guard(py, || match self.take_whole()?.0.finish(py)? {
            Step::Over(result) => Ok((true, Some(result))),
            Step::Next(mut next) => {
                let begun = next.0.begin(mailbox.get().notice(number));
                self.put(next);
                begun.map(|()| (false, None))
            }
        })
    }

    /// Cancels it, since something was raised meanwhile; raises that, with what it interrupted behind it.
    fn interrupt(&self, py: Python<'_>, raised: &Bound<'_, PyBaseException>) -> PyResult<()> {
        guard(py, || match self.take() {
            Some(operation) => Err(operation.0.interrupt(py, PyErr::from_value(raised.clone().into_any()))),
            None => Ok(()),
        })
    }
}
