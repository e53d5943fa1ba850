//! Random rows, written in random ways, arriving in random pieces on random pages, against the oracle.

use std::fmt::Write as _;

use arrow_array::RecordBatch;
use converz::decode::{Options, Page, unify};
use proptest::prelude::*;

use super::helpers::{only_batch, page, page_in};
use super::oracle::{self, Cell, Row};
use super::random::Random;

/// A value as JSON text, and what it is.
#[derive(Debug, Clone)]
pub enum Value {
    Literal(&'static str),
    Number(String),
    Text(String),
    Nested(String),
}

fn integer() -> impl Strategy<Value = String> {
    prop_oneof![
        (-1000i64..1000).prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<u64>().prop_map(|value| value.to_string()),
        prop::sample::select(vec![
            "9007199254740991",
            "9007199254740992",
            "-9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "-9223372036854775809",
            "18446744073709551615",
            "18446744073709551616",
            "0",
        ])
        .prop_map(str::to_owned),
        "-?[1-9][0-9]{18,40}",
    ]
}

fn float() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,4})\\.[0-9]{1,4}",
        "-?(0|[1-9][0-9]{0,20})\\.[0-9]{1,25}",
        "-?(0|[1-9][0-9]{0,6})(\\.[0-9]{1,8})?[eE][+-]?[0-9]{1,2}",
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| format!("{value:e}")),
        prop::sample::select(vec!["-0", "-0.0", "1.0", "1e0", "5e-324", "1.7976931348623157e308", "1e21"])
            .prop_map(str::to_owned),
    ]
}

fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,12}",
        "\\PC{0,40}",
        any::<String>(),
        "[ -~]{60,90}",
        "[0-9]{1,5}",
        Just("true".to_owned())
    ]
}

fn date() -> impl Strategy<Value = String> {
    prop_oneof![9 => "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])", 1 => "[0-9]{4}-[0-1][0-9]-[0-3][0-9]"]
}

fn naive() -> impl Strategy<Value = String> {
    (date(), "[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.([0-9]{1,6}|[0-9]{6}0{1,8}))?)?")
        .prop_map(|(date, time)| date + &time)
}

fn zoned() -> impl Strategy<Value = String> {
    (naive(), " ?(Z|[+-](0[0-9]|1[0-4])(:?[03]0)?)").prop_map(|(naive, zone)| naive + &zone)
}

fn almost_time() -> impl Strategy<Value = String> {
    (naive(), "(\\.[0-9]{7,12}|:60|Z?| | Z|  Z|[+-]99:00|\\.)?").prop_map(|(naive, rest)| naive + &rest)
}

fn nested() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        integer(),
        float(),
        Just("1e999".to_owned()),
        prop::sample::select(vec!["null", "true", "false", "{}", "[]", "[ ]"]).prop_map(str::to_owned),
        string().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(4, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec((string(), inner), 0..4).prop_map(|members| {
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(key, value)| format!("{}: {value}", serde_json::to_string(&key).unwrap()))
                    .collect();
                format!("{{ {}}}", members.join(","))
            }),
        ]
    })
    .prop_map(|text| if text.starts_with(['{', '[']) { text } else { format!("[{text}]") })
}

/// Values of one kind.
fn of_kind(kind: usize) -> BoxedStrategy<Value> {
    match kind {
        0 => prop::sample::select(vec!["true", "false"]).prop_map(Value::Literal).boxed(),
        1 => (-100_000i64..100_000).prop_map(|value| Value::Number(value.to_string())).boxed(),
        2 => integer().prop_map(Value::Number).boxed(),
        3 => float().prop_map(Value::Number).boxed(),
        4 => string().prop_map(Value::Text).boxed(),
        5 => date().prop_map(Value::Text).boxed(),
        6 => naive().prop_map(Value::Text).boxed(),
        7 => zoned().prop_map(Value::Text).boxed(),
        8 => almost_time().prop_map(Value::Text).boxed(),
        9 => nested().prop_map(Value::Nested).boxed(),
        10 => prop_oneof![
            (-100i64..100).prop_map(|value| Value::Number(value.to_string())),
            float().prop_map(Value::Number)
        ]
        .boxed(),
        // Whole numbers, however they are written.
        11 => (-300i64..300, prop::sample::select(vec!["", "", ".0", ".000", "e0", "E+2"]))
            .prop_map(|(value, rest)| Value::Number(format!("{value}{rest}")))
            .boxed(),
        // Days, however they are written.
        12 => (date(), prop::sample::select(vec!["", "", " 00:00", "T00:00:00", " 00:00:00.000"]))
            .prop_map(|(date, rest)| Value::Text(date + rest))
            .boxed(),
        _ => Just(Value::Literal("null")).boxed(),
    }
}

