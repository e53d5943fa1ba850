//! Strings as JSON.

use arrow_array::{LargeStringArray, StringArray, StringViewArray};

use super::cells::{Cells, Fault};

pub(super) struct Strings<A>(pub A);

/// The arrays that hold strings.
pub(super) trait Texts: Send + Sync {
    fn text(&self, row: usize) -> &str;
}

impl Texts for StringArray {
    fn text(&self, row: usize) -> &str {
        self.value(row)
    }
}

impl Texts for LargeStringArray {
    fn text(&self, row: usize) -> &str {
        self.value(row)
    }
}

impl Texts for StringViewArray {
    fn text(&self, row: usize) -> &str {
        self.value(row)
    }
}

impl<A: Texts> Cells for Strings<A> {
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        write_text(self.0.text(row), out);
    }

    fn size(&self, row: usize) -> usize {
        text_size(self.0.text(row))
    }
}

/// Strings that are JSON already.
pub(super) struct JsonTexts<A>(pub A);

impl<A: Texts> Cells for JsonTexts<A> {
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.text(row).as_bytes());
    }

    fn size(&self, row: usize) -> usize {
        self.0.text(row).len()
    }

    fn can_be_faulty(&self) -> bool {
        true
    }

    fn fault(&self, row: usize) -> Option<Fault> {
        let text = self.0.text(row);
        match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Err(_) => Some(Fault::NotJson),
            Ok(_) if text.trim_ascii() == "null" => Some(Fault::JsonNull),
            Ok(_) => None,
        }
    }
}

/// Short enough that most chunks need no escape and that counts fit a byte, long enough to be looked through at once.
const CHUNK: usize = 64;

pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in text.as_bytes().chunks(CHUNK) {
        if escapes(chunk) == (0, 0) {
            out.extend_from_slice(chunk);
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

fn write_escaped(chunk: &[u8], out: &mut Vec<u8>) {
    let mut rest = chunk;
    while let Some(plain) = rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\') {
        out.extend_from_slice(&rest[..plain]);
        write_escape(rest[plain], out);
        rest = &rest[plain + 1..];
    }
    out.extend_from_slice(rest);
}

/// The escapes of RFC 8259, section 7.
fn write_escape(byte: u8, out: &mut Vec<u8>) {
    let letter = match byte {
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        control if control < 0x20 => {
            let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 0xf)]);
            return;
        }
        itself => itself,
    };
    out.extend_from_slice(&[b'\\', letter]);
}
