//! Which conversations to read to find those of a frame, since they cannot be asked for by `call_id`.

use chrono::{Days, NaiveDate};

use crate::encode::{Column, UpdateFrame};
use crate::query::CallsQuery;

/// What an address may hold of vendor call ids; servers and proxies commonly refuse one of 8 KiB.
const MAX_IDS: usize = 6_000;

/// More requests than this cost more than reading the days in between.
const MAX_REQUESTS: usize = 50;

/// The reads that find a frame's conversations by a column that says where they are: `vendor_call_id` if it takes few
/// requests, else `date`, else `start_time`. A column with a null in it does not say it for all. `None` if there is
/// no such column.
///
/// A frame that is to change the column that it is found by looks in the wrong place; what it does not find there, the
/// plan says.
pub fn reads(frame: &UpdateFrame) -> Option<Vec<CallsQuery>> {
    let ids = texts(frame, "vendor_call_id").and_then(|ids| by_id(&ids));
    if let Some(reads) = ids.as_ref().filter(|reads| reads.len() <= MAX_REQUESTS) {
        return Some(reads.clone());
    }
    let days = ["date", "start_time"].into_iter().find_map(|name| by_day(&texts(frame, name)?));
    days.map(|read| vec![read]).or(ids)
}

/// The strings of a column, or nothing if one of its cells is not a string.
fn texts(frame: &UpdateFrame, name: &str) -> Option<Vec<String>> {
    let column: &Column = frame.columns().iter().find(|column| column.name == name)?;
    let mut json = Vec::new();
    let mut texts = Vec::with_capacity(frame.num_rows());
    for (batch, rows) in frame.batch_rows().enumerate() {
        for row in 0..rows.len() {
            json.clear();
            column.json(batch, row, &mut json);
            texts.push(serde_json::from_slice(&json).ok()?);
        }
    }
    Some(texts)
}

fn by_id(ids: &[String]) -> Option<Vec<CallsQuery>> {
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    // The API separates them with commas, and reads an empty one as no restriction.
    if ids.iter().any(|id| id.contains(',') || id.trim().is_empty()) {
        return None;
    }
    let mut reads: Vec<Vec<String>> = Vec::new();
    let mut length = usize::MAX;
    for id in ids {
        let own = encoded_len(id) + "%2C".len();
        if length.saturating_add(own) > MAX_IDS {
            reads.push(Vec::new());
            length = 0;
        }
        length += own;
        if let Some(last) = reads.last_mut() {
            last.push(id.to_owned());
        }
    }
    let query = |ids| CallsQuery { vendor_call_id: Some(ids), ..CallsQuery::default() };
    Some(reads.into_iter().map(query).collect())
}

pub(super) fn encoded_len(text: &str) -> usize {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { 1 } else { 3 }).sum()
}

fn by_day(texts: &[String]) -> Option<CallsQuery> {
    let mut range: Option<(NaiveDate, NaiveDate)> = None;
    let mut zoned = false;
    for text in texts {
        let (day, time) = text.split_at_checked(10)?;
        let day = crate::query::parse_date("date", day).ok()?;
        zoned |= time.contains(['+', '-', 'Z']);
        range = Some(range.map_or((day, day), |(first, last)| (first.min(day), last.max(day))));
    }
    let (first, last) = range?;
    // The service's day may be another one than that in UTC.
    let margin = Days::new(u64::from(zoned));
    Some(CallsQuery {
        start_date: Some(first.checked_sub_days(margin).unwrap_or(first)),
        end_date: Some(last.checked_add_days(margin).unwrap_or(last)),
        ..CallsQuery::default()
    })
}
