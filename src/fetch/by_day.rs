//! The pages of days, one day after the other: each day a snapshot of its own, a bounded number of them in flight.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use chrono::NaiveDate;
use tokio::sync::Semaphore;

use super::end::End;
use super::in_result::InResult;
use super::page_loop::Settled;
use super::progress::{Progress, SoFar};
use super::receipt::Receipt;
use super::spec::ReadSpec;
use super::window::Window;
use super::window_pages::WindowPages;
use super::windows_ahead::{Ahead, pages_of};
use super::without_rows::WithoutRows;
use crate::decode::{Options, Page};
use crate::error::{Error, Result};
use crate::http::Http;
use crate::query::Query;
use crate::settings::Settings;

/// Pages that wait for their consumer. The days in flight come on top of them.
const WAITING: usize = 2;

pub(super) struct ByDay {
    ahead: Ahead<Window, WindowPages>,
    http: Http,
    ready: VecDeque<Page>,
    /// The day whose pages are taken.
    day: Option<NaiveDate>,
    number: u64,
    result: InResult,
    gate: Arc<Semaphore>,
    options: Arc<Options>,
    drop: Vec<String>,
    progress: Option<Arc<dyn Progress>>,
    receipt: Receipt,
    start: Instant,
    warnings: Vec<String>,
}

impl fmt::Debug for ByDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByDay").field("ahead", &self.ahead).field("day", &self.day).finish_non_exhaustive()
    }
}

impl ByDay {
    /// `spec.query` has no dates, which are those of the windows.
    pub(super) fn new(
        http: &Http,
        settings: &Settings,
        spec: &ReadSpec,
        windows: Vec<Window>,
    ) -> Result<Self> {
        let Some(key) = spec.operation.key() else {
            return Err(Error::internal(format!("{:?} has no days", spec.operation)));
        };
        let (query, key_is_ours) = spec.query_with_key(key);
        let options = Arc::new(spec.options(settings));
        // A limit is of all days together.
        let each = ReadSpec { limit: None, progress: None, ..spec.clone() };
        Ok(Self {
            receipt: Receipt {
                query: whole_range(&windows, &query).with("n_per_page", settings.page_size.to_string()),
                ..Receipt::default()
            },
            ahead: pages_of(http, settings.clone(), each, windows),
            http: http.clone(),
            ready: VecDeque::new(),
            day: None,
            number: 0,
            result: InResult::new(spec.limit),
            gate: Arc::new(Semaphore::new(WAITING)),
            drop: ReadSpec::only_ours(key, key_is_ours, &options),
            options,
            progress: spec.progress.clone(),
            start: Instant::now(),
            warnings: Vec::new(),
        })
    }

    /// The next page that has rows. All of them belong to the result.
    pub(super) async fn next(&mut self) -> Result<Option<Settled<Page>>> {
        loop {
            if self.result.is_complete() {
                self.ahead.stop();
                self.receipt.end = Some(End::Limit);
                return Ok(None);
            }
            if let Some(page) = self.ready.pop_front() {
                let page = self.result.part(page, None);
                self.receipt.rows += page.num_rows() as u64;
                self.number += 1;
                let permit = Arc::clone(&self.gate).acquire_owned().await.ok();
                return Ok(Some(Settled { number: self.number, page, keep: None, permit }));
            }
            let Some((window, read)) = self.ahead.next().await else { return Ok(None) };
            match read {
                Ok(pages) => self.take(&window, pages),
                Err(error) => {
                    self.ahead.stop();
                    return Err(self.http.redact_error(&error));
                }
            }
        }
    }

    fn take(&mut self, window: &Window, read: WindowPages) {
        self.day = Some(window.start_date);
        self.receipt.spent(&read.receipt);
        self.receipt.repeated_keys += read.receipt.repeated_keys;
        self.receipt.columns.retain(|column| !self.drop.contains(column));
        self.receipt.end = weaker(self.receipt.end, read.receipt.end);
        for warning in read.warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self.ready.extend(read.pages.into_iter().filter(|page| page.num_rows() > 0));
        if let Some(progress) = &self.progress {
            progress.page(self.so_far());
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
        self.warnings.extend_from_slice(&nothing.warnings);
    }

    /// Where the last page is from.
    pub(super) fn place(&self) -> String {
        self.day.map_or_else(|| "on no day".to_owned(), |day| format!("on {day}"))
    }

    pub(super) fn so_far(&self) -> SoFar {
        let waiting: usize = self.ready.iter().map(Page::num_rows).sum();
        SoFar {
            pages: self.receipt.pages,
            rows: self.receipt.rows + waiting as u64,
            bytes_received: self.receipt.bytes_received,
            bytes_decoded: self.receipt.bytes_decoded,
        }
    }

    /// Without an end while it is not complete, and with the time that it took, not the sum of all days.
    pub(super) fn receipt(&self) -> Receipt {
        let is_over = self.result.is_complete() || (self.ahead.is_over() && self.ready.is_empty());
        Receipt {
            seconds: self.start.elapsed().as_secs_f64(),
            end: self.receipt.end.filter(|_| is_over),
            ..self.receipt.clone()
        }
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}

/// The query of all days together.
pub(super) fn whole_range(windows: &[Window], filters: &Query) -> Query {
    let (Some(newest), Some(oldest)) = (windows.first(), windows.last()) else { return filters.clone() };
    Window { start_date: oldest.start_date, ..newest.clone() }.query(filters)
}

/// What all days are known to be complete by: a short page that was trusted says less than the others.
pub(super) fn weaker(one: Option<End>, other: Option<End>) -> Option<End> {
    if one == Some(End::Short) { one } else { other }
}
