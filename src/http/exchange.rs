//! One attempt of a request: sending it, and receiving the answer piece by piece, each under its timeout.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Method, Response};
use url::Url;

use super::encoding::ACCEPTED;
use super::failure::{Failure, root_cause};
use super::progress::{Phase, Progress};
use super::refusal::refusal;
use super::upload::Upload;
use super::{Request, Shared};
use crate::error::Error;
use crate::settings::Settings;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Bytes of an ignored body after which the connection is dropped rather than reused.
const IGNORED: u64 = 1 << 20;

pub(super) struct Exchange<'a> {
    shared: &'a Shared,
    request: &'a Request,
    url: Url,
    started: Instant,
    /// When the request with its retries must be done.
    deadline: Instant,
    status: Option<u16>,
    received: u64,
    decoded: Arc<AtomicU64>,
}

impl<'a> Exchange<'a> {
    pub fn new(shared: &'a Shared, request: &'a Request, url: Url, deadline: Instant) -> Self {
        let started = shared.clock.now();
        Self { shared, request, url, started, deadline, status: None, received: 0, decoded: Arc::default() }
    }

    pub fn settings(&self) -> &'a Settings {
        &self.shared.settings
    }

    pub fn date(&self) -> SystemTime {
        self.shared.clock.date()
    }

    pub fn now(&self) -> Instant {
        self.shared.clock.now()
    }

    pub fn elapsed(&self) -> Duration {
        self.now().saturating_duration_since(self.started)
    }

    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    pub fn status(&self) -> Option<u16> {
        self.status
    }

    pub fn received(&self) -> u64 {
        self.received
    }

    pub fn decoded(&self) -> &Arc<AtomicU64> {
        &self.decoded
    }

    pub fn bytes_decoded(&self) -> u64 {
        self.decoded.load(Ordering::Relaxed)
    }

    /// Leaves out of the deadline what was spent waiting for the consumer.
    pub fn waited_since(&mut self, since: Instant) {
        self.deadline += self.now().saturating_duration_since(since);
    }

    /// Sends the request; the answer is a success whose body is still to come.
    pub async fn answer(&mut self) -> Result<Response, Failure> {
        let response = self.send().await?;
        let status = response.status();
        self.status = Some(status.as_u16());
        if status.is_success() {
            return Ok(response);
        }
        Err(refusal(response, self).await)
    }

    async fn send(&self) -> Result<Response, Failure> {
        let settings = self.settings();
        let clock = &self.shared.clock;
        let body = self.request.body.clone().unwrap_or_default();
        let progress = Progress::new(Arc::clone(clock), !body.is_empty());
        let mut changes = progress.watch();
        let sending = progress.scope(self.shared.client.execute(self.build(body, &progress)?));
        tokio::pin!(sending);
        loop {
            let (phase, moved) = progress.phase();
            let limit = match phase {
                Phase::Connecting => None,
                Phase::Sending => {
                    Some(("no byte was taken of the request", "stall_timeout", settings.stall_timeout))
                }
                Phase::Waiting => Some(("no answer came", "first_byte_timeout", settings.first_byte_timeout)),
            };
            let patience = limit.map_or(self.deadline, |(_, _, limit)| self.deadline.min(moved + limit));
            tokio::select! {
                biased;
                response = &mut sending => return response.map_err(|error| {
                    let failure = Failure::unanswered(error, settings);
                    let in_doubt = failure.in_doubt && self.may_have_been_read(&progress);
                    failure.doubted(in_doubt)
                }),
                () = changes.changed() => {}
                () = clock.sleep_until(patience) => {
                    let in_doubt = self.may_have_been_read(&progress);
                    let now = clock.now();
                    if now >= self.deadline {
                        return Err(self.too_late().doubted(in_doubt));
                    }
                    // Pieces of the body move the deadline without a wake-up.
                    if let Some((what, setting, limit)) = limit && now >= progress.phase().1 + limit {
                        return Err(Failure::timeout(what, setting, limit).doubted(in_doubt));
                    }
                }
            }
        }
    }

    /// Whether the service may have read the request: not before a byte of its body was handed over.
    fn may_have_been_read(&self, progress: &Progress) -> bool {
        progress.begun() || self.request.body.as_ref().is_none_or(Bytes::is_empty)
    }

    fn build(&self, body: Bytes, progress: &Progress) -> Result<reqwest::Request, Failure> {
        let settings = self.settings();
        let mut key = HeaderValue::from_str(settings.api_key.expose()).map_err(|_| {
            let message = "api_key has a character that a header cannot carry";
            Failure::lasting(Error::configuration(message), message).unsent()
        })?;
        key.set_sensitive(true);
        let method = match self.request.operation.method() {
            "POST" => Method::POST,
            _ => Method::GET,
        };
        let mut request = reqwest::Request::new(method, self.url.clone());
        let headers = request.headers_mut();
        headers.insert("x-api-key", key);
        headers.insert(ACCEPT, JSON);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
        if self.request.body.is_some() {
            headers.insert(CONTENT_TYPE, JSON);
            headers.insert(CONTENT_LENGTH, body.len().into());
        }
        if !body.is_empty() {
            let upload = Upload { left: body, progress: progress.clone() };
            *request.body_mut() = Some(Body::wrap_stream(upload));
        }
        Ok(request)
    }

    fn too_late(&self) -> Failure {
        let failure = Failure::timeout("no complete answer came", "timeout", self.settings().timeout);
        Failure { retry: false, ..failure }
    }

    /// The next bytes of the body.
    pub async fn chunk(&mut self, response: &mut Response) -> Result<Option<Bytes>, Failure> {
        let stall = self.settings().stall_timeout;
        let stalled = self.now() + stall;
        let chunk = tokio::select! {
            biased;
            chunk = response.chunk() => chunk,
            () = self.shared.clock.sleep_until(self.deadline.min(stalled)) => {
                return Err(if self.now() >= self.deadline {
                    self.too_late()
                } else {
                    Failure::timeout("no further byte of the answer came", "stall_timeout", stall)
                });
            }
        };
        let chunk = chunk.map_err(|error| Failure::cut(&root_cause(&error.without_url())))?;
        self.received += chunk.as_ref().map_or(0, Bytes::len) as u64;
        Ok(chunk)
    }

    /// As much of the body as comes, up to a limit.
    pub async fn read_some(&mut self, response: &mut Response, most: usize) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < most
            && let Ok(Some(chunk)) = self.chunk(response).await
        {
            body.extend_from_slice(&chunk);
        }
        body.truncate(most);
        body
    }

    /// Reads the body to its end, since an answer that was cut may be one that was not meant.
    pub async fn ignore_body(&mut self, mut response: Response) -> Result<(), Failure> {
        while self.received <= IGNORED && self.chunk(&mut response).await?.is_some() {}
        Ok(())
    }
}
