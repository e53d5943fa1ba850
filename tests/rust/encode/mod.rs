//! Tests of the room `encode`.
