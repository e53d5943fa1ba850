//! Lists of values that are too long for one address. Each part of the list is asked for by a read of its own, several at
//! once; the rows of all are one result, in the order of the parts.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::iter;
use futures_util::{Stream, StreamExt};

use super::aside::aside;
use super::progress::{Progress, SoFar};
use super::read::{Fetched, of_result, unify_aside};
use super::spec::ReadSpec;
use super::window_pages::{WindowPages, once, read_whole};
use super::without_rows::without_rows;
use crate::decode::{Extent, Key, Page};
use crate::error::{Error, Result};
use crate::http::Http;
use crate::query::Query;
use crate::settings::Settings;

/// Reads every part.
///
/// # Errors
/// Those of a read.
pub(super) async fn read_in_parts(
    http: &Http,
    settings: &Settings,
    spec: ReadSpec,
    parts: Vec<Query>,
) -> Result<Fetched> {
    let Some(key) = spec.operation.key() else {
        return Err(Error::internal(format!("{:?} has no parts", spec.operation)));
    };
    let (start, shared) = (Instant::now(), Arc::new(settings.clone()));
    let reads = parts.into_iter().map(|query| {
        let spec = ReadSpec { query, progress: None, ..spec.clone() };
        read_part(http.clone(), Arc::clone(&shared), spec)
    });
    let reads = iter(reads).buffered(settings.max_concurrency);
    let whole = gathered(reads, key, spec.limit, spec.progress.as_ref()).await?;
    let rows = whole.pages.iter().map(|page| page.num_rows() as u64).sum();
    let WindowPages { pages, mut receipt, mut warnings, options, drop, .. } = whole;
    let limit = spec.limit;
    let n_per_page = limit.unwrap_or(u64::MAX).min(settings.page_size.into());
    receipt.query = spec.query_with_key(key).0.with("n_per_page", n_per_page.to_string());
    receipt.rows = limit.unwrap_or(u64::MAX).min(rows);
    let pages = pages.into_iter().map(|page| (page, None)).collect();
    let pages = of_result(pages, true, limit);
    if pages.is_empty() {
        let nothing = without_rows(http, settings, &spec, &options, &drop).await?;
        receipt.spent(&nothing.spent);
        receipt.seconds = start.elapsed().as_secs_f64();
        warnings.extend_from_slice(&nothing.warnings);
        return Ok(Fetched::nothing(nothing, receipt, warnings));
    }
    let unified = unify_aside(pages, options, drop).await?;
    receipt.seconds = start.elapsed().as_secs_f64();
    let (schema, batches) = (unified.schema, unified.batches);
    Ok(Fetched { schema, batches, receipt, warnings, column_warnings: unified.warnings })
}

/// What several reads brought, as one.
pub(super) async fn gathered(
    reads: impl Stream<Item = Result<WindowPages>>,
    key: &'static str,
    limit: Option<u64>,
    progress: Option<&Arc<dyn Progress>>,
) -> Result<WindowPages> {
    let mut reads = pin!(reads);
    let mut whole: Option<WindowPages> = None;
    let (mut seen, mut extent, mut rows) = (HashSet::new(), Extent::new(limit), 0);
    while let Some(read) = reads.next().await {
        let mut read = read?;
        let pages = std::mem::take(&mut read.pages);
        let (pages, known) = apart(pages, key, read.keys_identify, seen).await?;
        seen = known;
        for page in &pages {
            extent.add(page, &read.options)?;
            rows += page.num_rows() as u64;
        }
        let gathered = match whole.take() {
            None => WindowPages { pages, ..read },
            Some(mut whole) => {
                whole.pages.extend(pages);
                whole.receipt.spent(&read.receipt);
                whole.receipt.repeated_keys += read.receipt.repeated_keys;
                for warning in read.warnings {
                    if !whole.warnings.contains(&warning) {
                        whole.warnings.push(warning);
                    }
                }
                whole
            }
        };
        if let Some(progress) = progress {
            let receipt = &gathered.receipt;
            progress.page(SoFar {
                pages: receipt.pages,
                rows,
                bytes_received: receipt.bytes_received,
                bytes_decoded: receipt.bytes_decoded,
            });
        }
        whole = Some(gathered);
        if limit.is_some_and(|limit| rows >= limit) {
            // Those that are on their way end here.
            break;
        }
    }
    whole.ok_or_else(|| Error::internal("a list has no parts"))
}

async fn read_part(http: Http, settings: Arc<Settings>, spec: ReadSpec) -> Result<WindowPages> {
    read_whole(&http, &settings, &spec).await
}

/// The rows that no earlier part had; all, where keys do not tell rows apart.
async fn apart(
    pages: Vec<Page>,
    key: &'static str,
    keys_identify: bool,
    mut seen: HashSet<Key>,
) -> Result<(Vec<Page>, HashSet<Key>)> {
    if !keys_identify {
        return Ok((pages, seen));
    }
    let rows = pages.iter().map(Page::num_rows).sum();
    aside(rows, move || (once(pages, key, &mut seen), seen)).await
}
