//! The cells of one array as JSON: what is written, how long it is, and what JSON cannot hold.

use std::fmt;
use std::ops::Range;

use super::output::Output;

/// The cells of an array. Only rows that are set may be asked for; what a null means is the caller's business.
///
/// The provided methods loop within the array's own type: one dynamic call a column, not one a cell.
pub(super) trait Cells: Send + Sync {
    /// Appends the JSON of a cell.
    fn write(&self, row: usize, out: &mut Output);

    /// How many bytes [`Cells::write`] appends.
    fn size(&self, row: usize) -> usize;

    /// Whether a value of this type can be one that JSON or the API cannot hold.
    fn can_be_bad(&self) -> bool {
        false
    }

    fn bad_value(&self, _row: usize) -> Option<BadValue> {
        None
    }

    /// Appends the cells of some rows, each with a comma behind it.
    fn write_all(&self, rows: &[Range<usize>], out: &mut Output) {
        for run in rows {
            for row in run.clone() {
                self.write(row, out);
                out.push(b',');
            }
        }
    }

    /// Adds what the cells of some rows take, with a comma each, to the sizes of rows from `first` on.
    fn add_sizes(&self, rows: &[Range<usize>], first: usize, sizes: &mut [usize]) {
        for run in rows {
            let sizes = &mut sizes[run.start - first..run.end - first];
            for (row, size) in run.clone().zip(sizes) {
                *size += self.size(row) + 1;
            }
        }
    }

    /// The rows that hold what cannot be written.
    fn bad_values(&self, rows: &[Range<usize>]) -> Vec<(usize, BadValue)> {
        let mut bad = Vec::new();
        for run in rows {
            for row in run.clone() {
                bad.extend(self.bad_value(row).map(|value| (row, value)));
            }
        }
        bad
    }
}

/// Why a value cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BadValue {
    NotANumber,
    Infinite,
    OutsideCalendar,
    OutsideDay,
    PartOfDay,
    RepeatedMapKey,
    NotJson,
    JsonNull,
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "NaN",
            Self::Infinite => "an infinite number",
            Self::OutsideCalendar => "a time outside the years 0001 to 9999",
            Self::OutsideDay => "a time outside the day",
            Self::PartOfDay => "a date with a time of day",
            Self::RepeatedMapKey => "a map with a repeated key",
            Self::NotJson => "text that is not JSON, though its column is said to hold JSON",
            Self::JsonNull => "the JSON text null (make the cell itself null)",
        })
    }
}