const KINDS: usize = 14;

pub type Member = (String, Value);

/// Rows that mostly have the same keys, in columns that are mostly of one kind.
pub fn rows() -> impl Strategy<Value = Vec<Vec<Member>>> {
    let name = prop_oneof![4 => "[a-z_]{1,14}", 1 => any::<String>(), 1 => "[a-z]{30,50}"];
    let column = (name, 0..KINDS, 0..KINDS);
    prop::collection::vec(column, 0..6).prop_flat_map(|columns| {
        let cells: Vec<_> = columns
            .into_iter()
            .map(|(name, kind, other)| {
                let value = prop_oneof![
                    12 => of_kind(kind).prop_map(Some),
                    1 => of_kind(other).prop_map(Some),
                    2 => Just(Some(Value::Literal("null"))),
                    1 => Just(None),
                ];
                (Just(name), value)
            })
            .collect();
        let row = (cells, any::<u8>()).prop_map(|(cells, order)| {
            let mut row: Vec<Member> = Vec::new();
            for (name, value) in cells {
                if let Some(value) = value
                    && !row.iter().any(|(known, _)| *known == name)
                {
                    row.push((name, value));
                }
            }
            if order < 40 && !row.is_empty() {
                let by = usize::from(order) % row.len();
                row.rotate_left(by);
            }
            row
        });
        prop::collection::vec(row, 0..25)
    })
}

/// Writes rows as JSON, with white space and escapes at random if `free`.
pub struct Writer {
    random: Random,
    free: bool,
    out: String,
}

impl Writer {
    fn blank(&mut self) {
        if self.free {
            while self.random.below(4) == 0 {
                self.out.push([' ', '\n', '\t', '\r'][self.random.below(4)]);
            }
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            let escaped = self.free && self.random.below(12) == 0;
            match character {
                '/' if escaped => self.out.push_str("\\/"),
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                _ if escaped || character < ' ' => {
                    let mut units = [0; 2];
                    for unit in character.encode_utf16(&mut units) {
                        let upper = self.random.below(2) == 0;
                        let _ = if upper {
                            write!(self.out, "\\u{unit:04X}")
                        } else {
                            write!(self.out, "\\u{unit:04x}")
                        };
                    }
                }
                _ => self.out.push(character),
            }
        }
        self.out.push('"');
    }

    pub fn page(rows: &[Vec<Member>], seed: u64, free: bool) -> String {
        let mut writer = Self { random: Random::new(seed), free, out: String::new() };
        if free && writer.random.below(4) == 0 {
            writer.out.push('\u{feff}');
        }
        writer.blank();
        writer.out.push('[');
        for (number, row) in rows.iter().enumerate() {
            writer.out.push_str(if number > 0 { "," } else { "" });
            writer.blank();
            writer.out.push('{');
            writer.blank();
            for (number, (name, value)) in row.iter().enumerate() {
                writer.out.push_str(if number > 0 { "," } else { "" });
                writer.blank();
                writer.string(name);
                writer.blank();
                writer.out.push(':');
                writer.blank();
                match value {
                    Value::Literal(text) => writer.out.push_str(text),
                    Value::Number(text) | Value::Nested(text) => writer.out.push_str(text),
                    Value::Text(text) => writer.string(text),
                }
                writer.blank();
            }
            writer.out.push('}');
            writer.blank();
        }
        writer.out.push(']');
        writer.blank();
        writer.out
    }
}

