//! Arrow batches → the bodies of update requests, under the null rules. Knows nothing of HTTP, tokio or Python.
//!
//! A frame is checked once ([`UpdateFrame::new`]), cut into requests whose exact size is then known
//! ([`UpdateFrame::requests`]), and each request is written straight from the Arrow arrays when its turn comes
//! ([`UpdateFrame::write`]).

mod cells;
mod column;
mod cut;
mod digits;
mod frame;
mod key;
mod mask;
mod nested;
mod number;
mod output;
mod parts;
mod refuse;
mod shape;
mod text;
mod time;
mod valid;
mod write;

pub(crate) use cells::JSON_EXTENSION;
pub(crate) use column::Column;
pub use cut::{Form, Limits, MAX_ROWS, RequestPlan};
pub use frame::UpdateFrame;
pub use key::KeyColumn;
pub use mask::Mask;

/// What a null cell of an update means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nulls {
    /// The stored value stays.
    #[default]
    Keep,
    /// The stored value is set to null.
    Clear,
}
