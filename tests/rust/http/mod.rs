//! Tests of the room `http`, against a server that plays scripts and a clock that stands still.

mod authority;
mod bodies;
pub mod client;
pub mod clock;
mod compress;
mod requests;
mod retries;
pub mod server;
mod timeouts;
mod updates;
