//! Tests of the room `describe`: what Python's tests cannot see.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Date32Array, Int64Array, NullArray, RecordBatch, StringArray};
use converz::describe::{DISTINCT, Description, EXAMPLES};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn described(batches: &[RecordBatch]) -> RecordBatch {
    let mut description = Description::new(&batches[0].schema());
    for batch in batches {
        description.add(batch).unwrap();
    }
    description.finish().unwrap()
}

fn integer(described: &RecordBatch, name: &str, row: usize) -> Option<i64> {
    let column = described.column_by_name(name).unwrap().as_primitive::<Int64Type>();
    column.is_valid(row).then(|| column.value(row))
}

fn text<'a>(described: &'a RecordBatch, name: &str, row: usize) -> Option<&'a str> {
    let column = described.column_by_name(name).unwrap().as_string::<i32>();
    column.is_valid(row).then(|| column.value(row))
}

fn day(described: &RecordBatch, name: &str, row: usize) -> Option<i32> {
    let column = described.column_by_name(name).unwrap().as_primitive::<Date32Type>();
    column.is_valid(row).then(|| column.value(row))
}

/// Rows with these numbers, of days of the same number.
fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
    let days: Date32Array = range.clone().map(|day| i32::try_from(day).ok()).collect();
    let numbers: Int64Array = range.map(Some).collect();
    batch(vec![("date", Arc::new(days)), ("n", Arc::new(numbers))])
}

#[test]
fn distinct_values_are_counted_exactly_up_to_the_bound() {
    let most = i64::try_from(DISTINCT).unwrap();
    for (rows, counted) in [(0, Some(0)), (1, Some(1)), (most, Some(most)), (most + 1, None)] {
        // In several batches, and each value twice.
        let half = rows / 2;
        let found = described(&[numbers(0..half), numbers(half..rows), numbers(0..rows)]);
        assert_eq!(integer(&found, "distinct", 1), counted, "{rows}");
        assert_eq!(integer(&found, "rows", 1), Some(2 * rows));
        assert_eq!(integer(&found, "nulls", 1), Some(0));
    }
}

#[test]
fn bounds_days_and_examples_are_of_all_batches() {
    let found = described(&[numbers(50..60), numbers(3..9), numbers(55..70)]);
    assert_eq!((text(&found, "minimum", 1), text(&found, "maximum", 1)), (Some("3"), Some("69")));
    assert_eq!((day(&found, "first_date", 1), day(&found, "last_date", 1)), (Some(3), Some(69)));
    assert_eq!(text(&found, "examples", 1), Some("[50,51,52]"));
    assert_eq!(EXAMPLES, 3);
    // By size, and not as text.
    let found = described(&[numbers(9..12)]);
    assert_eq!((text(&found, "minimum", 1), text(&found, "maximum", 1)), (Some("9"), Some("11")));
}

#[test]
fn a_column_without_a_type_has_no_value_on_any_day() {
    let days: ArrayRef = Arc::new(Date32Array::from(vec![1, 2]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![None, Some("a")]));
    let found =
        described(&[batch(vec![("date", days), ("nothing", Arc::new(NullArray::new(2))), ("t", texts)])]);
    assert_eq!((integer(&found, "nulls", 1), integer(&found, "distinct", 1)), (Some(2), Some(0)));
    assert_eq!((day(&found, "first_date", 1), text(&found, "minimum", 1)), (None, None));
    assert_eq!((text(&found, "type", 1), text(&found, "examples", 1)), (Some("null"), Some("[]")));
    assert_eq!((day(&found, "first_date", 2), day(&found, "last_date", 2)), (Some(2), Some(2)));
}
