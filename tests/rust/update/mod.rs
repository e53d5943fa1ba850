//! Tests of the room `update`.

mod chunks;
