//! `GET /calls` and `GET /reps`: from the query to a page of the store.

use super::params::Params;
use super::script::Cap;
use crate::sandbox::calendar;
use crate::sandbox::fault::Stride;
use crate::sandbox::problem::Problem;
use crate::sandbox::store::{Entity, Filter, Page};

/// The documented most rows a page.
pub(super) const MAX_PER_PAGE: u64 = 1_000_000;
pub(super) const DEFAULT_PER_PAGE: u64 = 10;

pub(super) const CALLS_PARAMETERS: &[&str] = &[
    "n_per_page",
    "page",
    "start_date",
    "end_date",
    "after",
    "before",
    "metric",
    "rep_id",
    "vendor",
    "campaign",
    "subcampaign",
    "department",
    "vendor_call_id",
    "columns",
];
pub(super) const REPS_PARAMETERS: &[&str] = &["n_per_page", "page", "department", "rep_id", "active"];

pub(super) fn calls(query: &str, cap: Option<Cap>) -> Result<Page, Problem> {
    let params = Params::parse(query, CALLS_PARAMETERS)?;
    let mut filter = Filter::default();
    if let Some(date) = params.date("start_date")? {
        filter.at_least("date", date.to_string());
    }
    if let Some(date) = params.date("end_date")? {
        filter.at_most("date", date.to_string());
    }
    if let Some(time) = params.date_time("after")? {
        filter.at_least("start_time", calendar::lower_bound(&time));
    }
    if let Some(time) = params.date_time("before")? {
        filter.at_most("start_time", calendar::upper_bound(&time));
    }
    for column in ["rep_id", "vendor", "campaign", "subcampaign", "department"] {
        filter.one_of(column, &params.array(column)?);
    }
    filter.one_of("vendor_call_id", &params.list("vendor_call_id")?);
    let columns = params.has("columns").then(|| params.names("columns")).transpose()?;
    let metrics = params.names("metric")?;
    let (limit, offset) = range(&params, cap)?;
    Ok(Page { entity: Entity::Calls, filter, columns, metrics, limit, offset })
}

pub(super) fn reps(query: &str, cap: Option<Cap>) -> Result<Page, Problem> {
    let params = Params::parse(query, REPS_PARAMETERS)?;
    let mut filter = Filter::default();
    for column in ["department", "rep_id"] {
        filter.one_of(column, &params.array(column)?);
    }
    if let Some(active) = params.flag("active")? {
        filter.active(active);
    }
    let (limit, offset) = range(&params, cap)?;
    Ok(Page { entity: Entity::Reps, filter, columns: None, metrics: Vec::new(), limit, offset })
}

/// How many rows, and after how many.
fn range(params: &Params, cap: Option<Cap>) -> Result<(u64, u64), Problem> {
    let asked = params.positive("n_per_page", MAX_PER_PAGE)?.unwrap_or(DEFAULT_PER_PAGE);
    let before = params.positive("page", u64::MAX)?.unwrap_or(1) - 1;
    let (limit, stride) = match cap {
        Some(cap) if cap.rows < asked => match cap.stride {
            Stride::Cap => (cap.rows, cap.rows),
            Stride::Request => (cap.rows, asked),
        },
        _ => (asked, asked),
    };
    Ok((limit, before.saturating_mul(stride)))
}
