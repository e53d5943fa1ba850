//! The table of types, as a table: values of a column, its type, what it holds.

use arrow_schema::{DataType, SchemaRef, TimeUnit};
use converz::decode::{Options, unify};

use super::helpers::{column_of, only_batch, page, schema, shown, table};

fn micros(zone: Option<&str>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into))
}

/// Values as JSON, the type, and the values as text (`None` is null).
type Case = (&'static [&'static str], DataType, &'static [Option<&'static str>]);

fn cases() -> Vec<Case> {
    use DataType::{Boolean, Date32, Float64, Int64, Null, UInt64, Utf8};
    let naive = micros(None);
    let utc = micros(Some("UTC"));
    vec![
        (&["true", "null", "false"], Boolean, &[Some("true"), None, Some("false")]),
        (&["1", "-9223372036854775808"], Int64, &[Some("1"), Some("-9223372036854775808")]),
        (&["0", "9223372036854775808"], UInt64, &[Some("0"), Some("9223372036854775808")]),
        (&["18446744073709551615", "null"], UInt64, &[Some("18446744073709551615"), None]),
        (&["-1", "9223372036854775808"], Utf8, &[Some("-1"), Some("9223372036854775808")]),
        (&["1", "18446744073709551616"], Utf8, &[Some("1"), Some("18446744073709551616")]),
        (&["-9223372036854775809"], Utf8, &[Some("-9223372036854775809")]),
        (&["1", "1.5"], Float64, &[Some("1.0"), Some("1.5")]),
        (&["1.0", "2e3"], Float64, &[Some("1.0"), Some("2000.0")]),
        (&["-0"], Float64, &[Some("-0.0")]),
        (&["-0.0", "0"], Float64, &[Some("-0.0"), Some("0.0")]),
        (&["9007199254740991", "0.5"], Float64, &[Some("9007199254740991.0"), Some("0.5")]),
        (&["9007199254740992", "0.5"], Utf8, &[Some("9007199254740992"), Some("0.5")]),
        (&["1.0", "-9007199254740993"], Utf8, &[Some("1"), Some("-9007199254740993")]),
        (&["9223372036854775808", "1e21"], Utf8, &[Some("9223372036854775808"), Some("1e+21")]),
        (&["18446744073709551616", "-0"], Utf8, &[Some("18446744073709551616"), Some("0")]),
        (&["\"x\"", "null", "\"\""], Utf8, &[Some("x"), None, Some("")]),
        (&["{\"a\": [1 ,2]}", "[ ]"], Utf8, &[Some("{\"a\": [1 ,2]}"), Some("[ ]")]),
        (&["null", "null"], Null, &[None, None]),
        (&["1.0", "\"x\""], Utf8, &[Some("1"), Some("x")]),
        (&["1e-7", "true"], Utf8, &[Some("1e-7"), Some("true")]),
        (&["1", "false"], Utf8, &[Some("1"), Some("false")]),
        (
            &["\"a\"", "{\"b\":1.0}", "100000000000000000000.0"],
            Utf8,
            &[Some("a"), Some("{\"b\":1.0}"), Some("100000000000000000000")],
        ),
        (&["\"12\"", "\"7\""], Utf8, &[Some("12"), Some("7")]),
        (&["\"2025-07-15\"", "null"], Date32, &[Some("2025-07-15"), None]),
        (&["\"2025-02-29\""], Utf8, &[Some("2025-02-29")]),
        (&["\"0000-01-01\""], Utf8, &[Some("0000-01-01")]),
        (
            &["\"2025-07-15 12:00\"", "\"2025-07-15T12:00:01\"", "\"2025-07-15 12:00:01.000001\""],
            naive.clone(),
            &[Some("2025-07-15T12:00:00"), Some("2025-07-15T12:00:01"), Some("2025-07-15T12:00:01.000001")],
        ),
        (
            &["\"2025-07-15T12:00Z\"", "\"2025-07-15 12:00:00+02:00\"", "\"2025-07-15 12:00-0130\""],
            utc,
            &[Some("2025-07-15T12:00:00Z"), Some("2025-07-15T10:00:00Z"), Some("2025-07-15T13:30:00Z")],
        ),
        // Mixed kinds stay strings, as they are.
        (&["\"2025-07-15\"", "\"2025-07-15 00:00\""], Utf8, &[Some("2025-07-15"), Some("2025-07-15 00:00")]),
        (
            &["\"2025-07-15 12:00\"", "\"2025-07-15 12:00Z\""],
            Utf8,
            &[Some("2025-07-15 12:00"), Some("2025-07-15 12:00Z")],
        ),
        (
            &["\"2025-07-15T12:00:01.50+02:00\"", "\"\""],
            Utf8,
            &[Some("2025-07-15T12:00:01.50+02:00"), Some("")],
        ),
        (&["\"2025-07-15\"", "1"], Utf8, &[Some("2025-07-15"), Some("1")]),
        // What a timestamp in microseconds cannot hold, or no clock shows.
        (&["\"2025-07-15 12:00:01.0000001\""], Utf8, &[Some("2025-07-15 12:00:01.0000001")]),
        (&["\"2025-07-15 23:59:60\""], Utf8, &[Some("2025-07-15 23:59:60")]),
        (&["\"2025-07-15 24:00\""], Utf8, &[Some("2025-07-15 24:00")]),
        (&["\"2025-07-15x12:00\""], Utf8, &[Some("2025-07-15x12:00")]),
        (&["\"2025-07-15 12:00:01.\""], Utf8, &[Some("2025-07-15 12:00:01.")]),
        (&["\"2025-07-15 12\""], Utf8, &[Some("2025-07-15 12")]),
    ]
}

