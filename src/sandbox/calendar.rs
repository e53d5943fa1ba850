//! Dates and times in the API's spelling.

use chrono::{NaiveDate, NaiveTime};

/// `YYYY-MM-DD`, and a day that exists.
pub(super) fn parse_date(text: &str) -> Option<NaiveDate> {
    let shape = |(index, byte): (usize, &u8)| match index {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    if text.len() != 10 || !text.as_bytes().iter().enumerate().all(shape) {
        return None;
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// `YYYY-MM-DD HH:MM`, with seconds, with a fraction of up to nine digits, with a `T` for the blank; without
/// a zone. Returns it as the sandbox stores it: with a blank and with seconds.
pub(super) fn parse_date_time(text: &str) -> Option<String> {
    let (date, time) = (text.get(..10)?, text.get(10..)?);
    parse_date(date)?;
    let time = time.strip_prefix([' ', 'T'])?;
    let (clock, fraction) = match time.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (time, None),
    };
    let shape = |(index, byte): (usize, &u8)| match index {
        2 | 5 => *byte == b':',
        _ => byte.is_ascii_digit(),
    };
    if !clock.as_bytes().iter().enumerate().all(shape) {
        return None;
    }
    let clock = match (clock.len(), fraction) {
        (5, None) => format!("{clock}:00"),
        (8, _) => clock.to_owned(),
        _ => return None,
    };
    // chrono takes second 60 for a leap second, which no `start_time` has.
    if clock.ends_with(":60") || NaiveTime::parse_from_str(&clock, "%H:%M:%S").is_err() {
        return None;
    }
    match fraction {
        None => Some(format!("{date} {clock}")),
        Some(digits)
            if (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            Some(format!("{date} {clock}.{digits}"))
        }
        Some(_) => None,
    }
}

/// The least text that a stored time from this moment on has.
pub(super) fn lower_bound(time: &str) -> String {
    if time.contains('.') {
        time.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        time.to_owned()
    }
}

/// The greatest text that a stored time up to this moment has: times may be stored with zeros in their
/// fraction, of which none has more than nine digits.
pub(super) fn upper_bound(time: &str) -> String {
    let mut bound = time.to_owned();
    if !bound.contains('.') {
        bound.push('.');
    }
    bound.push_str("000000000");
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_exist_and_are_spelled_in_full() {
        for good in ["2025-07-15", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert!(parse_date(good).is_some(), "{good}");
        }
        for bad in [
            "2025-02-29",
            "1900-02-29",
            "2025-7-15",
            "2025-13-01",
            "2025-00-10",
            "20250715",
            "",
            "+025-07-15",
        ] {
            assert!(parse_date(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn times_take_one_stored_form() {
        assert_eq!(parse_date_time("2025-07-15 12:00").as_deref(), Some("2025-07-15 12:00:00"));
        assert_eq!(parse_date_time("2025-07-15T12:00:01").as_deref(), Some("2025-07-15 12:00:01"));
        assert_eq!(parse_date_time("2025-07-15 12:00:01.50").as_deref(), Some("2025-07-15 12:00:01.50"));
        let bad = [
            "2025-07-15",
            "2025-02-30 12:00",
            "2025-07-15 24:00",
            "2025-07-15 12:60",
            "2025-07-15 12:00:60",
            "2025-07-15 12:00Z",
            "2025-07-15 12:00:00+02:00",
            "2025-07-15 12:00.5",
            "2025-07-15 12:00:00.",
            "2025-07-15 12:00:00.1234567890",
            "2025-07-15  12:00",
            "2025-07-15 1:00",
            "é025-07-15 12:00",
        ];
        for text in bad {
            assert_eq!(parse_date_time(text), None, "{text}");
        }
    }

    #[test]
    fn bounds_order_as_texts_like_the_times_they_stand_for() {
        let stored = "2025-07-15 12:00:00.000";
        assert!(lower_bound("2025-07-15 12:00:00").as_str() <= stored);
        assert!(lower_bound("2025-07-15 12:00:00.000000").as_str() <= "2025-07-15 12:00:00");
        assert!(stored <= upper_bound("2025-07-15 12:00:00").as_str());
        assert!("2025-07-15 12:00:00.5" <= upper_bound("2025-07-15 12:00:00.50").as_str());
        assert!("2025-07-15 12:00:00.000000001" > upper_bound("2025-07-15 12:00:00").as_str());
    }
}
