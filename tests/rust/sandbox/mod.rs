//! Tests of the room `sandbox`, over real sockets.

mod bad_input;
mod changes;
pub mod client;
mod faults;
mod http;
mod lifetime;
mod listing;
mod null_rules;
mod openapi;
mod report;
mod seed;
mod story;
mod update;

use chrono::NaiveDate;
use converz::sandbox::{Options, Sandbox};

/// A Wednesday.
fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 7, 16).unwrap()
}

fn options(calls: u64, reps: u64) -> Options {
    Options { calls, reps, days: 60, today: Some(today()), ..Options::default() }
}

fn start(calls: u64, reps: u64) -> Sandbox {
    Sandbox::start(options(calls, reps)).unwrap()
}
