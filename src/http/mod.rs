//! One request with its retries → a stream of body bytes. Knows nothing of Arrow or Python.

mod address;
mod answer;
mod backoff;
mod body_sink;
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
mod hold;
mod observer;
mod pace;
mod proxies;
mod rate;
mod redact;
mod refusal;
mod request;
mod retry;
mod retry_after;
mod sending;
mod shared;
mod status;
mod tls_error;
mod trust;
mod turns;
mod upload;
mod validity;
mod verifier;
mod windows;
mod worker;

pub use answer::{Answer, Cost, SendError};
pub use body_sink::BodySink;
pub use budget::RetryBudget;
pub use clock::{Clock, Sleep, SystemClock};
pub use observer::{Observer, RequestEvent, Unobserved};
pub use request::Request;

use std::fmt;
use std::sync::Arc;

use ::http::StatusCode;
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::settings::Settings;
use rate::Rate;
use retry::Retry;
use shared::Shared;

/// The connection to the service. Making one starts no thread; a forked process must make its own, since
/// the sockets of the pool would be shared.
#[derive(Clone)]
pub struct Http {
    shared: Arc<Shared>,
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
        let reading = Arc::new(Semaphore::new(settings.max_concurrency));
        let places = Arc::new(Semaphore::new(settings.max_connections));
        let shared = Shared {
            client,
            secrets,
            proxies,
            settings,
            observer,
            clock,
            reading,
            places,
            rate: Rate::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
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

    /// Sends a request until it is answered, and gives its body to a sink. All reads of a client together have no more than
    /// `max_concurrency` of them in flight; what is waited for that is not part of `timeout`.
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
                // An answer without content is not an array of rows.
                Ok(response) if response.status() == StatusCode::NO_CONTENT => {
                    Err(exchange.refused(response).await)
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

    /// Sends a request once, and gives the body of the answer to a sink, whatever its status: for what stands between a client
    /// and the service.
    ///
    /// # Errors
    /// No answer, or one that was cut, which the sink does not get to know.
    pub async fn forward<S: BodySink>(
        &self,
        request: &Request,
        new_sink: impl Fn(u16, &::http::HeaderMap) -> S + Send + Sync,
    ) -> Result<S::Output> {
        let budget = RetryBudget::single(&self.shared.settings);
        let mut retry = Retry::new(&self.shared, request, &budget).map_err(|error| error.error)?;
        let mut exchange = retry.begin().await;
        let result = match exchange.any_answer().await {
            Ok(response) => {
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                // Made now, so that an answer that is cut before a window of it is there has a sink as well.
                let sink = std::sync::Mutex::new(Some(new_sink(status, &headers)));
                let take = || sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
                let made = || take().unwrap_or_else(|| new_sink(status, &headers));
                deliver::deliver(response, &mut exchange, &made).await
            }
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| retry.gave_up(&exchange, &failure)).inspect(|_| retry.served(&exchange))
    }

    /// Whether the key stands in some bytes.
    #[must_use]
    pub fn has_key(&self, bytes: &[u8]) -> bool {
        memchr::memmem::find(bytes, self.shared.settings.api_key.expose().as_bytes()).is_some()
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
