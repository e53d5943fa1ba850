//! Parts of a read that one page can hold.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta, Utc};

use crate::error::{Error, Result};
use crate::query::Query;

/// A part of a read that one page can hold: a day, or a part of one by `after` and `before`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub start_date: NaiveDate,
    pub end_date: NaiveDate,
    pub after: Option<NaiveDateTime>,
    pub before: Option<NaiveDateTime>,
}

/// The days from `since` to `until`, newest first; to the last that has begun anywhere on earth, if not given.
///
/// # Errors
/// A range that ends before it begins.
pub fn windows(since: NaiveDate, until: Option<NaiveDate>) -> Result<Vec<Window>> {
    let until = until.unwrap_or_else(|| (Utc::now() + FIRST_ZONE).date_naive());
    if until < since {
        return Err(Error::invalid_input(format!(
            "until={until} is before since={since}: no day is in between"
        )));
    }
    let mut windows: Vec<Window> = since
        .iter_days()
        .take_while(|day| *day <= until)
        .map(|day| Window { start_date: day, end_date: day, after: None, before: None })
        .collect();
    windows.reverse();
    Ok(windows)
}

/// Where a day begins first, UTC+14.
const FIRST_ZONE: TimeDelta = TimeDelta::hours(14);

impl Window {
    /// What is asked for within the window.
    pub(super) fn query(&self, filters: &Query) -> Query {
        let query = Query::default()
            .with("start_date", self.start_date.to_string())
            .with("end_date", self.end_date.to_string());
        let query = within(query, self.after, self.before);
        filters.pairs().iter().fold(query, |query, (name, value)| query.with(name, value.as_str()))
    }

    /// The minutes in which it can be split, as a range without its end. One that is a part already is not split again.
    pub(super) fn minutes(&self) -> Option<Minutes> {
        if self.after.is_some() || self.before.is_some() {
            return None;
        }
        let length = self.end_date.signed_duration_since(self.start_date) + TimeDelta::days(1);
        Some(Minutes { origin: self.start_date.into(), from: None, to: None, length: length.num_minutes() })
    }
}

/// A part of a window by minutes. Where it begins or ends with the window it is open, so that a row whose time is on
/// another day than its date belongs to it as well.
#[derive(Debug, Clone, Copy)]
pub(super) struct Minutes {
    origin: NaiveDateTime,
    from: Option<i64>,
    to: Option<i64>,
    length: i64,
}

impl Minutes {
    /// Both halves, the earlier first. They share the minute in between, since the documentation leaves open whether
    /// bounds belong to what they bound.
    pub(super) fn halves(self) -> Option<[Self; 2]> {
        let (from, to) = (self.from.unwrap_or(0), self.to.unwrap_or(self.length));
        let middle = from.midpoint(to);
        (from < middle && middle < to)
            .then_some([Self { to: Some(middle), ..self }, Self { from: Some(middle), ..self }])
    }

    /// The query of a window, for this part of it.
    pub(super) fn query(self, query: Query) -> Query {
        let time = |minute: Option<i64>| minute.map(|minute| self.origin + TimeDelta::minutes(minute));
        within(query, time(self.from), time(self.to))
    }
}

fn within(query: Query, after: Option<NaiveDateTime>, before: Option<NaiveDateTime>) -> Query {
    [("after", after), ("before", before)].into_iter().fold(query, |query, (name, time)| match time {
        Some(time) => query.time_of(name, time),
        None => query,
    })
}
