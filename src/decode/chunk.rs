//! One column of one batch while it fills and after: values as they arrived, with what is needed to widen them
//! later.

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

#[derive(Debug, Clone, Default)]
pub(super) struct Chunk {
    data: Data,
    /// Empty as long as there is no null.
    valid: Bits,
    len: usize,
}

/// A batch has less than 2 GiB of text: it is closed long before, and a value is bounded.
#[inline]
#[allow(clippy::cast_possible_wrap)]
fn offset(bytes: &[u8]) -> i32 {
    bytes.len() as i32
}

/// Offsets are not negative.
fn position(offset: i32) -> usize {
    offset.unsigned_abs() as usize
}

impl Strings {
    fn with(forecast: Forecast, padding: usize) -> Self {
        let mut offsets = Vec::with_capacity(forecast.rows + 1);
        offsets.resize(padding + 1, 0);
        Self { offsets, bytes: Vec::with_capacity(forecast.bytes) }
    }

    #[inline]
    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.end();
    }

    /// Appends `bytes[start..end]`.
    #[inline]
    fn push_part(&mut self, bytes: &[u8], start: usize, end: usize) {
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
    fn end(&mut self) {
        self.offsets.push(offset(&self.bytes));
    }

    pub(super) fn get(&self, index: usize) -> &[u8] {
        let range = self.offsets.get(index).zip(self.offsets.get(index + 1));
        range.and_then(|(start, end)| self.bytes.get(position(*start)..position(*end))).unwrap_or_default()
    }

    fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len + 1);
        self.bytes.truncate(self.offsets.last().copied().map_or(0, position));
    }
}

fn padded<T: Clone>(zero: T, forecast: Forecast, padding: usize) -> Vec<T> {
    let mut values = Vec::with_capacity(forecast.rows.max(padding));
    values.resize(padding, zero);
    values
}

