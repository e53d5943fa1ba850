//! Rows → chunks: the columns of the batch that is filling, and the batches that are full.

use super::chunk::Chunk;
use super::data::{Forecast, Value};
use super::raw_batch::RawBatch;
use super::time;

/// A batch is closed when it has so many rows or so many bytes.
pub const BATCH_ROWS: usize = 65_536;
pub(super) const BATCH_BYTES: usize = 16 << 20;
/// After so many rows or so many bytes the size of the rest is foreseen.
const SAMPLE_ROWS: usize = 1024;
const SAMPLE_BYTES: usize = 512 << 10;

#[derive(Debug, Default)]
struct Column {
    chunk: Chunk,
    forecast: Forecast,
    /// The row (of the page, counted from 1) in which it was seen last.
    seen: usize,
    /// Whether its strings are tried as dates.
    dates: bool,
    /// How long its dates are, if it holds such.
    width: usize,
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    columns: Vec<Column>,
    full: Vec<RawBatch>,
    /// Rows of the batch that is filling, without the one that is being read.
    row: usize,
    /// Rows of the page before that batch.
    before: usize,
    /// Text of the batch.
    bytes: usize,
    /// Whether the size of the batches was foreseen.
    is_foreseen: bool,
    /// Columns of the batch that have values.
    live: usize,
    /// Columns that belong to the result.
    selected: usize,
    /// Cells that the full batches have room for.
    held: usize,
}

impl Rows {
    pub(super) fn add_column(&mut self, selected: bool, dates: bool) {
        self.selected += usize::from(selected);
        self.columns.push(Column { dates, ..Column::default() });
    }

    pub(super) fn num_columns(&self) -> usize {
        self.columns.len()
    }

    /// The number of the row that is being read, counted from 1.
    pub(super) fn current(&self) -> usize {
        self.before + self.row + 1
    }

    /// Says that the row has the column; false if it was said before.
    #[inline]
    pub(super) fn mark(&mut self, column: usize) -> bool {
        let current = self.current();
        let Some(column) = self.columns.get_mut(column) else { return false };
        let first = column.seen != current;
        column.seen = current;
        first
    }

    /// Forgets the value that the row has in the column.
    pub(super) fn take_back(&mut self, column: usize) {
        if let Some(column) = self.columns.get_mut(column) {
            column.chunk.take_back(self.row);
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "part of the loop over a row; a call apart costs a fiftieth of the speed"
    )]
    #[inline(always)]
    pub(super) fn bool(&mut self, column: usize, value: bool) {
        if let Some(known) = self.columns.get_mut(column)
            && !known.chunk.try_bool(self.row, value)
        {
            self.any(column, Value::Bool(value));
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "part of the loop over a row; a call apart costs a fiftieth of the speed"
    )]
    #[inline(always)]
    pub(super) fn int(&mut self, column: usize, value: i64) {
        if let Some(known) = self.columns.get_mut(column)
            && !known.chunk.try_int(self.row, value)
        {
            self.any(column, Value::Int(value));
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "part of the loop over a row; a call apart costs a fiftieth of the speed"
    )]
    #[inline(always)]
    pub(super) fn float(&mut self, column: usize, value: f64) {
        if let Some(known) = self.columns.get_mut(column)
            && !known.chunk.try_float(self.row, value)
        {
            self.any(column, Value::Float(value));
        }
    }

    /// The string `bytes[start..end]`, which is UTF-8.
    #[inline]
    pub(super) fn text(&mut self, column: usize, bytes: &[u8], start: usize, end: usize) {
        let Some(known) = self.columns.get_mut(column) else { return };
        if known.chunk.try_text(self.row, bytes, start, end) {
            self.bytes += end - start;
        } else {
            self.other_text(column, bytes.get(start..end).unwrap_or_default());
        }
    }

