//! The server: a thread with a runtime of its own, which ends when it is told to.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::api::{self, Service};
use super::error::SandboxError;

/// How long requests that are under way may take to notice that it is over.
const PATIENCE: Duration = Duration::from_secs(5);

/// Threads that serve; another one waits for the end, and at least one looks into the database.
const WORKERS: usize = 2;

pub(super) struct Server {
    /// None once it was told to stop.
    stop: Mutex<Option<oneshot::Sender<()>>>,
    end: Arc<End>,
}

impl Server {
    /// Serves on a port of 127.0.0.1, and nowhere else.
    pub fn start(service: Service, port: u16) -> Result<(Self, SocketAddr), SandboxError> {
        let what = || format!("port {port} of 127.0.0.1 cannot be served");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(SandboxError::io(what()))?;
        let address = listener.local_addr().map_err(SandboxError::io(what()))?;
        listener.set_nonblocking(true).map_err(SandboxError::io(what()))?;
        try_threads(WORKERS + 2).map_err(SandboxError::threads)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("converz-sandbox")
            .enable_all()
            .build()
            .map_err(SandboxError::threads)?;
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(SandboxError::io(what()))?
        };
        let (stop, stopped) = oneshot::channel();
        let end = Arc::new(End::default());
        let at_end = AtEnd(Arc::clone(&end));
        std::thread::Builder::new()
            .name("converz-sandbox".into())
            .spawn(move || {
                // Dropped last, after a panic, too.
                let _at_end = at_end;
                run(runtime, listener, service, stopped);
            })
            .map_err(SandboxError::threads)?;
        Ok((Self { stop: Mutex::new(Some(stop)), end }, address))
    }

    /// Begins to end every connection. A second time does nothing.
    pub fn stop(&self) {
        if let Some(stop) = lock(&self.stop).take() {
            // A thread that has ended by itself needs no word, and its panic has been printed.
            let _ = stop.send(());
        }
    }

    /// Whether it was told to stop.
    pub fn is_stopped(&self) -> bool {
        lock(&self.stop).is_none()
    }

    /// Waits until nothing is left of the server, or for so long; says whether nothing is.
    pub fn wait(&self, longest: Duration) -> bool {
        let is_over = lock(&self.end.is_over);
        let waited = self.end.bell.wait_timeout_while(is_over, longest, |is_over| !*is_over);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Whether the server's thread has ended, for any number of others that wait for it.
#[derive(Default)]
struct End {
    is_over: Mutex<bool>,
    bell: Condvar,
}

struct AtEnd(Arc<End>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        *lock(&self.0.is_over) = true;
        self.0.bell.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether so many threads can run at the same time. A runtime that lacks one panics, and then waits for the others for ever.
fn try_threads(count: usize) -> io::Result<()> {
    let mut waiting = Vec::new();
    for _ in 0..count {
        let (sender, receiver) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new().spawn(move || receiver.recv())?;
        waiting.push((sender, thread));
    }
    for (sender, thread) in waiting {
        drop(sender);
        let _ = thread.join();
    }
    Ok(())
}

fn run(
    runtime: Runtime,
    listener: tokio::net::TcpListener,
    service: Service,
    stopped: oneshot::Receiver<()>,
) {
    let service = Arc::new(service);
    let router = api::router(Arc::clone(&service));
    runtime.block_on(async move {
        // Answers are small or come in large pieces: waiting for more to send only costs time.
        let listener = listener.tap_io(|socket| {
            // A socket that refuses is about to be closed.
            let _ = socket.set_nodelay(true);
        });
        tokio::select! {
            // Serving ends with the runtime; it never does by itself.
            _ = axum::serve(listener, router) => {}
            _ = stopped => {}
        }
    });
    service.store.interrupt();
    runtime.shutdown_timeout(PATIENCE);
}
