//! One attempt of a request: sending it, and receiving the answer piece by piece, each under its timeout.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, PROXY_AUTHORIZATION,
    TRANSFER_ENCODING, USER_AGENT,
};
use http::uri::InvalidUri;
use http::{Method, Uri, Version};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use super::encoding::ACCEPTED;
use super::failure::{Failure, is_end_of_connection, root_cause};
use super::refusal::{LONGEST, Refusal, refusal};
use super::request::Request;
use super::sending::{Phase, Sending};
use super::shared::Shared;
use super::status::{is_confirming, is_redirect};
use super::turns::Turn;
use super::upload::Upload;
use crate::error::Error;
use crate::settings::Settings;

pub(super) type Response = http::Response<Incoming>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// How long the words of a refusal are waited for, and those of a success that is none.
pub(super) const WORDS: Duration = Duration::from_secs(5);

pub(super) struct Exchange<'a> {
    shared: &'a Shared,
    request: &'a Request,
    url: Url,
    started: Instant,
    /// When the request with its retries must be done.
    deadline: Instant,
    /// Since when the next byte of the body is waited for, with looks at what has come in between.
    silent_since: Option<Instant>,
    status: Option<u16>,
    /// Whether the connection ended without a goodbye where only that tells the end of the body.
    cut_off: bool,
    received: u64,
    decoded: Arc<AtomicU64>,
    _rights: Rights<'a>,
}

/// The rights to be in flight: among the requests of the operation, and among all of the client.
pub(super) struct Rights<'a> {
    pub _turn: Turn<'a>,
    pub _permit: Option<OwnedSemaphorePermit>,
    pub _place: Option<OwnedSemaphorePermit>,
}

impl<'a> Exchange<'a> {
    pub fn new(
        shared: &'a Shared,
        request: &'a Request,
        url: Url,
        deadline: Instant,
        rights: Rights<'a>,
    ) -> Self {
        let started = shared.clock.now();
        Self {
            shared,
            request,
            url,
            started,
            deadline,
            silent_since: None,
            status: None,
            cut_off: false,
            received: 0,
            decoded: Arc::default(),
            _rights: rights,
        }
    }

