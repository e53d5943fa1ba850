//! What is refused, and what the message says.

use converz::decode::Options;
use converz::error::ErrorKind;

use super::helpers::{column_of, only_batch, page, page_in, refused, shown, table};

#[test]
fn messages_name_row_column_and_byte() {
    let cases: [(&str, &[&str]); 13] = [
        ("[{\"a\":1},{\"a\":tru}]", &["expected a value", "row 2", "\"a\"", "byte 14"]),
        ("[{\"a\":1},{\"a\":1,\"b\":01}]", &["leading zero", "row 2", "\"b\"", "byte 20"]),
        ("[{\"a\":1e999}]", &["too large for a double", "row 1", "\"a\"", "1e999"]),
        ("[{\"a\":1,\"b\":2,\"a\":3}]", &["twice", "row 1", "\"a\""]),
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
