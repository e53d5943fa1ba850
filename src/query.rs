//! The parameters of the five operations, validated, as the name/value pairs that the API reads.

use std::collections::HashSet;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use crate::error::{Error, Result};

/// The operations of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Calls,
    Reps,
    Report,
    UpdateCalls,
    UpdateReps,
}

impl Operation {
    pub fn method(self) -> &'static str {
        match self {
            Self::Calls | Self::Reps | Self::Report => "GET",
            Self::UpdateCalls | Self::UpdateReps => "POST",
        }
    }

    /// The path below the base URL.
    pub fn path(self) -> &'static str {
        match self {
            Self::Calls | Self::UpdateCalls => "/calls",
            Self::Reps | Self::UpdateReps => "/reps",
            Self::Report => "/report",
        }
    }

    /// The column that tells rows apart; a report has none of its own.
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Calls | Self::UpdateCalls => Some("call_id"),
            Self::Reps | Self::UpdateReps => Some("rep_id"),
            Self::Report => None,
        }
    }
}

/// The parameters whose values name a person or a conversation, and are shown nowhere.
pub const PERSONAL: [&str; 2] = ["rep_id", "vendor_call_id"];

/// The lists of which a row needs to match one value.
const LISTS: [&str; 6] = ["rep_id", "vendor", "campaign", "subcampaign", "department", JOINED];
/// The list whose values are joined by commas; the others are repeated.
const JOINED: &str = "vendor_call_id";

