//! What each format makes of values.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int64Array, ListArray, RecordBatch,
    StringArray, StringViewArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use converz::error::{ErrorKind, Result};
use converz::files::{Compression, CsvOptions, Destination, FileWriter, Format, ParquetOptions};

#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(batches: &[RecordBatch], format: Format) -> Result<Vec<u8>> {
    let bytes = Bytes::default();
    let mut writer = FileWriter::new(batches[0].schema_ref(), format, Destination::writer(bytes.clone()))?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    let bytes = bytes.0.lock().unwrap().clone();
    Ok(bytes)
}

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

/// A value of every kind, and a null of each.
fn every_kind() -> RecordBatch {
    let words: DictionaryArray<Int32Type> = [Some("a,b"), None].into_iter().collect();
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
    table(vec![
        ("call_id", Arc::new(Int64Array::from(vec![Some(-7), None]))),
        ("large", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None]))),
        ("ratio", Arc::new(Float64Array::from(vec![Some(0.5), None]))),
        ("resolved", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("note", Arc::new(StringArray::from(vec![Some("say \"hi\"\r\nthen go"), None]))),
        ("view", Arc::new(StringViewArray::from(vec![Some("é"), None]))),
        ("word", Arc::new(words)),
        ("tags", Arc::new(lists)),
        ("date", Arc::new(Date32Array::from(vec![Some(20_284), None]))),
        ("start", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_752_580_800_500_000), None]))),
        (
            "zoned",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(1_752_580_800_000_000), None]).with_timezone("UTC"),
            ),
        ),
    ])
}

#[test]
fn csv_is_that_of_the_rfc() {
    let text = written(&[every_kind()], Format::Csv(CsvOptions::default(), Compression::None)).unwrap();
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "call_id,large,ratio,resolved,note,view,word,tags,date,start,zoned\r\n\
         -7,18446744073709551615,0.5,true,\"say \"\"hi\"\"\r\nthen go\",é,\"a,b\",\"[1,null]\",2025-07-15,\
         2025-07-15 12:00:00.500000,2025-07-15 12:00:00+00:00\r\n\
         ,,,,,,,,,,\r\n"
    );
}

#[test]
fn csv_tells_null_and_the_empty_string_apart() {
    let batch = table(vec![
        ("a", Arc::new(StringArray::from(vec![Some(""), None]))),
        ("b", Arc::new(StringArray::from(vec![None, Some("")]))),
    ]);
    let options = CsvOptions { line_terminator: "\n", header: false, ..CsvOptions::default() };
    let text = written(&[batch], Format::Csv(options, Compression::None)).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "\"\",\n,\"\"\n");
}

#[test]
fn csv_holds_what_json_does_not() {
    let odd = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e300];
    let batch = table(vec![("x", Arc::new(Float64Array::from(odd)))]);
    let options = CsvOptions { line_terminator: "\n", ..CsvOptions::default() };
    let text = written(&[batch], Format::Csv(options, Compression::None)).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "x\nNaN\ninf\n-inf\n-0.0\n1e+300\n");
}

#[test]
fn formulas_become_text_where_that_is_asked_for() {
    let cells = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "x=1", "", "'x"];
    let batch = table(vec![
        ("=head", Arc::new(StringArray::from(cells.to_vec()))),
        ("n", Arc::new(Int64Array::from(vec![-1; 9]))),
    ]);
    let csv = |escape_formulas| {
        let options = CsvOptions { line_terminator: "\n", escape_formulas, ..CsvOptions::default() };
        let text = written(std::slice::from_ref(&batch), Format::Csv(options, Compression::None)).unwrap();
        String::from_utf8(text).unwrap()
    };
    assert_eq!(
        csv(true),
        "'=head,n\n'=1+1,-1\n'+1,-1\n'-1,-1\n'@x,-1\n'\tx,-1\n\"'\rx\",-1\nx=1,-1\n\"\",-1\n'x,-1\n"
    );
    assert!(csv(false).starts_with("=head,n\n=1+1,-1\n"));
}

#[test]
fn other_separators_are_quoted_in_turn() {
    let batch = table(vec![
        ("a;b", Arc::new(StringArray::from(vec!["1,5", "x;y"]))),
        ("c", Arc::new(StringArray::from(vec!["", "z"]))),
    ]);
    let options = CsvOptions { separator: b';', line_terminator: "\n", ..CsvOptions::default() };
    let text = written(std::slice::from_ref(&batch), Format::Csv(options, Compression::None)).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "\"a;b\";c\n1,5;\"\"\n\"x;y\";z\n");
    for separator in [b'"', b'\n', b'\r', 0xe4] {
        let options = CsvOptions { separator, ..CsvOptions::default() };
        let error =
            written(std::slice::from_ref(&batch), Format::Csv(options, Compression::None)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput), "{error}");
    }
}

