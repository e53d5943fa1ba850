//! What stands between the values of JSON, the words among them, and what stands where no value is.

use super::parse_error::{ParseError, Reason};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Null,
    True,
    False,
}

/// `true`, `false` or `null` at `at`, and where it ends.
#[inline]
pub(super) fn word(bytes: &[u8], at: usize) -> Result<(Word, usize), ParseError> {
    let rest = bytes.get(at..).unwrap_or_default();
    // As one word each, which is compared at once.
    match rest.first_chunk() {
        Some(b"null") => return Ok((Word::Null, at + 4)),
        Some(b"true") => return Ok((Word::True, at + 4)),
        Some(b"fals") if rest.get(4) == Some(&b'e') => return Ok((Word::False, at + 5)),
        _ => {}
    }
    let text: &[u8] = match rest.first() {
        Some(b't') => b"true",
        Some(b'f') => b"false",
        _ => b"null",
    };
    Err(if text.starts_with(rest) { ParseError::MORE } else { no_value(bytes, at, Reason::Value) })
}

/// What stands at `at` instead of a value: what some writers take for a number, or anything else.
#[cold]
pub(super) fn no_value(bytes: &[u8], at: usize, what: Reason) -> ParseError {
    const WORDS: [&[u8]; 2] = [b"infinity", b"nan"];
    let rest = bytes.get(at..).unwrap_or_default();
    let rest = rest.strip_prefix(b"-").or_else(|| rest.strip_prefix(b"+")).unwrap_or(rest);
    for word in WORDS {
        let compared = word.len().min(rest.len());
        if rest[..compared].eq_ignore_ascii_case(&word[..compared]) {
            return if compared < word.len() {
                ParseError::MORE
            } else {
                ParseError::new(at, Reason::NoNumber)
            };
        }
    }
    ParseError::new(at, what)
}

/// The first position from `at` on that is not white space.
#[inline]
pub(super) fn blanks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Moves `at` over white space; gives the byte after it.
#[inline]
pub(super) fn token(bytes: &[u8], at: &mut usize) -> Result<u8, ParseError> {
    match bytes.get(*at) {
        Some(byte) if *byte > b' ' => Ok(*byte),
        _ => {
            *at = blanks(bytes, *at);
            bytes.get(*at).copied().ok_or(ParseError::MORE)
        }
    }
}
