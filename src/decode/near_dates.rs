//! Columns of strings that are nearly all dates: what keeps such a column from being one is likely to be a mistake.

use arrow_schema::{DataType, TimeUnit};

use super::chunk::Chunk;
use super::data::{Data, Value};
use super::time::{self, Format};
use super::types;

/// Of so many values, one may be something else.
const ONE_IN: usize = 100;

/// A chunk with its page and its batch.
pub(super) type Place<'a> = (usize, usize, &'a Chunk);

/// A value's page, batch and row.
pub(super) type At = (usize, usize, usize);

/// A column that is nearly one of dates, or of date-times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NearDates {
    /// What most of its values are.
    pub like: DataType,
    /// The first value that it cannot hold, and whether that is a date-time that is only too fine.
    pub first: At,
    pub finer: bool,
    /// Values that it can hold, and all.
    pub fitting: usize,
    pub total: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    count: usize,
    first: Option<At>,
}

impl Tally {
    fn add(&mut self, count: usize, at: At) {
        self.first.get_or_insert(at);
        self.count += count;
    }
}

/// By kind.
#[derive(Debug, Default)]
struct Seen {
    dates: Tally,
    naive: Tally,
    zoned: Tally,
    /// Date-times without and with a zone that are finer than microseconds.
    finer: Tally,
    finer_zoned: Tally,
    other: Tally,
}

impl Seen {
    fn of(&mut self, format: Format) -> &mut Tally {
        if format.is_date() {
            &mut self.dates
        } else if format.is_zoned() {
            &mut self.zoned
        } else {
            &mut self.naive
        }
    }

    fn value(&mut self, value: Value<'_>, at: At) {
        let tally = match value {
            Value::Time(_, format) => self.of(format),
            Value::Text(text) => match time::parse(text) {
                Some(moment) if moment.value().is_some() => self.of(moment.format),
                Some(moment) if moment.format.is_zoned() => &mut self.finer_zoned,
                Some(_) => &mut self.finer,
                None => &mut self.other,
            },
            _ => &mut self.other,
        };
        tally.add(1, at);
    }

    /// Values that are not of the kind that most are.
    fn strays(&self) -> usize {
        let dates = self.dates.count;
        let naive = self.naive.count + self.finer.count;
        let zoned = self.zoned.count + self.finer_zoned.count;
        dates + naive + zoned + self.other.count - dates.max(naive).max(zoned)
    }

    fn near_dates(&self, total: usize) -> Option<NearDates> {
        let none = Tally::default();
        let kinds = [
            (DataType::Date32, self.dates, none),
            (types::TIMESTAMP, self.naive, self.finer),
            (types::timestamp_utc(), self.zoned, self.finer_zoned),
        ];
        let (like, fitting, finer) =
            kinds.into_iter().max_by_key(|(_, kind, finer)| kind.count + finer.count)?;
        let tallies = [self.dates, self.naive, self.zoned, self.finer, self.finer_zoned, self.other];
        let first =
            tallies.iter().filter_map(|tally| tally.first).filter(|at| Some(*at) != fitting.first).min()?;
        Some(NearDates { like, first, finer: Some(first) == finer.first, fitting: fitting.count, total })
    }
}

/// Whether nearly all values are dates, or date-times with or without a zone, and some are not. Other columns are left
/// as soon as that is clear, after a hundredth of their values or earlier.
pub(super) fn near_dates<'a>(chunks: impl Iterator<Item = Place<'a>> + Clone) -> Option<NearDates> {
    let total: usize = chunks.clone().map(|(_, _, chunk)| chunk.num_valid()).sum();
    let mut seen = Seen::default();
    for (page, batch, chunk) in chunks {
        let all_are = match chunk.data() {
            Data::Null => continue,
            Data::Time(_, format) => Some(seen.of(*format)),
            Data::Text(_) | Data::Mixed(..) => None,
            Data::Bool(_) | Data::Int(_) | Data::Float(_) | Data::Number(..) | Data::Json(_) => {
                Some(&mut seen.other)
            }
        };
        if let Some(tally) = all_are {
            if let Some(row) = (0..chunk.len()).find(|row| chunk.is_valid(*row)) {
                tally.add(chunk.num_valid(), (page, batch, row));
            }
        } else {
            for row in 0..chunk.len() {
                if let Some(value) = chunk.get(row) {
                    seen.value(value, (page, batch, row));
                    if seen.strays() > total / ONE_IN {
                        return None;
                    }
                }
            }
        }
        if seen.strays() > total / ONE_IN {
            return None;
        }
    }
    seen.near_dates(total)
}

/// Types that may hold all values of such a column, the likeliest first.
pub(super) fn candidates(like: &DataType) -> Vec<DataType> {
    let nanos = |zone| DataType::Timestamp(TimeUnit::Nanosecond, zone);
    match like {
        DataType::Date32 => vec![DataType::Date32, types::TIMESTAMP, nanos(None)],
        DataType::Timestamp(_, None) => vec![types::TIMESTAMP, nanos(None)],
        _ => vec![types::timestamp_utc(), nanos(Some("UTC".into()))],
    }
}
