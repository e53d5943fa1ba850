//! Strings of JSON: where they end, what their escapes mean, whether they are UTF-8.

use super::block::{BLOCK, Marks, marks};
use super::parse_error::{ParseError, Reason};

/// Where a run of ordinary characters ends, and whether all of them were ASCII.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub end: usize,
    pub ascii: bool,
}

/// The first quote, backslash or control character from `start` on, or the end of `bytes`.
#[inline]
pub(super) fn run(bytes: &[u8], start: usize) -> Run {
    const SHORT: usize = 2 * BLOCK;
    let (mut at, mut high) = (start, 0);
    while at < start + SHORT {
        let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk) else {
            return run_bytewise(bytes, at, high == 0);
        };
        let marks = marks(block);
        if let Some((length, before)) = marks.run() {
            return Run { end: at + length, ascii: high | before == 0 };
        }
        high |= marks.high;
        at += BLOCK;
    }
    run_long(bytes, at, high)
}

/// The rest of a string that is worth greater steps.
#[inline(never)]
fn run_long(bytes: &[u8], start: usize, mut high: u32) -> Run {
    const BLOCKS: usize = 4;
    let mut at = start;
    while let Some(blocks) = bytes.get(at..).and_then(<[u8]>::first_chunk::<{ BLOCKS * BLOCK }>) {
        let (blocks, _) = blocks.as_chunks();
        let marks: [Marks; BLOCKS] =
            [marks(&blocks[0]), marks(&blocks[1]), marks(&blocks[2]), marks(&blocks[3])];
        if marks.iter().fold(0, |special, marks| special | marks.special) != 0 {
            break;
        }
        high |= marks.iter().fold(0, |high, marks| high | marks.high);
        at += BLOCKS * BLOCK;
    }
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let marks = marks(block);
        if let Some((length, before)) = marks.run() {
            return Run { end: at + length, ascii: high | before == 0 };
        }
        high |= marks.high;
        at += BLOCK;
    }
    run_bytewise(bytes, at, high == 0)
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
    let result = if lossy { unescape_lossy(bytes, start, out) } else { unescape_strict(bytes, start, out) };
    if result.is_err() {
        out.truncate(length);
    }
    result
}

fn unescape_strict(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> Result<usize, ParseError> {
    let (mut at, mut ascii) = (start, true);
    let result = loop {
        let run = push_run(bytes, at, out);
        match bytes.get(run.end) {
            None => break Err(ParseError::MORE),
            Some(b'"') => {
                ascii &= run.ascii;
                at = run.end;
                break Ok(run.end);
            }
            Some(b'\\') => {}
            Some(_) => break Err(ParseError::new(run.end, Reason::Control)),
        }
        ascii &= run.ascii;
        at = run.end;
        let escapes = push_escapes(bytes, &mut at, false, out);
        if let Err(fault) = escapes {
            break Err(fault);
        }
    };
    // At once, which is faster than piece by piece: all between them is ASCII. What comes before a fault is told first.
    if !ascii {
        check_utf8(bytes.get(start..at).unwrap_or_default(), start)?;
    }
    result
}

/// Appends the run that begins at `start`. To copy what is looked at is faster than to look first.
#[inline]
fn push_run(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> Run {
    let (mut at, mut high) = (start, 0);
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        let marks = marks(block);
        out.extend_from_slice(block);
        if let Some((length, before)) = marks.run() {
            out.truncate(out.len() - (BLOCK - length));
            return Run { end: at + length, ascii: high | before == 0 };
        }
        high |= marks.high;
        at += BLOCK;
    }
    let run = run_bytewise(bytes, at, high == 0);
    out.extend_from_slice(bytes.get(at..run.end).unwrap_or_default());
    run
}

/// Appends the characters of the escapes from `at` on. Where there is one, there often are more.
#[inline]
fn push_escapes(bytes: &[u8], at: &mut usize, lossy: bool, out: &mut Vec<u8>) -> Result<(), ParseError> {
    while bytes.get(*at) == Some(&b'\\') {
        let (character, end) = escape(bytes, *at, lossy)?;
        push(character, out);
        *at = end;
    }
    Ok(())
}

fn unescape_lossy(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> Result<usize, ParseError> {
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
            out.extend_from_slice(String::from_utf8_lossy(piece).as_bytes());
        }
        if bytes.get(run.end) == Some(&b'"') {
            return Ok(run.end);
        }
        at = run.end;
        push_escapes(bytes, &mut at, true, out)?;
    }
}

