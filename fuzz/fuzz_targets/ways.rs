//! Rows → every way out of the decoder (pinned and known types, streams whose schemas drift, filters and limits, kept JSON,
//! several threads, views, pages joined, lenient reading), against the documented rules: the same table, the same drift,
//! the same refusal. Each table is compared once more with one cell made wrong, which must be seen.
//!
//!     fuzz/run 60 ways
//!
//! The input's bytes are choices: of the ways, and of values that are on both sides of what a type holds. Every fourth
//! input ends with a body as it is.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/rust/decode/conversions.rs"]
mod conversions;
#[path = "../../tests/rust/decode/oracle.rs"]
mod oracle;
#[path = "../../tests/rust/decode/random.rs"]
mod random;
#[path = "../../tests/rust/decode/ways.rs"]
mod ways;

use random::Random;
use ways::Ways;

const NAMES: [&str; 5] = ["a", "call_id", "b\\u0063", "start_time", "\u{e9}"];

/// Values that columns mostly have one kind of.
const VALUES: [&[&str]; 9] = [
    &["null", "true", "false"],
    &["0", "1", "-1", "127", "128", "-129", "255", "65536", "2147483648", "-2147483649", "4294967295", "16777217"],
    &["1", "2.0", "3e2", "0.0", "-0", "-0.0", "0.5", "0.1", "1e0", "127.0", "9007199254740992.0", "1e18", "1e300"],
    &[
        "9007199254740991",
        "9007199254740992",
        "-9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "1152921504606846976",
        "4.0",
    ],
    &["\"2025-07-15\"", "\"2025-07-15 00:00\"", "\"2024-02-29\"", "\"2025-02-30\"", "\"1970-01-01T00:00:00.000\""],
    &[
        "\"2025-07-15 12:00\"",
        "\"2025-07-15T12:00:30.5\"",
        "\"1969-12-31 23:59:59.999999\"",
        "\"2500-01-01 12:00\"",
        "\"2025-07-15 12:00:00.1234567\"",
        "\"2025-07-15 12:00:60\"",
    ],
    &[
        "\"2025-07-15T12:00:00+02:00\"",
        "\"2025-07-15T12:00Z\"",
        "\"2025-07-15 23:30:00.000001-0130\"",
        "\"0001-01-01T00:00+01\"",
    ],
    &["\"\"", "\"text that is longer than a view\"", "\"a\\ud83d\\ude00\"", "\"\\ud800\"", "\"12\"", "\"true\"", "\"\\u0000\""],
    &["{\"a\": 1.0}", "[1,  2]", "[]", "{\"\\udc00\":[\"\\\\ud800\"]}", "1e-400", "[1e-400]", "1e999", "NaN"],
];

fn body(random: &mut Random, columns: &[(&str, usize)]) -> Vec<u8> {
    let mut body = String::from("[");
    for number in 0..random.below(8) {
        body.push_str(if number > 0 { ",{" } else { "{" });
        let mut separator = "";
        for (name, kind) in columns {
            // Most are of their column's kind, some of another, some missing, some twice.
            let (count, kind) = match random.below(16) {
                0 => (0, *kind),
                1 => (1, random.below(VALUES.len())),
                2 => (1, 0),
                3 if random.one_in(4) => (2, *kind),
                _ => (1, *kind),
            };
            for _ in 0..count {
                body.push_str(&format!("{separator}\"{name}\":{}", random.pick(VALUES[kind])));
                separator = ",";
            }
        }
        body.push('}');
    }
    body.push(']');
    body.into_bytes()
}

/// Choices before a body that is taken as it is.
const CHOICES: usize = 32;

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let (mut random, bodies) = if first % 4 == 3 && rest.len() > CHOICES {
        let (choices, body) = rest.split_at(CHOICES);
        (Random::of(choices), vec![body.to_vec()])
    } else {
        let mut random = Random::of(rest);
        let columns: Vec<(&str, usize)> =
            (0..1 + random.below(3)).map(|_| (*random.pick(&NAMES), random.below(VALUES.len()))).collect();
        let bodies = (0..1 + random.below(4)).map(|_| body(&mut random, &columns)).collect();
        (random, bodies)
    };
    let ways = Ways::drawn(&mut random);
    if let Err(found) = ways::take(ways, bodies, &mut random) {
        panic!("{found}");
    }
});
