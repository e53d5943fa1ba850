//! ISO dates and date-times: text to a number and a format, and back to the very same text.

use std::io::Write as _;

use chrono::{DateTime, Datelike as _, Timelike as _};

/// How a date or date-time was written. With it the text can be made again from the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Date,
    DateTime {
        separator: u8,
        precision: Precision,
        /// Whether a blank stands before the zone.
        blank: bool,
        zone: Zone,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Minutes,
    Seconds,
    /// So many digits of a fraction.
    Fraction(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    None,
    Z,
    Offset { negative: bool, hours: u8, minutes: u8, style: OffsetStyle },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OffsetStyle {
    /// `+02:00`
    Colon,
    /// `+0200`
    Plain,
    /// `+02`
    Hours,
}

/// A point on the calendar; in UTC if its format has a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Since 1970-01-01 00:00.
    pub seconds: i64,
    pub nanos: u32,
    pub format: Format,
}

const DAY: i64 = 86_400;
/// Digits of a fraction that a timestamp in microseconds holds.
const MICROS_DIGITS: u8 = 6;
const NANOS_DIGITS: usize = 9;
/// What Python's datetime holds, 0001-01-01 to 9999-12-31, in seconds.
const FIRST: i64 = -62_135_596_800;
const AFTER_LAST: i64 = 253_402_300_800;

impl Format {
    pub(super) fn is_date(self) -> bool {
        self == Self::Date
    }

    pub(super) fn is_zoned(self) -> bool {
        matches!(self, Self::DateTime { zone, .. } if zone != Zone::None)
    }

    /// Bytes of the text.
    pub(super) fn width(self) -> usize {
        const DATE: usize = 10;
        let Self::DateTime { precision, blank, zone, .. } = self else { return DATE };
        let clock = match precision {
            Precision::Minutes => 5,
            Precision::Seconds => 8,
            Precision::Fraction(digits) => 9 + usize::from(digits),
        };
        let zone = match zone {
            Zone::None => 0,
            Zone::Z => 1,
            Zone::Offset { style: OffsetStyle::Hours, .. } => 3,
            Zone::Offset { style: OffsetStyle::Plain, .. } => 5,
            Zone::Offset { style: OffsetStyle::Colon, .. } => 6,
        };
        DATE + 1 + clock + usize::from(blank) + zone
    }
}

impl Moment {
    pub(super) fn of(value: i64, format: Format) -> Self {
        if format.is_date() {
            return Self { seconds: value * DAY, nanos: 0, format };
        }
        let micros = value.rem_euclid(1_000_000).unsigned_abs() as u32;
        Self { seconds: value.div_euclid(1_000_000), nanos: micros * 1000, format }
    }

    /// Days or microseconds; none if the fraction is finer.
    pub(super) fn value(self) -> Option<i64> {
        match self.format {
            Format::Date => Some(self.seconds / DAY),
            Format::DateTime { precision: Precision::Fraction(digits), .. }
                if digits > MICROS_DIGITS && !self.nanos.is_multiple_of(1000) =>
            {
                None
            }
            Format::DateTime { .. } => Some(self.seconds * 1_000_000 + i64::from(self.nanos / 1000)),
        }
    }
}

/// Digits of a fixed width; anything else sets `bad`.
#[inline]
fn number(digits: &[u8], bad: &mut bool) -> u32 {
    let mut value = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        *bad |= digit > 9;
        value = value * 10 + u32::from(digit);
    }
    value
}

/// Days from 1970-01-01 to a day of the Gregorian calendar; the year is not 0.
#[inline]
fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    const BEFORE: [u32; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    /// From 0001-01-01 to 1970-01-01.
    const EPOCH: u32 = 719_162;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let index = month.wrapping_sub(1) as usize;
    let (before, after) = (*BEFORE.get(index)?, *BEFORE.get(index + 1)?);
    let length = after - before + u32::from(leap && month == 2);
    if day == 0 || day > length {
        return None;
    }
    let past = year - 1;
    let days =
        past * 365 + past / 4 - past / 100 + past / 400 + before + u32::from(leap && month > 2) + day - 1;
    Some(i64::from(days) - i64::from(EPOCH))
}

