//! Tests of the room `encode`.

pub mod frames;
mod null_rules;
mod refusals;
mod values;
