//! Drives the planner over whatever serves pages: asks for several at once, puts them back in order, and says which
//! rows an earlier page had.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{JoinError, JoinSet};

use super::answer::{Counted, Verdict};
use super::aside::aside;
use super::ask::{Ask, Bounds};
use super::gate::Gate;
use super::identity::{Identity, Looked};
use super::planner::Planner;
use super::rows::Rows;
use super::source::{PageFailure, PageSource};
use crate::error::{Error, Result};
use crate::http::{Answer, Cost};

/// The pages of one read.
#[derive(Debug)]
pub struct PageLoop<S: PageSource> {
    source: Arc<S>,
    planner: Planner,
    identity: Identity,
    tasks: JoinSet<Numbered<S::Page>>,
    slots: HashMap<u64, Slot<S::Page>>,
    gate: Option<Gate>,
    costs: Vec<Cost>,
}

type Numbered<P> = (u64, Result<Answer<P>, PageFailure>);

#[derive(Debug)]
struct Slot<P> {
    permit: Option<OwnedSemaphorePermit>,
    result: Option<Result<P, PageFailure>>,
}

/// A page in its turn.
#[derive(Debug)]
pub struct Settled<P> {
    /// Counted from 1.
    pub number: u64,
    pub page: P,
    /// Which of its rows belong to the result, if not all. That is known for good only at the end of the read, when
    /// [`PageLoop::keys_identify`] is.
    pub keep: Option<Vec<bool>>,
    /// Frees the page's place among those ahead of the consumer when it is dropped.
    pub permit: Option<OwnedSemaphorePermit>,
}

impl<S: PageSource> PageLoop<S> {
    /// With a gate, every page holds one of its permits from when it is asked for.
    pub fn new(source: S, bounds: Bounds, gate: Option<Gate>) -> Self {
        Self {
            source: Arc::new(source),
            planner: Planner::new(bounds),
            identity: Identity::default(),
            tasks: JoinSet::new(),
            slots: HashMap::new(),
            gate,
            costs: Vec::new(),
        }
    }

    /// The next page in order. After an error the read is over.
    ///
    /// # Errors
    /// That of a page that belongs to the result, or `Paging`.
    pub async fn next(&mut self) -> Result<Option<Settled<S::Page>>> {
        loop {
            self.ask_without_waiting();
            if let Some((ticket, ask)) = self.planner.due() {
                if let Some(settled) = self.settle(ticket, ask).await? {
                    return Ok(Some(settled));
                }
                continue;
            }
            if self.planner.is_done() {
                // What is still in flight is beyond the limit.
                self.tasks.abort_all();
                return Ok(None);
            }
            let wanting = self.planner.wants();
            tokio::select! {
                // Answers before further requests, so that a read can be repeated exactly.
                biased;
                Some(joined) = self.tasks.join_next(), if !self.tasks.is_empty() => self.take(joined)?,
                permit = acquire(self.gate.clone()), if wanting => self.ask(permit),
                else => return Err(Error::internal("a read has nothing to wait for")),
            }
        }
    }

    /// What was done so far, for the receipt.
    pub fn planner(&self) -> &Planner {
        &self.planner
    }

    /// Whether a key belongs to one row only, as far as is known. Where it does not, no row is left out for its key,
    /// and those that were belong to the result after all.
    pub fn keys_identify(&self) -> bool {
        self.identity.keys_identify()
    }

    /// The costs of the pages that were answered since the last call.
    pub fn take_costs(&mut self) -> Vec<Cost> {
        std::mem::take(&mut self.costs)
    }

    fn ask_without_waiting(&mut self) {
        while self.planner.wants() {
            let permit = match self.gate.as_ref().map(Gate::try_acquire) {
                None => None,
                Some(Some(permit)) => Some(permit),
                Some(None) => return,
            };
            self.ask(permit);
        }
    }

    fn ask(&mut self, permit: Option<OwnedSemaphorePermit>) {
        let Some((ticket, ask)) = self.planner.next_ask() else { return };
        self.slots.insert(ticket, Slot { permit, result: None });
        let source = Arc::clone(&self.source);
        self.tasks.spawn(async move { (ticket, source.page(ask).await) });
    }

