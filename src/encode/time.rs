//! Dates and times as the API reads them: `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS`, `HH:MM:SS`.
//!
//! A fraction of a second is written where there is one, with six digits, or nine if it is finer. A timestamp with
//! a zone is written in UTC and says so: `2025-07-15 12:00:00+00:00`.

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, ArrowTimestampType, Date32Type, Date64Type};
use arrow_array::{ArrayRef, PrimitiveArray};
use arrow_schema::TimeUnit;

use super::cells::{Cells, Fault};

const DAY: i64 = 86_400;
/// 0001-01-01 and 9999-12-31 in days since 1970-01-01.
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_896;

pub(super) struct Days(pub PrimitiveArray<Date32Type>);

impl Cells for Days {
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        write_quoted_date(self.0.value(row).into(), out);
    }

    fn size(&self, _row: usize) -> usize {
        QUOTED_DATE
    }

    fn can_be_faulty(&self) -> bool {
        true
    }

    fn fault(&self, row: usize) -> Option<Fault> {
        calendar_fault(self.0.value(row).into())
    }
}

/// Dates in milliseconds.
pub(super) struct Dates(pub PrimitiveArray<Date64Type>);

impl Cells for Dates {
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        write_quoted_date(self.0.value(row).div_euclid(DAY * 1_000), out);
    }

    fn size(&self, _row: usize) -> usize {
        QUOTED_DATE
    }

    fn can_be_faulty(&self) -> bool {
        true
    }

    fn fault(&self, row: usize) -> Option<Fault> {
        let value = self.0.value(row);
        if value.rem_euclid(DAY * 1_000) != 0 {
            return Some(Fault::PartOfDay);
        }
        calendar_fault(value.div_euclid(DAY * 1_000))
    }
}

pub(super) struct Timestamps<T: ArrowTimestampType> {
    array: PrimitiveArray<T>,
    zoned: bool,
}

impl<T: ArrowTimestampType> Timestamps<T> {
    pub(super) fn new(array: &ArrayRef, zoned: bool) -> Self {
        Self { array: array.as_primitive::<T>().clone(), zoned }
    }

    /// Days since 1970, second of the day, nanosecond of the second.
    fn parts(&self, row: usize) -> (i64, u32, u32) {
        let per_second = match T::UNIT {
            TimeUnit::Second => 1,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Microsecond => 1_000_000,
            TimeUnit::Nanosecond => 1_000_000_000,
        };
        let value = self.array.value(row);
        let seconds = value.div_euclid(per_second);
        let nanos = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
        (
            seconds.div_euclid(DAY),
            seconds.rem_euclid(DAY).cast_unsigned() as u32,
            nanos.cast_unsigned() as u32,
        )
    }
}

const UTC: [u8; 6] = *b"+00:00";

impl<T: ArrowTimestampType> Cells for Timestamps<T> {
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        let (days, seconds, nanos) = self.parts(row);
        let mut text = Short::new();
        text.push([b'"']);
        text.date(days);
        text.push([b' ']);
        text.clock(seconds, nanos);
        if self.zoned {
            text.push(UTC);
        }
        text.push([b'"']);
        text.append_to(out);
    }

    fn size(&self, row: usize) -> usize {
        QUOTED_DATE + 1 + clock_size(self.parts(row).2) + if self.zoned { UTC.len() } else { 0 }
    }

    fn can_be_faulty(&self) -> bool {
        true
    }

    fn fault(&self, row: usize) -> Option<Fault> {
        calendar_fault(self.parts(row).0)
    }
}

/// Times of day.
pub(super) struct Clocks<T: ArrowPrimitiveType> {
    array: PrimitiveArray<T>,
    per_second: i64,
}

impl<T: ArrowPrimitiveType> Clocks<T>
where
    T::Native: Into<i64>,
{
    pub(super) fn new(array: &ArrayRef, per_second: i64) -> Self {
        Self { array: array.as_primitive::<T>().clone(), per_second }
    }

    fn parts(&self, row: usize) -> (i64, u32) {
        let value: i64 = self.array.value(row).into();
        let nanos = value.rem_euclid(self.per_second) * (1_000_000_000 / self.per_second);
        (value.div_euclid(self.per_second), nanos.cast_unsigned() as u32)
    }
}

