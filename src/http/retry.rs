//! The attempts of one request: when the next one is due, and what all of them cost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use super::address::address;
use super::answer::{Cost, SendError};
use super::backoff::backoff;
use super::budget::RetryBudget;
use super::exchange::Exchange;
use super::failure::Failure;
use super::observer::RequestEvent;
use super::request::Request;
use super::shared::Shared;

pub(super) struct Retry<'a> {
    shared: &'a Shared,
    request: &'a Request,
    budget: &'a RetryBudget,
    label: Arc<str>,
    url: Url,
    deadline: Instant,
    cost: Cost,
    in_doubt: bool,
    /// Attempts that failed otherwise than by [`Failure::busy`].
    failed: u32,
    /// Attempts that the service was too busy for, since another request of the operation was last answered.
    refused: u32,
    /// How many requests of the operation had been answered then.
    successes: u64,
}

impl<'a> Retry<'a> {
    pub fn new(shared: &'a Shared, request: &'a Request, budget: &'a RetryBudget) -> Result<Self, SendError> {
        let label = request.label();
        let url = address(&shared.settings.base_url, request)
            .map_err(|error| SendError { error: error.with_request(Arc::clone(&label)), in_doubt: false })?;
        Ok(Self {
            shared,
            request,
            budget,
            label,
            url,
            deadline: shared.clock.now() + shared.settings.timeout,
            cost: Cost::default(),
            in_doubt: false,
            failed: 0,
            refused: 0,
            successes: budget.successes(),
        })
    }

    /// Begins the next attempt, as soon as the service wants to be asked by this operation.
    pub async fn begin(&mut self) -> Exchange<'a> {
        let clock = &self.shared.clock;
        while let Some(until) = self.budget.held_until().filter(|until| *until > clock.now()) {
            clock.sleep_until(until).await;
        }
        if self.cost.attempts == 0 {
            // What another request was asked to wait is not this one's time.
            self.deadline = clock.now() + self.shared.settings.timeout;
        }
        self.cost.attempts += 1;
        Exchange::new(self.shared, self.request, self.url.clone(), self.deadline)
    }

    pub fn succeeded(mut self, exchange: &Exchange<'_>) -> Cost {
        self.count(exchange);
        self.tell(exchange, None, None);
        self.budget.succeeded();
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
                let mut error = self.shared.secrets.redact_error(&failure.error);
                if let Some(why) = why {
                    error = error.with_context(why);
                }
                let error = error.with_request(Arc::clone(&self.label)).with_attempt(self.cost.attempts);
                Err(SendError { error, in_doubt: self.in_doubt })
            }
        }
    }

    /// How long to wait for the next attempt, or why there is none, if that needs to be said.
    ///
    /// A service that limits its rate serves all requests in the end, but each one only when it is its turn. So an
    /// attempt that it was too busy for counts only while no other request of the operation gets through either, and
    /// costs nothing of what they share; whoever is told when to come again may come as often as all of them together.
    fn wait(&mut self, failure: &Failure, now: Instant) -> Result<Duration, Option<String>> {
        let settings = &self.shared.settings;
        let asked = failure.retry_after.filter(|wait| !wait.is_zero());
        let busy = failure.busy || asked.is_some();
        if busy {
            let successes = self.budget.successes();
            if successes != self.successes {
                (self.refused, self.successes) = (0, successes);
            }
            self.refused += 1;
        } else {
            self.failed += 1;
        }
        let retries = self.failed + self.refused;
        let most = if asked.is_some() { self.budget.full() } else { settings.max_retries };
        if !failure.retry || retries > most {
            return Err(None);
        }
        let wait = asked.unwrap_or_else(|| backoff(retries, &*self.shared.clock));
        if wait >= self.deadline.saturating_duration_since(now) {
            return Err(Some(format!(
                "a retry in {:.1} s would be after timeout={} s",
                wait.as_secs_f64(),
                settings.timeout.as_secs_f64()
            )));
        }
        if asked.is_some() {
            self.budget.hold(now + wait);
        } else if !busy && !self.budget.take() {
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
            failure: failure.map(|brief| self.shared.secrets.redact(&brief)),
            retry_in,
        });
    }
}
