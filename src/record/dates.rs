//! Texts that are dates, moved by whole weeks so that weekdays stay.

use chrono::{Datelike, NaiveDate, TimeDelta};

/// Digits of a fraction of a second. More of them could be anything.
const FRACTION: usize = 9;

/// Whether a text is an ISO date, or a date and time, and nothing else.
pub fn is_date(text: &str) -> bool {
    split(text).is_some()
}

/// The text so many weeks later, or none if it is no date or leaves the years that have four digits.
pub fn shifted(text: &str, weeks: i64) -> Option<String> {
    let (date, time) = split(text)?;
    let moved = date.checked_add_signed(TimeDelta::try_weeks(weeks)?)?;
    (1..=9999).contains(&moved.year()).then(|| format!("{}{time}", moved.format("%Y-%m-%d")))
}

/// The date of a text, and what follows it.
fn split(text: &str) -> Option<(NaiveDate, &str)> {
    let (day, rest) = text.split_at_checked(10)?;
    let shape =
        |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    let is_day = day.bytes().enumerate().all(shape);
    let date = is_day.then(|| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()).flatten()?;
    (date.year() > 0 && (rest.is_empty() || is_time(rest))).then_some((date, rest))
}

/// `T12:00`, ` 12:00:30.25`, and the same with `Z` or an offset.
fn is_time(text: &str) -> bool {
    let rest = text.strip_prefix(['T', 't', ' ']).and_then(two).and_then(|rest| rest.strip_prefix(':'));
    let Some(mut rest) = rest.and_then(two) else { return false };
    if let Some(seconds) = rest.strip_prefix(':') {
        let Some(after) = two(seconds) else { return false };
        rest = after;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            let after = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            let count = fraction.len() - after.len();
            if count == 0 || count > FRACTION {
                return false;
            }
            rest = after;
        }
    }
    is_zone(rest.strip_prefix(' ').unwrap_or(rest)) && !rest.ends_with(' ')
}

fn is_zone(text: &str) -> bool {
    if matches!(text, "" | "Z" | "z") {
        return true;
    }
    let Some(rest) = text.strip_prefix(['+', '-']).and_then(two) else { return false };
    rest.is_empty() || two(rest.strip_prefix(':').unwrap_or(rest)).is_some_and(str::is_empty)
}

/// What follows two digits.
fn two(text: &str) -> Option<&str> {
    let (digits, rest) = text.split_at_checked(2)?;
    digits.bytes().all(|digit| digit.is_ascii_digit()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_move_and_nothing_else_of_them_changes() {
        for (text, later) in [
            ("2025-07-15", "2025-07-22"),
            ("2025-12-29 12:00", "2026-01-05 12:00"),
            ("2024-02-26T23:59:59.123456789Z", "2024-03-04T23:59:59.123456789Z"),
            ("2025-07-15 12:00:30 +02:00", "2025-07-22 12:00:30 +02:00"),
            ("2025-07-15T12:00-0330", "2025-07-22T12:00-0330"),
        ] {
            assert_eq!(shifted(text, 1).as_deref(), Some(later), "{text}");
            assert_eq!(shifted(later, -1).as_deref(), Some(text), "{later}");
        }
    }

    #[test]
    fn what_could_say_more_than_a_date_is_none() {
        for text in [
            "",
            "2025-07-15 Kees",
            "2025-7-15",
            "2025-02-30",
            "2025-07-15 12:00 ",
            "2025-07-15T12",
            "20250715",
            "2025-07-15 12:00:00.0612345678",
            "0000-01-01",
            "+025-07-15",
            "2025-07-15T12:00:00+02:00x",
        ] {
            assert!(!is_date(text), "{text}");
        }
        assert_eq!(shifted("9999-12-31", 1), None);
    }
}
