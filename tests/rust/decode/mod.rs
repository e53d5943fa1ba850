//! Tests of the room `decode`.

mod basics;
mod helpers;
mod oracle;
mod property;
