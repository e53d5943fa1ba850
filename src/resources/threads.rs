//! Work on other threads, where the system may refuse to start one.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Poll};
use std::thread::Builder;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Sleep, sleep};

use super::memory::none_left;
use crate::error::{Error, Result, panic_text};

/// How long work may wait for a thread until it is asked whether the system has one.
const PATIENCE: Duration = Duration::from_secs(1);
/// What a thread takes of the address space.
const STACK: usize = 8 << 20;

/// Begins work that blocks, away from the threads that serve connections.
pub fn begin<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Work<T> {
    let has_begun = Arc::new(AtomicBool::new(false));
    let begun = Arc::clone(&has_begun);
    let work = move || {
        begun.store(true, Ordering::Release);
        let _running = Running::new();
        work()
    };
    // The runtime panics where it has no thread yet and the system lets it start none.
    let handle = catch_unwind(AssertUnwindSafe(|| spawn_blocking(work))).ok();
    Work { handle, has_begun, look: Box::pin(sleep(PATIENCE)) }
}

/// How much work is being done. Whatever waits for a thread gets that of work that ends.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

struct Running;

impl Running {
    fn new() -> Self {
        RUNNING.fetch_add(1, Ordering::AcqRel);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Work on its way. Where no thread can be started, the runtime would leave it in its queue for ever; here it fails.
#[derive(Debug)]
pub struct Work<T> {
    /// None where no thread could be started for it.
    handle: Option<JoinHandle<T>>,
    has_begun: Arc<AtomicBool>,
    look: Pin<Box<Sleep>>,
}

impl<T> Future for Work<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        let Some(handle) = &mut self.handle else { return Poll::Ready(Err(no_thread())) };
        if let Poll::Ready(ended) = Pin::new(handle).poll(context) {
            return Poll::Ready(ended.map_err(|error| {
                Error::internal(match error.try_into_panic() {
                    Ok(panic) => panic_text(&*panic),
                    Err(_) => "the runtime is shutting down".to_owned(),
                })
            }));
        }
        while !self.has_begun.load(Ordering::Acquire) && self.look.as_mut().poll(context).is_ready() {
            if RUNNING.load(Ordering::Acquire) == 0 && Builder::new().spawn(|| ()).is_err() {
                self.handle.take().inspect(JoinHandle::abort);
                return Poll::Ready(Err(no_thread()));
            }
            self.look = Box::pin(sleep(PATIENCE));
        }
        Poll::Pending
    }
}

/// How many threads the system lets run at the same time, up to `wanted`.
pub fn threads_at_once(wanted: usize) -> usize {
    let mut waiting = Vec::new();
    for _ in 0..wanted {
        let (sender, receiver) = channel::<()>();
        match Builder::new().spawn(move || receiver.recv()) {
            Ok(thread) => waiting.push((sender, thread)),
            Err(_) => break,
        }
    }
    let count = waiting.len();
    for (sender, thread) in waiting {
        drop(sender);
        let _ = thread.join();
    }
    count
}

/// What it means that a thread could not be started.
pub fn no_thread() -> Error {
    if super::memory::room_for(STACK).is_err() {
        return none_left();
    }
    Error::out_of_memory(
        "the system lets the process start no more threads: raise the limit of its user or of its container (ulimit -u, \
         pids.max), or end what else runs",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_ends_with_what_it_gives() {
        assert_eq!(begin(|| 7).await.unwrap(), 7);
        let failed = begin(|| assert_ne!(1, 1, "the seventh")).await.unwrap_err();
        assert!(failed.message().contains("the seventh"), "{failed}");
    }

    #[test]
    fn threads_run_at_once() {
        assert_eq!(threads_at_once(3), 3);
    }

    #[test]
    fn work_that_waits_for_a_thread_in_vain_would_not_wait_for_ever() {
        // One thread, which is busy: the queue is left alone as long as the system has threads.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (sender, receiver) = channel::<()>();
            let busy = begin(move || receiver.recv());
            let queued = begin(|| 7);
            tokio::time::sleep(PATIENCE + PATIENCE / 4).await;
            drop(sender);
            assert!(busy.await.unwrap().is_err());
            assert_eq!(queued.await.unwrap(), 7);
        });
    }
}
