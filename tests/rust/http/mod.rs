//! Tests of the room `http`, against a server that plays scripts and a clock that stands still.

mod client;
mod clock;
mod compress;
mod requests;
mod retries;
mod server;
