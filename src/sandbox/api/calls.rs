//! `GET /calls`: what may be asked, and the page of the store that answers it.

use super::fault_script::Cap;
use super::paging;
use super::query_string::Params;
use crate::sandbox::calendar;
use crate::sandbox::problem::Problem;
use crate::sandbox::store::{Entity, Filter, Page};

const PARAMETERS: &[&str] = &[
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

pub(super) fn parse(query: &str, cap: Option<Cap>) -> Result<Page, Problem> {
    let params = Params::parse(query, PARAMETERS)?;
    let mut filter = Filter::default();
    filter.dates("date", params.date("start_date")?, params.date("end_date")?);
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
    let (limit, offset) = paging::range(&params, cap)?;
    Ok(Page { entity: Entity::Calls, filter, columns, metrics, limit, offset })
}
