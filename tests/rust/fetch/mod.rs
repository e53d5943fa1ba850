//! Tests of the room `fetch`.

#[cfg(feature = "sandbox")]
mod against_sandbox;
mod ahead;
mod held;
mod moving_rows;
mod odd_services;
mod over_http;
mod planner;
mod rate_limits;
mod service;
mod still_rows;
mod streams;
mod tables;
mod whole;
#[cfg(feature = "sandbox")]
mod windows;
mod without_rows;
