//! Columns are judged by their values, however these are packed, and keys by the numbers that they are.

use std::sync::Arc;

use arrow_array::types::{Int8Type, Int32Type, Int64Type, UInt16Type};
use arrow_array::*;
use arrow_buffer::i256;
use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, Schema};
use converz::encode::{KeyColumn, Limits, Nulls, UpdateFrame, as_dates};
use converz::error::Result;
use converz::fetch::known_columns;
use half::f16;
use proptest::prelude::*;

const LIMITS: Limits = Limits { rows: 100_000, bytes: 16 << 20 };

fn array(values: impl Array + 'static) -> ArrayRef {
    Arc::new(values)
}

fn frame_of(key: KeyColumn, columns: Vec<(Field, ArrayRef)>) -> Result<UpdateFrame> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
    // In two batches, of which the second begins in the middle of the arrays.
    let half = batch.num_rows() / 2;
    UpdateFrame::new(
        &schema,
        vec![batch.slice(0, half), batch.slice(half, batch.num_rows() - half)],
        key,
        Nulls::Keep,
    )
}

fn field(name: &str, values: &ArrayRef) -> Field {
    Field::new(name, values.data_type().clone(), true)
}

fn extension(name: &str, values: &ArrayRef, extension: &str) -> Field {
    field(name, values).with_metadata([(EXTENSION_TYPE_NAME_KEY.to_owned(), extension.to_owned())].into())
}

fn body(frame: &UpdateFrame) -> String {
    let requests = frame.requests(LIMITS).unwrap();
    assert_eq!(requests.len(), 1);
    let mut body = Vec::new();
    frame.write(&requests[0], &mut body);
    assert_eq!(body.len(), requests[0].bytes);
    String::from_utf8(body).unwrap()
}

/// The body of a frame with a column of these values, and the frame.
fn sent(name: &str, values: ArrayRef) -> (String, UpdateFrame) {
    let keys = array(Int64Array::from_iter_values((0..).take(values.len())));
    let columns = vec![(field("call_id", &keys), keys), (field(name, &values), values)];
    let frame = frame_of(KeyColumn::CallId, columns).unwrap();
    (body(&frame), frame)
}

/// The keys that are sent, or why none are.
fn keys_sent(field: Field, keys: ArrayRef) -> Result<String, String> {
    let values = array(BooleanArray::from(vec![true; keys.len()]));
    let columns = vec![(field, keys), (Field::new("v", DataType::Boolean, true), values)];
    let frame = frame_of(KeyColumn::CallId, columns).map_err(|error| error.message().to_owned())?;
    let body = body(&frame);
    let keys = body.strip_prefix("{\"call_id\":[").unwrap();
    Ok(keys[..keys.find(']').unwrap()].to_owned())
}

fn call_ids(keys: impl Array + 'static) -> Result<String, String> {
    let keys = array(keys);
    keys_sent(field("call_id", &keys), keys)
}

proptest! {
    /// A column of runs, sliced anywhere, is the column without runs.
    #[test]
    fn runs_are_what_they_stand_for(
        lengths in proptest::collection::vec(1..5_usize, 1..8),
        values in proptest::collection::vec(proptest::option::of(-9..9_i64), 8),
        slice in (0..40_usize, 1..40_usize),
    ) {
        let rows: usize = lengths.iter().sum();
        let ends: Vec<i64> = lengths.iter().scan(0, |end, length| { *end += i64::try_from(*length).unwrap(); Some(*end) }).collect();
        let runs = array(Int64Array::from(values[..lengths.len()].to_vec()));
        let runs = RunArray::<Int64Type>::try_new(&PrimitiveArray::from(ends), &runs).unwrap();
        let plain: Vec<Option<i64>> = lengths
            .iter()
            .zip(&values)
            .flat_map(|(length, value)| vec![*value; *length])
            .collect();
        let start = slice.0 % rows;
        let length = slice.1.min(rows - start);
        let plain = array(Int64Array::from(plain)).slice(start, length);
        prop_assume!(plain.null_count() < length);
        let (packed, frame) = sent("v", array(runs).slice(start, length));
        prop_assert_eq!(packed, sent("v", plain).0);
        prop_assert_eq!(frame.schema().field(1).data_type(), &DataType::Int64);
    }
}

