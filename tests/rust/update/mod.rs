//! Tests of the room `update`.

mod chunks;
#[cfg(feature = "sandbox")]
mod oracle;
mod plan;
mod reads;
