//! The runtime of this process, and waiting for it in a way that Ctrl-C and `fork` can live with.

use std::future::Future;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

use super::errors::to_py_err;
use crate::error::Error;

/// How long Python waits between two looks at its signals.
const SLICE: Duration = Duration::from_millis(50);

/// Locked only while attached to the interpreter, so that no thread can hold it across a `fork` by another.
static RUNTIME: Mutex<Option<(u32, &'static Runtime)>> = Mutex::new(None);

/// The runtime of this process. A child of `fork` has none of its parent's threads and hangs even on
/// dropping the parent's runtime, so that one is left alone and a new one is made.
pub fn runtime(py: Python<'_>) -> PyResult<&'static Runtime> {
    let mut slot = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let pid = std::process::id();
    if let Some((owner, runtime)) = *slot
        && owner == pid
    {
        return Ok(runtime);
    }
    let runtime =
        Builder::new_multi_thread().worker_threads(2).thread_name("converz").enable_all().build().map_err(
            |error| to_py_err(py, &Error::internal(format!("no threads could be started: {error}"))),
        )?;
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    *slot = Some((pid, runtime));
    Ok(runtime)
}

/// Runs `future` on the runtime while this thread waits, detached from the interpreter. `tick` is called
/// between slices and at the end; its error, or a signal's, cancels the future.
pub fn wait<T: Send + 'static>(
    py: Python<'_>,
    future: impl Future<Output = T> + Send + 'static,
    mut tick: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<T> {
    let (sender, mut receiver) = mpsc::sync_channel(1);
    let task = runtime(py)?.spawn(async move {
        // The receiver is gone only if this future was cancelled.
        let _ = sender.send(future.await);
    });
    let cancel = CancelOnDrop(task.abort_handle());
    loop {
        let result;
        // A receiver cannot be shared with the detached closure, so it goes in and comes back.
        (receiver, result) = py.detach(move || {
            let result = receiver.recv_timeout(SLICE);
            (receiver, result)
        });
        match result {
            Ok(output) => {
                tick(py)?;
                return Ok(output);
            }
            Err(RecvTimeoutError::Timeout) => {
                py.check_signals()?;
                tick(py)?;
            }
            Err(RecvTimeoutError::Disconnected) => {
                drop(cancel);
                return Err(to_py_err(py, &Error::internal("a worker of converz stopped unexpectedly")));
            }
        }
    }
}

/// Ends the task when the caller stops waiting for it, for whatever reason.
struct CancelOnDrop(tokio::task::AbortHandle);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
