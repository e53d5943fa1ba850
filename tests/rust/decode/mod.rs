//! Tests of the room `decode`.

mod basics;
mod conversions;
mod digest;
mod extent;
mod helpers;
mod json_cases;
mod kept_json;
mod large;
mod near_dates;
mod oracle;
mod parallel;
mod pinned;
mod property;
mod random;
mod refusals;
mod streams;
mod strings;
mod survey;
mod types;
mod views;
mod ways;
mod ways_property;
