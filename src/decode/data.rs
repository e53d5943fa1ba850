//! The values of a column as they arrived, in the narrowest form that has them all exactly.

use super::bits::Bits;
use super::time::{self, Format};

/// A value that is not null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    UInt(u64),
    /// The digits of an integer outside of both.
    Big(&'a [u8]),
    Float(f64),
    /// A string that is a date or date-time; days or microseconds.
    Time(i64, Format),
    Text(&'a [u8]),
    Json(&'a [u8]),
}

/// The kind of a value where neighbours may have others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Bool,
    Int,
    UInt,
    Big,
    Float,
    Text,
    Json,
}

impl Tag {
    /// As it is written down.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Bool => 0,
            Self::Int => 1,
            Self::UInt => 2,
            Self::Big => 3,
            Self::Float => 4,
            Self::Text => 5,
            Self::Json => 6,
        }
    }

    pub(super) fn of(code: u8) -> Option<Self> {
        const TAGS: [Tag; 7] = [Tag::Bool, Tag::Int, Tag::UInt, Tag::Big, Tag::Float, Tag::Text, Tag::Json];
        TAGS.get(usize::from(code)).copied()
    }
}

/// In a column of text or JSON the bytes are UTF-8, put together from whole pieces of it: `unchecked` relies on that.
#[derive(Debug, Clone, Default)]
pub(super) struct Strings {
    /// One more than there are strings, once there is one.
    pub offsets: Vec<i32>,
    pub bytes: Vec<u8>,
}

/// The values of a column, in the narrowest form that has them all exactly.
#[derive(Debug, Clone, Default)]
pub(super) enum Data {
    #[default]
    Null,
    Bool(Bits),
    Int(Vec<i64>),
    Float(Vec<f64>),
    /// Numbers of several kinds, as their bits.
    Number(Vec<u64>, Vec<Tag>),
    Time(Vec<i64>, Format),
    Text(Strings),
    Json(Strings),
    /// Anything: text as it is, numbers as the bytes of their bits.
    Mixed(Strings, Vec<Tag>),
}

/// How much room a chunk will need.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Forecast {
    pub rows: usize,
    pub bytes: usize,
}

/// A batch has less than 2 GiB of text: it is closed long before, and a value is bounded.
#[inline]
#[allow(clippy::cast_possible_wrap)]
pub(super) fn offset(bytes: &[u8]) -> i32 {
    bytes.len() as i32
}

/// Offsets are not negative.
pub(super) fn position(offset: i32) -> usize {
    offset.unsigned_abs() as usize
}

impl Strings {
    pub(super) fn with(forecast: Forecast, padding: usize) -> Self {
        let mut offsets = Vec::with_capacity(forecast.rows + 1);
        offsets.resize(padding + 1, 0);
        Self { offsets, bytes: Vec::with_capacity(forecast.bytes) }
    }

    #[inline]
    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.end();
    }

    /// Appends `bytes[start..end]`.
    #[inline]
    pub(super) fn push_part(&mut self, bytes: &[u8], start: usize, end: usize) {
        const BLOCK: usize = 32;
        // For short text, copying a block of fixed length and cutting it off is faster than a call of memcpy.
        match bytes.get(start..).and_then(<[u8]>::first_chunk::<BLOCK>) {
            Some(block) if end - start <= BLOCK => {
                let before = self.bytes.len();
                self.bytes.extend_from_slice(block);
                self.bytes.truncate(before + end - start);
            }
            _ => self.bytes.extend_from_slice(bytes.get(start..end).unwrap_or_default()),
        }
        self.end();
    }

    #[inline]
    pub(super) fn end(&mut self) {
        self.offsets.push(offset(&self.bytes));
    }

    pub(super) fn get(&self, index: usize) -> &[u8] {
        let range = self.offsets.get(index).zip(self.offsets.get(index + 1));
        range.and_then(|(start, end)| self.bytes.get(position(*start)..position(*end))).unwrap_or_default()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len + 1);
        self.bytes.truncate(self.offsets.last().copied().map_or(0, position));
    }
}

pub(super) fn padded<T: Clone>(zero: T, forecast: Forecast, padding: usize) -> Vec<T> {
    let mut values = Vec::with_capacity(forecast.rows.max(padding));
    values.resize(padding, zero);
    values
}

impl Data {
    /// Room for values like `value`, after so many nulls.
    pub(super) fn for_value(value: &Value<'_>, forecast: Forecast, padding: usize) -> Self {
        match value {
            Value::Bool(_) => {
                let mut bits = Bits::repeated(false, padding);
                bits.reserve(forecast.rows);
                Self::Bool(bits)
            }
            Value::Int(_) => Self::Int(padded(0, forecast, padding)),
            Value::Float(_) => Self::Float(padded(0.0, forecast, padding)),
            Value::UInt(_) => Self::Number(padded(0, forecast, padding), padded(Tag::Int, forecast, padding)),
            Value::Time(_, format) => Self::Time(padded(0, forecast, padding), *format),
            Value::Text(_) => Self::Text(Strings::with(forecast, padding)),
            Value::Json(_) => Self::Json(Strings::with(forecast, padding)),
            Value::Big(_) => {
                Self::Mixed(Strings::with(forecast, padding), padded(Tag::Text, forecast, padding))
            }
        }
    }

