//! Numbers of JSON: exact integers, correctly rounded doubles.

use super::parse_error::{ParseError, Reason};
use super::token::no_value;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i64),
    /// Above `i64::MAX`.
    UInt(u64),
    /// An integer outside of both, whose digits are its text.
    Big,
    Float(f64),
}

/// A run of digits: their value modulo 2^64, and how many there are.
#[derive(Clone, Copy)]
struct Digits {
    value: u64,
    count: usize,
}

/// Digits of which no eight are too many for the value.
const EXACT_DIGITS: usize = 19;

/// The digits that a word begins with.
#[inline]
fn leading_digits(word: u64) -> usize {
    // A byte is a digit if its upper half is 3, also after 6 was added to it.
    let upper = word & 0xf0f0_f0f0_f0f0_f0f0;
    let carried = word.wrapping_add(0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0;
    let others = (upper ^ 0x3030_3030_3030_3030) | (carried ^ 0x3030_3030_3030_3030);
    (others.trailing_zeros() >> 3) as usize
}

/// The value of the first digits of a word, of which there is one at least.
#[inline]
fn value_of(word: u64, count: usize) -> u64 {
    // They move to the upper end; the zeros that follow them in are leading zeros.
    eight(word << (64 - 8 * count))
}

/// Appends the digits from `at` on to `value`.
#[inline]
fn digits(bytes: &[u8], mut at: usize, mut value: u64) -> Digits {
    let start = at;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*word);
        let count = leading_digits(word);
        if count == 0 {
            return Digits { value, count: at - start };
        }
        value = value.wrapping_mul(POWERS[count]).wrapping_add(value_of(word, count));
        at += count;
        if count < 8 {
            return Digits { value, count: at - start };
        }
    }
    while let Some(byte @ b'0'..=b'9') = bytes.get(at) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        at += 1;
    }
    Digits { value, count: at - start }
}

/// What [`parse`] gives, for a number without a sign or an exponent that has few digits before and after its point; for
/// any other, and close to the end of the bytes, none. Most are such.
#[expect(
    clippy::inline_always,
    reason = "part of the loop over a row; a call apart costs a twentieth of the speed"
)]
#[inline(always)]
pub(super) fn parse_short(bytes: &[u8], start: usize) -> Option<(Number, usize)> {
    let (whole, end) = few_digits(bytes, start)?;
    if bytes.get(start) == Some(&b'0') && end > start + 1 {
        return None;
    }
    match *bytes.get(end)? {
        b'.' => {
            let (fraction, after) = few_digits(bytes, end + 1)?;
            let count = after - end - 1;
            let all = whole * POWERS.get(count)? + fraction;
            // Sixteen digits may be too many for the fast path of `float`.
            let exact = all <= 1 << 53 && !matches!(bytes.get(after)?, b'e' | b'E' | b'0'..=b'9');
            exact.then(|| (Number::Float(all as f64 / EXACT_POWERS[count]), after))
        }
        b'e' | b'E' | b'0'..=b'9' => None,
        _ => Some((Number::Int(whole.cast_signed()), end)),
    }
}

/// The value of the digits from `start` on, and where they end; or the first eight, if there are more.
#[inline]
fn few_digits(bytes: &[u8], start: usize) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(*bytes.get(start..)?.first_chunk()?);
    let count = leading_digits(word);
    (count > 0).then(|| (value_of(word, count), start + count))
}

