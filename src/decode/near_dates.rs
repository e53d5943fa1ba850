//! Columns of strings that are nearly all dates: what keeps such a column from being one is likely to be a mistake.

use arrow_schema::{DataType, TimeUnit};

use super::chunk::Chunk;
use super::data::{Data, Value};
use super::infer_type;
use super::time::{self, Format};

/// Of so many values, one may be something else.
const ONE_IN: usize = 100;

/// A chunk with its page and its batch.
pub(super) type Place<'a> = (usize, usize, &'a Chunk);

/// A value's page, batch and row.
pub(super) type At = (usize, usize, usize);

/// A column that is nearly one of dates, or of date-times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NearDates<P> {
    /// What most of its values are.
    pub like: DataType,
    /// The first value that it cannot hold, and whether that is a date-time that is only too fine.
    pub first: P,
    pub finer: bool,
    /// Values that it can hold, and all.
    pub fitting: usize,
    pub total: usize,
}

impl<P> NearDates<P> {
    pub(super) fn map<Q>(self, place: impl FnOnce(P) -> Q) -> NearDates<Q> {
        let Self { like, first, finer, fitting, total } = self;
        NearDates { like, first: place(first), finer, fitting, total }
    }
}

#[derive(Debug, Clone)]
struct Tally<P> {
    count: usize,
    first: Option<P>,
}

impl<P> Default for Tally<P> {
    fn default() -> Self {
        Self { count: 0, first: None }
    }
}

impl<P> Tally<P> {
    fn add(&mut self, count: usize, place: impl FnOnce() -> P) {
        self.first.get_or_insert_with(place);
        self.count += count;
    }
}

/// The values of a column by kind, with the place of the first one of each. Places are in the order of the values.
#[derive(Debug, Clone)]
pub(super) struct Seen<P> {
    dates: Tally<P>,
    naive: Tally<P>,
    zoned: Tally<P>,
    /// Date-times without and with a zone that are finer than microseconds.
    finer: Tally<P>,
    finer_zoned: Tally<P>,
    other: Tally<P>,
}

impl<P> Default for Seen<P> {
    fn default() -> Self {
        Self {
            dates: Tally::default(),
            naive: Tally::default(),
            zoned: Tally::default(),
            finer: Tally::default(),
            finer_zoned: Tally::default(),
            other: Tally::default(),
        }
    }
}

impl<P: Ord + Clone> Seen<P> {
    /// Adds a chunk. Whether there are no more than so many strays.
    pub(super) fn chunk(&mut self, chunk: &Chunk, strays: usize, place: impl Fn(usize) -> P) -> bool {
        let all_are = match chunk.data() {
            Data::Null => return true,
            Data::Time(_, format) => Some(self.of(*format)),
            Data::Text(_) | Data::Mixed(..) => None,
            Data::Bool(_) | Data::Int(_) | Data::Float(_) | Data::Number(..) | Data::Json(_) => {
                Some(&mut self.other)
            }
        };
        if let Some(tally) = all_are {
            if let Some(row) = (0..chunk.len()).find(|row| chunk.is_valid(*row)) {
                tally.add(chunk.num_valid(), || place(row));
            }
        } else {
            for row in 0..chunk.len() {
                if let Some(value) = chunk.get(row) {
                    self.value(value, || place(row));
                    if self.strays() > strays {
                        return false;
                    }
                }
            }
        }
        self.strays() <= strays
    }

    fn of(&mut self, format: Format) -> &mut Tally<P> {
        if format.is_date() {
            &mut self.dates
        } else if format.is_zoned() {
            &mut self.zoned
        } else {
            &mut self.naive
        }
    }

    fn value(&mut self, value: Value<'_>, place: impl FnOnce() -> P) {
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
        tally.add(1, place);
    }

    /// Values that are not of the kind that most are.
    fn strays(&self) -> usize {
        let dates = self.dates.count;
        let naive = self.naive.count + self.finer.count;
        let zoned = self.zoned.count + self.finer_zoned.count;
        dates + naive + zoned + self.other.count - dates.max(naive).max(zoned)
    }

    /// What they are nearly all of, if there is such a kind.
    pub(super) fn near_dates(self, total: usize) -> Option<NearDates<P>> {
        if self.strays() > total / ONE_IN {
            return None;
        }
        let tallies = [&self.dates, &self.naive, &self.zoned, &self.finer, &self.finer_zoned, &self.other];
        let none = Tally::default();
        let kinds = [
            (DataType::Date32, &self.dates, &none),
            (infer_type::TIMESTAMP, &self.naive, &self.finer),
            (infer_type::timestamp_utc(), &self.zoned, &self.finer_zoned),
        ];
        let (like, fitting, finer) =
            kinds.into_iter().max_by_key(|(_, kind, finer)| kind.count + finer.count)?;
        let firsts = tallies.into_iter().filter_map(|tally| tally.first.as_ref());
        let first = firsts.filter(|at| Some(*at) != fitting.first.as_ref()).min()?.clone();
        let finer = Some(&first) == finer.first.as_ref();
        Some(NearDates { like, first, finer, fitting: fitting.count, total })
    }
}

/// Whether nearly all values are dates, or date-times with or without a zone, and some are not. Other columns are left
/// as soon as that is clear, after a hundredth of their values or earlier.
pub(super) fn near_dates<'a>(chunks: impl Iterator<Item = Place<'a>> + Clone) -> Option<NearDates<At>> {
    let total: usize = chunks.clone().map(|(_, _, chunk)| chunk.num_valid()).sum();
    let mut seen = Seen::default();
    for (page, batch, chunk) in chunks {
        if !seen.chunk(chunk, total / ONE_IN, |row| (page, batch, row)) {
            return None;
        }
    }
    seen.near_dates(total)
}

/// All types that [`candidates`] may name.
pub(super) fn all_candidates() -> Vec<DataType> {
    let kinds = [DataType::Date32, infer_type::timestamp_utc()];
    kinds.iter().flat_map(candidates).collect()
}

/// Types that may hold all values of such a column, the likeliest first.
pub(super) fn candidates(like: &DataType) -> Vec<DataType> {
    let nanos = |zone| DataType::Timestamp(TimeUnit::Nanosecond, zone);
    match like {
        DataType::Date32 => vec![DataType::Date32, infer_type::TIMESTAMP, nanos(None)],
        DataType::Timestamp(_, None) => vec![infer_type::TIMESTAMP, nanos(None)],
        _ => vec![infer_type::timestamp_utc(), nanos(Some("UTC".into()))],
    }
}
