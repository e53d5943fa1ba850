//! Random rows, read in every way, against the model; each with a wrong cell that must be seen.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::property::{Member, Value, Writer, rows};
use super::random::Random;
use super::ways::{self, Outcome, Ways};

/// What is no character, in JSON: an escape that is half a pair, bytes that are not UTF-8.
const BROKEN: [&[u8]; 8] = [
    b"\\ud800",
    b"\\uDC00x",
    b"\\uDBFF\\ud83d\\ude00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc3",
    b"\\u0000",
    b"\\\\ud800",
];
const MARK: char = '\u{2620}';

/// Adds to the rows what lenient reading is for: a mark where something broken will be, keys that come again.
fn spoil(rows: &mut [Vec<Member>], lossy: bool, random: &mut Random) {
    for row in rows {
        for (name, value) in row.iter_mut() {
            if random.one_in(3) {
                match value {
                    Value::Text(text) => text.insert(0, MARK),
                    Value::Nested(text) => *text = format!("[{text},\"a{MARK}b\"]"),
                    _ => {}
                }
            }
            // A number that gives way to another one is refused nevertheless.
            if !lossy && random.one_in(8) && matches!(value, Value::Number(_)) {
                *value =
                    Value::Number((*random.pick(&["-1e-400", "2.5E-999", "0.0e-400", "4e-324"])).to_owned());
            }
            if random.one_in(8) {
                name.push(MARK);
            }
        }
        while !row.is_empty() && random.one_in(4) {
            let (name, value) = (random.pick(row).0.clone(), random.pick(row).1.clone());
            row.push((name, value));
        }
    }
}

/// The same bytes, with something broken for each mark.
fn broken(body: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, part) in body.split(MARK).enumerate() {
        if number > 0 {
            bytes.extend(*random.pick(&BROKEN));
        }
        bytes.extend(part.as_bytes());
    }
    bytes
}

/// Pages of a few rows each.
fn bodies(rows: &[Vec<Member>], seed: u64, free: bool, random: &mut Random) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    let mut rest = rows;
    loop {
        let (page, after) = rest.split_at(rest.len().min(random.below(9)));
        bodies.push(broken(&Writer::page(page, seed, free), random));
        rest = after;
        if rest.is_empty() {
            return bodies;
        }
    }
}

/// How often tables, drifts and refusals came of a way.
#[derive(Debug, Default)]
struct Count {
    tables: Cell<usize>,
    cured: Cell<usize>,
    drifts: Cell<usize>,
    refused: Cell<usize>,
}

fn take(cases: u32, drawn: impl Fn(&mut Random) -> Ways) -> Count {
    let count = Count::default();
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let result =
        TestRunner::new(config).run(&(rows(), any::<u64>(), any::<bool>()), |(mut rows, seed, free)| {
            let mut random = Random::new(seed);
            let ways = drawn(&mut random);
            if ways.lossy || random.one_in(16) {
                spoil(&mut rows, ways.lossy, &mut random);
            }
            let bodies = bodies(&rows, seed, free, &mut random);
            let outcome = ways::take(ways, bodies, &mut random).map_err(TestCaseError::fail)?;
            let add = |counter: &Cell<usize>| counter.set(counter.get() + 1);
            match outcome {
                Outcome::Table { drifted } => {
                    add(&count.tables);
                    if drifted > 0 {
                        add(&count.cured);
                    }
                }
                Outcome::Drift => add(&count.drifts),
                Outcome::Refused => add(&count.refused),
            }
            Ok(())
        });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    count
}

const CASES: u32 = 128;

impl Count {
    /// Most of it was read.
    fn is_tables(&self) -> bool {
        self.tables.get() > CASES as usize / 2
    }

    /// Some of it was read with the schema of an error.
    fn is_cured(&self) -> bool {
        self.cured.get() > CASES as usize / 24
    }
}

#[test]
fn pinned() {
    let count = take(CASES, |_| Ways { pinned: true, ..Ways::default() });
    assert!(count.is_tables() && count.is_cured(), "{count:?}");
}

#[test]
fn known() {
    assert!(take(CASES, |_| Ways { known: true, ..Ways::default() }).is_tables());
}

#[test]
fn streamed() {
    let count = take(CASES, |_| Ways { streamed: true, ..Ways::default() });
    assert!(count.is_tables() && count.is_cured(), "{count:?}");
}

#[test]
fn streamed_as_pinned_and_known() {
    let count = take(CASES, |_| Ways { streamed: true, pinned: true, known: true, ..Ways::default() });
    assert!(count.is_tables() && count.is_cured(), "{count:?}");
}

#[test]
fn filtered() {
    assert!(take(CASES, |_| Ways { filtered: true, pinned: true, ..Ways::default() }).is_tables());
}

#[test]
fn limited() {
    let drawn = |random: &mut Random| {
        let streamed = random.one_in(2);
        Ways { limited: true, known: true, pinned: random.one_in(2), streamed, ..Ways::default() }
    };
    assert!(take(CASES, drawn).is_tables());
}

#[test]
fn selected() {
    let drawn = |random: &mut Random| {
        let streamed = random.one_in(2);
        Ways { selected: true, known: true, pinned: random.one_in(2), streamed, ..Ways::default() }
    };
    assert!(take(CASES, drawn).is_tables());
}

#[test]
fn kept_as_json() {
    let drawn = |random: &mut Random| Ways { json: true, pinned: random.one_in(2), ..Ways::default() };
    let count = take(CASES, drawn);
    assert!(count.is_tables() && count.drifts.get() + count.cured.get() > 0, "{count:?}");
}

#[test]
fn on_several_threads() {
    assert!(take(CASES, |_| Ways { threads: true, pinned: true, ..Ways::default() }).is_tables());
}

#[test]
fn as_views() {
    let drawn = |random: &mut Random| Ways { views: true, streamed: random.one_in(2), ..Ways::default() };
    assert!(take(CASES, drawn).is_tables());
}

#[test]
fn leniently() {
    let drawn = |random: &mut Random| Ways { lossy: true, json: random.one_in(2), ..Ways::default() };
    assert!(take(CASES, drawn).is_tables());
}

#[test]
fn all_at_once() {
    let count = take(4 * CASES, Ways::drawn);
    assert!(count.is_tables() && count.refused.get() > 0, "{count:?}");
}
