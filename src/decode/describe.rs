//! How a message names a value: by its column, itself, and its row.

use super::Options;
use super::chunk::Chunk;
use super::convert;
use super::data::Value;
use super::page::Page;
use crate::text::{quoted, shortened};

/// Characters of a value that a message shows.
const SHOWN: usize = 80;

/// A value of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub batch: usize,
    pub row: usize,
}

/// The text of these has no sign, or digits that the number does not have: it would seem to fit where it does not.
fn looks_like_another_integer(number: f64) -> bool {
    number == 0.0 && number.is_sign_negative() || number.fract() == 0.0 && number.abs() >= 2_f64.powi(53)
}

/// The value of a column that is at that position of the page, before which the result has so many rows.
pub(super) fn describe(
    column: &str,
    page: &Page,
    position: Option<usize>,
    at: At,
    rows_before: usize,
    options: &Options,
) -> String {
    let Some(batch) = page.batches.get(at.batch) else { return String::new() };
    let shown = |chunk: &Chunk| {
        chunk.get(at.row).map(|value| {
            if let Value::Float(number) = value
                && looks_like_another_integer(number)
            {
                return format!("{number:?}");
            }
            let mut text = Vec::new();
            convert::write_text(value, &mut text);
            let text = shortened(&String::from_utf8_lossy(&text), SHOWN);
            if matches!(value, Value::Text(_) | Value::Time(..)) { quoted(&text) } else { text }
        })
    };
    let chunk = |position: Option<usize>| position.and_then(|position| batch.chunks.get(position));
    let value = chunk(position).and_then(shown);
    let key = options.key.and_then(|name| {
        let position = page.position(name);
        Some(format!("{name} {}", chunk(position).and_then(shown)?))
    });
    let row = key.unwrap_or_else(|| {
        let batches_before = page.batches.iter().take(at.batch).map(|batch| batch.rows).sum::<usize>();
        format!("row {}", rows_before + batches_before + at.row + 1)
    });
    format!("column {} has {} ({row})", quoted(column), value.as_deref().unwrap_or("null"))
}
