//! Tests of the room `http`, against a server that plays scripts and a clock that stands still.

mod client;
mod clock;
mod requests;
mod server;
