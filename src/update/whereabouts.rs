//! Where the rows of an update are, so that they can be read again.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::query::{Operation, Query};

/// The queries by which rows were found, without what only chooses columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whereabouts(Vec<Vec<(String, String)>>);

/// Parameters that bound the time of a conversation.
const LOWER: [&str; 2] = ["start_date", "after"];
const UPPER: [&str; 2] = ["end_date", "before"];

/// Attributes that such parameters are about.
const TIMES: [&str; 2] = ["date", "start_time"];

impl Whereabouts {
    pub(super) fn new(queries: &[Query]) -> Self {
        let pairs = |query: &Query| {
            query.pairs().iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        Self(queries.iter().map(pairs).collect())
    }

    /// # Errors
    /// `InvalidInput` for parameters that the operation does not have.
    pub(super) fn queries(&self, operation: Operation) -> Result<Vec<Query>> {
        let query = |pairs: &Vec<(String, String)>| {
            let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            Query::from_pairs(operation, pairs)
        };
        self.0.iter().map(query).collect()
    }

    /// Where the rows are, whether or not an update has changed attributes by which they were found. `values` has what an
    /// attribute held and gets, as text.
    pub(super) fn around(&self, columns: &[String], values: impl Fn(&str) -> Vec<Option<String>>) -> Self {
        let mut queries = self.0.clone();
        for name in columns {
            if TIMES.contains(&name.as_str()) {
                let days = days(&values(name));
                for query in &mut queries {
                    widen(query, days);
                }
            }
            let given: Vec<String> =
                queries.iter().flatten().flat_map(|pair| values_of(pair, name)).collect();
            let stays = |value: Option<String>| value.is_some_and(|value| given.contains(&value));
            if !given.is_empty() && !values(name).into_iter().all(stays) {
                for query in &mut queries {
                    query.retain(|(parameter, _)| parameter != name);
                }
            }
        }
        queries.sort();
        queries.dedup();
        Self(queries)
    }
}

/// The values of a parameter, of which one is separated by commas.
fn values_of((parameter, value): &(String, String), name: &str) -> Vec<String> {
    match parameter.as_str() {
        other if other != name => Vec::new(),
        "vendor_call_id" => value.split(',').map(str::to_owned).collect(),
        _ => vec![value.clone()],
    }
}

/// The first and the last day of values; nothing if one of them is no day.
fn days(values: &[Option<String>]) -> Option<(NaiveDate, NaiveDate)> {
    let day = |text: &Option<String>| NaiveDate::parse_from_str(text.as_ref()?.get(..10)?, "%Y-%m-%d").ok();
    let days: Vec<NaiveDate> = values.iter().map(day).collect::<Option<_>>()?;
    Some((*days.iter().min()?, *days.iter().max()?))
}

/// Widens the bounds of a query to days, with one more on either side for zones, or takes them away.
fn widen(query: &mut Vec<(String, String)>, days: Option<(NaiveDate, NaiveDate)>) {
    let bound = |query: &[(String, String)], names: [&str; 2]| -> Option<NaiveDate> {
        let mut bounds = query.iter().filter(|(name, _)| names.contains(&name.as_str()));
        let days: Option<Vec<NaiveDate>> = bounds
            .clone()
            .map(|(_, value)| NaiveDate::parse_from_str(value.get(..10)?, "%Y-%m-%d").ok())
            .collect();
        bounds.next()?;
        let days = days?;
        if names == LOWER { days.into_iter().min() } else { days.into_iter().max() }
    };
    let (lower, upper) = (bound(query, LOWER), bound(query, UPPER));
    query.retain(|(name, _)| !LOWER.contains(&name.as_str()) && !UPPER.contains(&name.as_str()));
    let Some((first, last)) = days else { return };
    let one = Days::new(1);
    if let Some(first) = lower.and_then(|lower| lower.min(first).checked_sub_days(one)) {
        query.push(("start_date".to_owned(), first.to_string()));
    }
    if let Some(last) = upper.and_then(|upper| upper.max(last).checked_add_days(one)) {
        query.push(("end_date".to_owned(), last.to_string()));
    }
}