#[test]
fn ndjson_has_every_column_of_every_row() {
    let text = written(&[every_kind()], Format::Ndjson(Compression::None)).unwrap();
    let rows: Vec<serde_json::Value> =
        str::from_utf8(&text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows[0]["note"], "say \"hi\"\r\nthen go");
    assert_eq!(rows[0]["large"], u64::MAX);
    assert_eq!(rows[0]["tags"], serde_json::json!([1, null]));
    assert_eq!(rows[0]["start"], "2025-07-15 12:00:00.500000");
    assert_eq!(rows[0]["zoned"], "2025-07-15 12:00:00+00:00");
    let nulls = rows[1].as_object().unwrap();
    assert_eq!(nulls.len(), 11);
    assert!(nulls.values().all(serde_json::Value::is_null));
}

#[test]
fn columns_that_hold_json_are_json() {
    let marked = [("ARROW:extension:name".to_owned(), "arrow.json".to_owned())].into();
    let field = Field::new("tags", DataType::Utf8, true).with_metadata(marked);
    let schema: SchemaRef = Arc::new(Schema::new(vec![field]));
    let batch =
        RecordBatch::try_new(schema, vec![Arc::new(StringArray::from(vec!["{\"a\": 1.0}"]))]).unwrap();
    let text = written(&[batch], Format::Ndjson(Compression::None)).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "{\"tags\":{\"a\": 1.0}}\n");
}

#[test]
fn ndjson_refuses_what_json_does_not_have_by_column_and_row() {
    let batches = [vec![1.0, 2.0], vec![3.0, f64::NAN]];
    let batches = batches.map(|values| table(vec![("x", Arc::new(Float64Array::from(values)) as ArrayRef)]));
    let error = written(&batches, Format::Ndjson(Compression::None)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidInput));
    assert!(error.message().contains("\"x\" holds NaN in row 3"), "{error}");
}

#[test]
fn compressed_text_is_the_same_text() {
    let plain = written(&[every_kind()], Format::Ndjson(Compression::None)).unwrap();
    let gzip = written(&[every_kind()], Format::Ndjson(Compression::Gzip)).unwrap();
    let mut unpacked = Vec::new();
    io::copy(&mut flate2::read::GzDecoder::new(&gzip[..]), &mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
    let zstd = written(&[every_kind()], Format::Ndjson(Compression::Zstd)).unwrap();
    assert_eq!(zstd::decode_all(&zstd[..]).unwrap(), plain);
}

#[test]
fn parquet_and_ipc_keep_types_and_values() {
    let batch = every_kind();
    for zstd in [true, false] {
        let options = ParquetOptions { zstd, ..ParquetOptions::default() };
        let bytes = written(&[batch.clone(), batch.clone()], Format::Parquet(options)).unwrap();
        let reader =
            parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(bytes::Bytes::from(bytes), 2)
                .unwrap();
        for read in reader {
            assert_eq!(read.unwrap(), batch);
        }
        let bytes = written(&[batch.clone(), batch.clone()], Format::Ipc { zstd }).unwrap();
        let reader = arrow_ipc::reader::FileReader::try_new(io::Cursor::new(bytes), None).unwrap();
        for read in reader {
            assert_eq!(read.unwrap(), batch);
        }
    }
}

#[test]
fn row_groups_are_as_small_as_they_are_asked_for() {
    let rows = Arc::new(Int64Array::from_iter_values(0..2_500));
    let options = ParquetOptions { row_group_size: 1_000, ..ParquetOptions::default() };
    let bytes = written(&[table(vec![("x", rows)])], Format::Parquet(options)).unwrap();
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))
            .unwrap();
    let groups = reader.metadata().row_groups();
    assert_eq!(
        groups.iter().map(parquet::file::metadata::RowGroupMetaData::num_rows).collect::<Vec<_>>(),
        [1_000, 1_000, 500]
    );
    assert!(
        groups[0].column(0).statistics().is_some_and(|statistics| statistics.null_count_opt() == Some(0))
    );
}

#[test]
fn a_table_without_rows_is_a_file_with_columns() {
    let empty = every_kind().slice(0, 0);
    let csv = CsvOptions { line_terminator: "\n", ..CsvOptions::default() };
    let text = written(std::slice::from_ref(&empty), Format::Csv(csv, Compression::None)).unwrap();
    assert_eq!(text, b"call_id,large,ratio,resolved,note,view,word,tags,date,start,zoned\n");
    assert_eq!(written(&[empty], Format::Ndjson(Compression::None)).unwrap(), b"");
}

#[test]
fn two_columns_of_one_name_are_refused() {
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let fields = vec![Field::new("x", DataType::Int64, true), Field::new("x", DataType::Int64, true)];
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![one.clone(), one]).unwrap();
    let error = written(&[batch], Format::Ndjson(Compression::None)).unwrap_err();
    assert!(error.message().contains("several columns named \"x\""), "{error}");
}
