//! A layer around the HTTP library's connector: the timeout of connecting, TLS included, and its progress.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tower_layer::Layer;
use tower_service::Service;

use super::clock::Clock;
use super::progress::Progress;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Clone)]
pub(super) struct ConnectLayer {
    pub clock: Arc<dyn Clock>,
    pub timeout: Duration,
}

impl<S> Layer<S> for ConnectLayer {
    type Service = Connect<S>;

    fn layer(&self, inner: S) -> Connect<S> {
        Connect { inner, layer: self.clone() }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Connect<S> {
    inner: S,
    layer: ConnectLayer,
}

impl<S, T> Service<T> for Connect<S>
where
    S: Service<T, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, target: T) -> Self::Future {
        let connecting = Progress::current().map(|progress| progress.connecting());
        let connected = self.inner.call(target);
        let timer = self.layer.clock.sleep_until(self.layer.clock.now() + self.layer.timeout);
        Box::pin(async move {
            let _connecting = connecting;
            tokio::select! {
                biased;
                result = connected => result,
                () = timer => Err(ConnectTimeout.into()),
            }
        })
    }
}

/// No connection in time.
#[derive(Debug)]
pub(super) struct ConnectTimeout;

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection in time")
    }
}

impl std::error::Error for ConnectTimeout {}
