//! Tests of the room `encode`.

mod columns;
pub mod frames;
pub mod model;
mod null_rules;
mod plain;
mod refusals;
pub mod unchecked;
mod values;