/// Bytes of a pair in an address.
fn pair_size((name, value): &(&'static str, String)) -> usize {
    name.len() + encoded_size(value) + 2
}

/// Bytes of a value in an address.
fn encoded_size(value: &str) -> usize {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*' | b' ');
    value.bytes().map(|byte| if plain(byte) { 1 } else { 3 }).sum()
}

/// The query of one request, in the order in which it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Query {
    pairs: Vec<(&'static str, String)>,
}

impl Query {
    pub fn pairs(&self) -> &[(&'static str, String)] {
        &self.pairs
    }

    /// The query with one more pair.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.pairs.push((name, value.into()));
        self
    }

    /// The query with one more time, written as the documentation's example is.
    #[must_use]
    pub fn time_of(mut self, name: &'static str, time: NaiveDateTime) -> Self {
        self.time(name, Some(time));
        self
    }

    /// The query of these pairs, as [`Self::pairs`] gives them.
    ///
    /// # Errors
    /// A parameter by which rows of the operation cannot be chosen.
    pub fn from_pairs<'a>(
        operation: Operation,
        pairs: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self> {
        const OF_CALLS: &[&str] = &[
            "start_date",
            "end_date",
            "after",
            "before",
            "rep_id",
            "vendor",
            "campaign",
            "subcampaign",
            "department",
            "vendor_call_id",
        ];
        const OF_REPS: &[&str] = &["department", "rep_id", "active"];
        let names = match operation {
            Operation::Calls | Operation::UpdateCalls => OF_CALLS,
            Operation::Reps | Operation::UpdateReps => OF_REPS,
            Operation::Report => &[],
        };
        let pairs = pairs.map(|(name, value)| match names.iter().find(|known| **known == name) {
            Some(name) => Ok((*name, value.to_owned())),
            None => Err(Error::invalid_input(format!("{} is no parameter of {operation:?}", quoted(name)))),
        });
        Ok(Self { pairs: pairs.collect::<Result<_>>()? })
    }

    /// Queries that together ask for the same rows, each no longer than so many bytes of an address: lists of values are
    /// cut as far as they can be. One that is short enough is itself, as it is.
    #[must_use]
    pub fn cut(&self, longest: usize) -> Vec<Self> {
        self.cut_by(longest, |_| true)
    }

    /// The same, where not every list may be cut.
    #[must_use]
    pub fn cut_by(&self, longest: usize, may_be_cut: impl Fn(&str) -> bool + Copy) -> Vec<Self> {
        let size = self.pairs.iter().map(pair_size).sum::<usize>();
        if size <= longest {
            return vec![self.clone()];
        }
        let lists = LISTS.iter().filter(|name| may_be_cut(name)).map(|name| (*name, self.values(name)));
        let Some((name, values)) = lists
            .filter(|(_, values)| values.len() > 1)
            .max_by_key(|(_, values)| values.iter().map(|value| encoded_size(value)).sum::<usize>())
        else {
            return vec![self.clone()];
        };
        let of_list: usize = self.pairs.iter().filter(|(pair, _)| *pair == name).map(pair_size).sum();
        // What else is long is cut in its turn.
        let room = longest.saturating_sub(size - of_list).max(longest / 2);
        let mut parts: Vec<Vec<&str>> = Vec::new();
        let mut left = 0;
        for value in values {
            // A value of a list that is repeated has the name before it, of another one a comma.
            let takes = encoded_size(value) + if name == JOINED { 3 } else { name.len() + 2 };
            if let Some(part) = parts.last_mut().filter(|_| takes <= left) {
                part.push(value);
            } else {
                parts.push(vec![value]);
                left = room.max(takes);
            }
            left -= takes;
        }
        if parts.len() == 1 {
            // Only what came twice made it long.
            return parts.iter().map(|part| self.with_values(name, part)).collect();
        }
        parts.iter().flat_map(|part| self.with_values(name, part).cut_by(longest, may_be_cut)).collect()
    }

    /// The values of a list, each once.
    fn values(&self, name: &str) -> Vec<&str> {
        let mut seen = HashSet::new();
        let texts = self.pairs.iter().filter(|(pair, _)| *pair == name).map(|(_, value)| value.as_str());
        let values: Vec<&str> =
            if name == JOINED { texts.flat_map(|text| text.split(',')).collect() } else { texts.collect() };
        values.into_iter().filter(|value| seen.insert(*value)).collect()
    }

    /// The query with these values of a list in the place of all.
    fn with_values(&self, name: &'static str, values: &[&str]) -> Self {
        let mut pairs = Vec::with_capacity(self.pairs.len());
        let mut is_placed = false;
        for pair in &self.pairs {
            if pair.0 != name {
                pairs.push(pair.clone());
            } else if !is_placed {
                is_placed = true;
                if name == JOINED {
                    pairs.push((name, values.join(",")));
                } else {
                    pairs.extend(values.iter().map(|value| (name, (*value).to_owned())));
                }
            }
        }
        Self { pairs }
    }

    /// The query as logs and errors show it: without the values that name a person or a conversation.
    pub fn redacted(&self) -> String {
        let mut shown = String::new();
        for (name, value) in &self.pairs {
            if !shown.is_empty() {
                shown.push('&');
            }
            shown.push_str(name);
            shown.push('=');
            shown.push_str(if PERSONAL.contains(name) { "…" } else { value });
        }
        shown
    }
}

/// `GET /calls`.
#[derive(Debug, Clone, Default)]
pub struct CallsQuery {
    pub start_date: Option<NaiveDate>,
    pub end_date: Option<NaiveDate>,
    pub after: Option<NaiveDateTime>,
    pub before: Option<NaiveDateTime>,
    pub metric: Option<Vec<String>>,
    pub rep_id: Option<Vec<String>>,
    pub vendor: Option<Vec<String>>,
    pub campaign: Option<Vec<String>>,
    pub subcampaign: Option<Vec<String>>,
    pub department: Option<Vec<String>>,
    pub vendor_call_id: Option<Vec<String>>,
    pub columns: Option<Vec<String>>,
}

impl CallsQuery {
    /// # Errors
    /// An argument that the API would misread, by name.
    pub fn build(&self) -> Result<Query> {
        in_order("start_date", self.start_date.as_ref(), "end_date", self.end_date.as_ref())?;
        in_order("after", self.after.as_ref(), "before", self.before.as_ref())?;
        let mut query = Query::default();
        query.date("start_date", self.start_date);
        query.date("end_date", self.end_date);
        query.time("after", self.after);
        query.time("before", self.before);
        query.joined("metric", self.metric.as_deref())?;
        query.repeated("rep_id", self.rep_id.as_deref())?;
        query.repeated("vendor", self.vendor.as_deref())?;
        query.repeated("campaign", self.campaign.as_deref())?;
        query.repeated("subcampaign", self.subcampaign.as_deref())?;
        query.repeated("department", self.department.as_deref())?;
        query.joined("vendor_call_id", self.vendor_call_id.as_deref())?;
        query.joined("columns", self.columns.as_deref())?;
        if let Some(name) = self.columns.iter().flatten().find(|name| name.contains('\0')) {
            return Err(Error::invalid_input(format!(
                "columns holds {}: a name with a NUL in it is none that Arrow's libraries can hold",
                quoted(name)
            )));
        }
        Ok(query)
    }
}

/// `GET /reps`.
#[derive(Debug, Clone, Default)]
pub struct RepsQuery {
    pub department: Option<Vec<String>>,
    pub rep_id: Option<Vec<String>>,
    pub active: Option<bool>,
}

impl RepsQuery {
    /// # Errors
    /// An argument that the API would misread, by name.
    pub fn build(&self) -> Result<Query> {
        let mut query = Query::default();
        query.repeated("department", self.department.as_deref())?;
        query.repeated("rep_id", self.rep_id.as_deref())?;
        if let Some(active) = self.active {
            query.pairs.push(("active", u8::from(active).to_string()));
        }
        Ok(query)
    }
}

/// `GET /report`.
#[derive(Debug, Clone, Default)]
pub struct ReportQuery {
    pub start_date: Option<NaiveDate>,
    pub end_date: Option<NaiveDate>,
    pub days: Option<i64>,
    pub vendor: Option<Vec<String>>,
    pub rep_id: Option<Vec<String>>,
    pub campaign: Option<Vec<String>>,
    pub department: Option<Vec<String>>,
    pub subcampaign: Option<Vec<String>>,
    pub metric: Option<Vec<String>>,
    pub groupby: Option<Vec<String>>,
}

/// More days than any archive has; beyond it the service's date arithmetic is at risk.
const MAX_DAYS: i64 = 36_600;

/// The first and the last date of so many days: up to `end_date` if there is one, or from `start_date`, or else up to
/// `today`. For an operation that has no such parameter of its own.
///
/// # Errors
/// A number of days that is none, and one beside both dates.
pub fn dates_of_days(
    days: i64,
    start_date: Option<NaiveDate>,
    end_date: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<(NaiveDate, NaiveDate)> {
    check_days(days, start_date, end_date)?;
    let before_last = TimeDelta::days(days - 1);
    let range = match (start_date, end_date) {
        (Some(start), _) => start.checked_add_signed(before_last).map(|end| (start, end)),
        (None, end) => {
            let end = end.unwrap_or(today);
            end.checked_sub_signed(before_last).map(|start| (start, end))
        }
    };
    // The API writes years with four digits.
    range.filter(|(start, end)| start.year() >= 0 && end.year() <= 9999).ok_or_else(|| {
        Error::invalid_input(format!(
            "days={days} leads to a date that the calendar of the API does not have"
        ))
    })
}

fn check_days(days: i64, start_date: Option<NaiveDate>, end_date: Option<NaiveDate>) -> Result<()> {
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Error::invalid_input(format!(
            "days={days} is not a number of days from 1 to {MAX_DAYS}"
        )));
    }
    if start_date.is_some() && end_date.is_some() {
        return Err(Error::invalid_input(format!(
            "days={days} cannot be combined with both start_date and end_date: leave one of the three out"
        )));
    }
    Ok(())
}

