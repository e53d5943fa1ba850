//! A stream's schema is fixed by its first page; later pages conform or drift.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_schema::{DataType, SchemaRef, TimeUnit};
use converz::decode::{OnNewColumn, Options, conform, stream_schema, unify};
use converz::error::{Error, ErrorKind};
use converz::types::{JsonMark, json_mark};

use super::helpers::{page, schema, shown};

const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn options() -> Options {
    Options {
        known: schema(&[("call_id", DataType::Int64), ("start_time", TIMESTAMP)]),
        key: Some("call_id"),
        ..Options::default()
    }
}

fn of_first(body: &str, options: &Options) -> SchemaRef {
    stream_schema(&page(body.as_bytes(), options).unwrap(), options, &[]).unwrap()
}

fn drift(error: &Error) -> (&str, &SchemaRef) {
    let ErrorKind::SchemaDrift { column, schema } = error.kind() else { panic!("{error}") };
    (column, schema)
}

#[test]
fn the_first_page_known_and_pinned_columns_make_the_schema() {
    let options =
        Options { pinned: schema(&[("score", DataType::Float32), ("later", DataType::UInt8)]), ..options() };
    let first = r#"[{"call_id":null,"start_time":null,"score":1,"only_null":null,"n":1,"d":"2025-01-01"}]"#;
    let expected = schema(&[
        ("call_id", DataType::Int64),
        ("start_time", TIMESTAMP),
        ("score", DataType::Float32),
        ("only_null", DataType::Utf8),
        ("n", DataType::Int64),
        ("d", DataType::Date32),
        ("later", DataType::UInt8),
    ]);
    let found = of_first(first, &options);
    let types = |schema: &SchemaRef| -> Vec<_> {
        let fields = schema.fields().iter();
        fields.map(|field| (field.name().clone(), field.data_type().clone())).collect()
    };
    assert_eq!(types(&found), types(&expected));
    // Anything may follow where there is nothing yet.
    assert_eq!(json_mark(found.field(3)), Some(JsonMark::Mixed));
    assert!(
        found
            .fields()
            .iter()
            .filter(|field| field.name() != "only_null")
            .all(|field| json_mark(field).is_none())
    );
    let dropped = stream_schema(&page(first.as_bytes(), &options).unwrap(), &options, &["n".into()]).unwrap();
    assert!(dropped.field_with_name("n").is_err());
}

#[test]
fn a_first_page_that_disagrees_with_a_known_column_drifts() {
    let options = options();
    let first = page(br#"[{"call_id":1,"start_time":"noon"}]"#, &options).unwrap();
    let error = stream_schema(&first, &options, &[]).unwrap_err();
    let (column, schema) = drift(&error);
    assert_eq!(column, "start_time");
    assert_eq!(*schema.field(1).data_type(), DataType::Utf8);
    assert!(error.message().contains("noon") && error.message().contains("call_id 1"), "{error}");
}

#[test]
fn later_pages_take_the_schema() {
    let options = options();
    let fixed = of_first(r#"[{"call_id":1,"score":1.5,"note":null,"on":"2025-01-01"}]"#, &options);
    let later =
        r#"[{"note":[1, 2],"on":"2025-01-02","call_id":2},{"score":3,"note":"x","call_id":3},{"note":1.0}]"#;
    let page = page(later.as_bytes(), &options).unwrap();
    let batches = conform(page, &fixed, &options, OnNewColumn::Error).unwrap();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].schema(), fixed);
    assert_eq!(shown(batches[0].column(1)), [None, Some("3.0".into()), None]);
    assert_eq!(shown(batches[0].column(2)), [Some("[1, 2]".into()), Some("x".into()), Some("1".into())]);
}

