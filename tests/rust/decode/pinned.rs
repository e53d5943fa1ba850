//! Pinned columns: what converts without loss, and what is a drift error instead.

use arrow_schema::{DataType, TimeUnit};
use converz::decode::{OnNewColumn, Options, check_pinned, conform, unify};
use converz::error::ErrorKind;

use super::helpers::{only_batch, page, schema, shown, table};

fn timestamp(unit: TimeUnit, zone: Option<&str>) -> DataType {
    DataType::Timestamp(unit, zone.map(Into::into))
}

/// A value, pinned to a type, and what it becomes; `None` is a drift error.
fn cases() -> Vec<(&'static str, DataType, Option<&'static str>)> {
    use DataType::{
        Boolean, Date32, Date64, Float32, Float64, Int8, Int16, Int32, Int64, LargeUtf8, Null, UInt8, UInt16,
        UInt32, UInt64, Utf8, Utf8View,
    };
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    let dictionary = DataType::Dictionary(Box::new(Int32), Box::new(Utf8));
    let mut cases = vec![
        ("true", Boolean, Some("true")),
        ("1", Boolean, None),
        ("\"true\"", Boolean, None),
        ("true", Int64, None),
        ("1", Int8, Some("1")),
        ("128", Int8, None),
        ("-129", Int8, None),
        ("-32768", Int16, Some("-32768")),
        ("40000", Int16, None),
        ("2147483648", Int32, None),
        ("255", UInt8, Some("255")),
        ("-1", UInt8, None),
        ("65536", UInt16, None),
        ("4294967295", UInt32, Some("4294967295")),
        ("-1", UInt64, None),
        ("18446744073709551615", UInt64, Some("18446744073709551615")),
        ("9223372036854775808", Int64, None),
        ("18446744073709551616", UInt64, None),
        ("1.0", Int64, Some("1")),
        ("1e3", UInt16, Some("1000")),
        ("1.5", Int64, None),
        ("-0.0", Int64, None),
        // Beyond 2^53, digits may have been lost already.
        ("9007199254740992.0", Int64, Some("9007199254740992")),
        ("1e18", Int64, None),
        ("\"7\"", Int64, None),
        ("[7]", Int64, None),
        ("7", Float64, Some("7.0")),
        ("9007199254740993", Float64, None),
        ("1152921504606846976", Float64, Some("1.152921504606847e18")),
        ("0.1", Float64, Some("0.1")),
        ("0.5", Float32, Some("0.5")),
        ("0.1", Float32, None),
        ("16777217", Float32, None),
        ("1e300", Float32, None),
        ("\"2025-07-15\"", Date32, Some("2025-07-15")),
        ("\"2025-07-15\"", Date64, Some("2025-07-15T00:00:00")),
        ("\"2025-07-15 00:00\"", Date32, Some("2025-07-15")),
        ("\"2025-07-15 00:01\"", Date32, None),
        ("\"2025-07-15 00:00Z\"", Date32, None),
        ("\"soon\"", Date32, None),
        ("20250715", Date32, None),
        ("\"2025-07-15 12:00\"", timestamp(Second, None), Some("2025-07-15T12:00:00")),
        ("\"2025-07-15 12:00:00.5\"", timestamp(Second, None), None),
        ("\"2025-07-15 12:00:00.5\"", timestamp(Millisecond, None), Some("2025-07-15T12:00:00.500")),
        ("\"2025-07-15 12:00:00.0005\"", timestamp(Millisecond, None), None),
        ("\"2025-07-15\"", timestamp(Microsecond, None), Some("2025-07-15T00:00:00")),
        ("\"2025-07-15 12:00:00.1234567\"", timestamp(Microsecond, None), None),
        ("\"2025-07-15 12:00:00.1234560\"", timestamp(Microsecond, None), Some("2025-07-15T12:00:00.123456")),
        (
            "\"2025-07-15 12:00:00.123456789\"",
            timestamp(Nanosecond, None),
            Some("2025-07-15T12:00:00.123456789"),
        ),
        ("\"2500-01-01 12:00\"", timestamp(Nanosecond, None), None),
        ("\"2025-07-15 12:00Z\"", timestamp(Microsecond, None), None),
        ("\"2025-07-15 12:00\"", timestamp(Microsecond, Some("UTC")), None),
        ("\"2025-07-15\"", timestamp(Microsecond, Some("UTC")), None),
        ("\"2025-07-15 12:00+02\"", timestamp(Second, Some("UTC")), Some("2025-07-15T10:00:00Z")),
        ("\"2025-07-15 12:00+02\"", timestamp(Second, Some("+01:00")), Some("2025-07-15T11:00:00+01:00")),
        ("1752580800", timestamp(Second, None), None),
        ("1", Null, None),
        ("null", Null, Some("")),
        ("null", Int8, Some("")),
    ];
    for text in [Utf8, LargeUtf8, Utf8View, dictionary] {
        cases.extend([
            ("true", text.clone(), Some("true")),
            ("1", text.clone(), Some("1")),
            ("1.0", text.clone(), Some("1")),
            ("1e21", text.clone(), Some("1e+21")),
            ("18446744073709551616", text.clone(), Some("18446744073709551616")),
            ("\"x\"", text.clone(), Some("x")),
            ("\"2025-07-15T12:00:01.50Z\"", text.clone(), Some("2025-07-15T12:00:01.50Z")),
            ("{ \"a\":1.0}", text.clone(), Some("{ \"a\":1.0}")),
            ("null", text, Some("")),
        ]);
    }
    cases
}

