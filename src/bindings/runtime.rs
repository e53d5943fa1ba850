//! The runtime of this process, and waiting for it in a way that Ctrl-C and `fork` can live with.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;

use super::panics::panic_error;
use super::process::Owned;
use crate::error::{Error, Result};
use crate::resources::{self, Reserved, begin as begin_work, no_thread, threads_at_once};

/// How long Python waits between two looks at its signals.
const SLICE: Duration = Duration::from_millis(50);
/// How long a cancelled task is waited for. It ends when it is polled next, so this is never reached unless
/// the machine is overloaded; together with a slice it stays below the half second that Ctrl-C may take.
const GRACE: Duration = Duration::from_millis(250);
/// Threads that serve connections.
const WORKERS: usize = 2;
/// How long a thread that decodes stays when there is nothing to do.
const KEEP_ALIVE: Duration = Duration::from_secs(2);

const FORKED: &str = "an operation belongs to the process that began it: begin one in the child";

/// Locked only while attached to the interpreter, so that no thread can hold it across a `fork` by another.
static RUNTIME: Mutex<Option<Owned<&'static Runtime>>> = Mutex::new(None);

/// The runtime of this process. A child of `fork` has none of its parent's threads and hangs even on
/// dropping the parent's runtime, so that one is left alone and a new one is made.
fn runtime() -> Result<&'static Runtime> {
    let mut slot = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = slot.as_ref().and_then(Owned::get) {
        return Ok(runtime);
    }
    // With fewer threads than it wants the runtime would panic, and then wait for those that it has for ever, or never
    // get round to some of its work. One thread serves connections, one decodes.
    let threads = threads_at_once(WORKERS + 1);
    if threads < 2 {
        return Err(no_thread());
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads - 1)
        .thread_name("converz")
        .thread_keep_alive(KEEP_ALIVE)
        .enable_all()
        .build()
        .map_err(|error| Error::configuration(format!("the system lets no request be made ({error})")))?;
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    *slot = Some(Owned::new(runtime));
    Ok(runtime)
}

/// Runs `future` on the runtime while this thread waits, detached from the interpreter. `tick` is called
/// between slices and at the end; its error, or a signal's, cancels the future, which has ended when this
/// returns. A panic is an error as well.
pub fn wait<T: Send + 'static>(
    py: Python<'_>,
    future: impl Future<Output = Result<T>> + Send + 'static,
    mut tick: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<Result<T>> {
    let mut task = Task::spawn(future)?;
    loop {
        match task.wait(py, SLICE, &mut tick)? {
            Waited::Over(output) => return Ok(output),
            Waited::Pending(pending) => task = pending,
        }
    }
}

/// Does work on the processor while this thread waits. Work that is interrupted goes on, and is thrown away.
pub fn wait_for_work<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> PyResult<Result<T>> {
    wait(py, on_processor(work), |_| Ok(()))
}

/// Work on the processor as a future, whose panic is an error.
pub async fn on_processor<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    // Where it panicked is known only to the thread that did.
    let work =
        || catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panic_error(panic.as_ref())));
    begin_work(work).await?
}

/// Begins what nobody waits for.
pub fn begin(future: impl Future<Output = ()> + Send + 'static) -> PyResult<()> {
    runtime()?.spawn(future);
    Ok(())
}

/// What is called when a task is over, on a thread of the runtime.
pub type Notify = Box<dyn FnOnce() + Send>;

/// A future on its way, and where its output comes. Cancelled when it is dropped.
#[derive(Debug)]
pub struct Task<T> {
    // Both are left as they are in another process, which has none of the threads.
    abort: Owned<Abort>,
    receiver: Owned<Mutex<Option<Receiver<Result<T>>>>>,
}

/// Cancels a future when it is dropped.
#[derive(Debug)]
struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What has become of a task.
pub enum Waited<T> {
    Over(Result<T>),
    Pending(Task<T>),
}

impl<T: Send + 'static> Task<T> {
    /// Begins; a panic of `future` is its error.
    pub fn spawn(future: impl Future<Output = Result<T>> + Send + 'static) -> PyResult<Self> {
        Self::spawn_and_tell(future, Box::new(|| ()))
    }

    /// Begins; `notify` is called when the output is there.
    pub fn spawn_and_tell(
        future: impl Future<Output = Result<T>> + Send + 'static,
        notify: Notify,
    ) -> PyResult<Self> {
        let reserved = Reserved::new();
        resources::check()?;
        let (sender, receiver) = mpsc::sync_channel(1);
        let future = AssertUnwindSafe(future).catch_unwind();
        let task = runtime()?.spawn(async move {
            let output = future.await.unwrap_or_else(|panic| Err(panic_error(panic.as_ref())));
            // The receiver is gone only if this future was cancelled.
            let _ = sender.send(output);
            drop(reserved);
            notify();
        });
        Ok(Self { abort: Owned::new(Abort(task.abort_handle())), receiver: Owned::receiver(receiver) })
    }

    /// Waits for the output, but at most so long, nor longer than a slice. Like `wait` of this module otherwise.
    pub fn wait(
        mut self,
        py: Python<'_>,
        patience: Duration,
        mut tick: impl FnMut(Python<'_>) -> PyResult<()>,
    ) -> PyResult<Waited<T>> {
        match self.receiver.receive(py, patience.min(SLICE)) {
            Ok(output) => {
                tick(py)?;
                Ok(Waited::Over(output))
            }
            Err(RecvTimeoutError::Timeout) => {
                let looked = py.check_signals().and_then(|()| tick(py));
                if !self.abort.is_ours() {
                    // A signal's handler, or a function that was told of progress, has forked.
                    looked?;
                    return Err(Error::invalid_input(FORKED).into());
                }
                if let Err(error) = looked {
                    self.cancel(py);
                    return Err(error);
                }
                Ok(Waited::Pending(self))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Ok(Waited::Over(Err(Error::internal("a worker of converz stopped unexpectedly"))))
            }
        }
    }

    /// The output of a task that is over.
    pub fn into_output(mut self) -> PyResult<Result<T>> {
        if !self.abort.is_ours() {
            return Err(Error::invalid_input(FORKED).into());
        }
        let output = self.receiver.received();
        Ok(output.unwrap_or_else(|| Err(Error::internal("a worker of converz stopped unexpectedly"))))
    }

    /// Ends the task, and waits until it has: nothing that it had to do is done afterwards.
    pub fn cancel(self, py: Python<'_>) {
        let Self { abort, mut receiver } = self;
        drop(abort);
        let _ = receiver.receive(py, GRACE);
    }
}
