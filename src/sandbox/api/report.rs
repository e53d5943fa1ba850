//! `GET /report`: from the query to a report of the store.

use chrono::{Days, NaiveDate};

use super::query_string::{Params, invalid};
use crate::sandbox::problem::{Problem, unknown};
use crate::sandbox::store::{Dimension, Report};

pub(super) const PARAMETERS: &[&str] = &[
    "start_date",
    "end_date",
    "days",
    "vendor",
    "rep_id",
    "campaign",
    "department",
    "subcampaign",
    "metric",
    "groupby",
];

/// The longest range that `days` may ask for: a hundred years.
pub(super) const MAX_DAYS: u64 = 36_525;

/// The documented default of `start_date`, in days before today.
const DEFAULT_DAYS_AGO: u64 = 30;

pub(super) fn parse(query: &str, today: NaiveDate) -> Result<Report, Problem> {
    let params = Params::parse(query, PARAMETERS)?;
    let (start, end) = range(&params, today)?;
    Ok(Report {
        start,
        end,
        rep_id: params.array("rep_id")?,
        vendor: params.array("vendor")?,
        campaign: params.array("campaign")?,
        subcampaign: params.array("subcampaign")?,
        department: params.array("department")?,
        metrics: params.name_array("metric")?,
        groupby: groupby(&params)?,
    })
}

fn range(params: &Params, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Problem> {
    let (start, end) = (params.date("start_date")?, params.date("end_date")?);
    let before = |date: NaiveDate, days| date.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN);
    let after = |date: NaiveDate, days| date.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX);
    Ok(match (start, end, params.positive("days", MAX_DAYS)?) {
        // All three hold.
        (Some(start), end, Some(days)) => {
            let last = after(start, days - 1);
            (start, end.map_or(last, |end| end.min(last)))
        }
        (None, end, Some(days)) => {
            let end = end.unwrap_or(today);
            (before(end, days - 1), end)
        }
        (start, end, None) => {
            (start.unwrap_or_else(|| before(today, DEFAULT_DAYS_AGO)), end.unwrap_or(today))
        }
    })
}

fn groupby(params: &Params) -> Result<Vec<Dimension>, Problem> {
    let names = params.names("groupby")?;
    let mut dimensions = Vec::with_capacity(names.len());
    for name in &names {
        let dimension = Dimension::ALL.into_iter().find(|dimension| dimension.name() == name);
        let known = Dimension::ALL.map(Dimension::name);
        dimensions.push(dimension.ok_or_else(|| unknown("groupby", "unknown_groupby", name, known))?);
    }
    // The year that a week implies is the ISO year, that of a month or quarter the calendar's.
    let has = |dimension| dimensions.contains(&dimension);
    if has(Dimension::Week) && (has(Dimension::Month) || has(Dimension::Quarter)) {
        return Err(invalid(
            "groupby",
            &names.join(","),
            "week without month and quarter: their years differ",
        ));
    }
    Ok(dimensions)
}
