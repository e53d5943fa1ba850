//! Dates and times as the API reads them: `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS`, `HH:MM:SS`.
//!
//! A fraction of a second is written where there is one, with six digits, or nine if it is finer. A timestamp with
//! a zone is written in UTC and says so: `2025-07-15 12:00:00+00:00`.

use std::ops::RangeInclusive;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, ArrowTimestampType, Date32Type, Date64Type};
use arrow_array::{ArrayRef, PrimitiveArray};
use arrow_schema::TimeUnit;

use super::cells::{BadValue, Cells};
use super::digits;
use super::output::Output;

const DAY: i64 = 86_400;
/// 0001-01-01 and 9999-12-31 in days since 1970-01-01.
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_896;

pub(super) struct Days(pub PrimitiveArray<Date32Type>);

impl Cells for Days {
    #[inline]
    fn write(&self, row: usize, out: &mut Output) {
        write_quoted_date(self.0.value(row).into(), out);
    }

    #[inline]
    fn size(&self, _row: usize) -> usize {
        QUOTED_DATE
    }

    fn can_be_bad(&self) -> bool {
        true
    }

    #[inline]
    fn bad_value(&self, row: usize) -> Option<BadValue> {
        outside_calendar(self.0.value(row).into())
    }
}

/// Dates in milliseconds.
pub(super) struct Dates(pub PrimitiveArray<Date64Type>);

impl Cells for Dates {
    #[inline]
    fn write(&self, row: usize, out: &mut Output) {
        write_quoted_date(self.0.value(row).div_euclid(DAY * 1_000), out);
    }

    #[inline]
    fn size(&self, _row: usize) -> usize {
        QUOTED_DATE
    }

    fn can_be_bad(&self) -> bool {
        true
    }

    #[inline]
    fn bad_value(&self, row: usize) -> Option<BadValue> {
        let value = self.0.value(row);
        if value.rem_euclid(DAY * 1_000) != 0 {
            return Some(BadValue::PartOfDay);
        }
        outside_calendar(value.div_euclid(DAY * 1_000))
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

    const PER_SECOND: i64 = match T::UNIT {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };

    /// The first and the last moment of the calendar, or as far as nanoseconds reach.
    const CALENDAR: RangeInclusive<i64> = (FIRST_DAY * DAY).saturating_mul(Self::PER_SECOND)
        ..=((LAST_DAY + 1) * DAY - 1).saturating_mul(Self::PER_SECOND).saturating_add(Self::PER_SECOND - 1);

    /// Days since 1970, second of the day, nanosecond of the second.
    #[inline]
    fn parts(&self, row: usize) -> (i64, u32, u32) {
        const SECONDS: u64 = DAY.cast_unsigned();
        let seconds = self.array.value(row).div_euclid(Self::PER_SECOND);
        // From the first day of the calendar: numbers that are not negative are divided faster.
        let seconds = (seconds - FIRST_DAY * DAY).cast_unsigned();
        let days = FIRST_DAY + (seconds / SECONDS).cast_signed();
        (days, (seconds % SECONDS) as u32, self.nanos(row))
    }

    #[inline]
    fn nanos(&self, row: usize) -> u32 {
        let fraction = self.array.value(row).rem_euclid(Self::PER_SECOND);
        (fraction * (1_000_000_000 / Self::PER_SECOND)).cast_unsigned() as u32
    }
}

const UTC: [u8; 6] = *b"+00:00";

impl<T: ArrowTimestampType> Cells for Timestamps<T> {
    #[inline]
    fn write(&self, row: usize, out: &mut Output) {
        let (days, seconds, nanos) = self.parts(row);
        out.short(|room: &mut [u8; LONGEST]| {
            write_date(days, room);
            room[QUOTED_DATE - 1] = b' ';
            let end = write_clock(seconds, nanos, QUOTED_DATE, room);
            end_quoted(end, self.zoned, room)
        });
    }

    #[inline]
    fn size(&self, row: usize) -> usize {
        QUOTED_DATE + 1 + clock_size(self.nanos(row)) + if self.zoned { UTC.len() } else { 0 }
    }

    fn can_be_bad(&self) -> bool {
        true
    }

