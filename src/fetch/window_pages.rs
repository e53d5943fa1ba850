//! The pages of one window: one that holds them all, as a rule; where a window fills a page, those of its parts.
//!
//! One page is a consistent snapshot: nothing can shift between pages. So a window that fills the largest page is not
//! read on but split by `after` and `before`, until each part fits. The parts share their ends, where rows come twice and
//! are kept once. Rows that are in none of the parts, having no time, say, are looked for at the end, by the page that
//! would begin behind all rows that came. Where it has any, or where keys do not tell rows apart, the window is read page
//! by page after all.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::aside::aside;
use super::ask::Ask;
use super::gate::Gate;
use super::http_pages::HttpPages;
use super::page_loop::Settled;
use super::read::{AHEAD, of_result};
use super::reader::Reader;
use super::receipt::Receipt;
use super::source::PageSource;
use super::spec::ReadSpec;
use super::window::{Minutes, Window};
use crate::decode::{Extent, Key, Options, Page};
use crate::error::{Error, Result};
use crate::http::{Http, RetryBudget};
use crate::settings::Settings;

/// What was read of a window.
#[derive(Debug)]
pub(super) struct WindowPages {
    pub pages: Vec<Page>,
    pub receipt: Receipt,
    pub warnings: Vec<String>,
    pub options: Arc<Options>,
    /// Columns that were asked for though they were not wanted.
    pub drop: Vec<String>,
    /// Whether a key is of one row.
    pub keys_identify: bool,
}

/// What came of reading a part.
enum Part {
    Read(WindowPages),
    /// It fills a page. What that took.
    Full(Receipt),
}

pub(super) async fn read_window(
    http: &Http,
    settings: &Settings,
    spec: &ReadSpec,
    window: &Window,
) -> Result<WindowPages> {
    let filters = &spec.query;
    let is_cut = filters.pairs().iter().any(|(name, _)| matches!(*name, "after" | "before"));
    let minutes = window.minutes().filter(|_| !is_cut);
    let spec = ReadSpec { query: window.query(filters), progress: None, ..spec.clone() };
    let mut spent = match read_part(http, settings, &spec, minutes.is_some()).await? {
        Part::Read(pages) => return Ok(pages),
        Part::Full(receipt) => receipt,
    };
    if let Some(minutes) = minutes
        && let Some(pages) = read_parts(http, settings, &spec, minutes, &mut spent).await?
    {
        return Ok(pages);
    }
    let mut pages = read_whole(http, settings, &spec).await?;
    pages.receipt.spent(&spent);
    Ok(pages)
}

/// Reads page by page, whatever fills the first one.
pub(super) async fn read_whole(http: &Http, settings: &Settings, spec: &ReadSpec) -> Result<WindowPages> {
    match read_part(http, settings, spec, false).await? {
        Part::Read(pages) => Ok(pages),
        Part::Full(_) => Err(Error::internal("a read that is not split stopped at a full page")),
    }
}

/// Reads page by page, unless the first page is full and the part may be split instead.
async fn read_part(http: &Http, settings: &Settings, spec: &ReadSpec, may_split: bool) -> Result<Part> {
    // While the first page is looked at, nothing further is asked for.
    let gate = Arc::new(Semaphore::new(1));
    let ahead = settings.max_concurrency * AHEAD;
    let mut reader = Reader::new(http, settings, spec, ahead, Some(Gate::new(Arc::clone(&gate))))?;
    let mut pages = Vec::new();
    let mut extent = Extent::new(spec.limit);
    while let Some(Settled { page, keep, permit, .. }) = reader.next().await? {
        if pages.is_empty() {
            if may_split && page.num_rows() as u64 >= u64::from(settings.page_size) {
                return Ok(Part::Full(reader.receipt()));
            }
            gate.add_permits(ahead);
        }
        drop(permit);
        extent.add(&page, reader.options())?;
        pages.push((page, keep));
    }
    let rows = pages.iter().filter(|(_, keep)| keep.is_some()).map(|(page, _)| page.num_rows()).sum();
    let (keys_identify, limit) = (reader.keys_identify(), spec.limit);
    Ok(Part::Read(WindowPages {
        pages: aside(rows, move || of_result(pages, keys_identify, limit)).await?,
        receipt: reader.receipt(),
        warnings: reader.warnings(),
        options: Arc::clone(reader.options()),
        drop: reader.unwanted_columns().to_vec(),
        keys_identify,
    }))
}

