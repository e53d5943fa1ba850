//! `GET /reps`: what may be asked, and the page of the store that answers it.

use super::fault_script::Cap;
use super::paging;
use super::query_string::Params;
use crate::sandbox::problem::Problem;
use crate::sandbox::store::{Entity, Filter, Page};

const PARAMETERS: &[&str] = &["n_per_page", "page", "department", "rep_id", "active"];

pub(super) fn parse(query: &str, cap: Option<Cap>) -> Result<Page, Problem> {
    let params = Params::parse(query, PARAMETERS)?;
    let mut filter = Filter::default();
    for column in ["department", "rep_id"] {
        filter.one_of(column, &params.array(column)?);
    }
    if let Some(active) = params.flag("active")? {
        filter.active(active);
    }
    let (limit, offset) = paging::range(&params, cap)?;
    Ok(Page { entity: Entity::Reps, filter, columns: None, metrics: Vec::new(), limit, offset })
}