/// Reads `YYYY-MM-DD`, alone or followed by `T` or a blank and `HH:MM[:SS[.fraction]][[ ](Z|±HH[[:]MM])]`. The fraction
/// may have up to 255 digits, but those after the ninth are zeros.
#[inline]
pub(super) fn parse(text: &[u8]) -> Option<Moment> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let mut bad = date[4] != b'-' || date[7] != b'-';
    let year = number(&date[..4], &mut bad);
    let month = number(&date[5..7], &mut bad);
    let day = number(&date[8..], &mut bad);
    // Most strings end here.
    if bad || year == 0 {
        return None;
    }
    let midnight = days(year, month, day)? * DAY;
    let Some((separator, rest)) = rest.split_first() else {
        return Some(Moment { seconds: midnight, nanos: 0, format: Format::Date });
    };
    let (time, mut rest) = rest.split_first_chunk::<5>()?;
    bad |= !matches!(separator, b'T' | b' ') || time[2] != b':';
    let hours = number(&time[..2], &mut bad);
    let minutes = number(&time[3..], &mut bad);
    let mut seconds = 0;
    let mut nanos = 0;
    let mut precision = Precision::Minutes;
    if let Some(([b':', tens, ones], after)) = rest.split_first_chunk::<3>() {
        seconds = number(&[*tens, *ones], &mut bad);
        precision = Precision::Seconds;
        rest = after;
        if let Some((b'.', after)) = rest.split_first() {
            let count = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (digits, after) = after.split_at_checked(count)?;
            let (digits, beyond) = digits.split_at(count.min(NANOS_DIGITS));
            bad |= digits.is_empty() || beyond.iter().any(|digit| *digit != b'0');
            nanos = number(digits, &mut bad) * 10u32.pow((NANOS_DIGITS - digits.len()) as u32);
            precision = Precision::Fraction(u8::try_from(count).ok()?);
            rest = after;
        }
    }
    bad |= hours > 23 || minutes > 59 || seconds > 59;
    let (blank, zone, offset) = match rest.split_first() {
        None => (false, Zone::None, 0),
        Some((b' ', zone)) => parse_zone(zone).map(|(zone, offset)| (true, zone, offset))?,
        Some(_) => parse_zone(rest).map(|(zone, offset)| (false, zone, offset))?,
    };
    if bad {
        return None;
    }
    let seconds = midnight + i64::from(hours * 3600 + minutes * 60 + seconds) - offset;
    (FIRST..AFTER_LAST).contains(&seconds).then_some(Moment {
        seconds,
        nanos,
        format: Format::DateTime { separator: *separator, precision, blank, zone },
    })
}

fn parse_zone(text: &[u8]) -> Option<(Zone, i64)> {
    let (style, digits) = match *text {
        [b'Z'] => return Some((Zone::Z, 0)),
        [_, a, b, b':', c, d] => (OffsetStyle::Colon, [a, b, c, d]),
        [_, a, b, c, d] => (OffsetStyle::Plain, [a, b, c, d]),
        [_, a, b] => (OffsetStyle::Hours, [a, b, b'0', b'0']),
        _ => return None,
    };
    let negative = match text.first() {
        Some(b'+') => false,
        Some(b'-') => true,
        _ => return None,
    };
    let mut bad = false;
    let hours = number(&digits[..2], &mut bad);
    let minutes = number(&digits[2..], &mut bad);
    if bad || hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i64::from(hours * 3600 + minutes * 60);
    let zone = Zone::Offset { negative, hours: hours as u8, minutes: minutes as u8, style };
    Some((zone, if negative { -seconds } else { seconds }))
}

/// Appends the text that `parse` made the value from.
pub(super) fn write(value: i64, format: Format, out: &mut Vec<u8>) {
    let mut moment = Moment::of(value, format);
    if let Format::DateTime { zone: Zone::Offset { negative, hours, minutes, .. }, .. } = format {
        let offset = i64::from(hours) * 3600 + i64::from(minutes) * 60;
        moment.seconds += if negative { -offset } else { offset };
    }
    // Values come from `parse`, whose range chrono covers; writing to a vector cannot fail.
    let Some(time) = DateTime::from_timestamp(moment.seconds, moment.nanos) else { return };
    let _ = write!(out, "{:04}-{:02}-{:02}", time.year(), time.month(), time.day());
    let Format::DateTime { separator, precision, blank, zone } = format else { return };
    out.push(separator);
    let _ = write!(out, "{:02}:{:02}", time.hour(), time.minute());
    if precision != Precision::Minutes {
        let _ = write!(out, ":{:02}", time.second());
    }
    if let Precision::Fraction(digits) = precision {
        let fraction = format!("{:09}", moment.nanos);
        out.push(b'.');
        out.extend(fraction.bytes().chain(std::iter::repeat(b'0')).take(usize::from(digits)));
    }
    if blank {
        out.push(b' ');
    }
    match zone {
        Zone::None => {}
        Zone::Z => out.push(b'Z'),
        Zone::Offset { negative, hours, minutes, style } => {
            let sign = if negative { '-' } else { '+' };
            let _ = match style {
                OffsetStyle::Colon => write!(out, "{sign}{hours:02}:{minutes:02}"),
                OffsetStyle::Plain => write!(out, "{sign}{hours:02}{minutes:02}"),
                OffsetStyle::Hours => write!(out, "{sign}{hours:02}"),
            };
        }
    }
}
