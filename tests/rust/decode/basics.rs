//! A page in the ordinary case and at its edges.

use arrow_schema::DataType;
use converz::decode::{Options, unify};
use converz::error::ErrorKind;

use super::helpers::{only_batch, page, page_in, refused, schema, shown, table};

#[test]
fn rows_become_columns_in_order_of_arrival() {
    let unified = table(
        &[
            r#"[{"call_id":1,"rep_id":"kees500","csat":null},{"call_id":2,"new":1.5,"rep_id":"cas501"}]"#,
            r#"[{"rep_id":"x","csat":4}]"#,
        ],
        &Options::default(),
    )
    .unwrap();
    assert_eq!(
        unified.schema,
        schema(&[
            ("call_id", DataType::Int64),
            ("rep_id", DataType::Utf8),
            ("csat", DataType::Int64),
            ("new", DataType::Float64)
        ])
    );
    let batch = only_batch(&unified);
    let text = |index: usize| {
        shown(batch.column(index)).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>()
    };
    assert_eq!(text(0), ["1", "2", ""]);
    assert_eq!(text(1), ["kees500", "cas501", "x"]);
    assert_eq!(text(2), ["", "", "4"]);
    assert_eq!(text(3), ["", "1.5", ""]);
}

#[test]
fn any_split_of_the_bytes_gives_the_same_page() {
    let body = "\u{feff} [ {\"a\" : 1, \"long key é\" : \"x\\u20ac\\ud83d\\ude00 \\n é\", \"n\":{\"k\":[1,\"}\"]} } ,\n\
                {\"a\":-2.5e3,\"b\":true , \"long key é\":null}, {} ]  ";
    let options = Options::default();
    let whole =
        only_batch(&unify(vec![page(body.as_bytes(), &options).unwrap()], &options, &[], &[]).unwrap());
    for size in 1..body.len() {
        let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
        let pages = vec![page_in(&pieces, &options).unwrap_or_else(|error| panic!("{size}: {error}"))];
        assert_eq!(only_batch(&unify(pages, &options, &[], &[]).unwrap()), whole, "in pieces of {size}");
    }
    assert_eq!(shown(whole.column(1))[0].as_deref(), Some("x€😀 \n é"));
    assert_eq!(shown(whole.column(2))[0].as_deref(), Some("{\"k\":[1,\"}\"]}"));
}

#[test]
fn a_body_that_was_cut_is_no_decode_error() {
    let body = "[{\"a\":1},{\"a\":\"x\"}]";
    for end in 1..body.len() {
        let error = refused(&body.as_bytes()[..end], &Options::default());
        assert!(matches!(error.kind(), ErrorKind::Connection), "{end}: {error}");
    }
    for body in ["", " \n", "\u{feff}", "nul", "{}", "null", "<html>", "\"x\""] {
        let error = refused(body.as_bytes(), &Options::default());
        assert!(matches!(error.kind(), ErrorKind::Decode), "{body}: {error}");
    }
}
