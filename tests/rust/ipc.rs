//! Tables come back from their bytes as they were; from damaged bytes comes an error, or data that are valid.

use std::sync::Arc;

use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, ListArray, NullArray,
    RecordBatch, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use converz::error::ErrorKind;
use converz::ipc;
use proptest::prelude::*;

fn table() -> (SchemaRef, Vec<RecordBatch>) {
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(4)]),
    ]);
    let dictionary: DictionaryArray<Int8Type> = [Some("a"), None, Some("b"), Some("a")].into_iter().collect();
    let inner: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3), Some(4)]));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("call_id", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
        ("text", Arc::new(StringArray::from(vec![Some("one"), None, Some(""), Some("día")]))),
        (
            "view",
            Arc::new(StringViewArray::from(vec![Some("short"), None, Some("a text that is longer"), None])),
        ),
        ("float", Arc::new(Float64Array::from(vec![Some(1.5), None, Some(f64::NAN), Some(0.0)]))),
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]))),
        ("time", Arc::new(TimestampMicrosecondArray::from(vec![0, 1, 2, 3]).with_timezone("UTC"))),
        ("list", Arc::new(list)),
        ("category", Arc::new(dictionary)),
        (
            "struct",
            Arc::new(StructArray::from(vec![(Arc::new(Field::new("x", DataType::Int64, true)), inner)])),
        ),
        ("null", Arc::new(NullArray::new(4))),
    ];
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, it)| (name, it, true)));
    let batch = batch.unwrap();
    (batch.schema(), vec![batch.clone(), batch.slice(1, 2), batch.slice(0, 0)])
}

fn written() -> Vec<u8> {
    let (schema, batches) = table();
    ipc::write(&schema, &batches).unwrap()
}

/// Reads bytes that may be damaged; what comes out is valid.
fn read(bytes: Vec<u8>) {
    match ipc::read(Bytes::from(bytes)) {
        Ok((schema, batches)) => {
            for batch in batches {
                assert_eq!(batch.schema(), schema);
                for column in batch.columns() {
                    column.to_data().validate_full().unwrap();
                    assert_eq!(column.len(), batch.num_rows());
                }
            }
        }
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::InvalidInput), "{error}");
            assert!(error.message().contains("damaged"), "{error}");
        }
    }
}

#[test]
fn a_table_comes_back() {
    let (schema, batches) = table();
    assert_eq!(ipc::read(Bytes::from(written())).unwrap(), (schema, batches));
    let empty = Arc::new(Schema::empty());
    let none = ipc::read(Bytes::from(ipc::write(&empty, &[]).unwrap())).unwrap();
    assert_eq!(none, (empty, vec![]));
}

#[test]
fn what_is_cut_is_refused() {
    let bytes = written();
    // The end of the stream is marked with eight bytes, without which it is complete as well.
    for length in 0..bytes.len() - 8 {
        let read = ipc::read(Bytes::copy_from_slice(&bytes[..length]));
        if let Ok((_, batches)) = read {
            assert!(batches.len() < 3, "{length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn lengths_beyond_the_bytes_ask_for_no_memory() {
    let bytes = written();
    // Numbers begin at multiples of four.
    for place in (0..bytes.len() - 8).step_by(4) {
        for wrong in [i64::MAX, -1, 1 << 40] {
            let mut bytes = bytes.clone();
            bytes[place..place + 8].copy_from_slice(&wrong.to_le_bytes());
            read(bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn damaged_bytes_are_an_error_or_valid(
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        length in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = written();
        for (place, byte) in damages {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(length) = length {
            bytes.truncate(length.index(bytes.len()));
        }
        read(bytes);
    }

    #[test]
    fn any_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        read(bytes);
    }
}
