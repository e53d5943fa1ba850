//! How pages are decoded.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

/// How pages are decoded.
#[derive(Debug, Clone)]
pub struct Options {
    /// Nesting of a page's JSON; the array of rows is the first level, a row the second.
    pub max_depth: usize,
    /// Bytes of one value as it arrives.
    pub max_value_bytes: usize,
    /// Replace lone surrogates, invalid UTF-8 and NULs in names with U+FFFD, and take the last of equal keys, instead of
    /// refusing the page.
    pub lossy: bool,
    /// Turn strings that are all ISO dates or date-times into such.
    pub parse_dates: bool,
    /// Have [`unify`](super::unify()) keep the JSON of each value in every column but the key and those that are pinned: a column of
    /// strings with the extension type `arrow.json`.
    pub json: bool,
    /// Columns whose type the user pins; what does not fit losslessly is a drift error.
    pub pinned: SchemaRef,
    /// Columns that have their type whatever arrives, unless data disagree (then they widen).
    pub known: SchemaRef,
    /// The column whose value names a row in errors, and by which repeated rows are found.
    pub key: Option<&'static str>,
    /// The columns that belong to the result, if not all do; what other columns hold does not matter.
    pub selected: Option<Arc<HashSet<String>>>,
}

impl Options {
    /// Whether a column belongs to the result.
    pub fn selects(&self, column: &str) -> bool {
        self.selected.as_ref().is_none_or(|selected| selected.contains(column))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_depth: 128,
            max_value_bytes: 64 << 20,
            lossy: false,
            parse_dates: true,
            json: false,
            pinned: Arc::new(Schema::empty()),
            known: Arc::new(Schema::empty()),
            key: None,
            selected: None,
        }
    }
}
