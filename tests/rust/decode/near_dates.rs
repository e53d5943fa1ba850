//! Columns that are nearly all dates say what keeps them from being such.

use std::sync::Arc;

use arrow_schema::{DataType, Schema, TimeUnit};
use converz::decode::{ColumnWarning, Options, Page, stream_schema, stream_warnings, unify};
use proptest::prelude::*;

use super::helpers::{page, schema};
use super::oracle::{self, Time};

fn options() -> Options {
    Options {
        known: schema(&[("call_id", DataType::Int64), ("date", DataType::Date32)]),
        key: Some("call_id"),
        ..Options::default()
    }
}

/// Pages of so many rows with these values in column `x`.
fn pages(values: &[String], rows: usize, options: &Options) -> Vec<Page> {
    let of = |(number, values): (usize, &[String])| {
        let rows = values.iter().enumerate().map(|(row, value)| {
            let id = number * rows + row;
            format!(r#"{{"call_id":{id},"x":{value}}}"#)
        });
        let rows: Vec<String> = rows.collect();
        page(format!("[{}]", rows.join(",")).as_bytes(), options).unwrap()
    };
    values.chunks(rows).enumerate().map(of).collect()
}

fn warnings(values: &[String], rows: usize, options: &Options) -> Vec<ColumnWarning> {
    unify(pages(values, rows, options), options, &[], &[]).unwrap().warnings
}

/// So many times a value, with another one at a place.
fn with(value: &str, count: usize, at: usize, other: &str) -> Vec<String> {
    let mut values = vec![value.to_owned(); count];
    other.clone_into(&mut values[at]);
    values
}

const DAY: &str = r#""2025-07-15""#;
const TIME: &str = r#""2025-07-15 12:00:00""#;
const ZONED: &str = r#""2025-07-15 12:00:00.000000000 +02:00""#;

#[test]
fn the_first_value_that_is_none_is_named_with_its_row_and_the_remedy() {
    let no = [r#""""#, r#""soon""#, r#""2025-02-30""#, "0", "false", r#"{"a":1}"#, "1.5", r#"" 2025-07-15""#];
    let cases = [
        (DAY, "date32", &no[..], None),
        (DAY, "date32", &[r#""2025-07-15 12:00""#][..], Some("timestamp[us]")),
        (DAY, "date32", &[r#""2025-07-15 00:00""#][..], Some("date32")),
        (DAY, "date32", &[r#""2025-07-15 12:00:00.123456789""#][..], Some("timestamp[ns]")),
        (DAY, "date32", &[ZONED][..], None),
        (TIME, "timestamp[us]", &no[..], None),
        (TIME, "timestamp[us]", &[DAY][..], Some("timestamp[us]")),
        (TIME, "timestamp[us]", &[r#""2025-07-15 12:00:00.0000001""#][..], Some("timestamp[ns]")),
        (TIME, "timestamp[us]", &[r#""0001-01-01 00:00:00.0000001""#, ZONED][..], None),
        (ZONED, "timestamp[us, UTC]", &no[..], None),
        (ZONED, "timestamp[us, UTC]", &[TIME, DAY][..], None),
        (
            ZONED,
            "timestamp[us, UTC]",
            &[r#""2025-07-15 12:00:00.1234567 Z""#][..],
            Some("timestamp[ns, UTC]"),
        ),
    ];
    for (value, like, others, pin) in cases {
        for other in others {
            for (at, rows) in [(0, 100), (99, 100), (42, 7), (5, 1)] {
                let options = options();
                let values = with(value, 100, at, other);
                let [warning] = &warnings(&values, rows, &options)[..] else { panic!("{value} {other}") };
                assert_eq!(warning.column, "x");
                let text = &warning.text;
                let finer = other.contains(".0000001") || other.contains(".1234567 ");
                let fault = if finer { "finer" } else { "99 of the column's 100 values" };
                let shown =
                    if other.starts_with('"') { format!("{other} ") } else { other.trim_matches('"').into() };
                for part in [r#"column "x" has "#, &shown, &format!("(call_id {at})"), like, fault] {
                    assert!(text.contains(part), "{part}: {text}");
                }
                let Some(pin) = pin else {
                    assert!(text.contains("coerce") && text.contains("schema= with string"), "{text}");
                    continue;
                };
                assert!(text.contains(&format!("pass schema= with {pin} for it")), "{text}");
                let pinned = match pin {
                    "date32" => DataType::Date32,
                    "timestamp[us]" => DataType::Timestamp(TimeUnit::Microsecond, None),
                    "timestamp[ns]" => DataType::Timestamp(TimeUnit::Nanosecond, None),
                    _ => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                };
                let options = Options { pinned: schema(&[("x", pinned)]), ..options };
                assert_eq!(warnings(&values, rows, &options), [], "the remedy is one");
            }
        }
    }
}

#[test]
fn dates_that_are_all_too_fine_are_told_of_too() {
    let values = vec![r#""2025-07-15T12:00:00.123456789Z""#.to_owned(); 3];
    let [warning] = &warnings(&values, 2, &options())[..] else { panic!() };
    assert!(warning.text.contains("timestamp[ns, UTC] for it") && warning.text.contains("(call_id 0)"));
}

#[test]
fn nothing_is_said_of_other_columns() {
    let options = options();
    let quiet = |values: &[String], options: &Options| {
        for rows in [values.len(), 30] {
            assert_eq!(warnings(values, rows, options), []);
        }
    };
    // Two in a hundred, or one of fewer.
    let mut two = with(DAY, 100, 3, "\"\"");
    quiet(&two[..99], &options);
    two[4] = "\"\"".to_owned();
    quiet(&two, &options);
    quiet(&vec!["\"text\"".to_owned(); 500], &options);
    quiet(&vec![DAY.to_owned(); 500], &options);
    quiet(&with(DAY, 500, 7, "null"), &options);
    quiet(&[vec![DAY.to_owned(); 100], vec![TIME.to_owned(); 100]].concat(), &options);
    let near = with(DAY, 100, 3, "\"\"");
    quiet(&near, &Options { parse_dates: false, ..options.clone() });
    quiet(&near, &Options { json: true, parse_dates: true, ..options.clone() });
    quiet(&near, &Options { pinned: schema(&[("x", DataType::Utf8)]), ..options.clone() });
    quiet(&near, &Options { selected: Some(Arc::default()), ..options.clone() });
    // Nulls are no values.
    let mut sparse = with("null", 1000, 3, "\"\"");
    sparse.splice(500..599, vec![DAY.to_owned(); 99]);
    assert_eq!(warnings(&sparse, 250, &options).len(), 1);
    // Of a known column it is said anyway that it has not its type.
    let body = format!(r#"[{{"date":""}},{}]"#, vec![format!(r#"{{"date":{DAY}}}"#); 99].join(","));
    let known = unify(vec![page(body.as_bytes(), &options).unwrap()], &options, &[], &[]).unwrap();
    assert_eq!(known.warnings.len(), 1, "{:?}", known.warnings);
}

#[test]
fn a_stream_says_it_of_its_first_page() {
    let options = options();
    for (values, count) in [(with(TIME, 100, 9, "\"\""), 1), (with("\"x\"", 100, 9, DAY), 0)] {
        let [first] = &pages(&values, 100, &options)[..] else { panic!() };
        let fixed = stream_schema(first, &options, &[]).unwrap();
        let said = stream_warnings(first, &fixed, &options);
        assert_eq!(said, warnings(&values, 100, &options));
        assert_eq!(said.len(), count);
        // A schema that was given says what is wanted.
        let pinned = Options { pinned: Arc::new(Schema::clone(&fixed)), ..options.clone() };
        assert_eq!(stream_warnings(first, &fixed, &pinned), []);
    }
}

/// The rule once more, with the oracle's reading of dates.
fn expected(values: &[String]) -> Option<usize> {
    let cells: Vec<oracle::Cell> = values.iter().map(|value| oracle::cell(value, 9).unwrap()).collect();
    if *oracle::column(&cells, true).data_type() != DataType::Utf8 {
        return None;
    }
    // A finer fraction is cut off to see what else it is.
    let fine = |text: &str| text.contains(".1234567");
    let kind = |cell: &oracle::Cell| match cell {
        oracle::Cell::Null => None,
        oracle::Cell::Text(text) => Some(match oracle::time(&text.replace(".1234567", ".123456")) {
            Some(Time::Date(_)) => (0, false),
            Some(Time::Naive(_)) => (1, fine(text)),
            Some(Time::Zoned(_)) => (2, fine(text)),
            None => (3, false),
        }),
        _ => Some((3, false)),
    };
    let kinds: Vec<_> = cells.iter().map(kind).collect();
    let total = kinds.iter().flatten().count();
    let most = (0..3).max_by_key(|kind| kinds.iter().flatten().filter(|(other, _)| other == kind).count())?;
    let strays = kinds.iter().flatten().filter(|(kind, _)| *kind != most).count();
    if strays * 100 > total {
        return None;
    }
    kinds.iter().position(|kind| kind.is_some_and(|kind| kind != (most, false)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_rule_is_that_of_the_oracle(
        count in 1_usize..420,
        most in 0_usize..4,
        others in prop::collection::vec((0_usize..420, 0_usize..8), 0..9),
        rows in prop::sample::select(vec![1, 7, 64, 500]),
    ) {
        const FINE: &str = r#""2025-07-15 12:00:00.1234567""#;
        const ALL: [&str; 8] = [DAY, TIME, ZONED, FINE, r#""""#, "null", "7", "[]"];
        let mut values = vec![ALL[most].to_owned(); count];
        for (at, other) in others {
            values[at % count] = ALL[other].to_owned();
        }
        let options = options();
        let warnings = warnings(&values, rows, &options);
        match expected(&values) {
            None => prop_assert_eq!(warnings, []),
            Some(row) => {
                prop_assert_eq!(warnings.len(), 1);
                prop_assert!(warnings[0].text.contains(&format!("(call_id {row})")), "{}", &warnings[0].text);
            }
        }
    }
}