#[test]
fn only_what_loses_nothing_converts() {
    for (value, data_type, expected) in cases() {
        let options = Options {
            pinned: schema(&[("x", data_type.clone())]),
            key: Some("call_id"),
            ..Options::default()
        };
        let body = format!("[{{\"call_id\":17,\"x\":{value}}}]");
        match (table(&[&body], &options), expected) {
            (Ok(unified), Some(expected)) => {
                assert_eq!(*unified.schema.field(1).data_type(), data_type, "{value}");
                let actual = shown(only_batch(&unified).column(1));
                assert_eq!(actual[0].as_deref().unwrap_or_default(), expected, "{value} as {data_type}");
            }
            (Err(error), None) => {
                let ErrorKind::SchemaDrift { column, schema } = error.kind() else { panic!("{error}") };
                assert_eq!(column, "x");
                assert!(
                    error.message().contains("\"x\"") && error.message().contains("call_id 17"),
                    "{error}"
                );
                let shown = value.trim_matches('"');
                assert!(error.message().contains(shown), "the value {value}: {error}");
                // The schema that it carries fits.
                let cured = Options { pinned: schema.clone(), ..options };
                table(&[&body], &cured).unwrap_or_else(|error| panic!("{value}: {error}"));
            }
            (Ok(_), None) => panic!("{value} fits {data_type}"),
            (Err(error), Some(_)) => panic!("{value} as {data_type}: {error}"),
        }
    }
}

#[test]
fn mixed_values_convert_one_by_one() {
    let options = Options { pinned: schema(&[("x", DataType::Int16)]), ..Options::default() };
    let body = r#"[{"x":1},{"x":2.0},{},{"x":null},{"x":-3e2}]"#;
    let values = shown(only_batch(&table(&[body], &options).unwrap()).column(0));
    assert_eq!(values, [Some("1".to_owned()), Some("2".into()), None, None, Some("-300".into())]);
}

/// A column of numbers is kept as their bits until its type is settled; a double's are not those of its integer.
#[test]
fn doubles_among_integers_are_integers_in_every_integer_type() {
    let body = r#"[{"x":1},{"x":2.0},{},{"x":3e2},{"x":0.0}]"#;
    let expected = [Some("1"), Some("2"), None, Some("300"), Some("0")].map(|text| text.map(str::to_owned));
    for to in [
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::UInt16,
        DataType::UInt32,
        DataType::UInt64,
    ] {
        let options = Options { pinned: schema(&[("x", to.clone())]), ..Options::default() };
        let batch = only_batch(&table(&[body], &options).unwrap());
        assert_eq!(*batch.column(0).data_type(), to);
        assert_eq!(shown(batch.column(0)), expected, "pinned to {to}");
        // A column that has its type whatever arrives, as `call_id` has.
        let options = Options { known: schema(&[("x", to.clone())]), ..Options::default() };
        assert_eq!(
            shown(only_batch(&table(&[body], &options).unwrap()).column(0)),
            expected,
            "known as {to}"
        );
        // The schema of a stream, settled before the page arrived.
        let streamed = conform(
            page(body.as_bytes(), &options).unwrap(),
            &schema(&[("x", to.clone())]),
            &options,
            OnNewColumn::Error,
        );
        assert_eq!(shown(streamed.unwrap()[0].column(0)), expected, "streamed as {to}");
    }
    let large = r#"[{"x":18446744073709551615},{"x":4.0}]"#;
    let options = Options { pinned: schema(&[("x", DataType::UInt64)]), ..Options::default() };
    let values = shown(only_batch(&table(&[large], &options).unwrap()).column(0));
    assert_eq!(values, [Some("18446744073709551615".to_owned()), Some("4".into())]);
}

