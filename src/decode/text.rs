//! Strings of JSON: where they end, what their escapes mean, whether they are UTF-8.

use super::parse_error::{ParseError, Reason};

/// Where a run of ordinary characters ends, and whether all of them were ASCII.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub end: usize,
    pub ascii: bool,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const WORD: usize = size_of::<u64>();
/// A loop over so many bytes becomes a few vector instructions.
const BLOCK: usize = 64;

/// The high bit of each byte that ends a run. Only the lowest one set is reliable, since the subtractions borrow
/// upwards. (Mycroft's test for bytes that are zero, and for those below 0x20.)
#[inline]
fn specials(word: u64) -> u64 {
    let quote = word ^ (ONES * u64::from(b'"'));
    let backslash = word ^ (ONES * u64::from(b'\\'));
    let found = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(ONES * 0x20) & !word);
    found & HIGH
}

/// The first quote, backslash or control character from `start` on, or the end of `bytes`.
#[inline]
pub(super) fn run(bytes: &[u8], start: usize) -> Run {
    const SHORT: usize = 4 * WORD;
    let (mut at, mut high) = (start, 0);
    while at < start + SHORT {
        let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) else {
            return run_bytewise(bytes, at, high == 0);
        };
        let word = u64::from_le_bytes(*word);
        let found = specials(word);
        if found != 0 {
            // Only the bytes before it count.
            high |= word & HIGH & ((found & found.wrapping_neg()) - 1);
            return Run { end: at + (found.trailing_zeros() >> 3) as usize, ascii: high == 0 };
        }
        high |= word & HIGH;
        at += WORD;
    }
    run_long(bytes, at, high == 0)
}

/// The rest of a string that is worth greater steps.
#[inline(never)]
fn run_long(bytes: &[u8], start: usize, mut ascii: bool) -> Run {
    let mut at = start;
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        let (mut special, mut union) = (0, 0);
        for byte in block {
            // Not `||`, which would be a branch.
            special |= u8::from(*byte == b'"') | u8::from(*byte == b'\\') | u8::from(*byte < 0x20);
            union |= byte;
        }
        if special != 0 {
            break;
        }
        ascii &= union.is_ascii();
        at += BLOCK;
    }
    let mut high = 0;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*word);
        let found = specials(word);
        if found != 0 {
            high |= word & HIGH & ((found & found.wrapping_neg()) - 1);
            return Run { end: at + (found.trailing_zeros() >> 3) as usize, ascii: ascii && high == 0 };
        }
        high |= word & HIGH;
        at += WORD;
    }
    run_bytewise(bytes, at, ascii && high == 0)
}

/// The end of what is at hand.
#[inline(never)]
fn run_bytewise(bytes: &[u8], start: usize, ascii: bool) -> Run {
    let rest = bytes.get(start..).unwrap_or_default();
    let special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
    let end = start + rest.iter().position(special).unwrap_or(rest.len());
    Run { end, ascii: ascii && bytes.get(start..end).is_some_and(<[u8]>::is_ascii) }
}

/// Appends the text of the string whose first character is at `start` to `out`; gives the position of its
/// closing quote. `out` is as it was if that fails.
pub(super) fn unescape(
    bytes: &[u8],
    start: usize,
    lossy: bool,
    out: &mut Vec<u8>,
) -> Result<usize, ParseError> {
    let length = out.len();
    let result = unescape_into(bytes, start, lossy, out);
    if result.is_err() {
        out.truncate(length);
    }
    result
}

fn unescape_into(bytes: &[u8], start: usize, lossy: bool, out: &mut Vec<u8>) -> Result<usize, ParseError> {
    let mut at = start;
    loop {
        let run = run(bytes, at);
        let piece = bytes.get(at..run.end).unwrap_or_default();
        match bytes.get(run.end) {
            None => return Err(ParseError::MORE),
            Some(b'"' | b'\\') => {}
            Some(_) => return Err(ParseError::new(run.end, Reason::Control)),
        }
        if run.ascii {
            out.extend_from_slice(piece);
        } else {
            push_utf8(piece, at, lossy, out)?;
        }
        if bytes.get(run.end) == Some(&b'"') {
            return Ok(run.end);
        }
        at = escape(bytes, run.end, lossy, out)?;
    }
}

