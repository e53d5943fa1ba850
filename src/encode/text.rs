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

/// Short enough that most chunks need no escape, long enough to be looked through at once.
const CHUNK: usize = 64;

pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in text.as_bytes().chunks(CHUNK) {
        if needs_escape(chunk) {
            for byte in chunk {
                write_escaped(*byte, out);
            }
        } else {
            out.extend_from_slice(chunk);
        }
    }
    out.push(b'"');
}

pub(super) fn text_size(text: &str) -> usize {
    let escaped = |chunk: &[u8]| chunk.iter().map(|byte| escaped_size(*byte)).sum();
    2 + text
        .as_bytes()
        .chunks(CHUNK)
        .map(|chunk| if needs_escape(chunk) { escaped(chunk) } else { chunk.len() })
        .sum::<usize>()
}

/// Without an early end, so that it is done many bytes at a time.
#[allow(clippy::needless_bitwise_bool)]
fn needs_escape(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |any, byte| any | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\'))
}

/// The escapes that have a letter of their own (RFC 8259, section 7).
fn letter(byte: u8) -> Option<u8> {
    Some(match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        _ => return None,
    })
}

fn escaped_size(byte: u8) -> usize {
    match letter(byte) {
        Some(_) => 2,
        None if byte < 0x20 => 6,
        None => 1,
    }
}

fn write_escaped(byte: u8, out: &mut Vec<u8>) {
    match letter(byte) {
        Some(letter) => out.extend_from_slice(&[b'\\', letter]),
        None if byte < 0x20 => {
            let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 0xf)]);
        }
        None => out.push(byte),
    }
}
