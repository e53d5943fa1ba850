//! How long a service asks to wait: `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use http::header::{DATE, HeaderMap, RETRY_AFTER};

/// A longer wait is taken for a mistake.
const MOST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The wait that the headers ask for; nonsense asks for none.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = seconds(value).or_else(|| {
        let date = httpdate::parse_http_date(value).ok()?;
        // The service's own clock, where it tells it, makes a wrong clock on either side harmless.
        let now = headers
            .get(DATE)
            .and_then(|date| date.to_str().ok())
            .and_then(|date| httpdate::parse_http_date(date).ok())
            .unwrap_or(now);
        date.duration_since(now).ok()
    })?;
    (wait <= MOST).then_some(wait)
}

/// Digits, with a fraction at most: services that send one mean it.
fn seconds(value: &str) -> Option<Duration> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    Duration::try_from_secs_f64(value.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "Tue, 15 Jul 2025 12:00:00 GMT";

    fn asked(value: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers, httpdate::parse_http_date(NOW).unwrap())
    }

    #[test]
    fn seconds_and_dates_are_read() {
        for (value, wait) in [
            ("0", 0.0),
            ("7", 7.0),
            (" 120 ", 120.0),
            ("1.5", 1.5),
            ("Tue, 15 Jul 2025 12:00:30 GMT", 30.0),
            ("Tuesday, 15-Jul-25 12:00:30 GMT", 30.0),
            ("Tue Jul 15 12:01:00 2025", 60.0),
        ] {
            assert_eq!(asked(value, None), Some(Duration::from_secs_f64(wait)), "{value}");
        }
    }

    #[test]
    fn dates_count_from_the_service_s_clock() {
        let wait = asked("Tue, 15 Jul 2025 10:00:30 GMT", Some("Tue, 15 Jul 2025 10:00:00 GMT"));
        assert_eq!(wait, Some(Duration::from_secs(30)));
        assert_eq!(asked("Tue, 15 Jul 2025 12:00:30 GMT", Some("noon")), Some(Duration::from_secs(30)));
    }

    #[test]
    fn nonsense_is_ignored() {
        for value in [
            "",
            "soon",
            "-1",
            "+1",
            "NaN",
            "inf",
            "1e3",
            "1.",
            ".5",
            "1,5",
            "0x10",
            "99999999999",
            "184467440737095516160000000000",
            "Tue, 15 Jul 2025 11:59:59 GMT",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "2025-07-15T12:00:30Z",
        ] {
            assert_eq!(asked(value, None), None, "{value}");
        }
    }
}
