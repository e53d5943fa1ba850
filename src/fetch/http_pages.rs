//! Pages that come over HTTP and are decoded as their bytes arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::answer::Absence;
use super::ask::Ask;
use super::rows::Rows;
use super::source::{PageFailure, PageSource};
use crate::decode::{Cutting, Key, Options, Page, ParallelDecoder};
use crate::error::Result;
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
        let is_null = Arc::new(AtomicBool::new(false));
        let new_sink = || PageSink { is_null: Arc::clone(&is_null), ..PageSink::new(&self.options) };
        match self.http.read(&request, &self.budget, new_sink).await {
            Ok(Answer { output, cost }) => {
                Ok(Answer { output: KeyedPage { page: output, key: self.key }, cost })
            }
            Err(error) => {
                let failure = PageFailure::from(error);
                // Services in languages whose empty list is a null pointer write it so.
                let absence = is_null.load(Ordering::Relaxed).then_some(Absence::Empty);
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
    /// Set where all of the body is `null`.
    is_null: Arc<AtomicBool>,
}

impl PageSink {
    pub(super) fn new(options: &Arc<Options>) -> Self {
        Self { decoder: ParallelDecoder::new(options, Cutting::default()), is_null: Arc::default() }
    }
}

impl BodySink for PageSink {
    type Output = Page;

    fn push(&mut self, window: Bytes) -> Result<()> {
        // So short a body comes in one window. An earlier attempt may have been another one.
        self.is_null.store(window.trim_ascii() == b"null", Ordering::Relaxed);
        self.decoder.push(&window)
    }

    fn finish(self) -> Result<Page> {
        self.decoder.finish()
    }
}
