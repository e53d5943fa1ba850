//! Strings as JSON.

use arrow_array::{GenericStringArray, OffsetSizeTrait, StringViewArray};
use arrow_data::MAX_INLINE_VIEW_LEN;

use super::cells::{BadValue, Cells};
use super::output::Output;

pub(super) struct Strings<A>(pub A);

/// The arrays that hold strings.
pub(super) trait Texts: Send + Sync {
    fn text(&self, row: usize) -> &str;

    /// The same, if it is short enough and memory goes on behind it.
    fn short(&self, row: usize) -> Option<Short>;
}

impl<O: OffsetSizeTrait> Texts for GenericStringArray<O> {
    #[inline]
    fn text(&self, row: usize) -> &str {
        self.value(row)
    }

    #[inline]
    fn short(&self, row: usize) -> Option<Short> {
        let (start, end) = (self.value_offsets()[row].as_usize(), self.value_offsets()[row + 1].as_usize());
        let length = Some(end - start).filter(|length| *length <= Short::LONGEST)?;
        let block = self.value_data().get(start..)?.first_chunk()?;
        Some(Short { bytes: u128::from_le_bytes(*block), length })
    }
}

impl Texts for StringViewArray {
    #[inline]
    fn text(&self, row: usize) -> &str {
        self.value(row)
    }

    #[inline]
    fn short(&self, row: usize) -> Option<Short> {
        let view = self.views()[row];
        // The length comes first, and short text is in the view itself.
        let length = view as u32;
        (length <= MAX_INLINE_VIEW_LEN).then_some(Short { bytes: view >> 32, length: length as usize })
    }
}

/// A short text in a register: the first byte lowest, anything behind the last.
#[derive(Clone, Copy)]
pub(super) struct Short {
    bytes: u128,
    length: usize,
}

impl Short {
    const LONGEST: usize = size_of::<u128>();

    /// Whether it needs no escape.
    #[inline]
    fn is_plain(self) -> bool {
        let behind = u128::MAX.checked_shl(8 * self.length as u32).unwrap_or_default();
        let bytes = self.bytes & !behind | BLANKS & behind;
        !(has_escapes(bytes as u64) | has_escapes((bytes >> 64) as u64))
    }
}

const BLANKS: u128 = u128::from_ne_bytes([b' '; 16]);

/// Whether one of eight bytes needs an escape. (Mycroft's tests for a byte that is zero and for one below 0x20: they
/// may take further bytes for such, but only above one that is.)
#[inline]
fn has_escapes(word: u64) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let quote = word ^ (ONES * u64::from(b'"'));
    let backslash = word ^ (ONES * u64::from(b'\\'));
    let found = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(ONES * 0x20) & !word);
    found & HIGH != 0
}

impl<A: Texts> Cells for Strings<A> {
    #[inline]
    fn write(&self, row: usize, out: &mut Output) {
        const ROOM: usize = Short::LONGEST + 2;
        match self.0.short(row) {
            Some(short) if short.is_plain() => out.short(|room: &mut [u8; ROOM]| {
                room[0] = b'"';
                room[1..=Short::LONGEST].copy_from_slice(&short.bytes.to_le_bytes());
                room[1 + short.length] = b'"';
                short.length + 2
            }),
            _ => write_text(self.0.text(row), out),
        }
    }

    #[inline]
    fn size(&self, row: usize) -> usize {
        match self.0.short(row) {
            Some(short) if short.is_plain() => short.length + 2,
            _ => text_size(self.0.text(row)),
        }
    }
}

/// Strings that are JSON already.
pub(super) struct JsonTexts<A>(pub A);

impl<A: Texts> Cells for JsonTexts<A> {
    #[inline]
    fn write(&self, row: usize, out: &mut Output) {
        out.extend(self.0.text(row).as_bytes());
    }

    #[inline]
    fn size(&self, row: usize) -> usize {
        self.0.text(row).len()
    }

    fn can_be_bad(&self) -> bool {
        true
    }

    fn bad_value(&self, row: usize) -> Option<BadValue> {
        let text = self.0.text(row);
        match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Err(_) => Some(BadValue::NotJson),
            Ok(_) if text.trim_ascii() == "null" => Some(BadValue::JsonNull),
            Ok(_) => None,
        }
    }
}

/// A name as the key of an object, with the colon.
pub(super) fn label(name: &str) -> Vec<u8> {
    let mut out = Output::default();
    write_text(name, &mut out);
    out.push(b':');
    out.finish()
}

/// Short enough that most chunks need no escape and that counts fit a byte, long enough to be looked through at once.
const CHUNK: usize = 64;

pub(super) fn write_text(text: &str, out: &mut Output) {
    out.push(b'"');
    for chunk in text.as_bytes().chunks(CHUNK) {
        if escapes(chunk) == (0, 0) {
            out.extend(chunk);
        } else {
            write_escaped(chunk, out);
        }
    }
    out.push(b'"');
}

pub(super) fn text_size(text: &str) -> usize {
    let escaped = |chunk| {
        let (escapes, long) = escapes(chunk);
        // `\n` is one byte more than the byte itself, `\u0001` another four.
        usize::from(escapes) + 4 * usize::from(long)
    };
    2 + text.len() + text.as_bytes().chunks(CHUNK).map(escaped).sum::<usize>()
}

/// How many bytes of a chunk need an escape, and how many of those have no letter of their own. Without branches, so
/// that it is done many bytes at a time.
fn escapes(chunk: &[u8]) -> (u8, u8) {
    chunk.iter().fold((0, 0), |(escapes, long), byte| {
        let control = u8::from(*byte < 0x20);
        let quoted = u8::from(*byte == b'"') | u8::from(*byte == b'\\');
        // 0x08 to 0x0d, but for the vertical tab.
        let lettered = u8::from(byte.wrapping_sub(0x08) < 6) & u8::from(*byte != 0x0b);
        (escapes + (control | quoted), long + (control & (lettered ^ 1)))
    })
}

fn write_escaped(chunk: &[u8], out: &mut Output) {
    let mut rest = chunk;
    while let Some(plain) = rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\') {
        out.extend(&rest[..plain]);
        write_escape(rest[plain], out);
        rest = &rest[plain + 1..];
    }
    out.extend(rest);
}

/// The escapes of RFC 8259, section 7.
fn write_escape(byte: u8, out: &mut Output) {
    let letter = match byte {
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        control if control < 0x20 => {
            let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
            out.extend(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 0xf)]);
            return;
        }
        itself => itself,
    };
    out.extend(&[b'\\', letter]);
}