#[test]
fn packed_values_are_judged_by_what_is_inside() {
    let bytes = array(BinaryArray::from(vec![&b"x"[..]]));
    let period = array(Int64Array::from(vec![660]));
    let ends = || Int32Array::from(vec![2]);
    let keys = || Int8Array::from(vec![0, 0]);
    let inside = |field: Field| {
        let values = Arc::new(field.with_name("values"));
        DataType::RunEndEncoded(Arc::new(Field::new("run_ends", DataType::Int32, false)), values)
    };
    let runs = |values: &ArrayRef| RunArray::<Int32Type>::try_new(&ends(), values).unwrap();
    for (field, values, name) in [
        (None, array(runs(&bytes)), "has the type binary"),
        (None, array(DictionaryArray::new(keys(), bytes.clone())), "has the type binary"),
        (
            Some(extension("v", &array(runs(&period)), "pandas.period")),
            array(runs(&period)),
            "has the extension type pandas.period",
        ),
        (
            Some(extension("v", &array(DictionaryArray::new(keys(), period.clone())), "pandas.period")),
            array(DictionaryArray::new(keys(), period.clone())),
            "has the extension type pandas.period",
        ),
    ] {
        let keys = array(Int64Array::from(vec![1, 2]));
        let field = field.unwrap_or_else(|| self::field("v", &values));
        let error = frame_of(KeyColumn::CallId, vec![(self::field("call_id", &keys), keys), (field, values)])
            .unwrap_err();
        assert!(error.message().contains(name), "{error}");
    }
    // The extension of what is in the runs.
    let kind = inside(extension("v", &period, "pandas.period"));
    let data = array(runs(&period)).to_data().into_builder().data_type(kind.clone()).build().unwrap();
    let columns = vec![
        (Field::new("call_id", DataType::Int64, true), array(Int64Array::from(vec![1, 2]))),
        (Field::new("v", kind, true), make_array(data)),
    ];
    let error = frame_of(KeyColumn::CallId, columns).unwrap_err();
    assert!(error.message().contains("the extension type pandas.period"), "{error}");
}

