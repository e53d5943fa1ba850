//! What is refused, and what the message says.

use arrow_schema::DataType;
use converz::decode::{Options, unify};
use converz::error::ErrorKind;

use super::helpers::{column_of, only_batch, page, page_in, refused, schema, shown, table};

#[test]
fn messages_name_row_column_and_byte() {
    let cases: [(&str, &[&str]); 27] = [
        ("[{\"a\":1},{\"a\":tru}]", &["expected a value", "row 2", "\"a\"", "byte 14"]),
        ("[{\"a\":1},{\"a\":1,\"b\":01}]", &["leading zero", "row 2", "\"b\"", "byte 20"]),
        ("[{\"a\":1e999}]", &["too large for a double", "row 1", "\"a\"", "1e999"]),
        ("[{\"a\":1},{\"a\":1e-400}]", &["too small for a double", "row 2", "\"a\"", "1e-400"]),
        ("[{\"a\":-0.00012E-330}]", &["too small for a double", "row 1"]),
        (
            "[{\"a\":1},{\"a\":NaN}]",
            &["JSON has no NaN", "the service's", "row 2", "\"a\"", "byte 14", "NaN"],
        ),
        ("[{\"a\":nan}]", &["JSON has no NaN", "byte 6"]),
        ("[{\"a\":Infinity,\"b\":1}]", &["no infinity", "row 1", "\"a\""]),
        ("[{\"a\":-Infinity}]", &["no infinity", "the service's", "row 1", "byte 6"]),
        ("[{\"a\":-infinity }]", &["no infinity"]),
        ("[{\"a\":[1,{\"b\":NaN}]}]", &["JSON has no NaN", "row 1", "\"a\"", "byte 14"]),
        ("[{\"a\":[-Infinity]}]", &["no infinity", "\"a\""]),
        ("[{\"a\":-Ink}]", &["a minus sign without a number"]),
        ("[{\"a\":nope}]", &["expected a value"]),
        (
            "[{\"a\":1},{\"a\":1,\"b\\u0000c\":2}]",
            &["NUL", "row 2", "column \"b\\0c\"", "byte 17", "lossy=True"],
        ),
        (
            "[{\"a\":1},{\"a\":2},{\"b\":0,\"b\":0}]",
            &["twice", "row 3", "\"b\"", "lossy=True takes the last"],
        ),
        ("[{\"a\":1,\"b\":2,\"a\":3}]", &["twice", "row 1", "\"a\""]),
        ("[{\"a\":null,\"a\":null}]", &["twice"]),
        ("[{\"a\":1,\"\\u0061\":3}]", &["twice", "\"a\""]),
        ("[{\"a\":\"\\ud800\"}]", &["lone surrogate", "row 1", "\"a\"", "lossy=True"]),
        ("[{\"a\":[\"\\udc00\"]}]", &["lone surrogate"]),
        ("[{\"a\":\"\t\"}]", &["control character", "byte 7"]),
        ("[{\"a\":1}]]", &["after the closing bracket", "byte 9"]),
        ("[{\"a\":1} {\"a\":2}]", &["comma", "byte 9"]),
        ("[{\"a\":1},2]", &["expected a row", "byte 9"]),
        ("[{\"a\":1},]", &["expected a row"]),
        ("[{\"a\":1,}]", &["expected a key"]),
    ];
    for (body, parts) in cases {
        for size in [body.len(), 1, 3] {
            let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
            let error = page_in(&pieces, &Options::default()).expect_err(body);
            assert!(matches!(error.kind(), ErrorKind::Decode), "{body}: {error}");
            for part in parts {
                assert!(error.message().contains(part), "{part:?} for {body}: {error}");
            }
        }
    }
}

#[test]
fn messages_show_at_most_80_characters_around_the_byte() {
    let body = format!("[{{\"a\":\"{}\",\"b\":x,\"c\":\"{}\"}}]", "é".repeat(300), "ü".repeat(300));
    let error = refused(body.as_bytes(), &Options::default());
    let shown = error.message().split_once("near ").unwrap().1;
    assert!(shown.chars().count() <= 82, "{error}");
    assert!(shown.contains("\\\"b\\\":x"), "{error}");
    assert!(!shown.contains('\u{fffd}'), "{error}");
}

