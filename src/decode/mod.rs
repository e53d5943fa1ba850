//! The bytes of pages, in any split → Arrow record batches. Knows nothing of HTTP, tokio or Python.
//!
//! `parallel` has a page decoded by several threads, each with a `page_decoder`, whose `scanner` reads rows into the
//! chunks of `rows`, each in the narrowest form that has its values exactly; `types` has the table by which the columns
//! of all pages get their types, and `unify` makes batches of them.

mod batcher;
mod batches;
mod bits;
mod block;
mod chunk;
mod convert;
mod data;
mod describe;
mod evidence;
mod extent;
mod glue;
mod infer_type;
mod kept_json;
mod key;
mod layout;
mod near_dates;
mod nested;
mod number;
mod options;
mod packed;
mod page;
mod page_decoder;
mod parallel;
mod parse_error;
mod raw_batch;
mod rechunk;
mod rows;
mod scanner;
mod side_by_side;
mod survey;
mod text;
mod time;
mod token;
mod unchecked;
mod unify;
mod views;

pub use batcher::Batcher;
pub use convert::check_pinned;
pub use evidence::ColumnWarning;
pub use extent::Extent;
pub use kept_json::{is_json, json_field, type_as_read};
pub use key::Key;
pub use options::Options;
pub use packed::{Packed, Shape};
pub use page::Page;
pub use page_decoder::PageDecoder;
pub use parallel::{Cutting, ParallelDecoder};
pub use rows::BATCH_ROWS;
pub use scanner::BYTE_ORDER_MARK;
pub use survey::{Survey, Surveying};
pub use unify::{
    OnNewColumn, Unified, conform, late_values, stream_schema, stream_warnings, undecided_columns, unify,
};
pub use views::string_views;
