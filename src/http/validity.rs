//! When a certificate is valid, which the TLS library tells only of those that an authority vouches for.

use chrono::{NaiveDate, NaiveDateTime};

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The first and the last second of a DER certificate's validity (RFC 5280, section 4.1), since 1970.
pub(super) fn validity(certificate: &[u8]) -> Option<(i64, i64)> {
    let mut outer = certificate;
    let mut certificate = take(&mut outer, SEQUENCE)?;
    let mut signed = take(&mut certificate, SEQUENCE)?;
    if signed.first() == Some(&VERSION) {
        take(&mut signed, VERSION)?;
    }
    take(&mut signed, INTEGER)?;
    // The algorithm and the issuer.
    take(&mut signed, SEQUENCE)?;
    take(&mut signed, SEQUENCE)?;
    let mut validity = take(&mut signed, SEQUENCE)?;
    let range = (time(&mut validity)?, time(&mut validity)?);
    validity.is_empty().then_some(range)
}

/// Takes the content of an element with that tag off the front.
fn take<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let [found, length, after @ ..] = *rest else { return None };
    if *found != tag {
        return None;
    }
    let (length, after) = match *length {
        short @ 0..=0x7f => (usize::from(short), after),
        // Up to four bytes of length: no certificate is larger.
        long @ 0x81..=0x84 => {
            let (bytes, after) = after.split_at_checked(usize::from(long - 0x80))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), after)
        }
        _ => return None,
    };
    let (content, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(content)
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn time(rest: &mut &[u8]) -> Option<i64> {
    let tag = *rest.first()?;
    let text = std::str::from_utf8(take(rest, tag)?).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, text) = match (tag, text.len()) {
        (UTC_TIME, 12) => {
            let year: i32 = text[..2].parse().ok()?;
            (if year >= 50 { 1900 + year } else { 2000 + year }, &text[2..])
        }
        (GENERALIZED_TIME, 14) => (text[..4].parse().ok()?, &text[4..]),
        _ => return None,
    };
    let part = |at: usize| text[at..at + 2].parse().ok();
    let date = NaiveDate::from_ymd_opt(year, part(0)?, part(2)?)?;
    let time: NaiveDateTime = date.and_hms_opt(part(4)?, part(6)?, part(8)?)?;
    Some(time.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        if content.len() < 0x80 {
            bytes.push(length[1]);
        } else {
            bytes.extend_from_slice(&[0x82, length[0], length[1]]);
        }
        bytes.extend_from_slice(content);
        bytes
    }

    fn certificate(version: bool, from: (u8, &str), to: (u8, &str)) -> Vec<u8> {
        let mut signed = if version { element(VERSION, &element(INTEGER, &[2])) } else { Vec::new() };
        signed.extend(element(INTEGER, &[1, 2, 3]));
        signed.extend(element(SEQUENCE, b"algorithm"));
        signed.extend(element(SEQUENCE, &[b'x'; 300]));
        let times = [element(from.0, from.1.as_bytes()), element(to.0, to.1.as_bytes())].concat();
        signed.extend(element(SEQUENCE, &times));
        signed.extend(element(SEQUENCE, b"subject"));
        element(SEQUENCE, &[element(SEQUENCE, &signed), element(SEQUENCE, b"signature")].concat())
    }

    #[test]
    fn either_form_of_time_is_read() {
        let (utc, general) = (UTC_TIME, GENERALIZED_TIME);
        for version in [true, false] {
            let times = validity(&certificate(version, (utc, "700101000001Z"), (utc, "491231235959Z")));
            assert_eq!(times, Some((1, 2_524_607_999)));
            let times = validity(&certificate(version, (utc, "500101000000Z"), (general, "20500101000000Z")));
            assert_eq!(times, Some((-631_152_000, 2_524_608_000)));
        }
        for text in ["20250101000000", "20250101000000+0100", "20251301000000Z", "2025010100000éZ", ""] {
            assert_eq!(validity(&certificate(true, (utc, "700101000001Z"), (general, text))), None, "{text}");
        }
    }

    #[test]
    fn what_is_cut_anywhere_has_no_validity() {
        let whole = certificate(true, (UTC_TIME, "250101000000Z"), (UTC_TIME, "260101000000Z"));
        assert!(validity(&whole).is_some());
        for length in 0..whole.len() {
            assert_eq!(validity(&whole[..length]), None, "{length}");
        }
    }
}