impl ReportQuery {
    /// # Errors
    /// An argument that the API would misread, by name.
    pub fn build(&self) -> Result<Query> {
        in_order("start_date", self.start_date.as_ref(), "end_date", self.end_date.as_ref())?;
        if let Some(days) = self.days {
            check_days(days, self.start_date, self.end_date)?;
        }
        let mut query = Query::default();
        query.date("start_date", self.start_date);
        query.date("end_date", self.end_date);
        if let Some(days) = self.days {
            query.pairs.push(("days", days.to_string()));
        }
        query.repeated("vendor", self.vendor.as_deref())?;
        query.repeated("rep_id", self.rep_id.as_deref())?;
        query.repeated("campaign", self.campaign.as_deref())?;
        query.repeated("department", self.department.as_deref())?;
        query.repeated("subcampaign", self.subcampaign.as_deref())?;
        query.joined("metric", self.metric.as_deref())?;
        query.joined("groupby", self.groupby.as_deref())?;
        Ok(query)
    }
}

impl Query {
    fn date(&mut self, name: &'static str, value: Option<NaiveDate>) {
        if let Some(date) = value {
            self.pairs.push((name, date.format("%Y-%m-%d").to_string()));
        }
    }

    /// Written as the documentation's example is, to the minute, and finer only where the value is.
    fn time(&mut self, name: &'static str, value: Option<NaiveDateTime>) {
        if let Some(time) = value {
            let format = if time.nanosecond() != 0 {
                "%Y-%m-%d %H:%M:%S%.6f"
            } else if time.second() != 0 {
                "%Y-%m-%d %H:%M:%S"
            } else {
                "%Y-%m-%d %H:%M"
            };
            self.pairs.push((name, time.format(format).to_string()));
        }
    }

    /// An array: the parameter is repeated.
    fn repeated(&mut self, name: &'static str, values: Option<&[String]>) -> Result<()> {
        for value in checked(name, values)? {
            self.pairs.push((name, value.clone()));
        }
        Ok(())
    }