const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Eight digits at once: pairs, fours, all.
#[inline]
fn eight(word: u64) -> u64 {
    let word = word & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (word.wrapping_mul(1 + (10 << 8)) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(1 + (100 << 16)) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(1 + (10_000 << 32)) >> 32
}

/// The number that begins at `start`, and where it ends. The bytes must go on after it: a number that ends with
/// them may be cut.
#[inline]
pub(super) fn parse(bytes: &[u8], start: usize) -> Result<(Number, usize), ParseError> {
    let negative = bytes.get(start) == Some(&b'-');
    let first = start + usize::from(negative);
    let whole = digits(bytes, first, 0);
    let end = first + whole.count;
    let next = *bytes.get(end).ok_or(ParseError::MORE)?;
    if whole.count == 0 {
        return Err(no_value(bytes, start, Reason::Minus));
    }
    if whole.count > 1 && bytes.get(first) == Some(&b'0') {
        return Err(ParseError::new(start, Reason::LeadingZero));
    }
    if matches!(next, b'.' | b'e' | b'E') {
        return float(bytes, start, first, whole, negative);
    }
    if whole.count >= EXACT_DIGITS {
        return Ok((long(bytes.get(first..end).unwrap_or_default(), negative), end));
    }
    // Fewer than 19 digits fit.
    let value = whole.value.cast_signed();
    let number = match (negative, value) {
        (true, 0) => Number::Float(-0.0),
        (true, _) => Number::Int(-value),
        (false, _) => Number::Int(value),
    };
    Ok((number, end))
}

#[cold]
fn long(digits: &[u8], negative: bool) -> Number {
    let mut value = 0u64;
    for digit in digits {
        let next = value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit - b'0')));
        match next {
            Some(next) => value = next,
            None => return Number::Big,
        }
    }
    if negative {
        0i64.checked_sub_unsigned(value).map_or(Number::Big, Number::Int)
    } else {
        i64::try_from(value).map_or(Number::UInt(value), Number::Int)
    }
}

/// Powers of ten that a double has exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

#[inline]
fn float(
    bytes: &[u8],
    start: usize,
    first: usize,
    whole: Digits,
    negative: bool,
) -> Result<(Number, usize), ParseError> {
    let mut end = first + whole.count;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(bytes, end + 1, whole.value);
        end += 1 + fraction.count;
        if bytes.get(end).is_none() {
            return Err(ParseError::MORE);
        }
        if fraction.count == 0 {
            return Err(ParseError::new(start, Reason::Point));
        }
        let all = Digits { value: fraction.value, count: whole.count + fraction.count };
        // Clinger's fast path: both operands are exact, so the one rounding is the right one.
        if all.count < EXACT_DIGITS
            && all.value <= 1 << 53
            && !matches!(bytes.get(end), Some(b'e' | b'E'))
            && let Some(power) = EXACT_POWERS.get(fraction.count)
        {
            let value = all.value as f64 / power;
            return Ok((Number::Float(if negative { -value } else { value }), end));
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        end += 1;
        if matches!(bytes.get(end), Some(b'+' | b'-')) {
            end += 1;
        }
        let exponent = digits(bytes, end, 0);
        end += exponent.count;
        if bytes.get(end).is_none() {
            return Err(ParseError::MORE);
        }
        if exponent.count == 0 {
            return Err(ParseError::new(start, Reason::Exponent));
        }
    }
    match rounded(bytes.get(start..end).unwrap_or_default()) {
        Ok(value) => Ok((Number::Float(value), end)),
        Err(what) => Err(ParseError::new(start, what)),
    }
}

/// The nearest double, if it is finite and not 0 for want of smaller ones. Apart from its callers, which need far less of
/// the stack.
#[inline(never)]
fn rounded(text: &[u8]) -> Result<f64, Reason> {
    match fast_float2::parse(text) {
        Ok(0.0) if has_value(text) => Err(Reason::TooSmall),
        Ok(value) if f64::is_finite(value) => Ok(value),
        _ => Err(Reason::TooLarge),
    }
}

/// The double that the text of a number is, if it is one.
pub(super) fn double(text: &[u8]) -> Option<f64> {
    rounded(text).ok()
}

/// Whether a digit before the exponent is not 0.
fn has_value(text: &[u8]) -> bool {
    text.iter().take_while(|byte| !matches!(byte, b'e' | b'E')).any(|byte| matches!(byte, b'1'..=b'9'))
}