#[test]
fn what_does_not_fit_says_so_and_how_to_go_on() {
    let options = options();
    let fixed = of_first(r#"[{"call_id":1,"n":1,"d":"2025-01-01","f":0.5,"b":true}]"#, &options);
    let later = r#"[{"call_id":2,"n":2,"d":"2025-01-01","b":true},{"call_id":3,"n":2.5,"d":"x","f":9007199254740993,"b":null}]"#;
    let error =
        conform(page(later.as_bytes(), &options).unwrap(), &fixed, &options, OnNewColumn::Error).unwrap_err();
    let (column, wider) = drift(&error);
    assert_eq!(column, "n");
    assert!(error.message().contains("2.5") && error.message().contains("call_id 3"), "{error}");
    // All columns that drifted on the page are cured at once.
    let expected = schema(&[
        ("call_id", DataType::Int64),
        ("n", DataType::Float64),
        ("d", DataType::Utf8),
        ("f", DataType::Utf8),
        ("b", DataType::Boolean),
    ]);
    assert_eq!(*wider, expected);
    let cured = Options { pinned: wider.clone(), ..options };
    let again = conform(page(later.as_bytes(), &cured).unwrap(), wider, &cured, OnNewColumn::Error).unwrap();
    assert_eq!(shown(again[0].column(3)), [None, Some("9007199254740993".into())]);
}

#[test]
fn new_columns_are_an_error_or_ignored() {
    let options = options();
    let fixed = of_first(r#"[{"call_id":1}]"#, &options);
    let later = br#"[{"call_id":2},{"call_id":3,"new":7}]"#;
    let error = conform(page(later, &options).unwrap(), &fixed, &options, OnNewColumn::Error).unwrap_err();
    let (column, wider) = drift(&error);
    assert_eq!(column, "new");
    assert_eq!(*wider, schema(&[("call_id", DataType::Int64), ("new", DataType::Int64)]));
    assert!(error.message().contains('7') && error.message().contains("on_new_column"), "{error}");
    let ignored = conform(page(later, &options).unwrap(), &fixed, &options, OnNewColumn::Ignore).unwrap();
    assert_eq!(ignored[0].schema(), fixed);
}

#[test]
fn a_key_that_was_dropped_is_no_new_column() {
    let options = Options { selected: Some(Arc::new(HashSet::from(["n".to_owned()]))), ..options() };
    let first = page(br#"[{"call_id":1,"n":1}]"#, &options).unwrap();
    let fixed = stream_schema(&first, &options, &[]).unwrap();
    let batches = conform(first, &fixed, &options, OnNewColumn::Error).unwrap();
    assert_eq!(batches[0].schema(), schema(&[("n", DataType::Int64)]));
}

#[test]
fn a_key_that_comes_late_is_a_new_column() {
    let options = options();
    let fixed = of_first(r#"[{"v":0}]"#, &options);
    let later = page(br#"[{"call_id":7,"v":10}]"#, &options).unwrap();
    let error = conform(later.clone(), &fixed, &options, OnNewColumn::Error).unwrap_err();
    let (column, wider) = drift(&error);
    assert_eq!(column, "call_id");
    assert_eq!(*wider, schema(&[("v", DataType::Int64), ("call_id", DataType::Int64)]));
    let batches = conform(later, &fixed, &options, OnNewColumn::Ignore).unwrap();
    assert_eq!(batches[0].schema(), fixed);
}

#[test]
fn a_known_time_that_comes_late_has_the_type_that_it_would_have_had_at_first() {
    let options = Options { parse_dates: false, ..options() };
    let fixed = of_first(r#"[{"v":0}]"#, &options);
    for text in ["2025-07-15 12:00", "2025-07-15 12:00Z"] {
        let later = format!(r#"[{{"start_time":"{text}"}}]"#);
        let error = conform(page(later.as_bytes(), &options).unwrap(), &fixed, &options, OnNewColumn::Error);
        let error = error.unwrap_err();
        let (column, wider) = drift(&error);
        assert_eq!(column, "start_time");
        let first = of_first(&later, &options);
        assert_eq!(
            wider.field_with_name("start_time").unwrap(),
            first.field_with_name("start_time").unwrap()
        );
    }
}

#[test]
fn what_a_column_holds_that_is_not_selected_is_of_no_consequence() {
    let selected = Some(Arc::new(HashSet::from(["team".to_owned(), "other".to_owned()])));
    let options = Options { selected, ..options() };
    let first = page(br#"[{"call_id":"x","team":"A","start_time":"soon","n":1}]"#, &options).unwrap();
    let fixed = stream_schema(&first, &options, &[]).unwrap();
    assert_eq!(fixed, schema(&[("team", DataType::Utf8)]));
    let later = page(br#"[{"n":"one","late":1,"team":"B","call_id":{}}]"#, &options).unwrap();
    let batches = conform(later.clone(), &fixed, &options, OnNewColumn::Error).unwrap();
    assert_eq!(batches[0].schema(), fixed);
    assert_eq!(shown(batches[0].column(0)), [Some("B".to_owned())]);
    let unified = unify(vec![first, later], &options, &[], &[]).unwrap();
    assert_eq!(unified.schema, fixed);
    assert_eq!(unified.warnings, []);
}

/// What an error's schema has for a column must fit the pages before as well.
#[test]
fn schemas_of_errors_lead_to_one_that_fits() {
    let pages = [r#"[{"x":9007199254740993}]"#, r#"[{"x":0.5}]"#];
    let mut options = Options::default();
    let mut types = Vec::new();
    let fixed = loop {
        let read = || {
            let [first, second] = pages.map(|body| page(body.as_bytes(), &options).unwrap());
            let fixed = stream_schema(&first, &options, &[])?;
            conform(second, &fixed, &options, OnNewColumn::Error).map(|_| fixed)
        };
        match read() {
            Ok(fixed) => break fixed,
            Err(error) => {
                let wider = Arc::clone(drift(&error).1);
                types.push(wider.field(0).data_type().clone());
                options.pinned = wider;
            }
        }
        assert!(types.len() < 5, "{types:?}");
    };
    assert_eq!(types, [DataType::Float64, DataType::Utf8]);
    assert_eq!(*fixed.field(0).data_type(), DataType::Utf8);
}

#[test]
fn columns_of_text_say_what_their_cells_are() {
    let marks =
        |schema: &SchemaRef| -> Vec<_> { schema.fields().iter().map(|field| json_mark(field)).collect() };
    let body = r#"[{"call_id":1,"campaign":7,"tags":[1],"mixed":"x","plain":"[1]","int":1,"big":18446744073709551616},
                   {"call_id":null,"campaign":null,"tags":{"a":1},"mixed":2,"plain":null,"int":null,"big":null}]"#;
    let options = Options {
        key: Some("call_id"),
        known: schema(&[("campaign", DataType::Utf8)]),
        pinned: schema(&[("call_id", DataType::Utf8)]),
        ..Options::default()
    };
    let expected = [
        // A key is what it is read as.
        None,
        Some(JsonMark::Text),
        Some(JsonMark::Text),
        Some(JsonMark::Mixed),
        None,
        None,
        Some(JsonMark::Text),
    ];
    let first = page(body.as_bytes(), &options).unwrap();
    assert_eq!(marks(&unify(vec![first], &options, &[], &[]).unwrap().schema), expected);
    let fixed = of_first(body, &options);
    assert_eq!(marks(&fixed), expected);

    // Other values are JSON too, and a string that is none is told apart; one that reads as JSON is not.
    let later = |tags: &str| {
        let body = format!(r#"[{{"call_id":2,"tags":{tags}}}]"#);
        let page = page(body.as_bytes(), &options).unwrap();
        conform(page, &fixed, &options, OnNewColumn::Error)
    };
    assert_eq!(shown(later("1.5").unwrap()[0].column(2)), [Some("1.5".to_owned())]);
    assert_eq!(shown(later(r#""urgent""#).unwrap()[0].column(2)), [Some("urgent".to_owned())]);
    let error = later(r#""[1]""#).unwrap_err();
    let (column, wider) = drift(&error);
    assert_eq!((column, wider.field(2).data_type()), ("tags", &DataType::Utf8));
    assert!(error.message().contains(r#"column "tags" has "[1]" (call_id 2), a string"#), "{error}");
    let pinned = Options { pinned: wider.clone(), ..options };
    let fixed = of_first(body, &pinned);
    assert_eq!(json_mark(fixed.field(2)), Some(JsonMark::Mixed));
    let again = page(br#"[{"call_id":2,"tags":"[1]"}]"#, &pinned).unwrap();
    assert!(conform(again, &fixed, &pinned, OnNewColumn::Error).is_ok());
}
