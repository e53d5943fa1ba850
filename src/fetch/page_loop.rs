//! Drives the planner over whatever serves pages: asks for several at once, puts them back in order, and takes
//! out the rows that an earlier page had.

use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};

use super::aside::aside;
use super::planner::{Ask, Bounds, Counted, Planner, Verdict};
use super::seen_keys::SeenKeys;
use crate::decode::Key;
use crate::error::{Error, Result};
use crate::http::{Answer, Cost};

/// Rows of which some can be left out.
pub trait Rows: Send + 'static {
    fn num_rows(&self) -> usize;

    /// The key of each row.
    fn keys(&self) -> impl Iterator<Item = Option<Key>>;

    /// The same for the same rows.
    fn digest(&self) -> u64;

    #[must_use]
    fn filter(self, keep: &[bool]) -> Self;
}

/// Whatever serves pages.
pub trait PageSource: Send + Sync + 'static {
    type Page: Rows;

    /// Asks for one page, until it is answered or has failed for good.
    fn page(&self, ask: Ask) -> impl Future<Output = Result<Answer<Self::Page>>> + Send;
}

/// The pages of one read.
#[derive(Debug)]
pub struct PageLoop<S: PageSource> {
    source: Arc<S>,
    planner: Planner,
    seen: SeenKeys,
    /// The digests of the pages in which all that was new were rows without a key.
    digests: HashSet<u64>,
    tasks: JoinSet<Numbered<S::Page>>,
    slots: BTreeMap<u64, Slot<S::Page>>,
    gate: Option<Arc<Semaphore>>,
    costs: Vec<Cost>,
}

type Numbered<P> = (u64, Result<Answer<P>>);

#[derive(Debug)]
struct Slot<P> {
    permit: Option<OwnedSemaphorePermit>,
    result: Option<Result<P>>,
}

/// A page whose rows belong to the result, in its turn.
#[derive(Debug)]
pub struct Settled<P> {
    /// Counted from 1.
    pub number: u64,
    pub page: P,
    /// Frees the page's place among those ahead of the consumer when it is dropped.
    pub permit: Option<OwnedSemaphorePermit>,
}

impl<S: PageSource> PageLoop<S> {
    /// With a gate, every page holds one of its permits from when it is asked for.
    pub fn new(source: S, bounds: Bounds, gate: Option<Arc<Semaphore>>) -> Self {
        Self {
            source: Arc::new(source),
            planner: Planner::new(bounds),
            seen: SeenKeys::default(),
            digests: HashSet::new(),
            tasks: JoinSet::new(),
            slots: BTreeMap::new(),
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
            if let Some(number) = self.planner.due() {
                if let Some(settled) = self.settle(number).await? {
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

    /// The costs of the pages that were answered since the last call.
    pub fn take_costs(&mut self) -> Vec<Cost> {
        std::mem::take(&mut self.costs)
    }

    fn ask_without_waiting(&mut self) {
        while self.planner.wants() {
            let permit = match self.gate.clone().map(Semaphore::try_acquire_owned) {
                None => None,
                Some(Ok(permit)) => Some(permit),
                Some(Err(_)) => return,
            };
            self.ask(permit);
        }
    }

    fn ask(&mut self, permit: Option<OwnedSemaphorePermit>) {
        let Some(ask) = self.planner.next_ask() else { return };
        self.slots.insert(ask.page, Slot { permit, result: None });
        let source = Arc::clone(&self.source);
        self.tasks.spawn(async move { (ask.page, source.page(ask).await) });
    }

    fn take(&mut self, joined: Result<Numbered<S::Page>, JoinError>) -> Result<()> {
        let (number, result) =
            joined.map_err(|error| Error::internal(format!("the task of a page did not end: {error}")))?;
        let result = match result {
            Ok(Answer { output, cost }) => {
                self.planner.answered(number, output.num_rows() as u64);
                self.costs.push(cost);
                Ok(output)
            }
            Err(error) => {
                self.planner.failed(number);
                Err(error)
            }
        };
        if let Some(slot) = self.slots.get_mut(&number) {
            slot.result = Some(result);
        }
        Ok(())
    }

    /// Decides about the page that is due; nothing if it is left out or asked for again.
    async fn settle(&mut self, number: u64) -> Result<Option<Settled<S::Page>>> {
        let Some(Slot { permit, result: Some(result) }) = self.slots.remove(&number) else {
            return Err(Error::internal(format!("page {number} is due but not there")));
        };
        let page = match result {
            Ok(page) => page,
            Err(_) if self.planner.forgive(number) => return Ok(None),
            Err(error) => return Err(error),
        };
        let rows = page.num_rows() as u64;
        if self.planner.is_alone(rows) {
            let verdict = self.planner.settle_page(number, Counted { rows, ..Counted::default() })?;
            let page = match verdict {
                Verdict::Keep(keep) if keep < rows => {
                    let keep: Vec<bool> = (0..rows).map(|row| row < keep).collect();
                    page.filter(&keep)
                }
                _ => page,
            };
            return Ok(Some(Settled { number, page, permit }));
        }

        let seen = std::mem::take(&mut self.seen);
        let (seen, page, keys, (mut keep, repeated), digest) = aside(page.num_rows(), move || {
            let keys = seen.compact(page.keys());
            let (keep, repeated) = seen.new_rows(&keys);
            // Rows without a key count as new, so their page as a whole tells whether it was there before.
            let without_key = keys.without_key();
            let digest = (without_key > 0 && without_key + repeated == rows).then(|| page.digest());
            (seen, page, keys, (keep, repeated), digest)
        })
        .await?;
        self.seen = seen;
        let seen_before = digest.is_some_and(|digest| self.digests.contains(&digest));
        match self.planner.settle_page(number, Counted { rows, repeated, seen_before })? {
            Verdict::Rewind => {
                // Cancels what is in flight.
                self.tasks = JoinSet::new();
                self.slots.clear();
                Ok(None)
            }
            Verdict::Keep(kept) => {
                self.digests.extend(digest);
                if kept < rows - repeated {
                    drop_after(&mut keep, kept);
                }
                let mut seen = std::mem::take(&mut self.seen);
                let (seen, page) = aside(page.num_rows(), move || {
                    seen.insert(&keys);
                    (seen, if kept < rows { page.filter(&keep) } else { page })
                })
                .await?;
                self.seen = seen;
                Ok(Some(Settled { number, page, permit }))
            }
        }
    }
}

/// Keeps only the first so many of the rows to keep.
fn drop_after(keep: &mut [bool], kept: u64) {
    let mut left = kept;
    for keep in keep.iter_mut().filter(|keep| **keep) {
        *keep = left > 0;
        left = left.saturating_sub(1);
    }
}

async fn acquire(gate: Option<Arc<Semaphore>>) -> Option<OwnedSemaphorePermit> {
    // The gate is never closed; if it were, the read would go on without it.
    gate?.acquire_owned().await.ok()
}
