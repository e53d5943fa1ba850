//! One request with its retries → a stream of body bytes. Knows nothing of Arrow or Python.

mod observer;

pub use observer::{Observer, RequestEvent, Unobserved};

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::query::{Operation, Query};
use crate::settings::Settings;

/// One request of the API.
#[derive(Debug, Clone)]
pub struct Request {
    pub operation: Operation,
    pub query: Query,
    /// The JSON body of an update.
    pub body: Option<Bytes>,
}

/// Takes the decompressed bytes of one answer, in any split, on a thread that may block.
/// A sink is made anew for each attempt, so what a failed one took in is gone with it.
pub trait BodySink: Send + 'static {
    type Output: Send + 'static;

    /// # Errors
    /// Bytes that are not what was asked for.
    fn push(&mut self, bytes: &[u8]) -> Result<()>;

    /// The body has ended. An error of kind [`crate::error::ErrorKind::Connection`] says that it was cut.
    ///
    /// # Errors
    /// A body that is not complete.
    fn finish(self) -> Result<Self::Output>;
}

/// What one request brought, after its retries.
#[derive(Debug)]
pub struct Answer<T> {
    pub output: T,
    pub cost: Cost,
}

/// What one request cost, failed attempts included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    pub attempts: u32,
    pub bytes_received: u64,
    pub bytes_decoded: u64,
}

/// The retries that requests of one operation share, so that many pages side by side do not hammer a
/// service that is down.
#[derive(Debug)]
pub struct RetryBudget {
    _todo: (),
}

/// The connection to the service.
#[derive(Debug, Clone)]
pub struct Http {
    _settings: Arc<Settings>,
}

impl Http {
    /// # Errors
    /// Settings that cannot work (a CA file that cannot be read, say).
    pub fn new(settings: Arc<Settings>, _observer: Arc<dyn Observer>) -> Result<Self> {
        Ok(Self { _settings: settings })
    }

    /// Sends a request until it is answered, and gives its body to a sink.
    ///
    /// # Errors
    /// Those of the last attempt, with the request and the number of attempts.
    pub async fn read<S: BodySink>(
        &self,
        _request: &Request,
        _budget: &RetryBudget,
        _new_sink: impl Fn() -> S + Send + Sync,
    ) -> Result<Answer<S::Output>> {
        Err(Error::internal("not built"))
    }

    /// Sends an update until it is answered; the body of the answer is ignored.
    pub async fn send(
        &self,
        _request: &Request,
        _budget: &RetryBudget,
    ) -> std::result::Result<Cost, SendError> {
        Err(SendError { error: Error::internal("not built"), in_doubt: false })
    }
}

/// Why an update was not confirmed.
#[derive(Debug)]
pub struct SendError {
    pub error: Error,
    /// Whether the service may have applied the request all the same.
    pub in_doubt: bool,
}

impl RetryBudget {
    /// The budget of one request alone.
    pub fn single(_settings: &Settings) -> Self {
        Self { _todo: () }
    }

    /// The budget that the pages of one read share.
    pub fn shared(_settings: &Settings) -> Self {
        Self { _todo: () }
    }
}

/// `Retry-After` and its like never make a caller wait past this.
pub const _MAX_WAIT: Duration = Duration::from_secs(900);
