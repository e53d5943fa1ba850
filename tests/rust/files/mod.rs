//! Tests of the room `files`.

mod completeness;
mod formats;