#[test]
fn dictionaries_of_strings_stay() {
    let values = || array(StringArray::from(vec!["a", "b"]));
    let dictionary = DictionaryArray::<UInt16Type>::new(UInt16Array::from(vec![1, 0, 1]), values());
    let (body, frame) = sent("v", array(dictionary.clone()));
    assert_eq!(body, r#"{"call_id":[0,1,2],"v":["b","a","b"]}"#);
    assert_eq!(frame.schema().field(1).data_type(), dictionary.data_type());
    let numbers = array(Float64Array::from(vec![0.5, 1.5]));
    let dictionary = DictionaryArray::<Int8Type>::new(Int8Array::from(vec![Some(1), None, Some(0)]), numbers);
    let (body, frame) = sent("v", array(dictionary));
    assert_eq!(body, r#"{"call_id":[0,2],"v":[1.5,0.5]}"#);
    assert_eq!(frame.schema().field(1).data_type(), &DataType::Float64);
}

#[test]
fn whole_keys_of_other_types() {
    assert_eq!(
        call_ids(Float64Array::from(vec![1.0, -3.0, 9_007_199_254_740_991.0])).unwrap(),
        "1,-3,9007199254740991"
    );
    assert_eq!(call_ids(Float32Array::from(vec![16_777_215.0, 2.0])).unwrap(), "16777215,2");
    let halves = Float16Array::from_iter_values([half::f16::from_f32(2.0)]);
    assert_eq!(call_ids(halves).unwrap(), "2");
    let decimal =
        |values: Vec<i128>, scale| Decimal128Array::from(values).with_precision_and_scale(38, scale).unwrap();
    assert_eq!(call_ids(decimal(vec![100, 250_000, -300], 2)).unwrap(), "1,2500,-3");
    assert_eq!(call_ids(decimal(vec![0, 12], -2)).unwrap(), "0,1200");
    assert_eq!(call_ids(decimal(vec![i128::from(u64::MAX), 1], 0)).unwrap(), "18446744073709551615,1");
    let wide = Decimal256Array::from(vec![i256::from_i128(20), i256::from_i128(-70)]);
    assert_eq!(call_ids(wide.with_precision_and_scale(76, 1).unwrap()).unwrap(), "2,-7");
    // As a list of decimals comes: the JSON of each.
    let texts = array(StringArray::from(vec!["7", "8.00", "1e3", "-0", "120E-1", "0.0"]));
    let message = keys_sent(extension("call_id", &texts, "arrow.json"), texts).unwrap_err();
    assert!(message.contains("0 (rows 3, 5)"), "{message}");
    let texts = array(StringArray::from(vec!["7", "8.00", "1e3", "-0", "120E-1"]));
    assert_eq!(keys_sent(extension("call_id", &texts, "arrow.json"), texts).unwrap(), "7,8,1000,0,12");
    let packed = DictionaryArray::<Int8Type>::new(
        Int8Array::from(vec![1, 0]),
        array(Float64Array::from(vec![5.0, 6.0])),
    );
    assert_eq!(call_ids(packed).unwrap(), "6,5");
}

#[test]
fn keys_that_are_not_whole_are_named_by_row() {
    let message =
        call_ids(Float64Array::from(vec![1.0, 1.5, f64::INFINITY, 9_007_199_254_740_992.0])).unwrap_err();
    assert_eq!(
        message,
        "call_id has values that are not whole numbers, below 2^53 in size where it is a float: 1.5 (row 1), inf (row \
         2), 9007199254740992.0 (row 3) (counted from 0)"
    );
    // Floats that are smaller are exact for fewer integers: these may have been 16777217 and 2049.
    let single = Float32Array::from(vec![16_777_215.0, -16_777_216.0]);
    assert_eq!(
        call_ids(single).unwrap_err(),
        "call_id has values that are not whole numbers, below 2^24 in size where it is a float: -16777216.0 (row 1) \
         (counted from 0)"
    );
    let half = Float16Array::from(vec![f16::from_f32(2047.0), f16::from_f32(2048.0)]);
    assert!(call_ids(half).unwrap_err().contains("below 2^11 in size where it is a float: 2048"));
    let many = call_ids((0..40).map(|key| Some(f64::from(key) + 0.5)).collect::<Float64Array>()).unwrap_err();
    assert!(many.contains("9.5 (row 9) and 30 more"), "{many}");
    let decimals = Decimal128Array::from(vec![100, 125]).with_precision_and_scale(10, 2).unwrap();
    assert!(call_ids(decimals).unwrap_err().contains("not whole numbers: 1.25 (row 1)"));
    let large =
        Decimal128Array::from(vec![i128::from(u64::MAX) + 1, -1]).with_precision_and_scale(38, 0).unwrap();
    assert!(call_ids(large).unwrap_err().contains("18446744073709551616 (row 0) (counted"));
    // NaN is what pandas has for a missing key.
    assert_eq!(
        call_ids(Float64Array::from(vec![Some(f64::NAN), Some(1.0), None])).unwrap_err(),
        "call_id is null in row 0, 2 (counted from 0)"
    );
    assert!(call_ids(Float64Array::from(vec![2.0, 1.0, 2.0])).unwrap_err().contains("2 (rows 0, 2)"));
    for text in ["\"7\"", "true", "1e999999999999999999", "1e39", "9.5", "[1]"] {
        let texts = array(StringArray::from(vec![text]));
        let message = keys_sent(extension("call_id", &texts, "arrow.json"), texts).unwrap_err();
        assert!(message.contains(&format!("{text} (row 0)")), "{message}");
    }
}

#[test]
fn keys_are_of_one_type_in_all_batches() {
    // The first batch alone would fit in int64.
    let decimals = Decimal128Array::from(vec![1, 2, i128::from(u64::MAX), 3]);
    assert_eq!(
        call_ids(decimals.with_precision_and_scale(38, 0).unwrap()).unwrap(),
        "1,2,18446744073709551615,3"
    );
}

#[test]
fn uuids_are_their_text() {
    let one =
        [0x5a, 0x9f, 0xdc, 0x24, 0x68, 0x5d, 0x42, 0xd9, 0x98, 0x62, 0x4d, 0xbd, 0xb5, 0x2f, 0x51, 0xe9];
    let text = "5a9fdc24-685d-42d9-9862-4dbdb52f51e9";
    let values = || array(FixedSizeBinaryArray::try_from_iter([one, [0; 16]].into_iter()).unwrap());
    let keys = array(Int64Array::from(vec![1, 2]));
    let columns = vec![(field("call_id", &keys), keys), (extension("v", &values(), "arrow.uuid"), values())];
    assert_eq!(
        body(&frame_of(KeyColumn::CallId, columns).unwrap()),
        format!(r#"{{"call_id":[1,2],"v":["{text}","00000000-0000-0000-0000-000000000000"]}}"#)
    );
    let attribute = array(BooleanArray::from(vec![true, true]));
    let columns =
        vec![(extension("rep_id", &values(), "arrow.uuid"), values()), (field("v", &attribute), attribute)];
    assert!(body(&frame_of(KeyColumn::RepId, columns).unwrap()).contains(text));
}

#[test]
fn what_is_json_is_no_user() {
    let texts = array(StringArray::from(vec!["1"]));
    let attribute = array(BooleanArray::from(vec![true]));
    let columns =
        vec![(extension("rep_id", &texts, "arrow.json"), texts), (field("v", &attribute), attribute)];
    let error = frame_of(KeyColumn::RepId, columns).unwrap_err();
    assert_eq!(error.message(), "rep_id has the type arrow.json (1): it must be strings (cast it)");
}

const DAY: i64 = 86_400;

#[test]
fn known_dates_are_sent_as_dates() {
    let midnights = || vec![Some(-DAY), None, Some(20_284 * DAY)];
    let scaled = |unit: i64| midnights().into_iter().map(move |time| time.map(|time| time * unit));
    for times in [
        array(TimestampSecondArray::from(midnights())),
        array(scaled(1_000).collect::<TimestampMillisecondArray>()),
        array(scaled(1_000_000).collect::<TimestampMicrosecondArray>()),
        array(scaled(1_000_000_000).collect::<TimestampNanosecondArray>()),
    ] {
        let (body, frame) = sent("date", times.clone());
        assert_eq!(body, r#"{"call_id":[0,2],"date":["1969-12-31","2025-07-15"]}"#);
        assert_eq!(frame.schema().field(1).data_type(), &DataType::Date32);
        assert_eq!(frame.midnights().count(), 0);
        assert_eq!(as_dates(&times).unwrap().null_count(), 1);
        // Nobody knows what others are.
        let (body, frame) = sent("follow_up", times.clone());
        assert!(body.contains("\"2025-07-15 00:00:00\""), "{body}");
        assert_eq!(frame.midnights().collect::<Vec<_>>(), ["follow_up"]);
        let (body, frame) = sent("start_time", times);
        assert!(body.contains("\"2025-07-15 00:00:00\""), "{body}");
        assert_eq!(frame.midnights().count(), 0);
    }
}

#[test]
fn times_that_are_not_all_midnight_are_times() {
    // The second is in the second batch.
    for times in [vec![0, DAY + 1], vec![1, DAY]] {
        for name in ["date", "follow_up"] {
            let (body, frame) = sent(name, array(TimestampSecondArray::from(times.clone())));
            assert!(body.contains("00:00:01"), "{body}");
            assert_eq!(frame.midnights().count(), 0);
        }
    }
    let zoned = array(TimestampSecondArray::from(vec![0, DAY]).with_timezone("UTC"));
    let (body, frame) = sent("date", zoned.clone());
    assert!(body.contains("1970-01-02 00:00:00+00:00"), "{body}");
    assert_eq!(frame.midnights().count(), 0);
    assert!(as_dates(&zoned).is_none());
    let nothing = array(TimestampSecondArray::from(vec![None, None]));
    let keys = array(Int64Array::from(vec![1, 2]));
    let columns = vec![(field("call_id", &keys), keys), (field("v", &nothing), nothing)];
    assert_eq!(frame_of(KeyColumn::CallId, columns).unwrap().midnights().count(), 0);
    // Packed ones are no exception.
    let packed = DictionaryArray::<Int8Type>::new(
        Int8Array::from(vec![1, 0]),
        array(TimestampSecondArray::from(vec![0, DAY])),
    );
    assert_eq!(sent("follow_up", array(packed)).1.midnights().collect::<Vec<_>>(), ["follow_up"]);
}

/// `encode` has its own list of the columns that are known to be dates or times.
#[test]
fn the_known_dates_and_times_are_those_of_reading() {
    let midnight = || array(TimestampSecondArray::from(vec![0, DAY]));
    for known in known_columns().fields() {
        let is_temporal = known.data_type().is_temporal();
        if known.name() == "call_id" {
            continue;
        }
        let (_, frame) = sent(known.name(), midnight());
        assert_eq!(frame.midnights().count(), usize::from(!is_temporal), "{known}");
        let is_date = frame.schema().field(1).data_type() == &DataType::Date32;
        assert_eq!(is_date, known.data_type() == &DataType::Date32, "{known}");
    }
}
