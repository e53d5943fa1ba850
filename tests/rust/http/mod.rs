//! Tests of the room `http`, against a server that plays scripts and a clock that stands still.

pub mod client;
pub mod clock;
mod compress;
mod requests;
mod retries;
pub mod server;
