//! One paged read: its pages in order, and the book that is kept about them.

use std::sync::Arc;

use super::aside::aside;
use super::ask::Bounds;
use super::gate::Gate;
use super::held::Held;
use super::http_pages::HttpPages;
use super::page_loop::{PageLoop, Settled};
use super::progress::{Progress, SoFar};
use super::receipt::{Ledger, Receipt};
use super::spec::ReadSpec;
use super::without_rows::WithoutRows;
use crate::decode::{Options, Page};
use crate::error::{Error, Result};
use crate::http::{Http, RetryBudget};
use crate::settings::{LastPage, Settings};
use crate::text::quoted;

pub(super) struct Reader {
    pages: PageLoop<HttpPages>,
    ledger: Ledger,
    progress: Option<Arc<dyn Progress>>,
    options: Arc<Options>,
    /// The columns that were asked for by name, if not all were.
    named: Option<Vec<String>>,
    /// Columns that were asked for only to tell rows apart.
    drop: Vec<String>,
    key: &'static str,
    held: Held,
    /// What else there is to say.
    notes: Vec<String>,
}

impl Reader {
    pub(super) fn new(
        http: &Http,
        settings: &Settings,
        spec: &ReadSpec,
        ahead: usize,
        gate: Option<Gate>,
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
            trust_short: settings.last_page == LastPage::Short,
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
            drop: ReadSpec::only_ours(key, key_is_ours, &options),
            options,
            key,
            held: Held::new(spec.limit),
            notes: Vec::new(),
        })
    }

    /// The next page that has rows, those that do not belong to the result among them.
    pub(super) async fn next(&mut self) -> Result<Option<Settled<Page>>> {
        loop {
            let settled = self.pages.next().await;
            let costs = self.pages.take_costs();
            for cost in &costs {
                self.ledger.answered(*cost);
            }
            let planner = self.pages.planner();
            self.ledger.settled(planner.rows(), planner.repeated_keys());
            self.ledger.ended(planner.end().filter(|_| planner.is_done()));
            let settled = settled?;
            if let Some(progress) = self.progress.as_ref().filter(|_| settled.is_some() || !costs.is_empty())
            {
                progress.page(self.ledger.so_far());
            }
            let Some(Settled { number, page, keep, permit }) = settled else { return Ok(None) };
            self.ledger.arrived(&page.page.column_names(), &self.drop);
            if page.page.num_rows() > 0 {
                return Ok(Some(Settled { number, page: page.page, keep, permit }));
            }
        }
    }

    /// The next page of which every row belongs to the result. Rows that were left out for their keys come late if
    /// keys turn out not to tell rows apart.
    pub(super) async fn next_whole(&mut self) -> Result<Option<Settled<Page>>> {
        loop {
            if let Some(settled) = self.held.next() {
                return Ok(Some(settled));
            }
            let Some(settled) = self.next().await? else { return Ok(None) };
            let mut held = std::mem::take(&mut self.held);
            let identify = self.keys_identify();
            let rows = settled.keep.as_ref().map_or(0, Vec::len);
            let (held, taken) = aside(rows, move || {
                let taken = held.take(settled, identify);
                (held, taken)
            })
            .await?;
            self.held = held;
            taken?;
        }
    }

    /// Whether a key belongs to one row only, as far as is known (see [`PageLoop::keys_identify`]).
    pub(super) fn keys_identify(&self) -> bool {
        self.pages.keys_identify()
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
        self.ledger.spent(&nothing.spent);
        self.notes.extend_from_slice(&nothing.warnings);
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
        if !self.keys_identify() {
            warnings.push(format!(
                "{key} does not tell rows apart: several have the same one. All rows were kept; should any have moved \
                 while they were read, it may be there twice or be missing, as no {key} would show it",
                key = self.key
            ));
        }
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
        warnings.extend_from_slice(&self.notes);
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
            let shown: Vec<String> = names.iter().take(SHOWN).map(|name| quoted(name)).collect();
            let more = names.len().saturating_sub(SHOWN);
            shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        };
        Some(format!(
            "the service answered without {}, which was asked for by name, and with {}, which was not and is left \
             out: if it is the same under another name, ask for that, or leave columns= out to get all; describe_calls() \
             says what there is",
            list(&missing),
            list(&left_out)
        ))
    }
}