    pub(super) fn takes(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Bool(_), Value::Bool(_))
            | (Self::Int(_), Value::Int(_))
            | (Self::Float(_), Value::Float(_))
            | (Self::Number(..), Value::Int(_) | Value::UInt(_) | Value::Float(_))
            | (Self::Text(_), Value::Text(_) | Value::Time(..))
            | (Self::Json(_), Value::Json(_))
            | (Self::Mixed(..), _) => true,
            (Self::Time(_, format), Value::Time(_, other)) => format == other,
            _ => false,
        }
    }

    pub(super) fn pad(&mut self, len: usize) {
        match self {
            Self::Null => {}
            Self::Bool(bits) => bits.pad(len),
            Self::Int(values) | Self::Time(values, _) => values.resize(len, 0),
            Self::Float(values) => values.resize(len, 0.0),
            Self::Number(values, tags) => {
                values.resize(len, 0);
                tags.resize(len, Tag::Int);
            }
            Self::Text(strings) | Self::Json(strings) => {
                strings.offsets.resize(len + 1, offset(&strings.bytes));
            }
            Self::Mixed(strings, tags) => {
                strings.offsets.resize(len + 1, offset(&strings.bytes));
                tags.resize(len, Tag::Text);
            }
        }
    }

    /// Appends a value that it takes.
    pub(super) fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Self::Bool(bits), Value::Bool(value)) => bits.push(value),
            (Self::Int(values), Value::Int(value)) | (Self::Time(values, _), Value::Time(value, _)) => {
                values.push(value);
            }
            (Self::Float(values), Value::Float(value)) => values.push(value),
            (Self::Number(values, tags), value) => {
                let (bits, tag) = match value {
                    Value::Int(value) => (value.cast_unsigned(), Tag::Int),
                    Value::UInt(value) => (value, Tag::UInt),
                    Value::Float(value) => (value.to_bits(), Tag::Float),
                    _ => return debug_assert!(false, "not a number"),
                };
                values.push(bits);
                tags.push(tag);
            }
            (Self::Text(strings), Value::Text(text)) | (Self::Json(strings), Value::Json(text)) => {
                strings.push(text);
            }
            (Self::Text(strings), Value::Time(value, format)) => {
                time::write(value, format, &mut strings.bytes);
                strings.end();
            }
            (Self::Mixed(strings, tags), value) => {
                let tag = match value {
                    Value::Bool(value) => {
                        strings.bytes.push(u8::from(value));
                        Tag::Bool
                    }
                    Value::Int(value) => {
                        strings.bytes.extend(value.to_le_bytes());
                        Tag::Int
                    }
                    Value::UInt(value) => {
                        strings.bytes.extend(value.to_le_bytes());
                        Tag::UInt
                    }
                    Value::Float(value) => {
                        strings.bytes.extend(value.to_le_bytes());
                        Tag::Float
                    }
                    Value::Time(value, format) => {
                        time::write(value, format, &mut strings.bytes);
                        Tag::Text
                    }
                    Value::Big(text) | Value::Text(text) | Value::Json(text) => {
                        strings.bytes.extend_from_slice(text);
                        match value {
                            Value::Big(_) => Tag::Big,
                            Value::Json(_) => Tag::Json,
                            _ => Tag::Text,
                        }
                    }
                };
                strings.end();
                tags.push(tag);
            }
            _ => debug_assert!(false, "a value that the column does not take"),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<Value<'_>> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(bits) => Value::Bool(bits.get(index)),
            Self::Int(values) => Value::Int(*values.get(index)?),
            Self::Float(values) => Value::Float(*values.get(index)?),
            Self::Number(values, tags) => {
                let bits = *values.get(index)?;
                match tags.get(index)? {
                    Tag::UInt => Value::UInt(bits),
                    Tag::Float => Value::Float(f64::from_bits(bits)),
                    _ => Value::Int(bits.cast_signed()),
                }
            }
            Self::Time(values, format) => Value::Time(*values.get(index)?, *format),
            Self::Text(strings) => Value::Text(strings.get(index)),
            Self::Json(strings) => Value::Json(strings.get(index)),
            Self::Mixed(strings, tags) => {
                let bytes = strings.get(index);
                match tags.get(index)? {
                    Tag::Bool => Value::Bool(bytes == [1]),
                    Tag::Int => Value::Int(i64::from_le_bytes(*bytes.first_chunk()?)),
                    Tag::UInt => Value::UInt(u64::from_le_bytes(*bytes.first_chunk()?)),
                    Tag::Float => Value::Float(f64::from_le_bytes(*bytes.first_chunk()?)),
                    Tag::Big => Value::Big(bytes),
                    Tag::Text => Value::Text(bytes),
                    Tag::Json => Value::Json(bytes),
                }
            }
        })
    }
}
