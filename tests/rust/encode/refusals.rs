//! What is refused before anything is sent, and how it is named.

use std::sync::Arc;

use arrow_array::builder::{Int32Builder, MapBuilder, StringBuilder};
use arrow_array::types::Float64Type;
use arrow_array::*;
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema};
use converz::encode::{KeyColumn, Limits, Nulls, UpdateFrame};
use converz::error::ErrorKind;

use super::unchecked::{unchecked_texts, unchecked_views};

fn array(values: impl Array + 'static) -> ArrayRef {
    Arc::new(values)
}

fn refusal(key: KeyColumn, columns: Vec<(&str, ArrayRef)>) -> String {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut messages = Vec::new();
    for nulls in [Nulls::Keep, Nulls::Clear] {
        let error = UpdateFrame::new(&batch.schema(), vec![batch.clone()], key, nulls).expect_err("refused");
        assert!(matches!(error.kind(), ErrorKind::InvalidInput));
        messages.push(error.message().to_owned());
    }
    assert_eq!(messages[0], messages[1]);
    messages.remove(0)
}

fn key_refusal(keys: impl Array + 'static) -> String {
    let values = array(NullArray::new(keys.len()));
    refusal(KeyColumn::CallId, vec![("call_id", array(keys)), ("a", values)])
}

fn value_refusal(values: impl Array + 'static) -> String {
    let keys = array(Int64Array::from_iter_values((100..).take(values.len())));
    refusal(KeyColumn::CallId, vec![("call_id", keys), ("a", array(values))])
}

#[test]
fn nothing_to_update() {
    let none = array(Int64Array::from(Vec::<i64>::new()));
    assert!(refusal(KeyColumn::CallId, vec![("call_id", none.clone()), ("a", none)]).contains("no rows"));
    let one = || array(Int64Array::from(vec![1]));
    assert!(refusal(KeyColumn::CallId, vec![("call_id", one())]).contains("no column beside \"call_id\""));
    assert!(
        refusal(KeyColumn::CallId, vec![("call_id", one()), ("__index_level_0__", one())])
            .contains("no column beside")
    );
    assert!(refusal(KeyColumn::CallId, vec![("call_id", one()), ("", one())]).contains("without a name"));
    let message = refusal(KeyColumn::CallId, vec![("callid", one()), ("a", one())]);
    assert!(message.contains("no column \"call_id\"") && message.contains("\"callid\", \"a\""), "{message}");
}

#[test]
fn columns_of_the_same_name() {
    let schema = Arc::new(Schema::new(
        ["call_id", "a", "b", "a"].map(|name| Field::new(name, DataType::Int64, true)).to_vec(),
    ));
    let columns = vec![array(Int64Array::from(vec![1])); 4];
    let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let error = UpdateFrame::new(&schema, vec![batch], KeyColumn::CallId, Nulls::Keep).unwrap_err();
    assert!(error.message().contains("more than one column \"a\""), "{error}");
}

#[test]
fn keys_of_other_types() {
    assert!(key_refusal(Float64Array::from(vec![1.5])).contains("not whole numbers"));
    assert!(key_refusal(BooleanArray::from(vec![true])).contains("call_id has the type bool"));
    assert!(key_refusal(StringArray::from(vec!["1"])).contains("must be integers"));
    let values = array(Int64Array::from(vec![1]));
    let message =
        refusal(KeyColumn::RepId, vec![("rep_id", array(Int64Array::from(vec![500]))), ("a", values)]);
    assert!(message.contains("rep_id has the type int64 (500): it must be strings"), "{message}");
}

#[test]
fn keys_that_are_null_or_empty() {
    let message = key_refusal(Int64Array::from(vec![Some(1), None, Some(2), None]));
    assert_eq!(message, "call_id is null in row 1, 3 (counted from 0)");
    assert!(key_refusal(NullArray::new(12)).contains("row 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"));
    let keys = array(StringArray::from(vec!["a", "", "b"]));
    let message = refusal(KeyColumn::RepId, vec![("rep_id", keys), ("a", array(NullArray::new(3)))]);
    assert_eq!(message, "rep_id is an empty string in row 1 (counted from 0)");
}