    /// Several values in one string, separated by commas.
    fn joined(&mut self, name: &'static str, values: Option<&[String]>) -> Result<()> {
        let values = checked(name, values)?;
        if let Some(value) = values.iter().find(|value| value.contains(',')) {
            return Err(Error::invalid_input(format!(
                "{name} holds {}, but the API separates its values with commas: a value cannot contain one \
                 (to pass several values, use a list)",
                quoted(value)
            )));
        }
        if !values.is_empty() {
            self.pairs.push((name, values.join(",")));
        }
        Ok(())
    }
}

/// An empty list or value would read as "unfiltered" to the service and return everything.
fn checked<'a>(name: &str, values: Option<&'a [String]>) -> Result<&'a [String]> {
    let Some(values) = values else { return Ok(&[]) };
    if values.is_empty() {
        return Err(Error::invalid_input(format!(
            "{name}=[] names no value: the API would read that as no restriction at all. Leave {name} out to mean that"
        )));
    }
    if let Some(position) = values.iter().position(|value| value.trim().is_empty()) {
        return Err(Error::invalid_input(format!(
            "{name} holds an empty string (at position {position}): the API would read that as no restriction at all"
        )));
    }
    Ok(values)
}

fn in_order<T: PartialOrd + std::fmt::Display>(
    start_name: &str,
    start: Option<&T>,
    end_name: &str,
    end: Option<&T>,
) -> Result<()> {
    match (start, end) {
        (Some(start), Some(end)) if end < start => Err(Error::invalid_input(format!(
            "{end_name}={end} is before {start_name}={start}: no row can match"
        ))),
        _ => Ok(()),
    }
}

/// Reads a date as the API writes it.
///
/// # Errors
/// Text that is not a date of the calendar, with the argument's name.
pub fn parse_date(argument: &str, text: &str) -> Result<NaiveDate> {
    exact(text, &["dddd-dd-dd"])
        .then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
        .flatten()
        .ok_or_else(|| {
            Error::invalid_input(format!(
                "{argument}={} is not a date of the calendar: it looks like 2025-07-15",
                quoted(text)
            ))
        })
}

/// Reads a time as the API writes it; a date alone is its midnight.
///
/// # Errors
/// Text that is not such a time, with the argument's name.
pub fn parse_time(argument: &str, text: &str) -> Result<NaiveDateTime> {
    let normal = text.replacen('T', " ", 1);
    let parsed = if exact(text, &["dddd-dd-dd"]) {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|date| date.and_time(NaiveTime::MIN))
    } else if exact(&normal, &["dddd-dd-dd dd:dd"]) {
        NaiveDateTime::parse_from_str(&normal, "%Y-%m-%d %H:%M").ok()
    } else if exact(normal.split('.').next().unwrap_or_default(), &["dddd-dd-dd dd:dd:dd"]) {
        NaiveDateTime::parse_from_str(&normal, "%Y-%m-%d %H:%M:%S%.f").ok()
    } else {
        None
    };
    // A leap second would be sent as second 59 with more than a second of fraction.
    parsed.filter(|time| time.nanosecond() < 1_000_000_000).ok_or_else(|| {
        Error::invalid_input(format!(
            "{argument}={} is not a time of the calendar without a zone: it looks like 2025-07-15 12:00",
            quoted(text)
        ))
    })
}

