//! Windows in order, a bounded number of them in flight.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::vec;

use tokio::task::JoinHandle;

use super::read::{Fetched, redact_warnings, unify_aside};
use super::spec::ReadSpec;
use super::window::Window;
use super::window_in_parts::read_window_in_parts;
use super::window_pages::WindowPages;
use super::without_rows::without_rows;
use crate::decode::Unified;
use crate::error::{Error, Result};
use crate::http::Http;
use crate::settings::Settings;

type Reading<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// What is read of windows, or of other parts, in their order. Up to `max_concurrency` of them are in flight, those among
/// them that wait for their turn; dropping it cancels them.
pub(super) struct Ahead<P, T> {
    begin: Box<dyn Fn(P) -> Reading<T> + Send>,
    left: vec::IntoIter<P>,
    flying: VecDeque<(P, Flight<T>)>,
    most: usize,
}

/// A task that ends when nobody waits for it any more.
struct Flight<T>(JoinHandle<Result<T>>);

impl<T> Drop for Flight<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<P: Clone, T: Send + 'static> Ahead<P, T> {
    pub(super) fn new(parts: Vec<P>, most: usize, begin: impl Fn(P) -> Reading<T> + Send + 'static) -> Self {
        Self { begin: Box::new(begin), left: parts.into_iter(), flying: VecDeque::new(), most }
    }

    /// The next part. Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Option<(P, Result<T>)> {
        self.begin_more();
        let (_, flight) = self.flying.front_mut()?;
        let read = (&mut flight.0).await;
        let (part, _) = self.flying.pop_front()?;
        // The next ones are read while this one is used.
        self.begin_more();
        let read = read.map_err(|error| Error::internal(format!("the task of a part did not end: {error}")));
        Some((part, read.flatten()))
    }

    fn begin_more(&mut self) {
        while self.flying.len() < self.most {
            let Some(part) = self.left.next() else { return };
            let flight = Flight(tokio::spawn((self.begin)(part.clone())));
            self.flying.push_back((part, flight));
        }
    }

    /// Whether no part is left.
    pub(super) fn is_over(&self) -> bool {
        self.flying.is_empty() && self.left.len() == 0
    }

    /// Cancels what is in flight, and begins nothing more.
    pub(super) fn stop(&mut self) {
        self.flying.clear();
        self.left = Vec::new().into_iter();
    }
}

impl<P, T> fmt::Debug for Ahead<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").field("left", &self.left.len()).finish_non_exhaustive()
    }
}

/// The tables of windows, each with every row and types of its own.
#[derive(Debug)]
pub struct WindowReads {
    ahead: Ahead<Window, Fetched>,
}

impl WindowReads {
    /// `settings.page_size` is what a window is meant to fit: the largest page that the API has.
    pub fn new(http: &Http, settings: Settings, spec: ReadSpec, windows: Vec<Window>) -> Self {
        let (http, most) = (http.clone(), settings.max_concurrency);
        let settings = Arc::new(settings);
        let ahead = Ahead::new(windows, most, move |window| {
            let (http, settings, spec) = (http.clone(), Arc::clone(&settings), spec.clone());
            Box::pin(async move {
                let table = table(&http, &settings, &spec, &window).await;
                table.map_err(|error| http.redact_error(&error))
            })
        });
        Self { ahead }
    }

    /// The next window, whose error is the end of it all. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// Those of [`read_all`](super::read_all).
    pub async fn next(&mut self) -> Result<Option<(Window, Fetched)>> {
        match self.ahead.next().await {
            None => Ok(None),
            Some((window, Ok(fetched))) => Ok(Some((window, fetched))),
            Some((_, Err(error))) => {
                self.ahead.stop();
                Err(error)
            }
        }
    }
}

/// The pages of windows.
pub(super) fn pages_of(
    http: &Http,
    settings: Settings,
    spec: ReadSpec,
    windows: Vec<Window>,
) -> Ahead<Window, WindowPages> {
    let (http, most) = (http.clone(), settings.max_concurrency);
    let settings = Arc::new(settings);
    Ahead::new(windows, most, move |window| {
        let (http, settings, spec) = (http.clone(), Arc::clone(&settings), spec.clone());
        Box::pin(async move { read_window_in_parts(&http, &settings, &spec, &window).await })
    })
}

async fn table(http: &Http, settings: &Settings, spec: &ReadSpec, window: &Window) -> Result<Fetched> {
    let WindowPages { pages, mut receipt, mut warnings, options, drop, .. } =
        read_window_in_parts(http, settings, spec, window).await?;
    let mut fetched = if pages.is_empty() {
        let spec = ReadSpec { query: window.query(&spec.query), ..spec.clone() };
        let nothing = without_rows(http, settings, &spec, &options, &drop).await?;
        receipt.spent(&nothing.spent);
        warnings.extend_from_slice(&nothing.warnings);
        Fetched::nothing(nothing, receipt, warnings)
    } else {
        let Unified { schema, batches, warnings: column_warnings } =
            unify_aside(pages, options, drop).await?;
        Fetched { schema, batches, receipt, warnings, column_warnings }
    };
    redact_warnings(&mut fetched.column_warnings, http);
    Ok(fetched)
}