/// Checks text that is not ASCII.
pub(super) fn check_utf8(piece: &[u8], at: usize) -> Result<(), ParseError> {
    if simdutf8::basic::from_utf8(piece).is_ok() {
        return Ok(());
    }
    let valid = simdutf8::compat::from_utf8(piece).map_or_else(|error| error.valid_up_to(), str::len);
    Err(ParseError::new(at + valid, Reason::Utf8))
}

fn push_utf8(piece: &[u8], at: usize, lossy: bool, out: &mut Vec<u8>) -> Result<(), ParseError> {
    match check_utf8(piece, at) {
        Ok(()) => out.extend_from_slice(piece),
        Err(_) if lossy => out.extend_from_slice(String::from_utf8_lossy(piece).as_bytes()),
        Err(fault) => return Err(fault),
    }
    Ok(())
}

/// Decodes the escape whose backslash is at `at`; gives the position after it.
fn escape(bytes: &[u8], at: usize, lossy: bool, out: &mut Vec<u8>) -> Result<usize, ParseError> {
    let plain = match bytes.get(at + 1) {
        None => return Err(ParseError::MORE),
        Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => return unicode_escape(bytes, at, lossy, out),
        Some(_) => return Err(ParseError::new(at, Reason::Escape)),
    };
    out.push(plain);
    Ok(at + 2)
}

fn unicode_escape(bytes: &[u8], at: usize, lossy: bool, out: &mut Vec<u8>) -> Result<usize, ParseError> {
    let first = hex4(bytes, at)?;
    let (code, end) = match first {
        0xd800..=0xdbff => match (bytes.get(at + 6), bytes.get(at + 7)) {
            (None, _) | (Some(b'\\'), None) => return Err(ParseError::MORE),
            (Some(b'\\'), Some(b'u')) => match hex4(bytes, at + 6)? {
                second @ 0xdc00..=0xdfff => {
                    (0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00), at + 12)
                }
                _ => (first, at + 6),
            },
            _ => (first, at + 6),
        },
        _ => (first, at + 6),
    };
    let character = match char::from_u32(code) {
        Some(character) => character,
        None if lossy => char::REPLACEMENT_CHARACTER,
        None => return Err(ParseError::new(at, Reason::Surrogate)),
    };
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(end)
}

/// JSON text in which U+FFFD takes the place of each escape that is half a pair, as an escape of the same length.
pub(super) fn without_lone_surrogates(mut text: Vec<u8>) -> Vec<u8> {
    let unit = |text: &[u8], at: usize| match text.get(at..at + 2) {
        Some(b"\\u") => hex4(text, at).unwrap_or_default(),
        _ => 0,
    };
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += found;
        let paired =
            matches!(unit(&text, at), 0xd800..=0xdbff) && matches!(unit(&text, at + 6), 0xdc00..=0xdfff);
        if paired {
            at += 12;
        } else if matches!(unit(&text, at), 0xd800..=0xdfff) {
            text[at + 2..at + 6].copy_from_slice(b"fffd");
            at += 6;
        } else {
            at += 2;
        }
    }
    text
}

/// The four digits of the `\u` at `at`.
fn hex4(bytes: &[u8], at: usize) -> Result<u32, ParseError> {
    let mut code = 0;
    for position in at + 2..at + 6 {
        let byte = *bytes.get(position).ok_or(ParseError::MORE)?;
        let digit = char::from(byte).to_digit(16);
        code = code << 4 | digit.ok_or(ParseError::new(at, Reason::Hex))?;
    }
    Ok(code)
}

/// Refuses what is longer than a value may be, complete or not.
#[inline]
pub(super) fn within(limit: usize, start: usize, end: usize) -> Result<(), ParseError> {
    if end - start > limit { Err(ParseError::new(start, Reason::ValueBytes)) } else { Ok(()) }
}
