//! The bytes of pages, in any split → Arrow record batches. Knows nothing of HTTP, tokio or Python.
//!
//! `parallel` has a page decoded by several threads, each with a `page_decoder`, whose `scanner` reads rows into the
//! chunks of `rows`, each in the narrowest form that has its values exactly; `types` has the table by which the columns
//! of all pages get their types, and `unify` makes batches of them.

mod bits;
mod chunk;
mod convert;
mod data;
mod extent;
mod glue;
mod json;
mod key;
mod layout;
mod near_dates;
mod nested;
mod number;
mod options;
mod page;
mod page_decoder;
mod parallel;
mod parse_error;
mod raw_batch;
mod rechunk;
mod rows;
mod scanner;
mod side_by_side;
mod text;
mod time;
mod token;
mod type_text;
mod types;
mod unchecked;
mod unify;
mod views;

pub use convert::check_pinned;
pub use extent::Extent;
pub use json::{is_json, json_field, type_as_read};
pub use key::Key;
pub use options::Options;
pub use page::Page;
pub use page_decoder::PageDecoder;
pub use parallel::{Cutting, ParallelDecoder};
pub use type_text::{MAX_NESTING, parse_type};
pub use types::type_name;
pub use unify::{ColumnWarning, OnNewColumn, Unified, conform, stream_schema, stream_warnings, unify};
pub use views::string_views;
