//! The attempts of one request: when the next one is due, and what all of them cost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use super::address::address;
use super::backoff::backoff;
use super::budget::RetryBudget;
use super::exchange::Exchange;
use super::failure::Failure;
use super::observer::RequestEvent;
use super::redact::redact_error;
use super::{Cost, Request, SendError, Shared};

pub(super) struct Retry<'a> {
    shared: &'a Shared,
    request: &'a Request,
    budget: &'a RetryBudget,
    label: Arc<str>,
    url: Url,
    deadline: Instant,
    cost: Cost,
    in_doubt: bool,
}

impl<'a> Retry<'a> {
    pub fn new(shared: &'a Shared, request: &'a Request, budget: &'a RetryBudget) -> Result<Self, SendError> {
        let label = request.label();
        let url = address(&shared.settings.base_url, request)
            .map_err(|error| SendError { error: error.with_request(Arc::clone(&label)), in_doubt: false })?;
        let deadline = shared.clock.now() + shared.settings.timeout;
        Ok(Self { shared, request, budget, label, url, deadline, cost: Cost::default(), in_doubt: false })
    }

    pub fn begin(&mut self) -> Exchange<'a> {
        self.cost.attempts += 1;
        Exchange::new(self.shared, self.request, self.url.clone(), self.deadline)
    }

    pub fn succeeded(mut self, exchange: &Exchange<'_>) -> Cost {
        self.count(exchange);
        self.tell(exchange, None, None);
        self.cost
    }

    /// Waits until the next attempt is due, or gives up.
    pub async fn failed(&mut self, exchange: Exchange<'_>, failure: Failure) -> Result<(), SendError> {
        self.count(&exchange);
        self.deadline = exchange.deadline();
        self.in_doubt |= failure.in_doubt;
        let now = self.shared.clock.now();
        let wait = self.wait(&failure, now);
        self.tell(&exchange, Some(failure.brief), wait.as_ref().ok().copied());
        drop(exchange);
        match wait {
            Ok(wait) => {
                self.shared.clock.sleep_until(now + wait).await;
                Ok(())
            }
            Err(why) => {
                // Whatever the service wrote may hold the key.
                let mut error = redact_error(failure.error, &self.shared.settings.api_key);
                if let Some(why) = why {
                    error = error.with_context(why);
                }
                let error = error.with_request(Arc::clone(&self.label)).with_attempt(self.cost.attempts);
                Err(SendError { error, in_doubt: self.in_doubt })
            }
        }
    }

    /// How long to wait for the next attempt; or why there is none, if that needs words.
    fn wait(&self, failure: &Failure, now: Instant) -> Result<Duration, Option<String>> {
        let settings = &self.shared.settings;
        let retries = self.cost.attempts - 1;
        if !failure.retry || retries >= settings.max_retries {
            return Err(None);
        }
        let own = backoff(self.cost.attempts, &*self.shared.clock);
        let wait = failure.retry_after.map_or(own, |asked| asked.max(own));
        if wait >= self.deadline.saturating_duration_since(now) {
            return Err(Some(format!(
                "a retry in {:.1} s would be after timeout={} s",
                wait.as_secs_f64(),
                settings.timeout.as_secs_f64()
            )));
        }
        if !self.budget.take() {
            return Err(Some("the retries that the requests of this operation share are used up".to_owned()));
        }
        Ok(wait)
    }

    fn count(&mut self, exchange: &Exchange<'_>) {
        self.cost.bytes_received += exchange.received();
        self.cost.bytes_decoded += exchange.bytes_decoded();
    }

    fn tell(&self, exchange: &Exchange<'_>, failure: Option<String>, retry_in: Option<Duration>) {
        self.shared.observer.request(RequestEvent {
            operation: self.request.operation,
            query: self.request.query.redacted(),
            status: exchange.status(),
            attempt: self.cost.attempts,
            bytes_received: exchange.received(),
            elapsed: exchange.elapsed(),
            failure,
            retry_in,
        });
    }
}
