//! Arrow batches → the bodies of update requests, under the null rules. Knows nothing of HTTP, tokio or Python.
//!
//! A frame is checked once ([`UpdateFrame::new`]), cut into requests whose exact size is then known
//! ([`UpdateFrame::requests`]), and each request is written straight from the Arrow arrays when its turn comes
//! ([`UpdateFrame::write`]).

mod cells;
mod cells_of_field;
mod checked;
mod column;
mod digits;
mod form;
mod frame;
mod group;
mod json_columns;
mod key;
mod limits;
mod mask;
mod midnight;
mod misfit;
mod nested;
mod number;
mod output;
mod plain;
mod refuse;
mod requests;
mod runs;
mod shape;
mod text;
mod time;
mod uuid;
mod valid;
mod whole;
mod write;

pub(crate) use column::Column;
pub use form::Form;
pub use frame::UpdateFrame;
pub use json_columns::as_json_columns;
pub use key::KeyColumn;
pub use limits::{Limits, MAX_ROWS};
pub use mask::Mask;
pub(crate) use midnight::is_known;
pub use midnight::{as_dates, midnight_warning};
pub(crate) use output::Output;
pub use requests::RequestPlan;
pub(crate) use runs::push_run;

/// What a null cell of an update means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nulls {
    /// The stored value stays.
    #[default]
    Keep,
    /// The stored value is set to null.
    Clear,
}