    #[inline]
    fn bad_value(&self, row: usize) -> Option<BadValue> {
        (!Self::CALENDAR.contains(&self.array.value(row))).then_some(BadValue::OutsideCalendar)
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
    #[inline]
    fn write(&self, row: usize, out: &mut Output) {
        let (seconds, nanos) = self.parts(row);
        out.short(|room: &mut [u8; LONGEST]| {
            room[0] = b'"';
            let end = write_clock(seconds.cast_unsigned() as u32, nanos, 1, room);
            end_quoted(end, false, room)
        });
    }

    #[inline]
    fn size(&self, row: usize) -> usize {
        2 + clock_size(self.parts(row).1)
    }

    fn can_be_bad(&self) -> bool {
        true
    }

    #[inline]
    fn bad_value(&self, row: usize) -> Option<BadValue> {
        (!(0..DAY).contains(&self.parts(row).0)).then_some(BadValue::OutsideDay)
    }
}

fn outside_calendar(days: i64) -> Option<BadValue> {
    (!(FIRST_DAY..=LAST_DAY).contains(&days)).then_some(BadValue::OutsideCalendar)
}

/// `"2025-07-15"` with its quotes.
const QUOTED_DATE: usize = 12;

/// `"2025-07-15 12:00:00.123456789+00:00"` is the longest text; words are written whole.
const LONGEST: usize = 38 + digits::WORD;

/// A quote and a date, at the beginning.
#[inline]
fn write_date(days: i64, room: &mut [u8; LONGEST]) {
    let (year, month, day) = civil(days);
    let [century, year, month, day] = digits::pairs_text([year / 100, year % 100, month, day]);
    room[..QUOTED_DATE].copy_from_slice(b"\"yyyy-mm-dd\"");
    for (at, pair) in [(1, century), (3, year), (6, month), (9, day)] {
        room[at..at + pair.len()].copy_from_slice(&pair);
    }
}

/// A time of day from `at` on; gives where it ends.
#[inline]
fn write_clock(seconds: u32, nanos: u32, at: usize, room: &mut [u8; LONGEST]) -> usize {
    let minutes = seconds / 60;
    let [hour, minute, second, _] = digits::pairs_text([minutes / 60, minutes % 60, seconds % 60, 0]);
    let word = [hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1]];
    let at = digits::write_word(word, at, room);
    if nanos == 0 { at } else { write_fraction(nanos, at, room) }
}

#[inline(never)]
fn write_fraction(nanos: u32, at: usize, room: &mut [u8; LONGEST]) -> usize {
    let at = digits::write_byte(b'.', at, room);
    let end = digits::write_word(digits::text(digits::eight(u64::from(nanos / 10))), at, room);
    let end = digits::write_byte(b'0' + (nanos % 10) as u8, end, room);
    if nanos.is_multiple_of(1_000) { end - 3 } else { end }
}

/// A closing quote, behind the zone if there is one; gives the length of the whole.
#[inline]
fn end_quoted(end: usize, zoned: bool, room: &mut [u8; LONGEST]) -> usize {
    let behind = if zoned { *b"+00:00\"\0" } else { *b"\"\0\0\0\0\0\0\0" };
    digits::write_word(behind, end, room) - if zoned { 1 } else { 7 }
}

fn write_quoted_date(days: i64, out: &mut Output) {
    out.short(|room: &mut [u8; LONGEST]| {
        write_date(days, room);
        QUOTED_DATE
    });
}

fn clock_size(nanos: u32) -> usize {
    8 + match nanos {
        0 => 0,
        nanos if nanos.is_multiple_of(1_000) => 7,
        _ => 10,
    }
}

/// Year, month and day of days since 1970-01-01 within the years 0001 to 9999, in the proleptic Gregorian calendar.
/// The year is taken to begin in March, so that the leap day is its last. (After Neri and Schneider, "Euclidean affine
/// functions and their application to calendar algorithms": a fraction times its period, in binary, gives how often the
/// period fits and what is left.)
#[inline]
fn civil(days: i64) -> (u32, u32, u32) {
    const DAYS_OF_400_YEARS: u32 = 146_097;
    // From 0000-03-01; positive for all days of the calendar.
    let quarters = 4 * (days + 719_468).cast_unsigned() as u32 + 3;
    let (century, rest) = (quarters / DAYS_OF_400_YEARS, quarters % DAYS_OF_400_YEARS);
    // Of the century in quarters of a day, times 2^32 divided by the 1461 days of four years.
    let years = 2_939_745 * u64::from(rest | 3);
    let year = 100 * century + (years >> 32) as u32;
    let day = (years as u32) / 2_939_745 / 4;
    // In units of 1 / 2141 of a day; a month is 2^16 of them on average.
    let months = 2_141 * day + 197_913;
    let (month, day) = (months >> 16, (months & 0xffff) / 2_141 + 1);
    if month > 12 { (year + 1, month - 12, day) } else { (year, month, day) }
}
