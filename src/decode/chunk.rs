//! One column of one batch while it fills and after: its values, which of them are null, and how they are widened.

use super::bits::Bits;
use super::data::{Data, Forecast, Value};
use super::time::Format;

#[derive(Debug, Clone, Default)]
pub(super) struct Chunk {
    data: Data,
    /// Empty as long as there is no null.
    valid: Bits,
    len: usize,
}

impl Chunk {
    /// A chunk of values in their form; with no bits of validity, if all are valid.
    pub(super) fn from_parts(data: Data, valid: Bits, len: usize) -> Self {
        Self { data, valid, len }
    }

    pub(super) fn nulls(len: usize) -> Self {
        Self { len, ..Self::default() }
    }

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
