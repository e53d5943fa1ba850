//! The attempts of one request: when the next one is due, and what all of them cost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use super::address::address;
use super::answer::{Cost, SendError};
use super::backoff::backoff;
use super::budget::RetryBudget;
use super::exchange::{Exchange, Rights};
use super::failure::Failure;
use super::observer::RequestEvent;
use super::request::Request;
use super::shared::Shared;
use crate::error::Error;

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
    /// Attempts that the service was too busy for, since another request was last served.
    refused: u32,
    /// How many requests of the client had been served then.
    served: u64,
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
            served: shared.rate.num_served(),
        })
    }

    /// Begins the next attempt, as soon as the service wants to be asked by this operation.
    pub async fn begin(&mut self) -> Exchange<'a> {
        let clock = &self.shared.clock;
        let waiting = clock.now();
        let rights = loop {
            while let Some(until) = self.held_until() {
                clock.sleep_until(until).await;
            }
            let rights = Rights {
                _turn: self.shared.rate.turn().await,
                _permit: self.permit().await,
                // It is never closed.
                _place: Arc::clone(&self.shared.places).acquire_owned().await.ok(),
            };
            if self.held_until().is_none() {
                break rights;
            }
        };
        // What others wait for is not this one's time.
        self.deadline += clock.now().saturating_duration_since(waiting);
        if self.cost.attempts == 0 {
            self.deadline = clock.now() + self.shared.settings.timeout;
        }
        self.cost.attempts += 1;
        Exchange::new(self.shared, self.request, self.url.clone(), self.deadline, rights)
    }

    fn held_until(&self) -> Option<Instant> {
        let held = self.budget.held_until().max(self.shared.rate.held_until());
        held.filter(|until| *until > self.shared.clock.now())
    }

    /// The client's right to be in flight. It goes with the attempt: whoever waits for the next one is in nobody's way. Requests of an
    /// update go one after the other anyway.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if self.request.body.is_some() {
            return None;
        }
        // It is never closed.
        Arc::clone(&self.shared.reading).acquire_owned().await.ok()
    }

    pub fn succeeded(mut self, exchange: &Exchange<'_>) -> Cost {
        self.count(exchange);
        self.tell(exchange, None, None);
        self.budget.succeeded();
        self.shared.rate.served(exchange.started());
        self.cost
    }

    /// Counts an attempt that was answered, and after which there is no other.
    pub fn served(&self, exchange: &Exchange<'_>) {
        self.tell(exchange, None, None);
        self.shared.rate.served(exchange.started());
    }

    /// The error of an attempt after which there is no other.
    pub fn gave_up(&self, exchange: &Exchange<'_>, failure: &Failure) -> Error {
        self.tell(exchange, Some(failure.brief.clone()), None);
        self.shared.secrets.redact_error(&failure.error).with_request(Arc::clone(&self.label))
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
        // Whoever is not told when to come again, comes when the service served the last time.
        let paced = (failure.retry && busy && asked.is_none() && settings.max_retries > 0)
            .then(|| self.shared.rate.refused(&*self.shared.clock));
        if busy {
            let served = self.shared.rate.num_served();
            if served != self.served {
                (self.refused, self.served) = (0, served);
            }
            self.refused += u32::from(paced.is_none_or(|(_, counts)| counts));
        } else {
            self.failed += 1;
        }
        let retries = self.failed + self.refused;
        let most = if asked.is_some() { self.budget.full() } else { settings.max_retries };
        if !failure.retry || retries > most {
            return Err(None);
        }
        let wait = match (asked, paced) {
            (Some(asked), _) => asked,
            (None, Some((until, _))) => until.saturating_duration_since(now),
            (None, None) => backoff(retries, &*self.shared.clock),
        };
        if wait >= self.deadline.saturating_duration_since(now) {
            return Err(Some(format!(
                "a retry in {:.1} s would be after timeout={} s",
                wait.as_secs_f64(),
                settings.timeout.as_secs_f64()
            )));
        }
        if failure.busy && asked.is_some() {
            self.shared.rate.refused_until(now + wait);
        } else if asked.is_some() {
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
