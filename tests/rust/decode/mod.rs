//! Tests of the room `decode`.

mod basics;
mod helpers;
