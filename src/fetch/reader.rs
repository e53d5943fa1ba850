//! One paged read: its pages in order, and the book that is kept about them.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::http_pages::HttpPages;
use super::page_loop::{PageLoop, Settled};
use super::planner::Bounds;
use super::progress::{Progress, SoFar};
use super::receipt::{Ledger, Receipt};
use super::spec::ReadSpec;
use crate::decode::{Options, Page};
use crate::error::{Error, Result};
use crate::http::{Http, RetryBudget};
use crate::settings::Settings;

pub(super) struct Reader {
    pages: PageLoop<HttpPages>,
    ledger: Ledger,
    progress: Option<Arc<dyn Progress>>,
    options: Arc<Options>,
    /// The columns that were asked for by name, if not all were.
    named: Option<Vec<String>>,
    /// Columns that were asked for only to tell rows apart.
    drop: Vec<String>,
    columns_without_rows: Vec<String>,
}

impl Reader {
    pub(super) fn new(
        http: &Http,
        settings: &Settings,
        spec: &ReadSpec,
        ahead: usize,
        gate: Option<Arc<Semaphore>>,
    ) -> Result<Self> {
        let Some(key) = spec.operation.key() else {
            return Err(Error::internal(format!("{:?} has no pages", spec.operation)));
        };
        let (query, key_is_ours) = spec.query_with_key(key);
        let bounds = Bounds {
            limit: spec.limit,
            page_size: settings.page_size.into(),
            in_flight: settings.max_concurrency,
            ahead,
        };
        let n_per_page = bounds.n_per_page().to_string();
        let options = Arc::new(spec.options(settings));
        let source = HttpPages {
            http: http.clone(),
            budget: RetryBudget::shared(settings),
            operation: spec.operation,
            query: query.clone(),
            key,
            options: Arc::clone(&options),
        };
        Ok(Self {
            pages: PageLoop::new(source, bounds, gate),
            ledger: Ledger::new(query.with("n_per_page", n_per_page)),
            progress: spec.progress.clone(),
            named: spec.named(),
            drop: if key_is_ours && !options.selects(key) { vec![key.to_owned()] } else { Vec::new() },
            options,
            columns_without_rows: spec.columns_without_rows(),
        })
    }

    /// The next page that has rows.
    pub(super) async fn next(&mut self) -> Result<Option<Settled<Page>>> {
        loop {
            let settled = self.pages.next().await;
            for cost in self.pages.take_costs() {
                self.ledger.answered(cost);
            }
            let planner = self.pages.planner();
            self.ledger.settled(planner.rows(), planner.repeated_keys());
            let Some(Settled { number, page, permit }) = settled? else { return Ok(None) };
            self.ledger.arrived(&page.page.column_names(), &self.drop);
            if let Some(progress) = &self.progress {
                progress.page(self.ledger.so_far());
            }
            if page.page.num_rows() > 0 {
                return Ok(Some(Settled { number, page: page.page, permit }));
            }
        }
    }

    pub(super) fn options(&self) -> &Arc<Options> {
        &self.options
    }

    pub(super) fn drop(&self) -> &[String] {
        &self.drop
    }

    pub(super) fn columns_without_rows(&self) -> &[String] {
        &self.columns_without_rows
    }

    pub(super) fn so_far(&self) -> SoFar {
        self.ledger.so_far()
    }

    pub(super) fn receipt(&self) -> Receipt {
        self.ledger.receipt()
    }

    /// What the user should know of the pages, a sentence each.
    pub(super) fn warnings(&self) -> Vec<String> {
        let planner = self.pages.planner();
        let mut warnings = Vec::new();
        match planner.repeated_keys() {
            0 => {}
            repeated => warnings.push(format!(
                "{repeated} {} came again on a later page and {} left out: rows moved while they were read. If \
                 others were deleted meanwhile, some rows may also have been missed; a narrower range that fits \
                 one page cannot move",
                if repeated == 1 { "row" } else { "rows" },
                if repeated == 1 { "was" } else { "were" },
            )),
        }
        if planner.grew() && planner.repeated_keys() == 0 {
            warnings.push(
                "rows were added while they were read: pages after the one that was the last had some, which were \
                 kept, but others that are as new may be missing"
                    .to_owned(),
            );
        }
        warnings.extend(self.misnamed());
        warnings
    }

    /// Says that columns came that nobody asked for in place of others: they may be those under another name.
    fn misnamed(&self) -> Option<String> {
        const SHOWN: usize = 5;
        let arrived = self.ledger.columns();
        let missing: Vec<&String> =
            self.named.iter().flatten().filter(|name| !arrived.contains(name)).collect();
        let left_out: Vec<&String> = arrived.iter().filter(|name| !self.options.selects(name)).collect();
        if arrived.is_empty() || missing.is_empty() || left_out.is_empty() {
            return None;
        }
        let list = |names: &[&String]| {
            let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
            let more = names.len().saturating_sub(SHOWN);
            shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        };
        Some(format!(
            "the service answered without {}, which was asked for by name, and with {}, which was not and is left \
             out: if it is the same under another name, ask for that, or leave columns= out to get all",
            list(&missing),
            list(&left_out)
        ))
    }
}
