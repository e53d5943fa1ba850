//! Tests of the room `fetch`.

mod ahead;
mod moving_rows;
mod service;
mod still_rows;
