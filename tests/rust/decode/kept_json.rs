//! Columns whose JSON is kept: the text of each value, and the type that the column would have.

use arrow_array::cast::AsArray;
use arrow_schema::{DataType, TimeUnit};
use converz::decode::{Options, is_json, type_as_read, unify};
use proptest::prelude::*;

use super::helpers::{column_of, only_batch, page_in, schema, table};
use super::property::{Value, Writer, rows};
use super::random::Random;

fn kept(values: &[&str]) -> Vec<Option<String>> {
    column_of(values, &Options { json: true, ..Options::default() }).1
}

#[test]
fn numbers_keep_every_character() {
    let numbers = [
        "1",
        "1.0",
        "-0",
        "-0.0",
        "1E5",
        "1e-400",
        "1.10",
        "9007199254740993",
        "18446744073709551616",
        "0.1000000000000000055511151231257827",
    ];
    assert_eq!(kept(&numbers), numbers.map(|number| Some(number.to_owned())));
    // More white space each time.
    let spaced = numbers.map(|number| format!("{}{number}\n", " \t".repeat(number.len())));
    assert_eq!(kept(&spaced.each_ref().map(String::as_str)), numbers.map(|number| Some(number.to_owned())));
}

#[test]
fn a_value_says_what_it_is() {
    let values = [
        "true",
        "5",
        "\"5\"",
        "\"true\"",
        "\"2025-07-15T12:00+02:00\"",
        "\"2025-07-15\"",
        "{ \"a\" :1.0}",
        "[1, 2]",
        "\"[1, 2]\"",
    ];
    assert_eq!(kept(&values), values.map(|value| Some(value.to_owned())));
    assert_eq!(kept(&["null", r#""\u00e9\/\u000a\"""#]), [None, Some(r#""é/\n\"""#.to_owned())]);
}

#[test]
fn keys_and_pinned_columns_have_their_types() {
    let known = schema(&[
        ("call_id", DataType::Int64),
        ("campaign", DataType::Utf8),
        ("date", DataType::Date32),
        ("start_time", DataType::Timestamp(TimeUnit::Microsecond, None)),
    ]);
    let options = Options {
        json: true,
        parse_dates: false,
        known,
        pinned: schema(&[("p", DataType::Float64)]),
        key: Some("call_id"),
        ..Options::default()
    };
    let bodies = [
        r#"[{"call_id":7.0,"campaign":5,"date":"2025-07-15","start_time":"2025-07-15T12:00","p":1.50,"x":0.5}]"#,
        r#"[{"call_id":8,"p":2,"x":1,"y":1.0}]"#,
    ];
    let unified = table(&bodies, &options).unwrap();
    let found: Vec<_> = unified
        .schema
        .fields()
        .iter()
        .map(|field| (field.name().as_str(), is_json(field), type_as_read(field)))
        .collect();
    assert_eq!(
        found,
        [
            ("call_id", false, DataType::Int64),
            ("campaign", true, DataType::Utf8),
            ("date", true, DataType::Date32),
            ("start_time", true, DataType::Timestamp(TimeUnit::Microsecond, None)),
            ("p", false, DataType::Float64),
            ("x", true, DataType::Float64),
            ("y", true, DataType::Float64),
        ]
    );
    let batch = only_batch(&unified);
    let texts = |index: usize| batch.column(index).as_string::<i64>().iter().collect::<Vec<_>>();
    assert_eq!(texts(1), [Some("5"), None]);
    assert_eq!(texts(2), [Some("\"2025-07-15\""), None]);
    assert_eq!(texts(3), [Some("\"2025-07-15T12:00\""), None]);
    assert_eq!(texts(5), [Some("0.5"), Some("1")]);
    assert_eq!(texts(6), [None, Some("1.0")]);
}

#[test]
fn a_zone_is_part_of_the_type() {
    let options = Options { json: true, ..Options::default() };
    let unified = table(&[r#"[{"x":"2025-07-15T12:00Z"}]"#], &options).unwrap();
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(type_as_read(unified.schema.field(0)), utc);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_is_kept_and_every_type_known(rows in rows(), seed: u64, free: bool, parse_dates: bool) {
        let typed = Options { parse_dates, ..Options::default() };
        let options = Options { json: true, ..typed.clone() };
        let mut random = Random::new(seed);
        let cut = random.below(rows.len() + 1);
        let size = 1 + random.below(200);
        let bodies = [&rows[..cut], &rows[cut..]].map(|rows| Writer::page(rows, seed, free));
        let pages = |options: &Options| {
            let pages = bodies.iter().map(|body| {
                let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
                page_in(&pieces, options).unwrap()
            });
            unify(pages.collect(), options, &[], &[]).unwrap()
        };
        let (unified, as_read) = (pages(&options), pages(&typed));
        let types: Vec<DataType> = unified.schema.fields().iter().map(|field| type_as_read(field)).collect();
        let expected: Vec<&DataType> = as_read.schema.fields().iter().map(|field| field.data_type()).collect();
        prop_assert_eq!(types.iter().collect::<Vec<_>>(), expected);
        let batch = only_batch(&unified);
        for (field, column) in unified.schema.fields().iter().zip(batch.columns()) {
            prop_assert!(is_json(field));
            for (row, text) in rows.iter().zip(column.as_string::<i64>()) {
                let value = row.iter().find(|(name, _)| name == field.name()).map(|(_, value)| value);
                let expected = match value {
                    None | Some(Value::Literal("null")) => None,
                    Some(Value::Literal(text)) => Some((*text).to_owned()),
                    Some(Value::Number(text) | Value::Nested(text)) => Some(text.clone()),
                    Some(Value::Text(text)) => Some(serde_json::to_string(text).unwrap()),
                };
                prop_assert_eq!(text, expected.as_deref());
            }
        }
    }
}
