//! Tests of the room `update`.