fn expected(rows: &[Vec<Member>], parse_dates: bool) -> RecordBatch {
    let cell = |value: &Value| match value {
        Value::Literal(text) => oracle::cell(text, 128).unwrap(),
        Value::Number(text) | Value::Nested(text) => oracle::cell(text, 128).unwrap(),
        Value::Text(text) => Cell::Text(text.clone()),
    };
    let rows: Vec<Row> = rows
        .iter()
        .map(|row| row.iter().map(|(name, value)| (name.clone(), cell(value))).collect())
        .collect();
    oracle::table(&rows, parse_dates)
}

fn unified(pages: Vec<Page>, options: &Options) -> RecordBatch {
    only_batch(&unify(pages, options, &[], &[]).unwrap())
}

fn assert_same(left: &RecordBatch, right: &RecordBatch) {
    if let Some(difference) = oracle::difference(left, right) {
        panic!("{difference}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_in_pieces_are_what_the_oracle_says(rows in rows(), seed: u64, free: bool, parse_dates: bool) {
        let options = Options { parse_dates, ..Options::default() };
        let expected = expected(&rows, parse_dates);
        let mut random = Random::new(seed);
        let whole = Writer::page(&rows, seed, free);
        assert_same(&unified(vec![page(whole.as_bytes(), &options).unwrap()], &options), &expected);
        // The same rows on several pages, each in pieces.
        let mut pages = Vec::new();
        let mut start = 0;
        while start < rows.len() {
            let end = rows.len().min(start + 1 + random.below(8));
            let body = Writer::page(&rows[start..end], seed, free);
            let mut rest = body.as_bytes();
            let mut pieces = Vec::new();
            let largest = 1 + random.below(200);
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(rest.len().min(random.below(largest + 1)));
                pieces.push(piece);
                rest = after;
            }
            pages.push(page_in(&pieces, &options).unwrap());
            start = end;
        }
        assert_same(&unified(pages, &options), &expected);
    }

    #[test]
    fn the_rows_that_are_kept_are_all_that_counts(rows in rows(), seed: u64) {
        let options = Options::default();
        let mut random = Random::new(seed);
        let keep: Vec<bool> = match random.below(3) {
            0 => (0..rows.len()).map(|_| random.below(2) == 0).collect(),
            1 => { let kept = random.below(rows.len() + 1); (0..rows.len()).map(|row| row < kept).collect() }
            _ => (0..rows.len()).map(|_| random.below(8) > 0).collect(),
        };
        let body = Writer::page(&rows, seed, false);
        let filtered = page(body.as_bytes(), &options).unwrap().filter(&keep);
        // Columns stay even where no kept row has them.
        let kept: Vec<Vec<Member>> =
            rows.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(row, _)| row.clone()).collect();
        prop_assert_eq!(filtered.num_rows(), kept.len());
        let all = filtered.column_names().into_iter().map(|name| (name.to_owned(), Value::Literal("null"))).collect();
        let mut with_all: Vec<Vec<Member>> = vec![all];
        with_all.extend(kept);
        let expected = expected(&with_all, true).slice(1, with_all.len() - 1);
        assert_same(&unified(vec![filtered], &options), &expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_cut_gives_the_same(rows in rows(), seed: u64) {
        let options = Options::default();
        let mut rows = rows;
        rows.truncate(6);
        let body = Writer::page(&rows, seed, true);
        let body = body.as_bytes();
        let whole = unified(vec![page(body, &options).unwrap()], &options);
        assert_same(&whole, &expected(&rows, true));
        for at in 0..=body.len() {
            let (before, after) = body.split_at(at);
            assert_same(&unified(vec![page_in(&[before, after], &options).unwrap()], &options), &whole);
        }
        for size in 1..body.len().min(70) {
            let pieces: Vec<&[u8]> = body.chunks(size).collect();
            assert_same(&unified(vec![page_in(&pieces, &options).unwrap()], &options), &whole);
        }
    }
}
