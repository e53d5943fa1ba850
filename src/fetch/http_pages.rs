//! Pages that come over HTTP and are decoded as their bytes arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::answer::Absence;
use super::ask::Ask;
use super::rows::Rows;
use super::source::{PageFailure, PageSource};
use crate::decode::{BYTE_ORDER_MARK, Cutting, Key, Options, Page, ParallelDecoder};
use crate::error::{ErrorKind, Result};
use crate::http::{Answer, BodySink, Http, Request, RetryBudget};
use crate::query::{Operation, Query};

/// The pages of one operation and query.
#[derive(Debug)]
pub(super) struct HttpPages {
    pub(super) http: Http,
    pub(super) budget: RetryBudget,
    pub(super) operation: Operation,
    pub(super) query: Query,
    pub(super) key: &'static str,
    pub(super) options: Arc<Options>,
}

/// A page with the name of its key column.
#[derive(Debug, Clone)]
pub(super) struct KeyedPage {
    pub(super) page: Page,
    key: &'static str,
}

impl PageSource for HttpPages {
    type Page = KeyedPage;

    async fn page(&self, ask: Ask) -> Result<Answer<KeyedPage>, PageFailure> {
        let query = self
            .query
            .clone()
            .with("n_per_page", ask.n_per_page.to_string())
            .with("page", ask.page.to_string());
        let request = Request { operation: self.operation, query, body: None };
        let beginning = Arc::new(Beginning::default());
        let new_sink = || PageSink::noting(&beginning, &self.options);
        match self.http.read(&request, &self.budget, new_sink).await {
            Ok(Answer { output, cost }) => {
                Ok(Answer { output: KeyedPage { page: output, key: self.key }, cost })
            }
            Err(error) => {
                // Else it was cut, and nobody knows how it would have gone on.
                let absence = beginning.absence().filter(|_| matches!(error.kind(), ErrorKind::Decode));
                let failure = PageFailure::from(error);
                Err(PageFailure { absence: failure.absence.or(absence), ..failure })
            }
        }
    }
}

impl Rows for KeyedPage {
    fn num_rows(&self) -> usize {
        self.page.num_rows()
    }

    fn keys(&self) -> impl Iterator<Item = Option<Key>> {
        self.page.keys(self.key)
    }

    fn digests(&self) -> impl Iterator<Item = u64> {
        self.page.row_digests()
    }

    fn filter(self, keep: &[bool]) -> Self {
        Self { page: self.page.filter(keep), key: self.key }
    }
}

/// Decodes one attempt's body.
#[derive(Debug)]
pub(super) struct PageSink {
    decoder: ParallelDecoder,
    beginning: Arc<Beginning>,
}

impl PageSink {
    pub(super) fn new(options: &Arc<Options>) -> Self {
        Self { decoder: ParallelDecoder::new(options, Cutting::default()), beginning: Arc::default() }
    }

    /// Notes what the body is if it is no page. Another attempt may have had another one.
    fn noting(beginning: &Arc<Beginning>, options: &Arc<Options>) -> Self {
        beginning.0.store(BLANK, Ordering::Relaxed);
        Self { beginning: Arc::clone(beginning), ..Self::new(options) }
    }
}

impl BodySink for PageSink {
    type Output = Page;

    fn push(&mut self, window: Bytes) -> Result<()> {
        self.beginning.note(&window);
        self.decoder.push(&window)
    }

    fn finish(self) -> Result<Page> {
        self.decoder.finish()
    }

    fn foresee(mut self, beginning: Bytes) -> Option<Result<Page>> {
        let text = beginning.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&beginning).trim_ascii();
        let name = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
        if BYTE_ORDER_MARK.starts_with(&beginning)
            || b"null".starts_with(text)
            || name.is_some_and(|name| ERROR_NAME.starts_with(name))
        {
            return None;
        }
        let is_no_page = !text.starts_with(b"[");
        let is_error = name.is_some_and(|name| name.starts_with(ERROR_NAME));
        match self.push(beginning.clone()) {
            Ok(()) if !is_no_page => None,
            pushed => {
                // It is one already, whatever the rest of it will say.
                if is_error {
                    self.beginning.0.store(ERROR, Ordering::Relaxed);
                }
                Some(pushed.and_then(|()| self.finish()))
            }
        }
    }
}

/// The first name of an error as the API writes them.
const ERROR_NAME: &[u8] = b"\"error\"";

const BLANK: u8 = 0;
const NULL: u8 = 1;
const ERROR: u8 = 2;
const OTHER: u8 = 3;

/// What a body is that is no page: services in languages whose empty list is a null pointer write `null` or nothing
/// at all beyond the last page, others an error under a status of success.
#[derive(Debug, Default)]
struct Beginning(AtomicU8);

impl Beginning {
    fn note(&self, window: &[u8]) {
        let window = window.trim_ascii();
        if window.is_empty() {
            return;
        }
        // So short a body comes in one window.
        let kind = match self.0.load(Ordering::Relaxed) {
            BLANK if window == b"null" => NULL,
            BLANK if window[0] == b'{' && is_error(window) => ERROR,
            _ => OTHER,
        };
        self.0.store(kind, Ordering::Relaxed);
    }

    fn absence(&self) -> Option<Absence> {
        match self.0.load(Ordering::Relaxed) {
            BLANK | NULL => Some(Absence::Empty),
            ERROR => Some(Absence::Doubtful),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "error")]
    _error: IgnoredAny,
}

/// Whether it is an error as the API writes them: `{"error": "...", "code": "..."}`.
fn is_error(json: &[u8]) -> bool {
    serde_json::from_slice::<Refusal>(json).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is foreseen of a body that begins so: nothing, or the kind that it has.
    fn foreseen(beginning: &[u8]) -> Option<u8> {
        let noted = Arc::default();
        let sink = PageSink::noting(&noted, &Arc::default());
        let outcome = sink.foresee(Bytes::copy_from_slice(beginning))?;
        assert!(outcome.is_err());
        Some(noted.0.load(Ordering::Relaxed))
    }

    #[test]
    fn what_may_become_right_is_waited_for() {
        let page = b"\xef\xbb\xbf [{\"call_id\":1},{\"na";
        for length in 0..page.len() {
            assert_eq!(foreseen(&page[..length]), None, "{length}");
        }
        for beginning in ["n", "nul", "\u{feff} nu", " \n", "{", "{ \"err"] {
            assert_eq!(foreseen(beginning.as_bytes()), None, "{beginning}");
        }
    }

    #[test]
    fn what_is_wrong_already_is_not() {
        for (beginning, kind) in [
            ("<html>", OTHER),
            ("{\"rows\":[{\"call_id\":1},", OTHER),
            ("[1,", OTHER),
            ("nothing", OTHER),
            ("{\"error\":\"no such page\",", ERROR),
            ("\u{feff}{ \"error\":", ERROR),
        ] {
            assert_eq!(foreseen(beginning.as_bytes()), Some(kind), "{beginning}");
        }
    }
}
