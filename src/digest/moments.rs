//! Dates and date-times as text: `2025-07-15`, `2025-07-15 12:00:00`, with six or nine digits of a fraction where there is
//! one, and with `+00:00` behind a moment in UTC. This is the form in which the API documents them and updates write them.

use std::io::Write as _;

use chrono::{DateTime, Datelike as _};

const DAY: i64 = 86_400;

/// Writes moments, most of which are on the same day as the one before.
pub(crate) struct Moments {
    zoned: bool,
    day: Option<i64>,
    date: usize,
    text: Vec<u8>,
}

impl Moments {
    pub(crate) fn new(zoned: bool) -> Self {
        Self { zoned, day: None, date: 0, text: Vec::with_capacity(40) }
    }

    /// The text of so many days since 1970-01-01.
    pub(crate) fn date(&mut self, day: i64) -> &[u8] {
        if self.day != Some(day) {
            self.day = Some(day);
            self.text.clear();
            // Writing to a vector cannot fail.
            let _ = match day.checked_mul(DAY).and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
                Some(date) => {
                    write!(self.text, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
                }
                // A day that no calendar here reaches.
                None => write!(self.text, "day {day}"),
            };
            self.date = self.text.len();
        }
        self.text.truncate(self.date);
        &self.text
    }

    /// The text of so many seconds since 1970-01-01 00:00, and nanoseconds.
    pub(crate) fn text(&mut self, seconds: i64, nanos: i64) -> &[u8] {
        self.date(seconds.div_euclid(DAY));
        let second = seconds.rem_euclid(DAY);
        let digits = |value: i64| {
            let value = value.unsigned_abs() as u8;
            [b'0' + value / 10, b'0' + value % 10]
        };
        for (before, value) in [(b' ', second / 3600), (b':', second / 60 % 60), (b':', second % 60)] {
            self.text.push(before);
            self.text.extend(digits(value));
        }
        let _ = match nanos {
            0 => Ok(()),
            nanos if nanos % 1000 == 0 => write!(self.text, ".{:06}", nanos / 1000),
            nanos => write!(self.text, ".{nanos:09}"),
        };
        if self.zoned {
            self.text.extend(b"+00:00");
        }
        &self.text
    }
}
