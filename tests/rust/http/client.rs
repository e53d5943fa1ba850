//! What a test of a request needs: settings, sinks and observers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use converz::error::{Error, Result};
use converz::http::{BodySink, Http, Observer, Request, RequestEvent, RetryBudget};
use converz::query::{Operation, Query};
use converz::settings::{ApiKey, Settings};

use super::clock::StoppedClock;

pub const KEY: &str = "canary-1f0c5b7e";

/// Rows that the updates of these tests are told to have.
pub const ROWS: usize = 2;

pub fn settings(url: &str) -> Settings {
    Settings::new(url, ApiKey::new(KEY).unwrap(), false).unwrap()
}

/// Remembers the attempts, and lets the time of backoffs pass, unless a test does.
#[derive(Debug, Clone)]
pub struct Log {
    clock: StoppedClock,
    passes: bool,
    pub events: Arc<Mutex<Vec<RequestEvent>>>,
}

impl Observer for Log {
    fn request(&self, event: RequestEvent) {
        if let Some(wait) = event.retry_in.filter(|_| self.passes) {
            self.clock.advance(wait);
        }
        self.events.lock().unwrap().push(event);
    }
}

pub struct Client {
    pub http: Http,
    pub log: Log,
    pub settings: Settings,
}

impl Client {
    pub fn new(clock: &StoppedClock, settings: Settings) -> Self {
        Self::with_log(clock, settings, true)
    }

    /// One whose clock stands still until the test moves it.
    pub fn standing_still(clock: &StoppedClock, settings: Settings) -> Self {
        Self::with_log(clock, settings, false)
    }

    fn with_log(clock: &StoppedClock, settings: Settings, passes: bool) -> Self {
        let log = Log { clock: clock.clone(), passes, events: Arc::default() };
        let http =
            Http::with_clock(Arc::new(settings.clone()), Arc::new(log.clone()), Arc::new(clock.clone()));
        Self { http: http.unwrap(), log, settings }
    }

    pub async fn read(&self) -> Result<String> {
        self.read_counted().await.0
    }

    /// The body, and how many sinks were made for it.
    pub async fn read_counted(&self) -> (Result<String>, usize) {
        let sinks = AtomicUsize::new(0);
        let budget = RetryBudget::single(&self.settings);
        let answer = self
            .http
            .read(&calls(), &budget, || {
                sinks.fetch_add(1, Ordering::Relaxed);
                Collect::default()
            })
            .await;
        (answer.map(|answer| answer.output), sinks.into_inner())
    }

    pub async fn send(&self, body: impl Into<Bytes>) -> Result<(), (Error, bool)> {
        let budget = RetryBudget::single(&self.settings);
        let sent = self.http.send(&update(body), ROWS, &budget).await;
        sent.map(|_| ()).map_err(|error| (error.error, error.in_doubt))
    }

    pub fn events(&self) -> Vec<RequestEvent> {
        self.log.events.lock().unwrap().clone()
    }

    /// Why each attempt failed.
    pub fn failures(&self) -> Vec<String> {
        self.events().into_iter().filter_map(|event| event.failure).collect()
    }
}

pub fn calls() -> Request {
    let query = Query::default().with("rep_id", "kees500").with("page", "3");
    Request { operation: Operation::Calls, query, body: None }
}

pub fn update(body: impl Into<Bytes>) -> Request {
    Request { operation: Operation::UpdateCalls, query: Query::default(), body: Some(body.into()) }
}

/// Keeps the body, and judges it as a decoder would.
#[derive(Debug, Default)]
pub struct Collect {
    bytes: Vec<u8>,
}

impl BodySink for Collect {
    type Output = String;

    fn push(&mut self, window: bytes::Bytes) -> Result<()> {
        if self.bytes.is_empty() && window.first() != Some(&b'[') {
            return Err(Error::decode(format!("not an array: {}", String::from_utf8_lossy(&window))));
        }
        self.bytes.extend_from_slice(&window);
        Ok(())
    }

    fn foresee(mut self, beginning: bytes::Bytes) -> Option<Result<String>> {
        let begins = beginning.trim_ascii_start();
        if begins.is_empty() { None } else { self.push(beginning.slice_ref(begins)).err().map(Err) }
    }

    fn finish(self) -> Result<String> {
        match self.bytes.last() {
            None => Err(Error::decode("the body is empty")),
            Some(b']') => Ok(String::from_utf8(self.bytes).unwrap()),
            Some(_) => Err(Error::connection("the body was cut")),
        }
    }
}
