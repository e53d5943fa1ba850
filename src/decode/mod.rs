//! The bytes of pages, in any split → Arrow record batches. Knows nothing of HTTP, tokio or Python.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};

use crate::error::{Error, Result};

/// How pages are decoded.
#[derive(Debug, Clone)]
pub struct Options {
    /// Nesting of a page's JSON.
    pub max_depth: usize,
    /// Bytes of one value.
    pub max_value_bytes: usize,
    /// Replace lone surrogates with U+FFFD instead of refusing the page.
    pub lossy: bool,
    /// Turn strings that are all ISO dates or date-times into such.
    pub parse_dates: bool,
    /// Columns whose type the user pins; what does not fit losslessly is a drift error.
    pub pinned: SchemaRef,
    /// Columns that have their type whatever arrives, unless data disagree (then they widen).
    pub known: SchemaRef,
    /// The column whose value names a row in errors, and by which repeated rows are found.
    pub key: Option<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_depth: 128,
            max_value_bytes: 64 << 20,
            lossy: false,
            parse_dates: true,
            pinned: Arc::new(Schema::empty()),
            known: Arc::new(Schema::empty()),
            key: None,
        }
    }
}

/// Decodes one page.
#[derive(Debug)]
pub struct PageDecoder {
    _options: Arc<Options>,
}

impl PageDecoder {
    pub fn new(options: Arc<Options>) -> Self {
        Self { _options: options }
    }

    /// # Errors
    /// Bytes that are not a page (`Decode`) or exceed a limit (`LimitExceeded`), with offset, row and column.
    pub fn push(&mut self, _bytes: &[u8]) -> Result<()> {
        Err(Error::internal("not built"))
    }

    /// # Errors
    /// `Connection` if the body was cut before its closing bracket, `Decode` if it was empty.
    pub fn finish(self) -> Result<Page> {
        Err(Error::internal("not built"))
    }
}

/// The columns of one page, with what is needed to widen them together with those of other pages.
#[derive(Debug)]
pub struct Page {
    _todo: (),
}

/// The key of a row; rows without one have none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    Integer(i128),
    Text(Box<str>),
}

impl Page {
    pub fn num_rows(&self) -> usize {
        0
    }

    /// The columns that arrived, in order.
    pub fn column_names(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The rows' keys in order; all `None` where the page has no such column.
    pub fn keys(&self, _column: &str) -> Vec<Option<Key>> {
        Vec::new()
    }

    /// Keeps the rows for which `keep` is true (it has one entry a row).
    #[must_use]
    pub fn filter(self, _keep: &[bool]) -> Self {
        self
    }
}

/// A result put together from its pages.
#[derive(Debug, Clone)]
pub struct Unified {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// Known columns whose data disagreed with their type, as sentences for the user.
    pub warnings: Vec<String>,
}

/// Unifies the pages of one result: missing columns become nulls, types widen.
///
/// `ensure` names columns that must be there even if no row had them (typed as pinned, known or Null), in the
/// order in which they then follow those that arrived; `drop` columns are left out.
///
/// # Errors
/// `SchemaDrift` for a value that does not fit a pinned type.
pub fn unify(_pages: Vec<Page>, _options: &Options, _ensure: &[String], _drop: &[String]) -> Result<Unified> {
    Err(Error::internal("not built"))
}

/// The schema of a stream, from its first page (a column that is all null there is a string column).
///
/// # Errors
/// `SchemaDrift` for a value that does not fit a pinned type.
pub fn stream_schema(_first: &Page, _options: &Options, _drop: &[String]) -> Result<SchemaRef> {
    Err(Error::internal("not built"))
}

/// What a stream does with a column that its schema does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnNewColumn {
    Error,
    Ignore,
}

/// The page as batches of a fixed schema; missing columns are null.
///
/// # Errors
/// `SchemaDrift` with the schema that would fit this page too.
pub fn conform(
    _page: Page,
    _schema: &SchemaRef,
    _options: &Options,
    _on_new_column: OnNewColumn,
) -> Result<Vec<RecordBatch>> {
    Err(Error::internal("not built"))
}
