//! Why the bytes at a position are not what they should be, and how that is told.

use std::fmt::Write as _;

use crate::error::Error;

/// Kept small: the scanner passes it up through its hot path.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// The bytes at hand end within a token.
    More,
    /// The body is no array.
    Foreign,
    Bad {
        at: usize,
        what: &'static str,
    },
    Limit {
        at: usize,
        limit: Limit,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    Depth,
    ValueBytes,
    Columns,
}

impl Fault {
    #[cold]
    pub(super) fn bad(at: usize, what: &'static str) -> Self {
        Self::Bad { at, what }
    }

    #[cold]
    pub(super) fn limit(at: usize, limit: Limit) -> Self {
        Self::Limit { at, limit }
    }
}

/// What a message shows around a byte.
const EXCERPT: usize = 80;
/// What a message shows of a body that is something else altogether.
pub(super) const OPENING: usize = 200;

/// Characters from around `at`, as a quoted string.
pub(super) fn excerpt(bytes: &[u8], at: usize) -> String {
    let at = at.min(bytes.len());
    let start = at.saturating_sub(EXCERPT / 2);
    let end = bytes.len().min(at + EXCERPT / 2);
    let around = bytes.get(start..end).unwrap_or_default();
    // A character that the cut left a part of would show as a replacement.
    let part = around.iter().take(3).take_while(|byte| start > 0 && *byte & 0xc0 == 0x80).count();
    let text = String::from_utf8_lossy(around.get(part..).unwrap_or_default());
    format!("{:?}", shortened(&text, EXCERPT))
}

/// At most so many characters, the last one an ellipsis if some are missing.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit - 1).collect();
    short.push('…');
    short
}

/// Where in a page something is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub byte: u64,
    /// Counted from 1, as pages are; 0 before the first row.
    pub row: usize,
    pub column: Option<&'a str>,
}

impl Place<'_> {
    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        if self.row > 0 {
            let _ = write!(text, "row {}, ", self.row);
        }
        if let Some(column) = self.column {
            let _ = write!(text, "column {:?}, ", shortened(column, EXCERPT));
        }
        let _ = write!(text, "byte {}", self.byte);
        text
    }
}

pub(super) fn decode_error(place: &Place<'_>, what: &str, bytes: &[u8], at: usize) -> Error {
    Error::decode(format!(
        "the answer is not the JSON that was asked for: {what} ({}), near {}",
        place.describe(),
        excerpt(bytes, at)
    ))
}
