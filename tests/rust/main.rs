//! Tests of the core through its public interface: one binary, since linking costs more than testing.

mod decode;
mod encode;
mod fetch;
mod files;
mod http;
mod ipc;
mod layers;
mod traverse;
mod update;

#[cfg(feature = "sandbox")]
mod sandbox;
