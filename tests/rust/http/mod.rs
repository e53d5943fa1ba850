//! Tests of the room `http`, against a server that plays scripts and a clock that stands still.

mod authority;
mod bodies;
pub mod client;
pub mod clock;
pub mod compress;
mod environment;
mod faults;
mod http2;
mod proxies;
mod requests;
mod retries;
mod secrets;
pub mod server;
mod timeouts;
mod tls;
mod updates;
