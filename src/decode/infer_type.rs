//! The type of a column, by the table: what its values make of it.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, TimeUnit};

use super::Options;
use super::chunk::Chunk;
use super::data::{Data, Tag, Value};
use super::time::{self, Format};

/// Integers from here on are not all exact as doubles.
const INEXACT: u64 = 1 << 53;

pub(super) const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

pub(super) fn timestamp_utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Which kinds of values a column has.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)] // a set
pub(super) struct Census {
    bools: bool,
    ints: bool,
    negative: bool,
    /// Integers above `i64::MAX`.
    unsigned: bool,
    /// Integers that are not below 2^53 in size.
    inexact: bool,
    /// Integers outside of int64 and uint64.
    big: bool,
    floats: bool,
    dates: bool,
    naive: bool,
    zoned: bool,
    /// Other strings.
    texts: bool,
    json: bool,
}

impl Census {
    pub(super) fn of<'a>(chunks: impl IntoIterator<Item = &'a Chunk>) -> Self {
        let mut census = Self::default();
        for chunk in chunks {
            census.add(chunk);
        }
        census
    }

    pub(super) fn add(&mut self, chunk: &Chunk) {
        // Null rows hold 0 in these, which only matters where there is nothing else.
        match chunk.data() {
            Data::Null => {}
            Data::Int(values) => {
                let (min, max) =
                    values.iter().fold((0, 0), |(min, max), value| (*value.min(&min), *value.max(&max)));
                self.ints |= any_valid(chunk);
                self.negative |= min < 0;
                self.inexact |= min.unsigned_abs() >= INEXACT || max.unsigned_abs() >= INEXACT;
            }
            Data::Float(_) => self.floats |= any_valid(chunk),
            Data::Bool(_) => self.bools |= any_valid(chunk),
            Data::Json(_) => self.json |= any_valid(chunk),
            Data::Time(_, format) => {
                if any_valid(chunk) {
                    self.moment(*format);
                }
            }
            Data::Text(_) => {
                for row in 0..chunk.len() {
                    if let Some(value) = chunk.get(row) {
                        self.value(value);
                    }
                    // Whatever else there is, it is a string column.
                    if self.texts {
                        break;
                    }
                }
            }
            Data::Number(_, tags) if !tags.iter().any(|tag| *tag != Tag::Float) => {
                self.floats |= any_valid(chunk);
            }
            Data::Number(..) | Data::Mixed(..) => {
                for row in 0..chunk.len() {
                    if let Some(value) = chunk.get(row) {
                        self.value(value);
                    }
                }
            }
        }
    }

    fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Bool(_) => self.bools = true,
            Value::Int(value) => {
                self.ints = true;
                self.negative |= value < 0;
                self.inexact |= value.unsigned_abs() >= INEXACT;
            }
            Value::UInt(_) => {
                self.ints = true;
                self.unsigned = true;
                self.inexact = true;
            }
            // Where JSON is kept, other numbers are digits, too.
            Value::Big(text) if !is_integer(text) => self.floats = true,
            Value::Big(_) => self.big = true,
            Value::Float(_) => self.floats = true,
            Value::Time(_, format) => self.moment(format),
            Value::Text(text) => match time::parse(text) {
                Some(moment) if moment.value().is_some() => self.moment(moment.format),
                _ => self.texts = true,
            },
            Value::Json(_) => self.json = true,
        }
    }

    fn moment(&mut self, format: Format) {
        if format.is_date() {
            self.dates = true;
        } else if format.is_zoned() {
            self.zoned = true;
        } else {
            self.naive = true;
        }
    }

    /// The type that the table gives.
    pub(super) fn data_type(self, parse_dates: bool) -> DataType {
        let strings = self.texts || self.dates || self.naive || self.zoned;
        let numbers = self.ints || self.big || self.floats;
        match (self.bools, numbers, strings, self.json) {
            (false, false, false, false) => DataType::Null,
            (true, false, false, false) => DataType::Boolean,
            (false, true, false, false) => self.number_type(),
            (false, false, true, false) if parse_dates && !self.texts => {
                match (self.dates, self.naive, self.zoned) {
                    (true, false, false) => DataType::Date32,
                    (false, true, false) => TIMESTAMP,
                    (false, false, true) => timestamp_utc(),
                    _ => DataType::Utf8,
                }
            }
            _ => DataType::Utf8,
        }
    }

    fn number_type(self) -> DataType {
        match (self.ints, self.floats) {
            _ if self.big => DataType::Utf8,
            (true, true) if self.inexact => DataType::Utf8,
            (_, true) => DataType::Float64,
            _ if !self.unsigned => DataType::Int64,
            _ if self.negative => DataType::Utf8,
            _ => DataType::UInt64,
        }
    }
}

/// Whether the text of a number is that of an integer.
pub(super) fn is_integer(text: &[u8]) -> bool {
    text != b"-0" && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-')
}

fn any_valid(chunk: &Chunk) -> bool {
    (0..chunk.len()).any(|row| chunk.is_valid(row))
}

fn field<'a>(schema: &'a Schema, name: &str) -> Option<&'a Arc<Field>> {
    schema.fields().iter().find(|field| field.name() == name)
}

/// The type that the user pinned.
pub(super) fn pinned<'a>(name: &str, options: &'a Options) -> Option<&'a DataType> {
    field(&options.pinned, name).map(|field| field.data_type())
}

/// The type that the column has whatever arrives.
pub(super) fn known<'a>(name: &str, options: &'a Options) -> Option<&'a DataType> {
    field(&options.known, name).map(|field| field.data_type())
}

/// Whether the column's strings may be dates, so that trying them while they arrive is worthwhile.
pub(super) fn tries_dates(name: &str, options: &Options) -> bool {
    options.selects(name)
        && match pinned(name, options).or_else(|| known(name, options)) {
            Some(data_type) => data_type.is_temporal(),
            None => options.parse_dates,
        }
}

/// The type that the table gives to the first page of a stream, whose values do not fit `pinned`. Where floats are pinned,
/// later pages have such, so that integers which are no doubles only fit a string column beside them.
pub(super) fn for_later_pages(pinned: &DataType, census: Census, parse_dates: bool) -> DataType {
    match census.data_type(parse_dates) {
        integers if pinned.is_floating() && integers.is_integer() => widened(pinned, census, parse_dates),
        by_table => by_table,
    }
}

/// A type that fits what fits `narrow` and what `census` counted, as far as it can be known without the values.
pub(super) fn widened(narrow: &DataType, census: Census, parse_dates: bool) -> DataType {
    use DataType::{
        Float32, Float64, Int8, Int16, Int32, Int64, Null, Timestamp, UInt8, UInt16, UInt32, UInt64, Utf8,
    };

    let arrived = census.data_type(parse_dates);
    match (narrow, &arrived) {
        (_, Null) => narrow.clone(),
        (Null, _)
        | (UInt8 | UInt16 | UInt32, UInt64)
        | (Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32, Int64)
        | (Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32 | Int64 | UInt64 | Float32 | Float64, Float64) => {
            arrived
        }
        (Float32 | Float64, Int64) if !census.inexact => Float64,
        (Timestamp(_, zone), Timestamp(_, other)) if zone.is_some() == other.is_some() => arrived,
        _ => Utf8,
    }
}
