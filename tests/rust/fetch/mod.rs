//! Tests of the room `fetch`.

mod ahead;
mod moving_rows;
mod over_http;
mod service;
mod still_rows;
mod streams;
mod tables;
