//! The bytes of pages, in any split → Arrow record batches. Knows nothing of HTTP, tokio or Python.
//!
//! `parallel` has a page decoded by several threads; each reads with `scan`. `scan` reads rows into the chunks of
//! `rows`, each in the narrowest form that has its values exactly; `types` has the table by which the columns of all
//! pages get their types, and `unify` makes batches of them.

mod bits;
mod chunk;
mod convert;
mod extent;
mod fault;
mod glue;
mod json;
mod layout;
mod near_dates;
mod nested;
mod number;
mod page;
mod parallel;
mod rechunk;
mod rows;
mod scan;
mod side_by_side;
mod text;
mod time;
mod token;
mod type_text;
mod types;
mod unchecked;
mod unify;
mod views;

use std::collections::HashSet;
use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

pub use convert::check_pinned;
pub use extent::Extent;
pub use json::{is_json, json_field, type_as_read};
pub use page::Page;
pub use parallel::{Cutting, ParallelDecoder};
pub use scan::PageDecoder;
pub use type_text::{MAX_NESTING, parse_type};
pub use types::type_name;
pub use unify::{ColumnWarning, OnNewColumn, Unified, conform, stream_schema, stream_warnings, unify};
pub use views::string_views;

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
    /// Have [`unify`] keep the JSON of each value in every column but the key and those that are pinned: a column of
    /// strings with the extension type `arrow.json`.
    pub json: bool,
    /// Columns whose type the user pins; what does not fit losslessly is a drift error.
    pub pinned: SchemaRef,
    /// Columns that have their type whatever arrives, unless data disagree (then they widen).
    pub known: SchemaRef,
    /// The column whose value names a row in errors, and by which repeated rows are found.
    pub key: Option<&'static str>,
    /// The columns that belong to the result, if not all do: whatever another one holds is of no consequence.
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

/// The key of a row; rows without one have none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    Integer(i128),
    Text(Box<str>),
}