/// Appends a character: four bytes at once, of which those that are not its own are taken back.
#[inline]
fn push(character: char, out: &mut Vec<u8>) {
    let mut encoded = [0; 4];
    let length = character.encode_utf8(&mut encoded).len();
    out.extend_from_slice(&encoded);
    out.truncate(out.len() - (encoded.len() - length));
}

/// Where the string ends that has a backslash at `at`, or what may not be in it; and whether the rest of it is ASCII. That it
/// is UTF-8 is left to be checked.
pub(super) fn skip_escapes(bytes: &[u8], at: usize, lossy: bool) -> Result<(usize, bool), ParseError> {
    let (mut at, mut ascii) = (at, true);
    loop {
        match bytes.get(at) {
            None => return Err(ParseError::MORE),
            Some(b'"') => return Ok((at, ascii)),
            Some(b'\\') => {
                at = escape(bytes, at, lossy)?.1;
                // Where there is one, there often are more.
                if bytes.get(at) == Some(&b'\\') {
                    continue;
                }
            }
            Some(_) => return Err(ParseError::new(at, Reason::Control)),
        }
        let run = run(bytes, at);
        ascii &= run.ascii;
        at = run.end;
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

/// What the escape means whose backslash is at `at`, and the position after it.
#[inline]
fn escape(bytes: &[u8], at: usize, lossy: bool) -> Result<(char, usize), ParseError> {
    let plain = match bytes.get(at + 1) {
        Some(b'u') => return unicode_escape(bytes, at, lossy),
        None => return Err(ParseError::MORE),
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(_) => return Err(ParseError::new(at, Reason::Escape)),
    };
    Ok((plain, at + 2))
}

#[inline]
fn unicode_escape(bytes: &[u8], at: usize, lossy: bool) -> Result<(char, usize), ParseError> {
    match char::from_u32(hex4(bytes, at)?) {
        Some(character) => Ok((character, at + 6)),
        None => surrogate_escape(bytes, at, lossy),
    }
}

/// The same where the escape at `at` is half a pair.
#[inline(never)]
fn surrogate_escape(bytes: &[u8], at: usize, lossy: bool) -> Result<(char, usize), ParseError> {
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
    match char::from_u32(code) {
        Some(character) => Ok((character, end)),
        None if lossy => Ok((char::REPLACEMENT_CHARACTER, end)),
        None => Err(ParseError::new(at, Reason::Surrogate)),
    }
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

/// What a byte is worth as the first to the fourth of four hexadecimal digits; more than all of them if it is none.
const HEX: [[u32; 256]; 4] = {
    let mut digits = [[u32::MAX; 256]; 4];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value as usize];
        let mut place = 0;
        while place < 4 {
            digits[place][digit as usize] = value << (12 - 4 * place);
            digits[place][digit.to_ascii_uppercase() as usize] = value << (12 - 4 * place);
            place += 1;
        }
        value += 1;
    }
    digits
};

/// The four digits of the `\u` at `at`.
#[inline]
fn hex4(bytes: &[u8], at: usize) -> Result<u32, ParseError> {
    if let Some(digits) = bytes.get(at + 2..).and_then(<[u8]>::first_chunk::<4>) {
        let [first, second, third, fourth] = digits.map(usize::from);
        let code = HEX[0][first] | HEX[1][second] | HEX[2][third] | HEX[3][fourth];
        if code <= 0xffff {
            return Ok(code);
        }
    }
    Err(no_hex4(bytes, at))
}

#[cold]
fn no_hex4(bytes: &[u8], at: usize) -> ParseError {
    let digits = bytes.get(at + 2..bytes.len().min(at + 6)).unwrap_or_default();
    let are_digits = digits.iter().all(u8::is_ascii_hexdigit);
    if are_digits { ParseError::MORE } else { ParseError::new(at, Reason::Hex) }
}

/// Refuses what is longer than a value may be, complete or not.
#[inline]
pub(super) fn within(limit: usize, start: usize, end: usize) -> Result<(), ParseError> {
    if end - start > limit { Err(ParseError::new(start, Reason::ValueBytes)) } else { Ok(()) }
}