impl<T: ArrowPrimitiveType> Cells for Clocks<T>
where
    T::Native: Into<i64>,
{
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        let (seconds, nanos) = self.parts(row);
        let mut text = Short::new();
        text.push([b'"']);
        text.clock(seconds.cast_unsigned() as u32, nanos);
        text.push([b'"']);
        text.append_to(out);
    }

    fn size(&self, row: usize) -> usize {
        2 + clock_size(self.parts(row).1)
    }

    fn can_be_faulty(&self) -> bool {
        true
    }

    fn fault(&self, row: usize) -> Option<Fault> {
        (!(0..DAY).contains(&self.parts(row).0)).then_some(Fault::OutsideDay)
    }
}

fn calendar_fault(days: i64) -> Option<Fault> {
    (!(FIRST_DAY..=LAST_DAY).contains(&days)).then_some(Fault::OutsideCalendar)
}

/// `"2025-07-15"` with its quotes.
const QUOTED_DATE: usize = 12;

/// `"2025-07-15 12:00:00.123456789+00:00"` is the longest text.
const LONGEST: usize = 38;

/// A text that is put together before it is appended: one check of the body's room, not one a part.
struct Short {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Short {
    fn new() -> Self {
        Self { bytes: [b'"'; LONGEST], length: 0 }
    }

    fn push<const N: usize>(&mut self, part: [u8; N]) {
        self.bytes[self.length..self.length + N].copy_from_slice(&part);
        self.length += N;
    }

    fn date(&mut self, days: i64) {
        let (year, month, day) = civil(days);
        let (century, year) = pair(year / 100, year % 100);
        let (month, day) = pair(month, day);
        self.push([century[0], century[1], year[0], year[1], b'-', month[0], month[1], b'-', day[0], day[1]]);
    }

    fn clock(&mut self, seconds: u32, nanos: u32) {
        let hour = digits(seconds / 3_600);
        let (minute, second) = pair(seconds / 60 % 60, seconds % 60);
        self.push([hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1]]);
        if nanos != 0 {
            let micros = nanos.is_multiple_of(1_000);
            let mut rest = if micros { nanos / 1_000 } else { nanos };
            let mut fraction = [b'.'; 10];
            for digit in fraction[1..if micros { 7 } else { 10 }].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            self.push(fraction);
            self.length -= if micros { 3 } else { 0 };
        }
    }

    fn append_to(&self, out: &mut Vec<u8>) {
        // All of them at once, since a copy of a length that is known beforehand is much faster.
        out.extend_from_slice(&self.bytes);
        out.truncate(out.len() - (LONGEST - self.length));
    }
}

fn write_quoted_date(days: i64, out: &mut Vec<u8>) {
    let mut text = Short::new();
    text.push([b'"']);
    text.date(days);
    text.push([b'"']);
    text.append_to(out);
}

fn clock_size(nanos: u32) -> usize {
    8 + match nanos {
        0 => 0,
        nanos if nanos.is_multiple_of(1_000) => 7,
        _ => 10,
    }
}

fn pair(left: u32, right: u32) -> ([u8; 2], [u8; 2]) {
    (digits(left), digits(right))
}

fn digits(below_100: u32) -> [u8; 2] {
    [b'0' + (below_100 / 10) as u8, b'0' + (below_100 % 10) as u8]
}

/// Year, month and day of days since 1970-01-01 within the years 0001 to 9999, in the proleptic Gregorian calendar.
/// The year is taken to begin in March, so that the leap day is its last (after Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: i64) -> (u32, u32, u32) {
    const DAYS_OF_400_YEARS: u32 = 146_097;
    // From 0000-03-01; positive for all days of the calendar.
    let days = (days + 719_468).cast_unsigned() as u32;
    let era = days / DAYS_OF_400_YEARS;
    let day = days % DAYS_OF_400_YEARS;
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}
