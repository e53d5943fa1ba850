//! Tables come back from their bytes as they were; from damaged bytes comes an error, or data that are valid.

use std::sync::Arc;

use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, ListArray, NullArray,
    RecordBatch, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use converz::error::{Error, ErrorKind};
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

/// A file as other libraries write it.
fn file(compression: Option<CompressionType>) -> Vec<u8> {
    let (schema, batches) = table();
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
    for batch in &batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Reads bytes that may be damaged; what comes out is valid.
fn read(bytes: Vec<u8>) {
    check(ipc::read(Bytes::from(bytes)));
}

fn check(read: Result<(SchemaRef, Vec<RecordBatch>), Error>) {
    match read {
        Ok((schema, batches)) => {
            for batch in batches {
                assert_eq!(batch.schema(), schema);
                for column in batch.columns() {
                    column.to_data().validate_full().unwrap();
                    assert_eq!(column.len(), batch.num_rows());
                }
            }
        }
        // What compressed columns say that they become may be more than there is.
        Err(error) if matches!(error.kind(), ErrorKind::OutOfMemory) => {}
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::InvalidInput), "{error}");
            assert!(error.message().contains("damaged"), "{error}");
        }
    }
}

const COMPRESSIONS: [Option<CompressionType>; 3] =
    [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)];

#[test]
fn files_of_others_come_back() {
    for compression in COMPRESSIONS {
        assert_eq!(ipc::read_file(Bytes::from(file(compression))).unwrap(), table());
    }
    assert_eq!(ipc::read_file(Bytes::from(written())).unwrap(), table());
    // Pickles are never compressed.
    let compressed = file(Some(CompressionType::ZSTD));
    let stream = Bytes::from(compressed).slice(64..);
    assert!(ipc::read(stream).unwrap_err().message().contains("compressed"));
}

#[test]
fn lengths_of_compressed_columns_ask_for_no_memory_that_is_not_there() {
    for compression in COMPRESSIONS {
        let bytes = file(compression);
        for place in (8..bytes.len() - 8).step_by(4) {
            for wrong in [i64::MAX, -2, 1 << 44] {
                let mut bytes = bytes.clone();
                bytes[place..place + 8].copy_from_slice(&wrong.to_le_bytes());
                check(ipc::read_file(Bytes::from(bytes)));
            }
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
    fn damaged_files_are_an_error_or_valid(
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        length in prop::option::of(any::<prop::sample::Index>()),
        compression in prop::sample::select(COMPRESSIONS.to_vec()),
    ) {
        let mut bytes = file(compression);
        for (place, byte) in damages {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(length) = length {
            bytes.truncate(length.index(bytes.len()));
        }
        check(ipc::read_file(Bytes::from(bytes)));
    }

    #[test]
    fn any_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        read(bytes);
    }
}