#[test]
fn a_body_that_is_no_array_is_shown() {
    let page = format!("<html>{}</html>", "y".repeat(5000));
    for size in [1, 7, 10_000] {
        let pieces: Vec<&[u8]> = page.as_bytes().chunks(size).collect();
        let error = page_in(&pieces, &Options::default()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode));
        assert!(error.message().contains("<html>yyy"), "{error}");
        assert_eq!(
            error.message().matches('y').count(),
            199 - "<html>".len() + "array".matches('y').count(),
            "{error}"
        );
    }
    for (body, part) in
        [("{\"error\":\"no\"}", "\\\"error\\\""), ("null", "null"), ("  \n", "empty"), ("", "empty")]
    {
        let error = refused(body.as_bytes(), &Options::default());
        assert!(
            matches!(error.kind(), ErrorKind::Decode) && error.message().contains(part),
            "{body}: {error}"
        );
    }
}

#[test]
fn a_decoder_that_failed_stays_failed() {
    let mut decoder = converz::decode::PageDecoder::new(std::sync::Arc::new(Options::default()));
    let first = decoder.push(b"[{\"a\":x").unwrap_err();
    let second = decoder.push(b"1}]").unwrap_err();
    assert_eq!(first.message(), second.message());
    assert!(decoder.finish().is_err());
}

#[test]
fn lossy_replaces_what_is_no_character() {
    let options = Options { lossy: true, ..Options::default() };
    let (_, values) =
        column_of(&["\"a\\ud800b\"", "\"\\udc00\\ud83d\\ude00\\ud83dx\"", "\"\\ud800\\u0041\""], &options);
    let expected = ["a\u{fffd}b", "\u{fffd}😀\u{fffd}x", "\u{fffd}A"];
    assert_eq!(values.iter().flatten().collect::<Vec<_>>(), expected);

    let body = b"[{\"a\":\"x\xffy\",\"b\":[\"\xc3\"]}]";
    let error = refused(body, &Options::default());
    assert!(error.message().contains("UTF-8") && error.message().contains("byte 8"), "{error}");
    let unified = converz::decode::unify(vec![page(body, &options).unwrap()], &options, &[], &[]).unwrap();
    let batch = only_batch(&unified);
    assert_eq!(shown(batch.column(0))[0].as_deref(), Some("x\u{fffd}y"));
    assert_eq!(shown(batch.column(1))[0].as_deref(), Some("[\"\u{fffd}\"]"));
}

