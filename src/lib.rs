//! The core of `converz`, the Arrow-native client of the Converz Data API.
//!
//! Reading goes `query` → `http` → `fetch` → `decode`; writing goes `encode` → `update` → `http`. Every room
//! below knows only what its own documentation says; `tests/rust/layers.rs` enforces it.

#![deny(unsafe_code)]

pub mod anonymise;
pub mod decode;
pub mod describe;
pub mod digest;
pub mod encode;
pub mod error;
pub mod fetch;
pub mod files;
pub mod http;
pub mod ipc;
pub mod query;
pub mod record;
pub mod resources;
pub mod settings;
pub mod spool;
mod text;
pub mod types;
pub mod update;
pub mod widen;

#[cfg(feature = "sandbox")]
pub mod sandbox;

#[cfg(feature = "python")]
mod bindings;