    pub fn settings(&self) -> &'a Settings {
        &self.shared.settings
    }

    /// The body of the request.
    pub fn sent(&self) -> Bytes {
        self.request.body.clone().unwrap_or_default()
    }

    pub fn now(&self) -> Instant {
        self.shared.clock.now()
    }

    pub fn started(&self) -> Instant {
        self.started
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

    pub fn was_cut_off(&self) -> bool {
        self.cut_off
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
        self.silent_since = None;
    }

    /// Sends the request; the answer is a success whose body is still to come.
    pub async fn answer(&mut self) -> Result<Response, Failure> {
        let response = self.send().await?;
        let status = response.status();
        self.status = Some(status.as_u16());
        let is_update = self.request.body.is_some();
        if if is_update { is_confirming(status) } else { status.is_success() } {
            return Ok(response);
        }
        Err(self.refused(response).await)
    }

    /// Sends the request; the answer is one of any status.
    pub async fn any_answer(&mut self) -> Result<Response, Failure> {
        let response = self.send().await?;
        self.status = Some(response.status().as_u16());
        Ok(response)
    }

    /// The failure of an answer that is not a success.
    pub async fn refused(&mut self, mut response: Response) -> Failure {
        let (status, date) = (response.status(), self.shared.clock.date());
        let body =
            if is_redirect(status) { Vec::new() } else { self.read_some(&mut response, LONGEST).await };
        let headers = response.headers();
        refusal(&Refusal { status, headers, body: &body, url: &self.url, date })
    }

    async fn send(&self) -> Result<Response, Failure> {
        let settings = self.settings();
        let clock = &self.shared.clock;
        let body = self.request.body.clone().unwrap_or_default();
        let progress = Sending::new(Arc::clone(clock), !body.is_empty());
        let mut changes = progress.watch();
        let _over = progress.until_over();
        let sending = progress.scope(self.shared.client.request(self.build(body, &progress)?));
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
    fn may_have_been_read(&self, progress: &Sending) -> bool {
        progress.begun() || self.request.body.as_ref().is_none_or(Bytes::is_empty)
    }

    fn build(&self, body: Bytes, progress: &Sending) -> Result<http::Request<Upload>, Failure> {
        let settings = self.settings();
        let unusable = |name: &str| {
            let message = format!("{name} has a character that a header cannot carry");
            Failure::lasting(Error::configuration(&message), message).unsent()
        };
        let mut key = HeaderValue::from_str(settings.api_key.expose()).map_err(|_| unusable("api_key"))?;
        key.set_sensitive(true);
        let user_agent = HeaderValue::from_str(&settings.user_agent).map_err(|_| unusable("user_agent"))?;
        let method = match self.request.operation.method() {
            "POST" => Method::POST,
            _ => Method::GET,
        };
        let uri: Uri = self.url.as_str().parse().map_err(|error: InvalidUri| {
            let message = format!("no request can be sent to this address ({error}): check base_url");
            Failure::lasting(Error::configuration(&message).with_source(error), message).unsent()
        })?;
        let length = body.len();
        let mut request = http::Request::new(Upload { left: body, progress: progress.clone() });
        *request.method_mut() = method;
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert("x-api-key", key);
        headers.insert(USER_AGENT, user_agent);
        headers.insert(ACCEPT, JSON);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
        if self.request.body.is_some() {
            headers.insert(CONTENT_TYPE, JSON);
            headers.insert(CONTENT_LENGTH, length.into());
        }
        if let Some(authorization) = self.shared.proxies.authorization(&uri) {
            headers.insert(PROXY_AUTHORIZATION, authorization);
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
        let stalled = *self.silent_since.get_or_insert(self.shared.clock.now()) + stall;
        let frame = tokio::select! {
            biased;
            frame = data(response.body_mut()) => frame,
            () = self.shared.clock.sleep_until(self.deadline.min(stalled)) => {
                return Err(if self.now() >= self.deadline {
                    self.too_late()
                } else {
                    Failure::timeout("no further byte of the answer came", "stall_timeout", stall)
                });
            }
        };
        self.silent_since = None;
        let chunk = match frame {
            Some(Ok(chunk)) => chunk,
            // Only what the body itself says can tell whether it is complete.
            Some(Err(error)) if ends_with_connection(response) && is_end_of_connection(&error) => {
                self.cut_off = true;
                return Ok(None);
            }
            Some(Err(error)) => {
                let failure = Failure::cut(&root_cause(&error));
                return Err(Failure { error: failure.error.with_source(error), ..failure });
            }
            None if is_cut(response) => return Err(Failure::cut("the service gave up in the middle of it")),
            None => return Ok(None),
        };
        self.received += chunk.len() as u64;
        Ok(Some(chunk))
    }

    /// The next bytes of the body, unless none come until then.
    pub async fn chunk_before(
        &mut self,
        until: Instant,
        response: &mut Response,
    ) -> Result<Option<Option<Bytes>>, Failure> {
        // Bytes that are there are no reason not to look at what came before them.
        if self.now() >= until {
            return Ok(None);
        }
        let over = self.shared.clock.sleep_until(until);
        tokio::select! {
            biased;
            chunk = self.chunk(response) => chunk.map(Some),
            () = over => Ok(None),
        }
    }

    /// As much of the body as comes in seconds, up to a limit.
    async fn read_some(&mut self, response: &mut Response, most: usize) -> Vec<u8> {
        let mut body = Vec::new();
        let mut enough = self.shared.clock.sleep_until(self.now() + WORDS);
        while body.len() < most {
            tokio::select! {
                biased;
                chunk = self.chunk(response) => match chunk {
                    Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                    Ok(None) | Err(_) => break,
                },
                () = &mut enough => break,
            }
        }
        body.truncate(most);
        body
    }
}

/// The next bytes of a body, whose trailers nobody asked for.
async fn data(body: &mut Incoming) -> Option<Result<Bytes, hyper::Error>> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        match frame.map(Frame::into_data) {
            Ok(Ok(bytes)) => return Some(Ok(bytes)),
            Ok(Err(_)) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}

/// Whether a body is told to be complete by nothing but the end of its connection.
fn ends_with_connection(response: &Response) -> bool {
    response.version() <= Version::HTTP_11
        && response.body().size_hint().exact().is_none()
        && !response.headers().contains_key(TRANSFER_ENCODING)
}

/// Whether a body of HTTP/2 came to a stop before its end: the library takes a reset that says "no error" for one.
fn is_cut(response: &Response) -> bool {
    let body = response.body();
    response.version() == Version::HTTP_2 && !body.is_end_stream() && body.size_hint().exact() != Some(0)
}