    /// Reads the string that begins at `start` as a date, if the column's last one was, and they are equally long;
    /// gives the position of its closing quote.
    #[inline]
    pub(super) fn date(&mut self, column: usize, bytes: &[u8], start: usize) -> Option<usize> {
        let known = self.columns.get_mut(column).filter(|column| column.width > 0)?;
        let end = start + known.width;
        // A date has no quote or backslash in it, so this is the string's end.
        if bytes.get(end) != Some(&b'"') {
            return None;
        }
        let moment = time::parse(bytes.get(start..end)?)?;
        known.chunk.try_time(self.row, moment.value()?, moment.format).then_some(end)
    }

    #[inline(never)]
    fn other_text(&mut self, column: usize, text: &[u8]) {
        let Some(known) = self.columns.get_mut(column) else { return };
        if known.dates {
            let moment = time::parse(text);
            if let Some((value, format)) = moment.and_then(|moment| Some((moment.value()?, moment.format))) {
                if !known.chunk.try_time(self.row, value, format) {
                    // Of several formats, only the text has them all.
                    known.dates = known.chunk.is_null();
                    known.width = if known.dates { format.width() } else { 0 };
                    self.any(column, Value::Time(value, format));
                }
                return;
            }
            known.dates = false;
            known.width = 0;
        }
        self.any(column, Value::Text(text));
    }

    #[inline(never)]
    pub(super) fn any(&mut self, column: usize, value: Value<'_>) {
        let Some(known) = self.columns.get_mut(column) else { return };
        self.live += usize::from(known.chunk.is_null());
        if let Value::Text(text) | Value::Json(text) | Value::Big(text) = value {
            self.bytes += text.len();
        }
        known.chunk.push(self.row, value, known.forecast);
    }

    /// Whether a batch ended as well, which is when to look at [`Self::cells`].
    #[inline]
    pub(super) fn end_row(&mut self) -> bool {
        self.row += 1;
        let bytes = self.bytes + self.live * size_of::<u64>() * self.row;
        if self.row == BATCH_ROWS || bytes >= BATCH_BYTES {
            self.close_batch();
            return true;
        }
        if !self.is_foreseen && (self.row == SAMPLE_ROWS || bytes >= SAMPLE_BYTES) {
            self.foresee();
        }
        false
    }

    /// Cells that there are, or that there will be in the result.
    pub(super) fn cells(&self) -> u64 {
        let result = (self.before + self.row) as u64 * self.selected as u64;
        result.max((self.held + self.row * self.live) as u64)
    }

    #[inline(never)]
    fn close_batch(&mut self) {
        let rows = std::mem::take(&mut self.row);
        // The next one is foreseen by this one.
        self.is_foreseen = true;
        let close = |column: &mut Column| {
            let mut chunk = std::mem::take(&mut column.chunk);
            chunk.close(rows);
            if !chunk.is_null() {
                column.forecast = chunk.forecast(rows);
            }
            chunk.shrink();
            chunk
        };
        let chunks = self.columns.iter_mut().map(close).collect();
        self.full.push(RawBatch { rows, chunks });
        self.held += rows * self.live;
        self.before += rows;
        self.bytes = 0;
        self.live = 0;
    }

    /// Makes room for the rest of the first batch, as far as a sample foretells it: growing step by step would
    /// touch twice the memory.
    #[cold]
    fn foresee(&mut self) {
        self.is_foreseen = true;
        let bytes = self.bytes + self.live * size_of::<u64>() * self.row;
        let rows = (BATCH_BYTES * self.row).checked_div(bytes).unwrap_or(BATCH_ROWS).min(BATCH_ROWS);
        for column in &mut self.columns {
            column.forecast = column.chunk.forecast(rows);
            column.chunk.reserve(column.forecast);
        }
    }

    /// All batches; the names are those of the columns, in order.
    pub(super) fn finish(mut self) -> Vec<RawBatch> {
        if self.row > 0 {
            self.close_batch();
        }
        self.full
    }
}