#[test]
fn rows_that_were_filtered_out_do_not_drift() {
    let options = Options { pinned: schema(&[("x", DataType::Int64)]), ..Options::default() };
    let body = br#"[{"x":1},{"x":"no"}]"#;
    assert!(unify(vec![page(body, &options).unwrap()], &options, &[], &[]).is_err());
    let kept = page(body, &options).unwrap().filter(&[true, false]);
    assert_eq!(only_batch(&unify(vec![kept], &options, &[], &[]).unwrap()).num_rows(), 1);
}

/// What is left of a mixed column need not be of the kinds that it was held for.
#[test]
fn a_mixed_column_of_which_only_nulls_are_left_is_null() {
    let mixed = r#"[{"x":null},{"y":1},{"x":"a"},{"x":7},{"x":[1]},{"x":0.5},{"x":true}]"#;
    let other = r#"[{"x":"more"},{"x":7}]"#;
    let late = schema(&[("x", DataType::Utf8), ("y", DataType::Int64)]);
    for keep in
        [[true, true, false, false, false, false, false], [false, true, false, false, false, false, false]]
    {
        let rows = keep.iter().filter(|keep| **keep).count();
        for pinned in
            [None, Some(DataType::Utf8), Some(DataType::Utf8View), Some(DataType::Int8), Some(DataType::Null)]
        {
            let fields: Vec<(&str, DataType)> = pinned.iter().map(|to| ("x", to.clone())).collect();
            let options = Options { pinned: schema(&fields), ..Options::default() };
            let kept = || page(mixed.as_bytes(), &options).unwrap().filter(&keep);
            let alone = only_batch(&unify(vec![kept()], &options, &[], &[]).unwrap());
            assert_eq!(*alone.column(0).data_type(), pinned.clone().unwrap_or(DataType::Null));
            assert_eq!(shown(alone.column(0)), vec![None; rows]);
            if pinned.is_none_or(|to| to == DataType::Utf8) {
                let pages = vec![page(other.as_bytes(), &options).unwrap(), kept()];
                let both = only_batch(&unify(pages, &options, &[], &[]).unwrap());
                assert_eq!(shown(both.column(0))[..2], [Some("more".to_owned()), Some("7".to_owned())]);
                assert_eq!(shown(both.column(0))[2..], vec![None; rows]);
            }
            if *alone.column(0).data_type() == DataType::Utf8 {
                let batches = conform(kept(), &late, &options, OnNewColumn::Error).unwrap();
                assert_eq!(shown(batches[0].column(0)), vec![None; rows]);
            }
        }
    }
}

/// A dictionary with narrow keys has no room for the strings of all pages, though it has for those of each.
#[test]
fn dictionaries_that_cannot_be_joined_stay_apart() {
    let narrow = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    let options = Options { pinned: schema(&[("x", narrow)]), ..Options::default() };
    let body = |from: usize| {
        let rows: Vec<String> = (from..from + 100).map(|number| format!("{{\"x\":\"n{number}\"}}")).collect();
        format!("[{}]", rows.join(","))
    };
    let unified = table(&[&body(0), &body(100), &body(100)], &options).unwrap();
    let values: Vec<String> =
        unified.batches.iter().flat_map(|batch| shown(batch.column(0))).map(Option::unwrap).collect();
    let expected: Vec<String> = (0..200).chain(100..200).map(|number| format!("n{number}")).collect();
    assert_eq!(values, expected);
    // One page that has too many says so.
    let rows: Vec<String> = (0..200).map(|number| format!("{{\"x\":\"n{number}\"}}")).collect();
    let error = table(&[&format!("[{}]", rows.join(","))], &options).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidInput), "{error}");
    assert!(
        error.message().contains("\"x\"") && error.message().contains("dictionary[int8, string]"),
        "{error}"
    );
}

#[test]
fn long_values_are_shortened_in_messages() {
    let options = Options { pinned: schema(&[("x", DataType::Int64)]), ..Options::default() };
    let body = format!("[{{\"x\":\"{}\"}}]", "ä".repeat(500));
    let error = table(&[&body], &options).unwrap_err();
    assert!(error.message().chars().filter(|character| *character == 'ä').count() == 79, "{error}");
    assert!(error.message().contains("row 1"), "{error}");
}

#[test]
fn types_that_no_value_has_are_refused() {
    let list = DataType::new_list(DataType::Int64, true);
    for data_type in
        [list, DataType::Binary, DataType::Decimal128(10, 2), DataType::Duration(TimeUnit::Second)]
    {
        let pinned = schema(&[("x", data_type)]);
        let error = check_pinned(&pinned).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidInput) && error.message().contains("\"x\""),
            "{error}"
        );
        assert!(unify(Vec::new(), &Options { pinned, ..Options::default() }, &[], &[]).is_err());
    }
}