#[test]
fn values_have_the_type_of_the_table() {
    for (values, data_type, expected) in cases() {
        let (actual_type, actual) = column_of(values, &Options::default());
        assert_eq!(actual_type, data_type, "{values:?}");
        assert_eq!(actual.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{values:?}");
    }
}

#[test]
fn the_order_of_values_and_their_pages_change_nothing() {
    for (values, data_type, expected) in cases() {
        let mut bodies: Vec<String> = values.iter().map(|value| format!("[{{\"x\":{value}}}]")).collect();
        bodies.reverse();
        let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
        let batch = only_batch(&table(&bodies, &Options::default()).unwrap());
        assert_eq!(*batch.column(0).data_type(), data_type, "{values:?}");
        let mut actual = shown(batch.column(0));
        actual.reverse();
        assert_eq!(actual.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{values:?}");
    }
}

#[test]
fn without_parse_dates_strings_stay_as_they_are() {
    let options = Options { parse_dates: false, ..Options::default() };
    for text in ["\"2025-07-15\"", "\"2025-07-15 12:00\"", "\"2025-07-15T12:00:00.10Z\""] {
        let (data_type, values) = column_of(&[text], &options);
        assert_eq!((data_type, values[0].as_deref()), (DataType::Utf8, Some(text.trim_matches('"'))));
    }
}

#[test]
fn known_columns_have_their_type_whatever_arrives() {
    let known = schema(&[
        ("call_id", DataType::Int64),
        ("rep_id", DataType::Utf8),
        ("start_time", micros(None)),
        ("date", DataType::Date32),
    ]);
    let options = Options { known: known.clone(), parse_dates: false, ..Options::default() };
    let body = r#"[{"call_id":1.0,"rep_id":500,"start_time":"2025-07-15 12:00","date":"2025-07-15"},
                   {"call_id":null,"rep_id":null,"start_time":null,"date":null}]"#;
    let unified = table(&[body], &options).unwrap();
    let types = |schema: &SchemaRef| -> Vec<_> {
        let fields = schema.fields().iter();
        fields.map(|field| (field.name().clone(), field.data_type().clone())).collect()
    };
    assert_eq!(types(&unified.schema), types(&known));
    assert_eq!(unified.warnings, []);
    let nulls =
        table(&[r#"[{"call_id":null,"rep_id":null,"start_time":null,"date":null}]"#], &options).unwrap();
    assert_eq!(nulls.schema, known);

    let zoned = table(&[r#"[{"start_time":"2025-07-15 12:00+02:00"}]"#], &options).unwrap();
    assert_eq!(*zoned.schema.field(0).data_type(), micros(Some("UTC")));
    assert_eq!(shown(only_batch(&zoned).column(0))[0].as_deref(), Some("2025-07-15T10:00:00Z"));
    assert!(zoned.warnings.is_empty());
}

#[test]
fn known_columns_widen_with_a_warning_where_data_disagree() {
    let known =
        schema(&[("call_id", DataType::Int64), ("start_time", micros(None)), ("date", DataType::Date32)]);
    let options = Options { known, key: Some("call_id"), ..Options::default() };
    let bodies = [
        r#"[{"call_id":1,"start_time":"2025-07-15 12:00","date":"2025-07-15"}]"#,
        r#"[{"call_id":"x7","start_time":"2025-07-15 12:00Z","date":"soon"}]"#,
    ];
    let unified = table(&bodies, &options).unwrap();
    let types: Vec<_> = unified.schema.fields().iter().map(|field| field.data_type().clone()).collect();
    assert_eq!(types, [DataType::Utf8, DataType::Utf8, DataType::Utf8]);
    assert_eq!(unified.warnings.len(), 3);
    for (warning, parts) in unified.warnings.iter().zip([
        ["\"call_id\"", "\"x7\"", "int64"],
        ["\"start_time\"", "\"2025-07-15 12:00Z\"", "timestamp[us]"],
        ["\"date\"", "\"soon\"", "date32"],
    ]) {
        assert!(parts.iter().all(|part| warning.text.contains(part)), "{}", warning.text);
        assert!(warning.text.contains("call_id \"x7\""), "the row's key: {}", warning.text);
        assert!(parts[0].contains(&warning.column));
    }
    let batch = only_batch(&unified);
    assert_eq!(shown(batch.column(0)), [Some("1".into()), Some("x7".into())]);
    assert_eq!(shown(batch.column(1))[0].as_deref(), Some("2025-07-15 12:00"));
}

#[test]
fn columns_that_must_be_there_are_and_dropped_ones_are_not() {
    let options = Options {
        known: schema(&[("call_id", DataType::Int64)]),
        pinned: schema(&[("score", DataType::Float32)]),
        ..Options::default()
    };
    let ensure = ["call_id".to_owned(), "score".to_owned(), "other".to_owned()];
    let empty = unify(Vec::new(), &options, &ensure, &[]).unwrap();
    let expected =
        schema(&[("call_id", DataType::Int64), ("score", DataType::Float32), ("other", DataType::Null)]);
    assert_eq!(empty.schema, expected);
    assert!(empty.batches.is_empty());

    let pages = vec![page(br#"[{"x":1,"score":null,"y":2}]"#, &options).unwrap()];
    let unified = unify(pages, &options, &ensure, &["y".to_owned()]).unwrap();
    let names: Vec<_> = unified.schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["x", "score", "call_id", "other"]);
    assert_eq!(only_batch(&unified).num_rows(), 1);
}

/// Forms that Java, .NET and git write: columns of them are times, and where they are not, the text is what arrived.
const OTHER_FORMS: [(&str, &str); 9] = [
    ("2025-07-15T12:00:00.000000000Z", "2025-07-15T12:00:00Z"),
    ("2025-07-15T12:00:00.123456000+02:00", "2025-07-15T10:00:00.123456Z"),
    ("2025-07-15 12:00:00.5000000 +0200", "2025-07-15T10:00:00.500Z"),
    ("2025-07-15 12:00:00 +02:00", "2025-07-15T10:00:00Z"),
    ("2025-07-15 12:00:00 -02", "2025-07-15T14:00:00Z"),
    ("2025-07-15 12:00 Z", "2025-07-15T12:00:00Z"),
    ("2025-07-15T12:00:00.0000000", "2025-07-15T12:00:00"),
    ("2025-07-15 12:00:00.123456000000000000", "2025-07-15T12:00:00.123456"),
    ("0001-01-01 00:00:00.000000000000", "0001-01-01T00:00:00"),
];

#[test]
fn other_forms_of_times_are_read_and_kept() {
    for (text, expected) in OTHER_FORMS {
        let zoned = expected.ends_with('Z');
        let json = format!("\"{text}\"");
        let (data_type, values) = column_of(&[&json, "null", &json], &Options::default());
        assert_eq!(data_type, micros(zoned.then_some("UTC")), "{text}");
        assert_eq!(values, [Some(expected.into()), None, Some(expected.into())], "{text}");
        // Beside anything else it is text, byte for byte, whatever came first and wherever pages end.
        for other in ["\"\"", "\"soon\"", "1", "\"2025-07-15\"", "[]", "true"] {
            for values in [[&json, other], [other, &json]] {
                let (data_type, shown) = column_of(&values, &Options::default());
                assert_eq!(data_type, DataType::Utf8, "{text} beside {other}");
                assert!(shown.contains(&Some(text.into())), "{text} beside {other}: {shown:?}");
                let bodies = values.map(|value| format!(r#"[{{"x":{value}}}]"#));
                let unified = table(&[&bodies[0], &bodies[1]], &Options::default()).unwrap();
                assert_eq!(super::helpers::shown(only_batch(&unified).column(0)), shown);
            }
        }
        for (pinned, fits) in [
            (DataType::Timestamp(TimeUnit::Nanosecond, None), !zoned && !text.starts_with("0001")),
            (micros(None), !zoned),
            (micros(Some("UTC")), zoned),
            (DataType::Utf8, true),
            (DataType::Date32, text.starts_with("0001")),
        ] {
            let options = Options { pinned: schema(&[("x", pinned.clone())]), ..Options::default() };
            let read = table(&[&format!(r#"[{{"x":{json}}}]"#)], &options);
            assert_eq!(read.is_ok(), fits, "{text} as {pinned:?}: {read:?}");
            if pinned == DataType::Utf8 {
                assert_eq!(shown(only_batch(&read.unwrap()).column(0)), [Some(text.into())]);
            }
        }
    }
}

#[test]
fn nearly_a_time_is_text() {
    let long = format!("2025-07-15 12:00:00.{}", "0".repeat(256));
    for text in [
        "2025-07-15 12:00:00  Z",
        "2025-07-15 12:00:00 ",
        "2025-07-15 12:00:00\u{a0}Z",
        "2025-07-15 12:00:00 z",
        "2025-07-15 12:00:00. Z",
        "2025-07-15 12:00:00.1234567",
        "2025-07-15 12:00:00.0000000001",
        "2025-07-15 12:00:00.000000 Z ",
        "2025-07-15 Z",
        "2025-07-15T12:00:00 +2:00",
        "2025-07-15T12:00:00 UTC",
        &long,
    ] {
        let (data_type, values) = column_of(&[&format!("\"{text}\"")], &Options::default());
        assert_eq!((data_type, values[0].as_deref()), (DataType::Utf8, Some(text)));
    }
    let most = format!("\"2025-07-15 12:00:00.{}Z\"", "0".repeat(255));
    assert_eq!(column_of(&[&most], &Options::default()).0, micros(Some("UTC")));
    let (_, values) = column_of(&[&most, "\"\""], &Options::default());
    assert_eq!(values[0].as_deref(), Some(most.trim_matches('"')));
}
