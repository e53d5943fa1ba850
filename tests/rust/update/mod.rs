//! Tests of the room `update`.

mod chunks;
mod plan;
mod reads;
