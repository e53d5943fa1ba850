//! Why the bytes at a position are not what they should be, and how that is told.

use std::fmt::Write as _;

use crate::error::Error;
use crate::text::{quoted, shortened};

/// What is wrong, or missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Reason {
    /// The bytes at hand end within a token.
    More,
    /// The body is not an array.
    Foreign,
    Depth,
    ValueBytes,
    Columns,
    Sparse,
    Memory,
    Control,
    Utf8,
    Escape,
    Hex,
    Surrogate,
    Minus,
    LeadingZero,
    Point,
    Exponent,
    TooLarge,
    TooSmall,
    NoNumber,
    Nul,
    Row,
    AfterRow,
    AfterEnd,
    Key,
    Colon,
    Repeated,
    Value,
    AfterValue,
    InNested,
}

const REASONS: [Reason; 29] = [
    Reason::More,
    Reason::Foreign,
    Reason::Depth,
    Reason::ValueBytes,
    Reason::Columns,
    Reason::Sparse,
    Reason::Memory,
    Reason::Control,
    Reason::Utf8,
    Reason::Escape,
    Reason::Hex,
    Reason::Surrogate,
    Reason::Minus,
    Reason::LeadingZero,
    Reason::Point,
    Reason::Exponent,
    Reason::TooLarge,
    Reason::TooSmall,
    Reason::NoNumber,
    Reason::Nul,
    Reason::Row,
    Reason::AfterRow,
    Reason::AfterEnd,
    Reason::Key,
    Reason::Colon,
    Reason::Repeated,
    Reason::Value,
    Reason::AfterValue,
    Reason::InNested,
];

impl Reason {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::More => "it ends early",
            Self::Foreign => "it is not an array",
            Self::Depth => "nested too deep",
            Self::ValueBytes => "a value is too long",
            Self::Columns => "too many columns",
            Self::Sparse => "too many missing cells",
            Self::Memory => "there is no more memory",
            Self::Control => "a control character in a string must be escaped",
            Self::Utf8 => "a string is not UTF-8 (lossy=True replaces what is not with U+FFFD)",
            Self::Escape => "an escape that JSON does not have",
            Self::Hex => "an escape \\u without four hexadecimal digits",
            Self::Surrogate => {
                "a lone surrogate, which is not a character (lossy=True replaces it with U+FFFD)"
            }
            Self::Minus => "a minus sign without a number",
            Self::LeadingZero => "a number with a leading zero",
            Self::Point => "a number with nothing after its point",
            Self::Exponent => "a number with nothing after its exponent sign",
            Self::TooLarge => "a number too large for a double",
            Self::TooSmall => "a number too small for a double, which would become 0",
            Self::NoNumber => {
                "JSON has no NaN and no infinity, so the fault is the service's, which has to write null instead"
            }
            Self::Nul => {
                "a column's name has a NUL in it, which most libraries cannot hold (lossy=True replaces it with U+FFFD)"
            }
            Self::Row => "expected a row, which is an object",
            Self::AfterRow => "expected a comma or a closing bracket after a row",
            Self::AfterEnd => "expected nothing after the closing bracket",
            Self::Key => "expected a key in quotes",
            Self::Colon => "a key must be followed by a colon",
            Self::Repeated => "a key comes twice in a row (lossy=True takes the last)",
            Self::Value => "expected a value",
            Self::AfterValue => "expected a comma or a closing brace after a value",
            Self::InNested => "expected a comma or a closing bracket",
        }
    }
}

/// What is wrong and where, in one word: results of the scanner's hot path are returned in registers.
#[derive(Debug, Clone, Copy)]
pub(super) struct ParseError(usize);

const REASON_BITS: u32 = 5;

impl ParseError {
    pub(super) const MORE: Self = Self(Reason::More as usize);

    #[cold]
    pub(super) const fn new(at: usize, what: Reason) -> Self {
        Self(at << REASON_BITS | what as usize)
    }

    pub(super) fn what(self) -> Reason {
        REASONS.get(self.0 & ((1 << REASON_BITS) - 1)).copied().unwrap_or(Reason::Value)
    }

    pub(super) fn at(self) -> usize {
        self.0 >> REASON_BITS
    }
}

/// What a message shows around a byte.
const EXCERPT: usize = 80;
/// What a message shows of a body that is something else altogether.
pub(super) const OPENING: usize = 200;

/// Characters from around `at`, as a quoted string.
pub(super) fn excerpt(bytes: &[u8], at: usize) -> String {
    let at = at.min(bytes.len());
    // Not in the midst of a character.
    let boundary = |position: &usize| bytes.get(*position).is_none_or(|byte| byte & 0xc0 != 0x80);
    let start = (at.saturating_sub(EXCERPT / 2)..at).find(boundary).unwrap_or(at);
    let end = (at..=bytes.len().min(at + EXCERPT / 2)).rfind(boundary).unwrap_or(at);
    let text = String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default());
    format!("{:?}", shortened(&text, EXCERPT))
}

/// Where in a page something is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Location<'a> {
    pub byte: u64,
    /// Counted from 1, as pages are; 0 before the first row.
    pub row: usize,
    pub column: Option<&'a str>,
}

impl Location<'_> {
    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        if self.row > 0 {
            let _ = write!(text, "row {}, ", self.row);
        }
        if let Some(column) = self.column {
            let _ = write!(text, "column {}, ", quoted(column));
        }
        let _ = write!(text, "byte {}", self.byte);
        text
    }
}

pub(super) fn decode_error(location: &Location<'_>, what: Reason, bytes: &[u8], at: usize) -> Error {
    Error::decode(format!(
        "the answer is not the JSON that was asked for: {} ({}), near {}",
        what.text(),
        location.describe(),
        excerpt(bytes, at)
    ))
}