#[test]
fn lossy_leaves_no_half_of_a_pair_in_nested_text() {
    let options = Options { lossy: true, ..Options::default() };
    for (arrived, kept) in [
        (r#"["\ud800"]"#, r#"["\ufffd"]"#),
        (r#"{"\uDC00":1.0 }"#, r#"{"\ufffd":1.0 }"#),
        (r#"["\ud83d\ude00", "\uD83D\uD83D\uDE00x"]"#, r#"["\ud83d\ude00", "\ufffd\uD83D\uDE00x"]"#),
        (r#"["\\ud800\\\ud800\"\udbff"]"#, r#"["\\ud800\\\ufffd\"\ufffd"]"#),
        (r#"["\ude00\ud83d","\u0000\/é"]"#, r#"["\ufffd\ufffd","\u0000\/é"]"#),
    ] {
        for keep in [false, true] {
            let options = Options { json: keep, ..options.clone() };
            assert_eq!(column_of(&[arrived], &options).1, [Some(kept.to_owned())]);
        }
        serde_json::from_str::<serde_json::Value>(kept).unwrap();
    }
}

#[test]
fn lossy_takes_the_last_of_equal_keys() {
    let options = Options { lossy: true, ..Options::default() };
    let body = r#"[{"a":1,"b":true,"a":2},{"a":"x","a":null},{"b":null,"a":3,"b":false,"b":true},{"\u0061":4,"a":5}]"#;
    for size in [body.len(), 1, 7] {
        let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
        let unified = unify(vec![page_in(&pieces, &options).unwrap()], &options, &[], &[]).unwrap();
        let batch = only_batch(&unified);
        // A value that is gone has no say in its column's type.
        assert_eq!(unified.schema, schema(&[("a", DataType::Int64), ("b", DataType::Boolean)]));
        assert_eq!(
            shown(batch.column(0)),
            [Some("2"), None, Some("3"), Some("5")].map(|v| v.map(str::to_owned))
        );
        assert_eq!(
            shown(batch.column(1)),
            [Some("true"), None, Some("true"), None].map(|v| v.map(str::to_owned))
        );
    }
    // Nor does one that was all there was.
    let unified = table(&[r#"[{"c":"x","c":null},{"c":1,"c":null}]"#], &options).unwrap();
    assert_eq!(unified.schema, schema(&[("c", DataType::Null)]));
}

#[test]
fn lossy_replaces_a_nul_in_a_name() {
    let options = Options { lossy: true, ..Options::default() };
    let unified = table(&[r#"[{"a\u0000b":1},{"a\ufffdb":2}]"#], &options).unwrap();
    assert_eq!(unified.schema, schema(&[("a\u{fffd}b", DataType::Int64)]));
    assert_eq!(unified.batches[0].num_rows(), 2);
    // Values may have it.
    assert_eq!(column_of(&[r#""a\u0000b""#], &Options::default()).1, [Some("a\0b".to_owned())]);
}

#[test]
fn numbers_that_only_lose_digits_are_read() {
    let (_, values) = column_of(&["5e-324", "2e-320", "0e-999", "-0.000E-400", "0.0"], &Options::default());
    assert_eq!(values.iter().flatten().collect::<Vec<_>>(), ["5e-324", "2e-320", "0.0", "-0.0", "0.0"]);
}

#[test]
fn depth_is_bounded_without_recursion() {
    let nested = |levels: usize| format!("[{{\"a\":{}{}}}]", "[".repeat(levels), "]".repeat(levels));
    let options = Options { max_depth: 5, ..Options::default() };
    assert!(table(&[&nested(3)], &options).is_ok());
    let error = refused(nested(4).as_bytes(), &options);
    assert!(matches!(error.kind(), ErrorKind::LimitExceeded), "{error}");
    assert!(error.message().contains("max_depth=5") && error.message().contains("\"a\""), "{error}");
    let deep = Options { max_depth: usize::MAX, ..Options::default() };
    assert!(table(&[&nested(1_000_000)], &deep).is_ok());
    // Open brackets for ever, in pieces.
    let error = page_in(&[b"[{\"a\":", &[b'['; 100], &[b'['; 100]], &Options::default()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LimitExceeded), "{error}");
}

#[test]
fn the_length_of_a_value_is_bounded_however_it_arrives() {
    let options = Options { max_value_bytes: 100, ..Options::default() };
    let of = |length: usize| format!("[{{\"a\":\"{}\"}}]", "x".repeat(length - 2));
    assert!(table(&[&of(100)], &options).is_ok());
    for size in [1, 50, 1000] {
        let body = of(101);
        let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
        let error = page_in(&pieces, &options).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::LimitExceeded), "{error}");
        assert!(
            error.message().contains("max_value_bytes=100") && error.message().contains("byte 6"),
            "{error}"
        );
    }
    // One that never ends is refused before it is held.
    let mut decoder = converz::decode::PageDecoder::new(std::sync::Arc::new(options));
    decoder.push(b"[{\"a\":\"").unwrap();
    assert!((0..10).any(|_| decoder.push(&[b'x'; 100]).is_err()));
}

#[test]
fn the_number_of_columns_is_bounded() {
    let members: Vec<String> = (0..20_000).map(|number| format!("\"column{number}\":1")).collect();
    let error = refused(format!("[{{{}}}]", members.join(",")).as_bytes(), &Options::default());
    assert!(matches!(error.kind(), ErrorKind::LimitExceeded) && error.message().contains("16384"), "{error}");
}
