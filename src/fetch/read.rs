//! A whole result: every page of it, unified to one table.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures_util::StreamExt;
use futures_util::stream::iter;

use super::aside::aside;
use super::end::End;
use super::http_pages::PageSink;
use super::in_result::InResult;
use super::known_columns::named_in;
use super::page_loop::Settled;
use super::reader::Reader;
use super::receipt::{Ledger, Receipt};
use super::spec::{LONGEST, ReadSpec};
use super::without_rows::{WithoutRows, without_rows};
use crate::decode::{ColumnWarning, Extent, Options, Page, Unified, unify};
use crate::error::{Error, Result};
use crate::http::{Answer, Http, Request, RetryBudget};
use crate::settings::Settings;

/// A result.
#[derive(Debug, Clone)]
pub struct Fetched {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    pub receipt: Receipt,
    /// What the user should know of the read, a sentence each.
    pub warnings: Vec<String>,
    /// What the user should know of its columns.
    pub column_warnings: Vec<ColumnWarning>,
}

impl Fetched {
    /// A result without rows.
    pub(super) fn nothing(nothing: WithoutRows, receipt: Receipt, warnings: Vec<String>) -> Self {
        let WithoutRows { schema, column_warnings, .. } = nothing;
        Self { schema, batches: Vec::new(), receipt, warnings, column_warnings }
    }
}

/// Answered pages may wait for an earlier one, so that a slow page does not hold up the others, but not for
/// ever: whether a service can be read at all shows only in order.
pub(super) const AHEAD: usize = 2;

/// Takes out of warnings what a value that they show may hold of the key.
pub(super) fn redact_warnings(warnings: &mut [ColumnWarning], http: &Http) {
    for warning in warnings {
        warning.text = http.redact(&warning.text);
    }
}

/// Reads every row, page by page.
pub(super) async fn read_pages(http: &Http, settings: &Settings, spec: ReadSpec) -> Result<Fetched> {
    let mut reader = Reader::new(http, settings, &spec, settings.max_concurrency * AHEAD, None)?;
    let mut pages = Vec::new();
    let mut extent = Extent::new(spec.limit);
    while let Some(Settled { page, keep, .. }) = reader.next().await? {
        extent.add(&page, reader.options())?;
        pages.push((page, keep));
    }
    let rows = pages.iter().filter(|(_, keep)| keep.is_some()).map(|(page, _)| page.num_rows()).sum();
    let (identify, limit) = (reader.keys_identify(), spec.limit);
    let pages = aside(rows, move || of_result(pages, identify, limit)).await?;
    let (options, drop) = (Arc::clone(reader.options()), reader.unwanted_columns().to_vec());
    if pages.is_empty() {
        let nothing = without_rows(http, settings, &spec, &options, &drop).await?;
        reader.found_nothing(&nothing);
        return Ok(Fetched::nothing(nothing, reader.receipt(), reader.warnings()));
    }
    let unified = unify_aside(pages, options, drop).await?;
    Ok(Fetched {
        schema: unified.schema,
        batches: unified.batches,
        receipt: reader.receipt(),
        warnings: reader.warnings(),
        column_warnings: unified.warnings,
    })
}

/// The rows that belong to the result, once it is known whether keys tell rows apart.
pub(super) fn of_result(
    pages: Vec<(Page, Option<Vec<bool>>)>,
    keys_identify: bool,
    limit: Option<u64>,
) -> Vec<Page> {
    let mut result = InResult::new(limit);
    let pages = pages.into_iter().map(|(page, keep)| result.part(page, keep.filter(|_| keys_identify)));
    pages.filter(|page| page.num_rows() > 0).collect()
}

/// A report has no pages: one request has every group. Where it asks for more values than an address holds, several have
/// them, if each value has groups of its own.
pub(super) async fn read_report(http: &Http, settings: &Settings, spec: ReadSpec) -> Result<Fetched> {
    if spec.limit.is_some() {
        return Err(Error::internal("a report has no limit"));
    }
    let options = Arc::new(spec.options(settings));
    let mut ledger = Ledger::new(spec.query.clone());
    let mut pages = Vec::new();
    // Of what groups are of, each part has groups of its own.
    let grouped = named_in(&spec.query, "groupby").unwrap_or_default();
    let parts = spec.query.cut_by(LONGEST, |list| grouped.iter().any(|name| name == list));
    let answers = parts.into_iter().map(|query| {
        let request = Request { operation: spec.operation, query, body: None };
        ask(http.clone(), request, RetryBudget::single(settings), Arc::clone(&options))
    });
    let mut answers = iter(answers).buffered(settings.max_concurrency);
    let mut rows = 0;
    while let Some(answer) = answers.next().await {
        let Answer { output: page, cost } = answer?;
        rows += page.num_rows() as u64;
        ledger.answered(cost);
        ledger.settled(rows, 0);
        ledger.arrived(&page.column_names(), &[]);
        if let Some(progress) = &spec.progress {
            progress.page(ledger.so_far());
        }
        pages.push(page);
    }
    drop(answers);
    pages.retain(|page| page.num_rows() > 0);
    ledger.ended(Some(End::Whole));
    if pages.is_empty() {
        let nothing = without_rows(http, settings, &spec, &options, &[]).await?;
        ledger.spent(&nothing.spent);
        let warnings = nothing.warnings.clone();
        return Ok(Fetched::nothing(nothing, ledger.receipt(), warnings));
    }
    let Unified { schema, batches, warnings } = unify_aside(pages, options, Vec::new()).await?;
    let receipt = ledger.receipt();
    Ok(Fetched { schema, batches, receipt, warnings: Vec::new(), column_warnings: warnings })
}

async fn ask(
    http: Http,
    request: Request,
    budget: RetryBudget,
    options: Arc<Options>,
) -> Result<Answer<Page>> {
    http.read(&request, &budget, || PageSink::new(&options)).await
}

/// Unifying takes as long as the result is large, so it must not hold up whoever else is served.
pub(super) async fn unify_aside(
    pages: Vec<Page>,
    options: Arc<Options>,
    drop: Vec<String>,
) -> Result<Unified> {
    let rows = pages.iter().map(Page::num_rows).sum();
    aside(rows, move || unify(pages, &options, &[], &drop)).await?
}
