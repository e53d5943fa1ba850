//! Text → type, as `schema=` takes it: a type whose own name is read as the same type, or none.
//!
//!     fuzz/run 60 type_name

#![no_main]

use converz::types::{parse_type, type_name};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(data_type) = parse_type(text) {
        assert_eq!(parse_type(&type_name(&data_type)), Some(data_type));
    }
});