    fn take(&mut self, joined: Result<Numbered<S::Page>, JoinError>) -> Result<()> {
        let (ticket, result) =
            joined.map_err(|error| Error::internal(format!("the task of a page did not end: {error}")))?;
        let result = match result {
            Ok(Answer { output, cost }) => {
                self.planner.answered(ticket, output.num_rows() as u64);
                if let Some(gate) = &mut self.gate {
                    gate.came(cost.bytes_decoded);
                }
                self.costs.push(cost);
                Ok(output)
            }
            Err(failure) => {
                self.planner.failed(ticket);
                if failure.absence.is_some() {
                    let attempts = failure.error.attempt().unwrap_or(1);
                    self.costs.push(Cost { attempts, ..Cost::default() });
                }
                Err(failure)
            }
        };
        if let Some(slot) = self.slots.get_mut(&ticket) {
            slot.result = Some(result);
        }
        Ok(())
    }

    /// Decides about the page that is due; nothing if there is none, or it is asked for again.
    async fn settle(&mut self, ticket: u64, ask: Ask) -> Result<Option<Settled<S::Page>>> {
        let number = ask.page;
        let Some(Slot { permit, result: Some(result) }) = self.slots.remove(&ticket) else {
            return Err(Error::internal(format!("page {number} is due but not there")));
        };
        let page = match result {
            Ok(page) => page,
            Err(PageFailure { error, absence }) => {
                if self.planner.settle_failure(error, absence)? == Verdict::Rewind {
                    self.forget();
                }
                return Ok(None);
            }
        };
        let rows = page.num_rows() as u64;
        let settled = |page, keep| Ok(Some(Settled { number, page, keep, permit }));
        if self.planner.is_first() {
            let alone = self.planner.is_alone(rows);
            let verdict = self.planner.settle_page(Counted { rows, ..Counted::default() })?;
            let Verdict::Keep(kept) = verdict else { return settled(page, None) };
            let page = if alone { page } else { self.look_at_first(page, ask).await? };
            return settled(page, first_rows(rows, kept));
        }

        let mut identity = std::mem::take(&mut self.identity);
        let role = self.planner.role();
        let (identity, page, looked) = aside(page.num_rows(), move || {
            let looked = identity.look(&page, ask, &role);
            (identity, page, looked)
        })
        .await?;
        self.identity = identity;
        let Looked { counted, mut keep, found_out } = looked;
        if found_out {
            self.planner.keep_repeated()?;
        }
        let verdict = self.planner.settle_page(counted)?;
        if matches!(verdict, Verdict::Rewind | Verdict::KeepAndForget(_)) {
            self.forget();
        }
        match verdict {
            Verdict::Rewind => Ok(None),
            Verdict::Discard => settled(page.filter(&vec![false; keep.len()]), None),
            Verdict::Keep(kept) | Verdict::KeepAndForget(kept) => {
                self.identity.kept();
                if kept < rows - counted.repeated {
                    drop_after(&mut keep, kept);
                }
                settled(page, (kept < rows).then_some(keep))
            }
        }
    }

    /// Takes in the first page, which repeats none, while what follows is asked for.
    async fn look_at_first(&mut self, page: S::Page, ask: Ask) -> Result<S::Page> {
        self.ask_without_waiting();
        let mut identity = std::mem::take(&mut self.identity);
        let (identity, page, without_key) = aside(page.num_rows(), move || {
            let looked = identity.look_at_first(&page, ask);
            (identity, page, looked)
        })
        .await?;
        self.identity = identity;
        if without_key {
            self.planner.had_rows_without_key();
        }
        Ok(page)
    }

    /// Cancels what is in flight.
    fn forget(&mut self) {
        self.tasks = JoinSet::new();
        self.slots.clear();
    }
}

/// The first so many rows, if those are not all.
fn first_rows(rows: u64, kept: u64) -> Option<Vec<bool>> {
    (kept < rows).then(|| (0..rows).map(|row| row < kept).collect())
}

/// Keeps only the first so many of the rows to keep.
fn drop_after(keep: &mut [bool], kept: u64) {
    let mut left = kept;
    for keep in keep.iter_mut().filter(|keep| **keep) {
        *keep = left > 0;
        left = left.saturating_sub(1);
    }
}

async fn acquire(gate: Option<Gate>) -> Option<OwnedSemaphorePermit> {
    gate?.acquire().await
}