#[test]
fn repeated_keys_are_all_shown() {
    let message = key_refusal(Int64Array::from(vec![7, 1, 7, 2, 1, 3, 7]));
    assert!(message.ends_with(": 7 (rows 0, 2, 6), 1 (rows 1, 4)"), "{message}");
    let message = key_refusal((0..15).chain(0..15).collect::<UInt64Array>());
    assert!(message.contains("9 (rows 9, 24) and 5 more"), "{message}");
    // Keys that lie far apart are looked up in another way.
    let message = key_refusal(Int64Array::from(vec![i64::MAX, i64::MIN, 0, i64::MAX]));
    assert!(message.ends_with(&format!(": {} (rows 0, 3)", i64::MAX)), "{message}");
    assert!(key_refusal(UInt64Array::from(vec![u64::MAX, u64::MAX])).contains("(rows 0, 1)"));
    let keys = array(StringViewArray::from(vec!["b", "a", "b"]));
    let message = refusal(KeyColumn::RepId, vec![("rep_id", keys), ("a", array(NullArray::new(3)))]);
    assert!(message.ends_with(": \"b\" (rows 0, 2)"), "{message}");
}

#[test]
fn keys_repeated_across_batches() {
    let batch = |key: i64| {
        let columns =
            [("call_id", array(Int64Array::from(vec![key]))), ("a", array(Int64Array::from(vec![1])))];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    let frame = |keys: [i64; 3]| {
        UpdateFrame::new(&batch(0).schema(), keys.map(batch).to_vec(), KeyColumn::CallId, Nulls::Keep)
    };
    assert!(frame([3, 1, 2]).is_ok());
    let error = frame([3, 1, 3]).unwrap_err();
    assert!(error.message().ends_with(": 3 (rows 0, 2)"), "{error}");
}

#[test]
fn numbers_that_json_cannot_hold() {
    let message = value_refusal(Float64Array::from(vec![f64::NAN, 1.0, f64::INFINITY, f64::NAN]));
    assert_eq!(
        message,
        "column \"a\" holds NaN for call_id 100, 103; column \"a\" holds an infinite number for call_id 102"
    );
    assert!(value_refusal(Float32Array::from(vec![f32::NEG_INFINITY])).contains("infinite"));
    assert!(value_refusal(Float16Array::from(vec![half::f16::NAN])).contains("NaN"));
    let inner =
        ListArray::from_iter_primitive::<Float64Type, _, _>([Some(vec![Some(1.0), None, Some(f64::NAN)])]);
    assert!(value_refusal(inner).contains("column \"a\" holds NaN for call_id 100"));
    let many = value_refusal(Float64Array::from(vec![f64::NAN; 13]));
    assert!(many.ends_with("108, 109 and 3 more"), "{many}");
}

#[test]
fn times_that_the_api_cannot_read() {
    assert!(value_refusal(Date32Array::from(vec![2_932_897])).contains("outside the years 0001 to 9999"));
    assert!(value_refusal(Date32Array::from(vec![i32::MIN])).contains("outside the years"));
    assert!(value_refusal(Date64Array::from(vec![1])).contains("a date with a time of day"));
    assert!(value_refusal(TimestampSecondArray::from(vec![i64::MIN])).contains("outside the years"));
    assert!(value_refusal(TimestampSecondArray::from(vec![i64::MAX])).contains("outside the years"));
    assert!(value_refusal(Time32SecondArray::from(vec![86_400])).contains("outside the day"));
    assert!(value_refusal(Time64NanosecondArray::from(vec![-1])).contains("outside the day"));
}

#[test]
fn types_that_json_cannot_hold_are_all_named() {
    let message = refusal(
        KeyColumn::CallId,
        vec![
            ("call_id", array(Int64Array::from(vec![1]))),
            ("a", array(BinaryArray::from(vec![&b"x"[..]]))),
            ("b", array(DurationSecondArray::from(vec![1]))),
            ("c", array(Int64Array::from(vec![1]))),
        ],
    );
    assert!(message.contains("column \"a\" has the type binary"), "{message}");
    assert!(message.contains("column \"b\" has the type duration[s]"), "{message}");
    assert!(!message.contains("\"c\""), "{message}");
    assert!(value_refusal(IntervalYearMonthArray::from(vec![1])).contains("month_interval"));
}

#[test]
fn extension_types_whose_storage_is_not_the_value() {
    let extension = [("ARROW:extension:name".to_owned(), "pandas.period".to_owned())].into();
    let schema = Arc::new(Schema::new(vec![
        Field::new("call_id", DataType::Int64, false),
        Field::new("a", DataType::Int64, true).with_metadata(extension),
    ]));
    let columns = vec![array(Int64Array::from(vec![1])); 2];
    let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let error = UpdateFrame::new(&schema, vec![batch], KeyColumn::CallId, Nulls::Keep).unwrap_err();
    assert!(error.message().contains("column \"a\" has the extension type pandas.period"), "{error}");
}

#[test]
fn objects_that_would_have_a_key_twice() {
    let a = || Arc::new(Field::new("a", DataType::Int64, true));
    let column = || array(Int64Array::from(vec![1]));
    assert!(
        value_refusal(StructArray::from(vec![(a(), column()), (a(), column())])).contains("two fields \"a\"")
    );
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for _ in 0..2 {
        maps.keys().append_value("x");
        maps.values().append_value(1);
    }
    maps.append(true).unwrap();
    assert!(value_refusal(maps.finish()).contains("a map with a repeated key for call_id 100"));
}

#[test]
fn text_that_is_no_unicode() {
    let refused = |values: ArrayRef| {
        let keys = array(Int64Array::from_iter_values((100..).take(values.len())));
        let message = refusal(KeyColumn::CallId, vec![("call_id", keys), ("a", values)]);
        assert!(message.contains("column \"a\" is not valid Arrow data"), "{message}");
    };
    let texts = |bytes: &[u8], ends: &[i32]| array(StringArray::from(unchecked_texts(bytes, ends)));
    // A lone surrogate, as other libraries might let pass.
    refused(texts(&[0xed, 0xa0, 0x80], &[3]));
    // A character in two strings, strings that end before they begin or behind the last one.
    refused(texts("aé".as_bytes(), &[2, 3]));
    refused(texts(b"abc", &[2, 1, 3]));
    refused(texts(b"abc", &[3, -1, 3]));
    refused(texts(b"abc", &[4]));

    let view = |text: &[u8], behind: u8| {
        let mut view = [0; 16];
        view[0] = text.len() as u8;
        view[4..4 + text.len()].copy_from_slice(text);
        view[15] |= behind;
        u128::from_ne_bytes(view)
    };
    let views = |views: Vec<u128>| array(StringViewArray::from(unchecked_views(views)));
    refused(views(vec![view(b"a", 0), view(&[0xed, 0xa0, 0x80], 0)]));
    refused(views(vec![view(b"a", 1)]));
    refused(views(vec![13]));
}

#[test]
fn a_row_that_is_too_large_is_named_before_anything_is_sent() {
    let long = "x".repeat(2_000);
    let values = array(StringArray::from(vec!["short", &long, "short", &long]));
    let keys = array(Int64Array::from(vec![10, 11, 12, 13]));
    let batch = RecordBatch::try_from_iter([("call_id", keys), ("a", values)]).unwrap();
    for nulls in [Nulls::Keep, Nulls::Clear] {
        let frame = UpdateFrame::new(&batch.schema(), vec![batch.clone()], KeyColumn::CallId, nulls).unwrap();
        let limits = |bytes| Limits { rows: 100_000, bytes };
        let error = frame.requests(limits(1_024)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput));
        assert!(error.message().contains("max_update_bytes=1024 for call_id 11, 13"), "{error}");
        let exact = frame.requests(limits(usize::MAX)).unwrap()[0].bytes;
        assert_eq!(frame.requests(limits(exact)).unwrap().len(), 1);
        assert_eq!(frame.requests(limits(exact - 1)).unwrap().len(), 2);
    }
}

#[test]
fn nesting_without_end() {
    let mut nested = array(Int64Array::from(vec![1]));
    for _ in 0..70 {
        let field = Arc::new(Field::new("item", nested.data_type().clone(), true));
        nested =
            array(ListArray::new(field, OffsetBuffer::new(ScalarBuffer::from(vec![0, 1])), nested, None));
    }
    let keys = array(Int64Array::from(vec![1]));
    let message = refusal(KeyColumn::CallId, vec![("call_id", keys), ("a", nested)]);
    assert!(message.contains("nested deeper than 64"), "{message}");
}