/// Text as an error shows it, shortened where it is long.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// chrono also takes signs and years of other lengths, which the API does not.
fn exact(text: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
                b'd' => byte.is_ascii_digit(),
                _ => byte == wanted,
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "as the fields take it")]
    fn strings(values: &[&str]) -> Option<Vec<String>> {
        Some(values.iter().map(|value| (*value).to_owned()).collect())
    }

    fn shown(query: &Query) -> String {
        query.pairs().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn arrays_are_repeated_and_lists_joined() {
        let query = CallsQuery {
            start_date: Some(parse_date("start_date", "2025-07-01").unwrap()),
            after: Some(parse_time("after", "2025-07-15T12:00").unwrap()),
            before: Some(parse_time("before", "2025-07-15 12:00:30.5").unwrap()),
            campaign: strings(&["sales", "a,b"]),
            metric: strings(&["csat", "talk_ratio"]),
            columns: strings(&["call_id"]),
            ..CallsQuery::default()
        };
        assert_eq!(
            shown(&query.build().unwrap()),
            "start_date=2025-07-01&after=2025-07-15 12:00&before=2025-07-15 12:00:30.500000&metric=csat,talk_ratio\
             &campaign=sales&campaign=a,b&columns=call_id"
        );
    }

    #[test]
    fn what_the_api_would_misread_is_refused_by_name() {
        let cases: Vec<(Result<Query>, &str)> = vec![
            (CallsQuery { metric: strings(&["a,b"]), ..Default::default() }.build(), "metric"),
            (CallsQuery { columns: strings(&["a,b"]), ..Default::default() }.build(), "columns"),
            (
                CallsQuery { vendor_call_id: strings(&["a,b"]), ..Default::default() }.build(),
                "vendor_call_id",
            ),
            (ReportQuery { groupby: strings(&["a,b"]), ..Default::default() }.build(), "groupby"),
            (CallsQuery { campaign: strings(&[]), ..Default::default() }.build(), "campaign"),
            (RepsQuery { rep_id: strings(&["kees500", " "]), ..Default::default() }.build(), "rep_id"),
            (ReportQuery { days: Some(0), ..Default::default() }.build(), "days"),
            (ReportQuery { days: Some(-1), ..Default::default() }.build(), "days"),
            (
                ReportQuery {
                    days: Some(3),
                    start_date: NaiveDate::from_ymd_opt(2025, 7, 1),
                    end_date: NaiveDate::from_ymd_opt(2025, 7, 2),
                    ..Default::default()
                }
                .build(),
                "days",
            ),
            (
                CallsQuery {
                    start_date: NaiveDate::from_ymd_opt(2025, 7, 2),
                    end_date: NaiveDate::from_ymd_opt(2025, 7, 1),
                    ..Default::default()
                }
                .build(),
                "end_date",
            ),
            (
                CallsQuery {
                    after: parse_time("after", "2025-07-02 10:00").ok(),
                    before: parse_time("before", "2025-07-02 09:59").ok(),
                    ..Default::default()
                }
                .build(),
                "before",
            ),
        ];
        for (result, argument) in cases {
            let error = result.expect_err(argument);
            assert!(error.message().starts_with(argument), "{error}");
        }
    }

    #[test]
    fn days_with_one_date_is_passed_on() {
        let query = ReportQuery {
            days: Some(7),
            end_date: NaiveDate::from_ymd_opt(2025, 7, 2),
            ..Default::default()
        };
        assert_eq!(shown(&query.build().unwrap()), "end_date=2025-07-02&days=7");
    }

    #[test]
    fn days_end_with_the_end_date_or_today_or_begin_with_the_start_date() {
        let date = |text: &str| parse_date("start_date", text).unwrap();
        let today = date("2025-07-15");
        let range = |days, start: Option<&str>, end: Option<&str>| {
            dates_of_days(days, start.map(date), end.map(date), today)
                .map(|(start, end)| format!("{start} {end}"))
                .map_err(|error| error.message().to_owned())
        };
        assert_eq!(range(7, None, None).unwrap(), "2025-07-09 2025-07-15");
        assert_eq!(range(1, None, None).unwrap(), "2025-07-15 2025-07-15");
        assert_eq!(range(7, None, Some("2024-03-01")).unwrap(), "2024-02-24 2024-03-01");
        assert_eq!(range(2, Some("2024-02-28"), None).unwrap(), "2024-02-28 2024-02-29");
        for days in [0, -1, MAX_DAYS + 1, i64::MIN, i64::MAX] {
            assert!(range(days, None, None).unwrap_err().starts_with(&format!("days={days} is not")));
        }
        assert!(range(2, Some("2024-02-28"), Some("2024-03-01")).unwrap_err().contains("both"));
        assert!(range(2, Some("9999-12-31"), None).unwrap_err().contains("calendar"));
        assert!(range(2, None, Some("0000-01-01")).unwrap_err().contains("calendar"));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for text in
            ["2025-02-29", "2025-13-01", "2025-7-1", "+2025-07-01", "20250701", "", "2025-07-01 ", "now"]
        {
            assert!(parse_date("start_date", text).is_err(), "{text}");
        }
        for text in [
            "2025-07-01 24:00",
            "2025-07-01 12",
            "2025-07-01T12:00Z",
            "2025-07-01 12:00+02:00",
            "2025-07-01 12:00:60",
            "12:00",
        ] {
            assert!(parse_time("after", text).is_err(), "{text}");
        }
        assert_eq!(parse_time("after", "2025-07-01").unwrap().to_string(), "2025-07-01 00:00:00");
    }

    #[test]
    fn personal_values_are_not_shown() {
        let query =
            CallsQuery { rep_id: strings(&["kees500"]), vendor: strings(&["v"]), ..Default::default() };
        assert_eq!(query.build().unwrap().redacted(), "rep_id=…&vendor=v");
    }
}