impl Data {
    /// Room for values like `value`, after so many nulls.
    fn for_value(value: &Value<'_>, forecast: Forecast, padding: usize) -> Self {
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

    fn takes(&self, value: &Value<'_>) -> bool {
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

    fn pad(&mut self, len: usize) {
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
    fn push(&mut self, value: Value<'_>) {
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

    fn get(&self, index: usize) -> Option<Value<'_>> {
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

impl Chunk {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn data(&self) -> &Data {
        &self.data
    }

    /// Whether there is no value; known for certain of a chunk that is closed.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }

    pub(super) fn is_valid(&self, index: usize) -> bool {
        !self.is_null() && (self.valid.len() == 0 || self.valid.get(index))
    }

    /// How many values are not null.
    pub(super) fn num_valid(&self) -> usize {
        match self.valid.len() {
            _ if self.is_null() => 0,
            0 => self.len,
            _ => self.valid.count(),
        }
    }

    /// The value at `index`, if it is not null.
    pub(super) fn get(&self, index: usize) -> Option<Value<'_>> {
        if self.is_valid(index) { self.data.get(index) } else { None }
    }

    /// The data and the bitmap of valid values, if any is not.
    pub(super) fn into_parts(self) -> (Data, Option<Vec<u8>>, usize) {
        let valid = (self.valid.len() > 0).then(|| self.valid.into_bytes());
        (self.data, valid, self.len)
    }

    /// Nulls up to `row`.
    #[inline(never)]
    fn gap(&mut self, row: usize) {
        if !self.is_null() {
            if self.valid.len() == 0 {
                self.valid = Bits::repeated(true, self.len);
            }
            self.valid.pad(row);
            self.data.pad(row);
        }
        self.len = row;
    }

    #[inline]
    fn pushed(&mut self) {
        self.len += 1;
        if self.valid.len() > 0 {
            self.valid.push(true);
        }
    }

    /// Sets row `row`, at or beyond the end, if the chunk holds booleans.
    #[inline]
    pub(super) fn try_bool(&mut self, row: usize, value: bool) -> bool {
        if self.len != row {
            self.gap(row);
        }
        let Data::Bool(bits) = &mut self.data else { return false };
        bits.push(value);
        self.pushed();
        true
    }

    /// The same if it holds integers, and so on.
    #[inline]
    pub(super) fn try_int(&mut self, row: usize, value: i64) -> bool {
        if self.len != row {
            self.gap(row);
        }
        let Data::Int(values) = &mut self.data else { return false };
        values.push(value);
        self.pushed();
        true
    }

    #[inline]
    pub(super) fn try_float(&mut self, row: usize, value: f64) -> bool {
        if self.len != row {
            self.gap(row);
        }
        let Data::Float(values) = &mut self.data else { return false };
        values.push(value);
        self.pushed();
        true
    }

    #[inline]
    pub(super) fn try_text(&mut self, row: usize, bytes: &[u8], start: usize, end: usize) -> bool {
        if self.len != row {
            self.gap(row);
        }
        let Data::Text(strings) = &mut self.data else { return false };
        strings.push_part(bytes, start, end);
        self.pushed();
        true
    }

    #[inline]
    pub(super) fn try_time(&mut self, row: usize, value: i64, format: Format) -> bool {
        if self.len != row {
            self.gap(row);
        }
        match &mut self.data {
            Data::Time(values, known) if *known == format => values.push(value),
            _ => return false,
        }
        self.pushed();
        true
    }

    /// Sets row `row`, at or beyond the end, to any value.
    pub(super) fn push(&mut self, row: usize, value: Value<'_>, forecast: Forecast) {
        if self.len != row {
            self.gap(row);
        }
        if !self.data.takes(&value) {
            self.widen(&value, forecast);
        }
        self.data.push(value);
        self.pushed();
    }

    /// Gives the data a form that takes `value` too.
    #[cold]
    fn widen(&mut self, value: &Value<'_>, forecast: Forecast) {
        let wider = match (&self.data, value) {
            (Data::Null, _) => {
                if self.len > 0 {
                    self.valid = Bits::repeated(false, self.len);
                }
                self.data = Data::for_value(value, forecast, self.len);
                return;
            }
            (Data::Int(_) | Data::Float(_), Value::Int(_) | Value::UInt(_) | Value::Float(_)) => {
                Data::for_value(&Value::UInt(0), forecast, 0)
            }
            (Data::Time(..), Value::Time(..) | Value::Text(_)) => {
                Data::for_value(&Value::Text(b""), forecast, 0)
            }
            _ => Data::for_value(&Value::Big(b""), forecast, 0),
        };
        let narrow = std::mem::replace(&mut self.data, wider);
        for index in 0..self.len {
            match narrow.get(index).filter(|_| self.valid.len() == 0 || self.valid.get(index)) {
                Some(value) => self.data.push(value),
                None => self.data.pad(index + 1),
            }
        }
    }

    /// Fills up with nulls.
    pub(super) fn close(&mut self, rows: usize) {
        if self.len != rows {
            self.gap(rows);
        }
        self.forget_form();
    }

    /// Without a value there is nothing to hold in one form or another.
    fn forget_form(&mut self) {
        if self.len == 0 || self.valid.len() > 0 && !self.valid.any() {
            self.data = Data::Null;
            self.valid = Bits::default();
        }
    }

    /// Makes row `row` null, if it is the last one.
    #[cold]
    pub(super) fn take_back(&mut self, row: usize) {
        if self.len > row {
            self.cut(row);
        }
    }

    /// What the next chunk of the column will need, if it is like this one.
    pub(super) fn forecast(&self, rows: usize) -> Forecast {
        let bytes = match &self.data {
            Data::Text(strings) | Data::Json(strings) | Data::Mixed(strings, _) => strings.bytes.len(),
            _ => 0,
        };
        let scaled = (bytes as u64 * rows as u64).checked_div(self.len as u64).unwrap_or_default();
        Forecast { rows, bytes: (scaled + scaled / 16) as usize }
    }

    /// Makes room.
    pub(super) fn reserve(&mut self, forecast: Forecast) {
        fn up_to<T>(values: &mut Vec<T>, total: usize) {
            values.reserve(total.saturating_sub(values.len()));
        }
        match &mut self.data {
            Data::Null => {}
            Data::Bool(bits) => bits.reserve(forecast.rows),
            Data::Int(values) | Data::Time(values, _) => up_to(values, forecast.rows),
            Data::Float(values) => up_to(values, forecast.rows),
            Data::Number(values, tags) => {
                up_to(values, forecast.rows);
                up_to(tags, forecast.rows);
            }
            Data::Text(strings) | Data::Json(strings) => {
                up_to(&mut strings.offsets, forecast.rows + 1);
                up_to(&mut strings.bytes, forecast.bytes);
            }
            Data::Mixed(strings, tags) => {
                up_to(&mut strings.offsets, forecast.rows + 1);
                up_to(&mut strings.bytes, forecast.bytes);
                up_to(tags, forecast.rows);
            }
        }
    }

    /// Gives back the room that it does not need.
    pub(super) fn shrink(&mut self) {
        fn shrink<T>(values: &mut Vec<T>) {
            // Pages that were never touched cost nothing, so a little room is not worth a call.
            if values.capacity() - values.len() > values.len() / 8 {
                values.shrink_to_fit();
            }
        }
        match &mut self.data {
            Data::Null | Data::Bool(_) => {}
            Data::Int(values) | Data::Time(values, _) => shrink(values),
            Data::Float(values) => shrink(values),
            Data::Number(values, tags) => {
                shrink(values);
                shrink(tags);
            }
            Data::Text(strings) | Data::Json(strings) => {
                shrink(&mut strings.offsets);
                shrink(&mut strings.bytes);
            }
            Data::Mixed(strings, tags) => {
                shrink(&mut strings.offsets);
                shrink(&mut strings.bytes);
                shrink(tags);
            }
        }
    }

    /// The rows for which `keep` is true.
    pub(super) fn filter(mut self, keep: &[bool]) -> Self {
        let kept = keep.iter().filter(|keep| **keep).count();
        let prefix = keep.iter().take_while(|keep| **keep).count();
        if kept == prefix {
            self.truncate(kept);
            return self;
        }
        // Built anew, so that values that are gone leave no trace in how the others are held.
        let mut filtered = Self::default();
        let forecast = Forecast { rows: kept, bytes: 0 };
        let rows = keep.iter().enumerate().filter(|(_, keep)| **keep).map(|(row, _)| row);
        for (to, from) in rows.enumerate() {
            if let Some(value) = self.get(from) {
                filtered.push(to, value, forecast);
            }
        }
        filtered.close(kept);
        filtered
    }

    fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.cut(len);
            self.forget_form();
            self.shrink();
        }
    }

    fn cut(&mut self, len: usize) {
        if self.valid.len() > 0 {
            self.valid.truncate(len);
        }
        self.len = len;
        match &mut self.data {
            Data::Null => {}
            Data::Bool(bits) => bits.truncate(len),
            Data::Int(values) | Data::Time(values, _) => values.truncate(len),
            Data::Float(values) => values.truncate(len),
            Data::Number(values, tags) => {
                values.truncate(len);
                tags.truncate(len);
            }
            Data::Text(strings) | Data::Json(strings) => strings.truncate(len),
            Data::Mixed(strings, tags) => {
                strings.truncate(len);
                tags.truncate(len);
            }
        }
    }
}
