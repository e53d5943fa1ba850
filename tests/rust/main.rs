//! Tests of the core through its public interface: one binary, since linking costs more than testing.

mod decode;
mod describe;
mod digest;
mod encode;
mod fetch;
mod files;
mod http;
mod ipc;
mod layers;
mod record;
mod spool;
mod traverse;
mod update;
mod widen;

#[cfg(feature = "sandbox")]
mod sandbox;
