//! Strings as views: the same values, whatever their lengths, and no text that no view needs.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use converz::decode::string_views;
use proptest::prelude::*;

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
