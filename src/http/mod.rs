//! One request with its retries → a stream of body bytes. Knows nothing of Arrow or Python.

mod address;
mod backoff;
mod budget;
mod client;
mod clock;
mod confirm;
mod connect;
mod decompress;
mod deliver;
mod encoding;
mod exchange;
mod failure;
mod observer;
mod progress;
mod proxies;
mod redact;
mod refusal;
mod request;
mod retry;
mod retry_after;
mod tls_error;
mod trust;
mod upload;
mod validity;
mod verifier;
mod windows;
mod worker;

pub use budget::RetryBudget;
pub use clock::{Clock, Sleep, SystemClock};
pub use observer::{Observer, RequestEvent, Unobserved};
pub use request::Request;

use std::fmt;
use std::sync::Arc;

use ::http::StatusCode;
use bytes::Bytes;

use crate::error::{Error, Result};
use crate::settings::Settings;
use refusal::refusal;
use retry::Retry;

/// Takes the decompressed bytes of one answer, in windows of any size, on a thread that may block.
/// A sink is made anew for each attempt, so what a failed one took in is gone with it.
pub trait BodySink: Send + 'static {
    type Output: Send + 'static;

    /// Takes a window of bytes. It should be dropped when it is read, since its memory may be filled again then.
    ///
    /// # Errors
    /// Bytes that are not what was asked for.
    fn push(&mut self, window: Bytes) -> Result<()>;

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

/// Why an update was not confirmed.
#[derive(Debug)]
pub struct SendError {
    pub error: Error,
    /// Whether the service may have applied the request all the same.
    pub in_doubt: bool,
}

/// The connection to the service. Making one starts no thread; a forked process must make its own, since
/// the sockets of the pool would be shared.
#[derive(Clone)]
pub struct Http {
    shared: Arc<Shared>,
}

struct Shared {
    client: client::Client,
    secrets: redact::Secrets,
    proxies: Arc<proxies::Proxies>,
    settings: Arc<Settings>,
    observer: Arc<dyn Observer>,
    clock: Arc<dyn Clock>,
}

impl Http {
    /// # Errors
    /// Settings that cannot work (a CA file that cannot be read, say).
    pub fn new(settings: Arc<Settings>, observer: Arc<dyn Observer>) -> Result<Self> {
        Self::with_clock(settings, observer, Arc::new(SystemClock))
    }

    /// The same with another source of time and chance.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn with_clock(
        settings: Arc<Settings>,
        observer: Arc<dyn Observer>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        settings.validate()?;
        let proxies = Arc::new(proxies::Proxies::new(&settings)?);
        let client = client::build(&settings, &clock, &proxies)?;
        let target = settings.base_url.as_str().parse().unwrap_or_default();
        let secrets = redact::Secrets::new(&settings.api_key, proxies.secrets(&target));
        Ok(Self { shared: Arc::new(Shared { client, secrets, proxies, settings, observer, clock }) })
    }

    /// A text without the key and a proxy's user, which a service may have put among the data that it shows.
    pub fn redact(&self, text: &str) -> String {
        self.shared.secrets.redact(text)
    }

    /// The same of what an error says.
    #[must_use]
    pub fn redact_error(&self, error: &Error) -> Error {
        self.shared.secrets.redact_error(error)
    }

    /// Sends a request until it is answered, and gives its body to a sink.
    ///
    /// # Errors
    /// Those of the last attempt, with the request and the number of attempts.
    pub async fn read<S: BodySink>(
        &self,
        request: &Request,
        budget: &RetryBudget,
        new_sink: impl Fn() -> S + Send + Sync,
    ) -> Result<Answer<S::Output>> {
        let mut retry = Retry::new(&self.shared, request, budget).map_err(|error| error.error)?;
        loop {
            let mut exchange = retry.begin().await;
            let result = match exchange.answer().await {
                // No content is no array of rows, whatever it may mean to whoever asked.
                Ok(response) if response.status() == StatusCode::NO_CONTENT => {
                    Err(refusal(response, &mut exchange).await)
                }
                Ok(response) => deliver::deliver(response, &mut exchange, &new_sink).await,
                Err(failure) => Err(failure),
            };
            match result {
                Ok(output) => return Ok(Answer { output, cost: retry.succeeded(&exchange) }),
                Err(failure) => retry.failed(exchange, failure).await.map_err(|error| error.error)?,
            }
        }
    }

    /// Sends an update of so many rows until an answer confirms it: a success that is neither a page nor an error, and
    /// speaks of no fewer rows.
    ///
    /// # Errors
    /// That of the last attempt, and whether any attempt may have been applied.
    pub async fn send(
        &self,
        request: &Request,
        rows: usize,
        budget: &RetryBudget,
    ) -> std::result::Result<Cost, SendError> {
        let mut retry = Retry::new(&self.shared, request, budget)?;
        loop {
            let mut exchange = retry.begin().await;
            let result = match exchange.answer().await {
                Ok(response) => confirm::confirm(response, rows, &mut exchange).await,
                Err(failure) => Err(failure),
            };
            match result {
                Ok(()) => return Ok(retry.succeeded(&exchange)),
                Err(failure) => retry.failed(exchange, failure).await?,
            }
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}
