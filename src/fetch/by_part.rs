//! The pages of a query whose lists are too long for one address: those of its parts, one part after the other. While one
//! is read, the first pages of the next ones are on their way.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;

use super::aside::aside;
use super::by_day::weaker;
use super::end::End;
use super::gate::{Gate, pages_ahead};
use super::in_result::InResult;
use super::page_loop::Settled;
use super::progress::{Progress, SoFar};
use super::reader::Reader;
use super::receipt::Receipt;
use super::seen_keys::SeenKeys;
use super::spec::ReadSpec;
use super::windows_ahead::Ahead;
use super::without_rows::WithoutRows;
use crate::decode::{Options, Page};
use crate::error::{Error, Result};
use crate::http::Http;
use crate::query::Query;
use crate::settings::Settings;

/// Pages that wait for their consumer. Those that the reads have ahead come on top of them.
const WAITING: usize = 2;

pub(super) struct ByPart {
    ahead: Ahead<Query, Begun>,
    /// The part whose pages are taken.
    current: Option<Begun>,
    http: Http,
    most: usize,
    key: &'static str,
    seen: SeenKeys,
    number: u64,
    result: InResult,
    gate: Arc<Semaphore>,
    options: Arc<Options>,
    drop: Vec<String>,
    progress: Option<Arc<dyn Progress>>,
    /// What the parts before took, and the rows of all.
    receipt: Receipt,
    start: Instant,
    warnings: Vec<String>,
}

/// A part of which the first page has come.
struct Begun {
    reader: Reader,
    first: Option<Settled<Page>>,
    gate: Arc<Semaphore>,
}

