//! The whole API on 127.0.0.1, by its own reading of the documentation: shares no code with any other room.
//!
//! A request goes `server` → `api` → `store`; `seed` fills a new store with a contact centre's data.

mod api;
mod calendar;
mod cancellation;
mod error;
mod fault;
mod forking;
mod handle;
mod log;
mod options;
mod problem;
mod seed;
mod server;
mod store;

pub use cancellation::Cancellation;
pub use error::SandboxError;
pub use fault::{Fault, FaultOperation, Stride};
pub use handle::Sandbox;
pub use log::RequestRecord;
pub use options::Options;
