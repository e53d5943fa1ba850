//! Tests of the room `http`, against a server that plays scripts and a clock that stands still.

<<<<<<< HEAD
pub mod client;
pub mod clock;
mod compress;
mod requests;
mod retries;
pub mod server;
=======
mod authority;
mod bodies;
mod client;
mod clock;
mod compress;
mod requests;
mod retries;
mod server;
mod timeouts;
mod updates;
>>>>>>> main