impl fmt::Debug for ByPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByPart")
            .field("ahead", &self.ahead)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl ByPart {
    /// `parts` are the query of `spec`, cut.
    pub(super) fn new(http: &Http, settings: &Settings, spec: &ReadSpec, parts: Vec<Query>) -> Result<Self> {
        let Some(key) = spec.operation.key() else {
            return Err(Error::internal(format!("{:?} has no parts", spec.operation)));
        };
        let (query, key_is_ours) = spec.query_with_key(key);
        let options = Arc::new(spec.options(settings));
        let n_per_page = spec.limit.unwrap_or(u64::MAX).min(settings.page_size.into());
        let each = ReadSpec { progress: None, ..spec.clone() };
        let (its_http, its_settings) = (http.clone(), Arc::new(settings.clone()));
        let ahead = Ahead::new(parts, settings.max_concurrency, move |query| {
            let (http, settings) = (its_http.clone(), Arc::clone(&its_settings));
            Box::pin(begin(http, settings, ReadSpec { query, ..each.clone() }))
        });
        Ok(Self {
            ahead,
            current: None,
            http: http.clone(),
            most: settings.max_concurrency,
            key,
            seen: SeenKeys::default(),
            number: 0,
            result: InResult::new(spec.limit),
            gate: Arc::new(Semaphore::new(WAITING)),
            drop: ReadSpec::only_ours(key, key_is_ours, &options),
            options,
            progress: spec.progress.clone(),
            receipt: Receipt {
                query: query.with("n_per_page", n_per_page.to_string()),
                ..Receipt::default()
            },
            start: Instant::now(),
            warnings: Vec::new(),
        })
    }

    /// The next page that has rows. All of them belong to the result.
    pub(super) async fn next(&mut self) -> Result<Option<Settled<Page>>> {
        let next = self.next_page().await;
        next.map_err(|error| {
            self.ahead.stop();
            self.http.redact_error(&error)
        })
    }

    async fn next_page(&mut self) -> Result<Option<Settled<Page>>> {
        loop {
            if self.result.is_complete() {
                self.ahead.stop();
                self.leave();
                self.receipt.end = Some(End::Limit);
                return Ok(None);
            }
            let Some(current) = &mut self.current else {
                let Some((_, begun)) = self.ahead.next().await else { return Ok(None) };
                let begun = begun?;
                // As many as fit, now that one has come.
                let allowed = pages_ahead(self.most, begun.reader.so_far().bytes_decoded);
                begun.gate.add_permits(allowed.saturating_sub(1));
                self.current = Some(begun);
                continue;
            };
            let settled = match current.first.take() {
                Some(first) => Some(first),
                None => current.reader.next_whole().await?,
            };
            let Some(Settled { page, permit, .. }) = settled else {
                self.leave();
                continue;
            };
            let page = self.once(page).await?;
            let page = self.result.part(page, None);
            if page.num_rows() == 0 {
                continue;
            }
            self.receipt.rows += page.num_rows() as u64;
            self.number += 1;
            if let Some(progress) = &self.progress {
                progress.page(self.so_far());
            }
            let waits = Arc::clone(&self.gate).acquire_owned().await.ok();
            mem::drop(permit);
            return Ok(Some(Settled { number: self.number, page, keep: None, permit: waits }));
        }
    }

    /// The rows that no earlier page had; all, where keys do not tell rows apart.
    async fn once(&mut self, page: Page) -> Result<Page> {
        if !self.current.as_ref().is_some_and(|current| current.reader.keys_identify()) {
            return Ok(page);
        }
        let (key, mut seen) = (self.key, mem::take(&mut self.seen));
        let (seen, page) = aside(page.num_rows(), move || {
            let keys = seen.compact(page.keys(key));
            let (new, repeated) = seen.new_rows(&keys);
            seen.insert(&keys, &new);
            let page = if repeated > 0 { page.filter(&new) } else { page };
            (seen, page)
        })
        .await?;
        self.seen = seen;
        Ok(page)
    }

    /// Enters what the part took whose pages were taken.
    fn leave(&mut self) {
        let Some(Begun { reader, .. }) = self.current.take() else { return };
        let read = reader.receipt();
        self.receipt.spent(&read);
        self.receipt.repeated_keys += read.repeated_keys;
        self.receipt.end = weaker(self.receipt.end, read.end);
        self.warn(reader.warnings());
    }

    fn warn(&mut self, warnings: Vec<String>) {
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }

    pub(super) fn options(&self) -> &Arc<Options> {
        &self.options
    }

    /// Columns that were asked for though they were not wanted.
    pub(super) fn unwanted_columns(&self) -> &[String] {
        &self.drop
    }

    /// Enters that there is no row, and what it took to know the columns nevertheless.
    pub(super) fn found_nothing(&mut self, nothing: &WithoutRows) {
        self.receipt.spent(&nothing.spent);
        self.warn(nothing.warnings.clone());
    }

    pub(super) fn so_far(&self) -> SoFar {
        let current = self.current.as_ref().map(|current| current.reader.so_far()).unwrap_or_default();
        SoFar {
            pages: self.receipt.pages + current.pages,
            rows: self.receipt.rows,
            bytes_received: self.receipt.bytes_received + current.bytes_received,
            bytes_decoded: self.receipt.bytes_decoded + current.bytes_decoded,
        }
    }

    /// Without an end while it is not complete, and with the time that it took, not the sum of all parts.
    pub(super) fn receipt(&self) -> Receipt {
        let mut receipt = self.receipt.clone();
        if let Some(current) = &self.current {
            let read = current.reader.receipt();
            receipt.spent(&read);
            receipt.repeated_keys += read.repeated_keys;
        }
        let is_over = self.result.is_complete() || (self.ahead.is_over() && self.current.is_none());
        receipt.columns.retain(|column| !self.drop.contains(column));
        Receipt {
            seconds: self.start.elapsed().as_secs_f64(),
            end: receipt.end.filter(|_| is_over),
            ..receipt
        }
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        for warning in self.current.iter().flat_map(|current| current.reader.warnings()) {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        warnings
    }
}

/// Asks for the first page of a part, and for no other one.
async fn begin(http: Http, settings: Arc<Settings>, spec: ReadSpec) -> Result<Begun> {
    let gate = Arc::new(Semaphore::new(1));
    let its_gate = Gate::new(Arc::clone(&gate));
    let mut reader = Reader::new(&http, &settings, &spec, settings.max_concurrency, Some(its_gate))?;
    let first = reader.next_whole().await?;
    Ok(Begun { reader, first, gate })
}