/// Reads part after part, each once; nothing if that does not prove to be every row.
async fn read_parts(
    http: &Http,
    settings: &Settings,
    spec: &ReadSpec,
    minutes: Minutes,
    spent: &mut Receipt,
) -> Result<Option<WindowPages>> {
    let Some(key) = spec.operation.key() else { return Ok(None) };
    let mut left: Vec<Minutes> = minutes.halves().into_iter().flatten().rev().collect();
    let mut whole: Option<WindowPages> = None;
    let mut seen = HashSet::new();
    let mut extent = Extent::new(None);
    while let Some(part) = left.pop() {
        let halves = part.halves();
        let spec = ReadSpec { query: part.query(spec.query.clone()), ..spec.clone() };
        let mut read = match read_part(http, settings, &spec, halves.is_some()).await? {
            Part::Read(read) => read,
            Part::Full(receipt) => {
                spent.spent(&receipt);
                left.extend(halves.into_iter().flatten().rev());
                continue;
            }
        };
        let pages = std::mem::take(&mut read.pages);
        let rows = pages.iter().map(Page::num_rows).sum();
        let (pages, known) = aside(rows, move || {
            let pages = once_if_keyed(pages, key, &mut seen);
            (pages, seen)
        })
        .await?;
        seen = known;
        let Some(pages) = pages.filter(|_| read.keys_identify) else {
            spent.spent(&read.receipt);
            return Ok(None);
        };
        for page in &pages {
            extent.add(page, &read.options)?;
        }
        whole = Some(match whole.take() {
            None => WindowPages { pages, ..read },
            Some(mut whole) => {
                whole.pages.extend(pages);
                whole.warnings.extend(read.warnings);
                whole.receipt.spent(&read.receipt);
                whole
            }
        });
    }
    let Some(mut whole) = whole else { return Ok(None) };
    let rows = whole.pages.iter().map(Page::num_rows).sum::<usize>() as u64;
    let is_whole = nothing_is_behind(http, settings, spec, &whole.options, key, rows, spent).await?;
    if !is_whole {
        spent.spent(&whole.receipt);
        return Ok(None);
    }
    whole.receipt.spent(spent);
    whole.receipt.rows = rows;
    whole.receipt.query = spec.query.clone().with("n_per_page", settings.page_size.to_string());
    Ok(Some(whole))
}

/// The rows whose keys did not come before; nothing if a row has none.
fn once_if_keyed(pages: Vec<Page>, key: &str, seen: &mut HashSet<Key>) -> Option<Vec<Page>> {
    let has_keys = pages.iter().all(|page| page.keys(key).all(|key| key.is_some()));
    has_keys.then(|| once(pages, key, seen))
}

/// The rows whose keys did not come before, and those without a key.
pub(super) fn once(pages: Vec<Page>, key: &str, seen: &mut HashSet<Key>) -> Vec<Page> {
    let mut kept = Vec::with_capacity(pages.len());
    for page in pages {
        let keep: Vec<bool> = page.keys(key).map(|key| key.is_none_or(|key| seen.insert(key))).collect();
        kept.push(if keep.contains(&false) { page.filter(&keep) } else { page });
    }
    kept.retain(|page| page.num_rows() > 0);
    kept
}

/// Whether the window has no more than so many rows.
async fn nothing_is_behind(
    http: &Http,
    settings: &Settings,
    spec: &ReadSpec,
    options: &Arc<Options>,
    key: &'static str,
    rows: u64,
    spent: &mut Receipt,
) -> Result<bool> {
    let source = HttpPages {
        http: http.clone(),
        budget: RetryBudget::single(settings),
        operation: spec.operation,
        query: spec.query_with_key(key).0,
        key,
        options: Arc::clone(options),
    };
    match source.page(Ask { page: rows + 1, n_per_page: 1 }).await {
        Ok(answer) => {
            spent.answered(answer.cost);
            Ok(answer.output.page.num_rows() == 0)
        }
        // There is no such page.
        Err(failure) if failure.absence.is_some() => {
            spent.requests += u64::from(failure.error.attempt().unwrap_or(1));
            Ok(true)
        }
        Err(failure) => Err(failure.error),
    }
}
