//! The server: a thread with a runtime of its own, which ends when it is told to.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::api::{self, Service};
use super::error::SandboxError;

/// How long requests that are under way may take to notice that it is over.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Server {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Serves on a port of 127.0.0.1, and nowhere else.
    pub fn start(service: Service, port: u16) -> Result<(Self, SocketAddr), SandboxError> {
        let what = || format!("port {port} of 127.0.0.1 cannot be served");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(SandboxError::io(what()))?;
        let address = listener.local_addr().map_err(SandboxError::io(what()))?;
        listener.set_nonblocking(true).map_err(SandboxError::io(what()))?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("converz-sandbox")
            .enable_all()
            .build()
            .map_err(SandboxError::io("the sandbox's threads cannot be started"))?;
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(SandboxError::io(what()))?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("converz-sandbox".into())
            .spawn(move || run(runtime, listener, service, stopped))
            .map_err(SandboxError::io("the sandbox's thread cannot be started"))?;
        Ok((Self { stop, thread }, address))
    }

    /// Ends every connection, and returns when nothing is left of the server.
    pub fn stop(self) {
        // A thread that has ended by itself needs no word, and its panic has been printed.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
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
