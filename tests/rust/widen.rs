//! Columns widen without loss, and a digest does not see it.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use converz::digest::Digest;
use converz::error::Result;
use converz::widen::{dated, dated_schema, widen};

fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    Arc::new(Schema::new(
        columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect::<Vec<_>>(),
    ))
}

fn batch(array: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("x", array, true)]).unwrap()
}

fn widened(array: ArrayRef, to: &DataType) -> Result<ArrayRef> {
    Ok(Arc::clone(widen(&batch(array), &schema(&[("x", to.clone())]))?.column(0)))
}

fn digest(batch: &RecordBatch) -> u128 {
    let mut digest = Digest::new(&batch.schema());
    digest.add(batch).unwrap();
    digest.finish()
}

fn arrays() -> Vec<ArrayRef> {
    vec![
        Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(12)])),
        Arc::new(UInt64Array::from(vec![Some(u64::MAX), None])),
        Arc::new(Float64Array::from(vec![
            Some(1.0),
            Some(-0.0),
            None,
            Some(1e21),
            Some(0.1),
            Some(1e-7),
            Some(2e15),
        ])),
        Arc::new(Date32Array::from(vec![Some(20_000), None, Some(-1)])),
        Arc::new(TimestampMicrosecondArray::from(vec![Some(1_752_580_800_500_000), None, Some(-1)])),
        Arc::new(TimestampMicrosecondArray::from(vec![Some(1_752_580_800_000_000)]).with_timezone("UTC")),
        Arc::new(StringArray::from(vec![Some("x"), None, Some("")])),
    ]
}

#[test]
fn text_is_what_a_digest_hashes() {
    for array in arrays() {
        let before = batch(array);
        let after = widen(&before, &schema(&[("x", DataType::Utf8)])).unwrap();
        assert_eq!(digest(&before), digest(&after), "{:?}", before.column(0));
        assert_eq!(before.column(0).null_count(), after.column(0).null_count());
    }
}

#[test]
fn text_is_that_of_the_table_of_types() {
    let text = |array: ArrayRef| {
        let text = widened(array, &DataType::Utf8).unwrap();
        text.as_any().downcast_ref::<StringArray>().unwrap().value(0).to_owned()
    };
    assert_eq!(text(Arc::new(Float64Array::from(vec![1.0]))), "1");
    assert_eq!(text(Arc::new(Float64Array::from(vec![0.5]))), "0.5");
    assert_eq!(text(Arc::new(BooleanArray::from(vec![true]))), "true");
    assert_eq!(text(Arc::new(TimestampMicrosecondArray::from(vec![500_000]))), "1970-01-01 00:00:00.500000");
}

#[test]
fn numbers_widen_only_where_none_is_lost() {
    let exact = Int64Array::from(vec![Some((1 << 53) - 1), None]);
    let floats = widened(Arc::new(exact), &DataType::Float64).unwrap();
    let floats = floats.as_any().downcast_ref::<Float64Array>().unwrap();
    assert_eq!(floats.value(0).to_bits(), 9_007_199_254_740_991.0_f64.to_bits());
    for large in [1 << 53, -(1 << 53), i64::MIN, i64::MAX] {
        let error = widened(Arc::new(Int64Array::from(vec![large])), &DataType::Float64).unwrap_err();
        assert!(error.message().contains(&large.to_string()), "{error}");
    }
    assert!(widened(Arc::new(UInt64Array::from(vec![1 << 53])), &DataType::Float64).is_err());
    assert!(widened(Arc::new(Int64Array::from(vec![5])), &DataType::UInt64).is_ok());
    assert!(widened(Arc::new(Int64Array::from(vec![-5])), &DataType::UInt64).is_err());
    // Nothing narrows.
    assert!(widened(Arc::new(Float64Array::from(vec![4.0])), &DataType::Int64).is_err());
    assert!(widened(Arc::new(StringArray::from(vec!["4"])), &DataType::Int64).is_err());
    assert!(widened(Arc::new(BooleanArray::from(vec![true])), &DataType::Int64).is_err());
}

#[test]
fn times_keep_their_moment_and_zone() {
    let micro = DataType::Timestamp(TimeUnit::Microsecond, None);
    assert!(widened(Arc::new(TimestampNanosecondArray::from(vec![1_000])), &micro).is_ok());
    assert!(widened(Arc::new(TimestampNanosecondArray::from(vec![1_001])), &micro).is_err());
    let zoned = TimestampMicrosecondArray::from(vec![1]).with_timezone("UTC");
    assert!(widened(Arc::new(zoned), &micro).is_err());
    assert!(widened(Arc::new(Date32Array::from(vec![1])), &micro).is_err());
}

#[test]
fn columns_are_chosen_and_those_that_are_not_there_are_null() {
    let rows = batch(Arc::new(Int64Array::from(vec![1, 2])));
    let to = schema(&[("y", DataType::Float64), ("x", DataType::Float64)]);
    let after = widen(&rows, &to).unwrap();
    assert_eq!(after.schema(), to);
    assert_eq!(after.column(0).null_count(), 2);
    let none = widen(&rows, &schema(&[])).unwrap();
    assert_eq!((none.num_rows(), none.num_columns()), (2, 0));
    let with_day = dated(&after, &dated_schema(&to, "day"), 20_000).unwrap();
    assert_eq!(with_day.column(2).as_ref(), &Date32Array::from(vec![20_000, 20_000]));
}
