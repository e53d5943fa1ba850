//! Pages that come over HTTP and are decoded as their bytes arrive.

use std::sync::Arc;

use super::page_loop::{PageSource, Rows};
use super::planner::Ask;
use crate::decode::{Key, Options, Page, PageDecoder};
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

    fn filter(self, keep: &[bool]) -> Self {
        Self { page: self.page.filter(keep), key: self.key }
    }
}

/// Decodes one attempt's body.
#[derive(Debug)]
pub(super) struct PageSink(PageDecoder);

impl PageSink {
    pub(super) fn new(options: &Arc<Options>) -> Self {
        Self(PageDecoder::new(Arc::clone(options)))
    }
}

impl BodySink for PageSink {
    type Output = Page;

    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.push(bytes)
    }

    fn finish(self) -> Result<Page> {
        self.0.finish()
    }
}
