//! Pages that come over HTTP and are decoded as their bytes arrive.

use std::sync::Arc;

use bytes::Bytes;

use super::page_loop::{PageSource, Rows};
use super::planner::Ask;
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
#[derive(Debug)]
pub(super) struct KeyedPage {
    pub(super) page: Page,
    key: &'static str,
}

impl PageSource for HttpPages {
    type Page = KeyedPage;

    async fn page(&self, ask: Ask) -> Result<Answer<KeyedPage>> {
        let query = self
            .query
            .clone()
            .with("n_per_page", ask.n_per_page.to_string())
            .with("page", ask.page.to_string());
        let request = Request { operation: self.operation, query, body: None };
        let Answer { output, cost } =
            self.http.read(&request, &self.budget, || PageSink::new(&self.options)).await?;
        Ok(Answer { output: KeyedPage { page: output, key: self.key }, cost })
    }
}

impl Rows for KeyedPage {
    fn num_rows(&self) -> usize {
        self.page.num_rows()
    }

    fn keys(&self) -> impl Iterator<Item = Option<Key>> {
        self.page.keys(self.key)
    }

    fn digest(&self) -> u64 {
        self.page.digest()
    }

    fn filter(self, keep: &[bool]) -> Self {
        Self { page: self.page.filter(keep), key: self.key }
    }
}

/// Decodes one attempt's body.
#[derive(Debug)]
pub(super) struct PageSink(ParallelDecoder);

impl PageSink {
    pub(super) fn new(options: &Arc<Options>) -> Self {
        Self(ParallelDecoder::new(options, Cutting::default()))
    }
}

impl BodySink for PageSink {
    type Output = Page;

    fn push(&mut self, window: Bytes) -> Result<()> {
        self.0.push(&window)
    }

    fn finish(self) -> Result<Page> {
        self.0.finish()
    }
}