/// Where a number ends that has few digits before and after its point and no exponent; for any other, and close to the end of
/// the bytes, none.
#[inline]
pub(super) fn skip_short(bytes: &[u8], start: usize) -> Option<usize> {
    // The digits of a word, and the byte after them. All of it or nothing may go on.
    let digits = |at: usize| {
        let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
        let count = leading_digits(word);
        matches!(count, 1..8).then(|| (word, count, (word >> (8 * count)) as u8))
    };
    let first = start + usize::from(*bytes.get(start)? == b'-');
    let (word, count, mut next) = digits(first)?;
    if count > 1 && word as u8 == b'0' {
        return None;
    }
    let mut end = first + count;
    if next == b'.' {
        let (_, count, after) = digits(end + 1)?;
        next = after;
        end += 1 + count;
    }
    (!matches!(next, b'e' | b'E')).then_some(end)
}

/// Where the number that begins at `start` ends; whatever its size.
#[inline]
pub(super) fn skip(bytes: &[u8], start: usize) -> Result<usize, ParseError> {
    skip_short(bytes, start).map_or_else(|| skip_any(bytes, start), Ok)
}

#[inline(never)]
fn skip_any(bytes: &[u8], start: usize) -> Result<usize, ParseError> {
    let first = start + usize::from(bytes.get(start) == Some(&b'-'));
    let mut end = skip_digits(bytes, first);
    let mut next = *bytes.get(end).ok_or(ParseError::MORE)?;
    if end == first {
        return Err(no_value(bytes, start, Reason::Minus));
    }
    if end > first + 1 && bytes.get(first) == Some(&b'0') {
        return Err(ParseError::new(start, Reason::LeadingZero));
    }
    if next == b'.' {
        let fraction = end + 1;
        end = skip_digits(bytes, fraction);
        next = *bytes.get(end).ok_or(ParseError::MORE)?;
        if end == fraction {
            return Err(ParseError::new(start, Reason::Point));
        }
    }
    if matches!(next, b'e' | b'E') {
        let exponent = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end = skip_digits(bytes, exponent);
        if bytes.get(end).is_none() {
            return Err(ParseError::MORE);
        }
        if end == exponent {
            return Err(ParseError::new(start, Reason::Exponent));
        }
    }
    Ok(end)
}

/// Where the digits from `at` on end.
#[inline]
fn skip_digits(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let count = leading_digits(u64::from_le_bytes(*word));
        at += count;
        if count < 8 {
            return at;
        }
    }
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = String> {
        // The sums of eight and eight digits are on both sides of 2^53.
        prop_oneof![
            "-?[0-9]{1,10}",
            "-?[0-9]{1,9}[.][0-9]{0,10}",
            "[0-9]{8}[.][0-9]{8}",
            "[0-9]{1,4}[.]?[0-9]{0,3}[eE][0-9]?"
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn what_is_short_reads_as_all_do(number in number(), after in "[,} .0-9]? {0,12}") {
            let bytes = format!("{number}{after}").into_bytes();
            if let Some(short) = parse_short(&bytes, 0) {
                prop_assert_eq!(Ok(short), parse(&bytes, 0).map_err(ParseError::what));
            }
            if let Some(end) = skip_short(&bytes, 0) {
                prop_assert_eq!(Ok(end), skip_any(&bytes, 0).map_err(ParseError::what));
            }
        }
    }

    #[test]
    fn usual_numbers_are_short() {
        for (text, expected) in
            [("0,", Number::Int(0)), ("12345678}", Number::Int(12_345_678)), ("0.25,", Number::Float(0.25))]
        {
            let bytes = format!("{text}          ").into_bytes();
            assert_eq!(parse_short(&bytes, 0).map(|(number, _)| number), Some(expected));
            assert_eq!(skip_short(&bytes, 0), (text.len() < 9).then(|| text.len() - 1));
        }
    }
}
