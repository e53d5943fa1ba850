//! Strings as views: the same values, whatever their lengths, and no text that no view needs.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use arrow_select::nullif::nullif;
use converz::decode::string_views;
use converz::error::ErrorKind;
use proptest::prelude::*;

use crate::encode::unchecked::unchecked_texts;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn strings(values: &[Option<String>]) -> ArrayRef {
    Arc::new(values.iter().cloned().collect::<StringArray>())
}

proptest! {
    #[test]
    fn every_string_and_every_null_is_there(
        values in prop::collection::vec(prop::option::of("[a-zé🎈]{0,20}"), 0..60),
        short in prop::collection::vec(prop::option::of("[a-z]{0,12}"), 60),
        cuts in prop::collection::vec(0..60_usize, 0..5),
    ) {
        let rows = values.len();
        let whole = batch(vec![
            ("long", strings(&values)),
            ("number", Arc::new(Int64Array::from_iter_values((0..).take(rows)))),
            ("short", strings(&short[..rows])),
        ]);
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < rows).chain([0, rows]).collect();
        cuts.sort_unstable();
        let batches: Vec<_> = cuts.windows(2).map(|pair| whole.slice(pair[0], pair[1] - pair[0])).collect();

        let (schema, viewed) = string_views(&whole.schema(), batches.clone()).unwrap();
        prop_assert_eq!(schema.field(0).data_type(), &DataType::Utf8View);
        prop_assert_eq!(schema.field(1).data_type(), &DataType::Int64);
        prop_assert_eq!(viewed.len(), batches.len());
        for (viewed, batch) in viewed.iter().zip(&batches) {
            prop_assert_eq!(viewed.schema(), Arc::clone(&schema));
            prop_assert!(viewed.column(1) == batch.column(1));
            for column in [0, 2] {
                let views = viewed.column(column).as_string_view();
                let strings = batch.column(column).as_string::<i32>();
                prop_assert!(views.iter().eq(strings.iter()), "{:?} is not {:?}", views, strings);
                prop_assert!(views.to_data().validate_full().is_ok());
                let needs_text = strings.iter().flatten().any(|text| text.len() > 12);
                prop_assert_eq!(!views.data_buffers().is_empty(), needs_text);
            }
        }
    }
}

#[test]
fn text_is_shared() {
    let strings = StringArray::from(vec!["a text that is longer than a view", "x"]);
    let text = strings.values().as_ptr();
    let whole = batch(vec![("text", Arc::new(strings))]);
    let (_, viewed) = string_views(&whole.schema(), vec![whole.clone()]).unwrap();
    assert_eq!(viewed[0].column(0).as_string_view().data_buffers()[0].as_ptr(), text);
}

/// Large enough for large pages.
#[test]
fn views_of_a_column_are_in_one_piece() {
    let rows = 200_000_usize;
    let text: StringArray = (0..rows).map(|row| Some(format!("{row} {}", "x".repeat(row % 20)))).collect();
    let whole = batch(vec![
        ("number", Arc::new(Int64Array::from_iter_values((0..).take(rows)))),
        ("text", Arc::new(text)),
        ("none", Arc::new(StringArray::new_null(rows))),
    ]);
    let batches: Vec<_> = [(0, 70_000), (70_000, 0), (70_000, 130_000)]
        .into_iter()
        .map(|(start, rows)| whole.slice(start, rows))
        .collect();
    let (_, viewed) = string_views(&whole.schema(), batches.clone()).unwrap();
    for (column, null_count) in [(1, 0), (2, rows)] {
        let views: Vec<_> = viewed.iter().map(|batch| batch.column(column).as_string_view()).collect();
        for pair in views.windows(2) {
            assert_eq!(pair[0].views().as_ptr_range().end, pair[1].views().as_ptr());
        }
        for (views, batch) in views.iter().zip(&batches) {
            assert!(views.iter().eq(batch.column(column).as_string::<i32>().iter()));
            views.to_data().validate_full().unwrap();
        }
        assert_eq!(views.iter().map(Array::null_count).sum::<usize>(), null_count);
    }
}

#[test]
fn batches_of_another_schema_are_refused() {
    let one = batch(vec![("text", strings(&[Some("x".to_owned())]))]);
    let two = batch(vec![("text", strings(&[None])), ("more", strings(&[None]))]);
    let numbers = batch(vec![("text", Arc::new(Int64Array::from(vec![1])))]);
    for (schema, batches) in [
        (one.schema(), vec![one.clone(), two]),
        (one.schema(), vec![one.clone(), numbers.clone()]),
        (numbers.schema(), vec![numbers.clone(), one.slice(0, 0)]),
        (numbers.schema(), vec![numbers, one]),
    ] {
        let error = string_views(&schema, batches).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Internal), "{error}");
    }
}

/// Arrow says nothing about them.
#[test]
fn what_is_below_a_null_is_not_looked_at() {
    let strings =
        StringArray::from(unchecked_texts(b"\xff\xfe and more than fits into a viewabc", &[33, 36]));
    let strings = nullif(&strings, &BooleanArray::from(vec![true, false])).unwrap();
    let whole = batch(vec![("text", strings)]);
    let (_, viewed) = string_views(&whole.schema(), vec![whole.clone()]).unwrap();
    let views = viewed[0].column(0).as_string_view();
    assert_eq!(views.iter().collect::<Vec<_>>(), [None, Some("abc")]);
    assert!(views.data_buffers().is_empty());
    views.to_data().validate_full().unwrap();
}

#[test]
fn offsets_that_are_none_are_refused() {
    for ends in [[3, 1, 3], [-1, -1, 3], [1, 1_000_000, 3]] {
        let whole = batch(vec![("text", Arc::new(StringArray::from(unchecked_texts(b"abc", &ends))))]);
        let error = string_views(&whole.schema(), vec![whole.clone()]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput), "{error}");
        assert!(error.to_string().contains(r#"column "text""#), "{error}");
    }
}
