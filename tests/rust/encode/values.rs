//! The JSON of every type, byte for byte.

use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder, ListViewBuilder, MapBuilder, StringBuilder};
use arrow_array::types::{Int32Type, UInt8Type};
use arrow_array::*;
use arrow_schema::{DataType, Field, Schema};
use converz::encode::{KeyColumn, Limits, Nulls, UpdateFrame};
use half::f16;
use proptest::prelude::*;

const LIMITS: Limits = Limits { rows: 100_000, bytes: 16 << 20 };

fn sole_body(values: ArrayRef, nulls: Nulls) -> String {
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values((0..).take(values.len())));
    let batch =
        RecordBatch::try_from_iter_with_nullable([("call_id", keys, false), ("v", values, true)]).unwrap();
    let frame = UpdateFrame::new(&batch.schema(), vec![batch], KeyColumn::CallId, nulls).unwrap();
    let requests = frame.requests(LIMITS).unwrap();
    assert_eq!(requests.len(), 1);
    let mut body = b"what was there before".to_vec();
    frame.write(&requests[0], &mut body);
    assert_eq!(body.len(), requests[0].bytes);
    serde_json::from_slice::<serde_json::Value>(&body).unwrap();
    String::from_utf8(body).unwrap()
}

/// The cells of a column as they are written.
fn cells(values: impl Array + 'static) -> String {
    let body = sole_body(Arc::new(values), Nulls::Keep);
    let start = body.find("\"v\":[").unwrap() + 5;
    body[start..body.len() - 2].to_owned()
}

#[test]
fn integers_keep_every_digit() {
    assert_eq!(
        cells(Int64Array::from(vec![i64::MIN, -1, 0, i64::MAX])),
        "-9223372036854775808,-1,0,9223372036854775807"
    );
    assert_eq!(cells(UInt64Array::from(vec![u64::MAX])), "18446744073709551615");
    assert_eq!(cells(Int8Array::from(vec![-128])), "-128");
    assert_eq!(cells(UInt32Array::from(vec![4_294_967_295])), "4294967295");
}

#[test]
fn floats_stay_floats() {
    assert_eq!(
        cells(Float64Array::from(vec![1.0, -0.0, 0.1, 1e16, 1e300, 5e-324, 75_907_139.797_922_07])),
        "1.0,-0.0,0.1,1e+16,1e+300,5e-324,75907139.79792207"
    );
    assert_eq!(cells(Float32Array::from(vec![0.1, 16_777_216.0, -3.5])), "0.1,16777216.0,-3.5");
    let halves = [0.1, 1.0, -2.5, 65504.0, 0.333_3].map(f16::from_f32);
    assert_eq!(cells(Float16Array::from_iter_values(halves)), "0.1,1.0,-2.5,65500.0,0.3333");
}

#[test]
fn decimals_are_written_as_they_are() {
    let decimal =
        |values: Vec<i128>, scale| Decimal128Array::from(values).with_precision_and_scale(10, scale).unwrap();
    assert_eq!(cells(decimal(vec![150, -5, 0, 1_234_567_890], 2)), "1.50,-0.05,0.00,12345678.90");
    assert_eq!(cells(decimal(vec![12, 0, -7], -2)), "1200,0,-700");
    assert_eq!(cells(decimal(vec![12, 0], 0)), "12,0");
    assert_eq!(cells(Decimal32Array::from(vec![5]).with_precision_and_scale(3, 3).unwrap()), "0.005");
}

#[test]
fn dates_and_times_are_written_as_the_api_reads_them() {
    assert_eq!(
        cells(Date32Array::from(vec![0, -719_162, 2_932_896, 20_284])),
        r#""1970-01-01","0001-01-01","9999-12-31","2025-07-15""#
    );
    assert_eq!(cells(Date64Array::from(vec![86_400_000, -86_400_000])), r#""1970-01-02","1969-12-31""#);
    assert_eq!(cells(TimestampSecondArray::from(vec![1_752_580_800])), r#""2025-07-15 12:00:00""#);
    assert_eq!(
        cells(TimestampMillisecondArray::from(vec![1_752_580_800_120, -1])),
        r#""2025-07-15 12:00:00.120000","1969-12-31 23:59:59.999000""#
    );
    assert_eq!(
        cells(TimestampNanosecondArray::from(vec![1, 1_000, 1_000_000_000])),
        r#""1970-01-01 00:00:00.000000001","1970-01-01 00:00:00.000001","1970-01-01 00:00:01""#
    );
    let zoned = TimestampMicrosecondArray::from(vec![1_752_580_800_000_000]);
    assert_eq!(cells(zoned.clone().with_timezone("Europe/Amsterdam")), r#""2025-07-15 12:00:00+00:00""#);
    assert_eq!(cells(zoned.with_timezone("+02:00")), r#""2025-07-15 12:00:00+00:00""#);
    assert_eq!(cells(Time32SecondArray::from(vec![0, 86_399])), r#""00:00:00","23:59:59""#);
    assert_eq!(cells(Time64MicrosecondArray::from(vec![3_723_000_001])), r#""01:02:03.000001""#);
}

#[test]
fn strings_are_escaped() {
    let texts = ["a\"b", "\\", "\u{8}\t\n\u{c}\r", "\u{0}\u{1f}\u{7f}\u{2028}", "é🎉", ""];
    let expected =
        [r#""a\"b""#, r#""\\""#, r#""\b\t\n\f\r""#, "\"\\u0000\\u001f\u{7f}\u{2028}\"", "\"é🎉\"", "\"\""]
            .join(",");
    assert_eq!(cells(StringArray::from(texts.to_vec())), expected);
    assert_eq!(cells(LargeStringArray::from(texts.to_vec())), expected);
    assert_eq!(cells(StringViewArray::from(texts.to_vec())), expected);
}

#[test]
fn escapes_are_found_at_every_place() {
    for length in 0..40 {
        for place in 0..length {
            for special in ['"', '\\', '\n', '\u{1f}', '\u{0}'] {
                let mut text = vec!['!'; length];
                text[place] = special;
                let text: String = text.into_iter().collect();
                // What is behind a string is another one.
                let texts = [text.as_str(), "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"", ""];
                let expected = serde_json::to_string(&texts).unwrap();
                let expected = &expected[1..expected.len() - 1];
                assert_eq!(cells(StringArray::from(texts.to_vec())), expected);
                assert_eq!(cells(StringViewArray::from(texts.to_vec())), expected);
            }
        }
    }
}

#[test]
fn the_ends_of_the_calendar() {
    let (first, last) = (-719_162 * 86_400, 2_932_897 * 86_400 - 1);
    let expected = "\"0001-01-01 00:00:00\",\"9999-12-31 23:59:59\"";
    assert_eq!(cells(TimestampSecondArray::from(vec![first, last])), expected);
    assert_eq!(cells(TimestampMicrosecondArray::from(vec![first * 1_000_000, last * 1_000_000])), expected);
    let millis = TimestampMillisecondArray::from(vec![last * 1_000 + 999]);
    assert_eq!(cells(millis), r#""9999-12-31 23:59:59.999000""#);
    assert_eq!(
        cells(TimestampNanosecondArray::from(vec![i64::MIN, i64::MAX])),
        r#""1677-09-21 00:12:43.145224192","2262-04-11 23:47:16.854775807""#
    );
}

#[test]
fn dictionaries_and_runs_are_their_values() {
    let values = Arc::new(StringArray::from(vec![Some("a"), None, Some("c")]));
    let keys = UInt8Array::from(vec![Some(2), Some(1), None, Some(0)]);
    let dictionary = DictionaryArray::<UInt8Type>::new(keys, values);
    assert_eq!(sole_body(Arc::new(dictionary), Nulls::Keep), r#"{"call_id":[0,3],"v":["c","a"]}"#);

    let runs = RunArray::<Int32Type>::try_new(
        &Int32Array::from(vec![2, 3, 5]),
        &StringArray::from(vec![Some("a"), None, Some("b")]),
    )
    .unwrap();
    assert_eq!(
        sole_body(Arc::new(runs.slice(1, 4)), Nulls::Keep),
        r#"{"call_id":[0,2,3],"v":["a","b","b"]}"#
    );
}

#[test]
fn lists_are_arrays_and_structs_and_maps_are_objects() {
    let mut lists = ListBuilder::new(Int32Builder::new());
    lists.append_value([Some(1), None]);
    lists.append_value([]);
    lists.append_null();
    lists.append_value([Some(2)]);
    let lists = lists.finish();
    assert_eq!(
        sole_body(Arc::new(lists.slice(1, 3)), Nulls::Clear),
        r#"[{"call_id":0,"v":[]},{"call_id":1,"v":null},{"call_id":2,"v":[2]}]"#
    );

    let mut views = ListViewBuilder::new(Int32Builder::new());
    views.append_value([Some(1), None]);
    views.append_value([Some(3)]);
    assert_eq!(cells(views.finish()), "[1,null],[3]");

    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        [Some(vec![Some(1), None]), Some(vec![Some(3), Some(4)])],
        2,
    );
    assert_eq!(cells(fixed.slice(1, 1)), "[3,4]");

    let a: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    let b: ArrayRef = Arc::new(lists.slice(0, 2));
    let structs = StructArray::from(vec![
        (Arc::new(Field::new("a", DataType::Int32, true)), a),
        (Arc::new(Field::new("b\"", lists.data_type().clone(), true)), b),
    ]);
    assert_eq!(cells(structs), r#"{"a":1,"b\"":[1,null]},{"a":null,"b\"":[]}"#);

    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    maps.keys().append_value("x");
    maps.values().append_value(1);
    maps.keys().append_value("y\n");
    maps.values().append_null();
    maps.append(true).unwrap();
    maps.append(true).unwrap();
    assert_eq!(cells(maps.finish()), r#"{"x":1,"y\n":null},{}"#);
}

#[test]
fn json_that_says_so_is_written_as_it_is() {
    let texts = vec![Some(r#"{"a": [1, 2.50]}"#), None, Some("\"x\"")];
    let body = |texts: ArrayRef| {
        let metadata = [("ARROW:extension:name".to_owned(), "arrow.json".to_owned())].into();
        let schema = Arc::new(Schema::new(vec![
            Field::new("call_id", DataType::Int64, false),
            Field::new("v", texts.data_type().clone(), true).with_metadata(metadata),
        ]));
        let keys: ArrayRef = Arc::new(Int64Array::from_iter_values((0..).take(texts.len())));
        let batch = RecordBatch::try_new(schema.clone(), vec![keys, texts]).unwrap();
        UpdateFrame::new(&schema, vec![batch], KeyColumn::CallId, Nulls::Keep)
            .map(|frame| String::from_utf8(super::frames::written(&frame, LIMITS).remove(0)).unwrap())
    };
    let expected = r#"{"call_id":[0,2],"v":[{"a": [1, 2.50]},"x"]}"#;
    assert_eq!(body(Arc::new(StringArray::from(texts.clone()))).unwrap(), expected);
    assert_eq!(body(Arc::new(StringViewArray::from(texts))).unwrap(), expected);
    let refused = body(Arc::new(StringArray::from(vec!["{", " null ", "1"]))).unwrap_err();
    assert!(
        refused.message().contains("not JSON, though its column is said to hold JSON for call_id 0"),
        "{refused}"
    );
    assert!(refused.message().contains("(make the cell itself null) for call_id 1"), "{refused}");
    assert!(body(Arc::new(Int64Array::from(vec![1]))).unwrap_err().message().contains("must be strings"));
}

#[test]
fn nulls_are_left_out_or_explicit() {
    let values = || -> ArrayRef { Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])) };
    assert_eq!(sole_body(values(), Nulls::Keep), r#"{"call_id":[0,2],"v":[true,false]}"#);
    assert_eq!(
        sole_body(values(), Nulls::Clear),
        r#"[{"call_id":0,"v":true},{"call_id":1,"v":null},{"call_id":2,"v":false}]"#
    );
}

#[test]
fn columns_that_agree_within_a_range_go_together_there() {
    // As a whole their masks differ; within the first two rows they do not.
    let keys: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4]));
    let a: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3), Some(4)]));
    let b: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), None, Some(7), None]));
    let batch = RecordBatch::try_from_iter([("call_id", keys), ("a", a), ("b", b)]).unwrap();
    let frame = UpdateFrame::new(&batch.schema(), vec![batch], KeyColumn::CallId, Nulls::Keep).unwrap();
    let bodies: Vec<String> = super::frames::written(&frame, Limits { rows: 2, bytes: 1 << 20 })
        .into_iter()
        .map(|body| String::from_utf8(body).unwrap())
        .collect();
    assert_eq!(
        bodies,
        [
            r#"{"call_id":[1],"a":[1],"b":[5]}"#,
            r#"{"call_id":[3,4],"a":[3,4]}"#,
            r#"{"call_id":[3],"b":[7]}"#
        ]
    );
}

#[test]
fn columns_that_agree_go_apart_where_they_are_too_long_together() {
    let keys: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let text = |length: usize| Some("x".repeat(length));
    let a: ArrayRef = Arc::new(StringArray::from(vec![text(400), text(400), None]));
    let b: ArrayRef = Arc::new(StringArray::from(vec![text(400), text(400), text(1)]));
    let batch = RecordBatch::try_from_iter([("call_id", keys), ("a", a), ("b", b)]).unwrap();
    let frame = UpdateFrame::new(&batch.schema(), vec![batch], KeyColumn::CallId, Nulls::Keep).unwrap();
    let columns = |bytes| -> Vec<String> {
        let requests = frame.requests(Limits { rows: 2, bytes }).unwrap();
        requests.iter().map(|request| frame.request_columns(request).collect::<Vec<_>>().join("+")).collect()
    };
    let joint = frame.requests(Limits { rows: 2, bytes: 1 << 20 }).unwrap()[0].bytes;
    assert_eq!(columns(joint), ["a+b", "b"]);
    assert_eq!(columns(joint - 1), ["a", "b", "b"]);
}

#[test]
fn the_longest_request_says_where_a_range_ends() {
    let keys: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4]));
    let long = "x".repeat(400);
    let long = long.as_str();
    let a: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4]));
    let b: ArrayRef = Arc::new(StringArray::from(vec![Some(long), None, Some(long), Some(long)]));
    let batch = RecordBatch::try_from_iter([("call_id", keys), ("a", a), ("b", b)]).unwrap();
    let frame = UpdateFrame::new(&batch.schema(), vec![batch], KeyColumn::CallId, Nulls::Keep).unwrap();
    let limits = Limits { rows: 100, bytes: 1_024 };
    let ranges: Vec<_> = frame.requests(limits).unwrap().into_iter().map(|request| request.range).collect();
    assert_eq!(ranges, [0..3, 0..3, 3..4]);
    // What is measured is what is written.
    assert_eq!(super::frames::written(&frame, limits)[0], br#"{"call_id":[1,2,3],"a":[1,2,3]}"#);
}

#[test]
fn the_index_of_a_filtered_pandas_frame_is_no_attribute() {
    let column = || -> ArrayRef { Arc::new(Int64Array::from(vec![7])) };
    let batch = RecordBatch::try_from_iter([
        ("call_id", column()),
        ("a", column()),
        ("__index_level_0__", column()),
        ("__index_level_x__", column()),
    ])
    .unwrap();
    let frame = UpdateFrame::new(&batch.schema(), vec![batch], KeyColumn::CallId, Nulls::Keep).unwrap();
    assert_eq!(frame.column_names().collect::<Vec<_>>(), ["a", "__index_level_x__"]);
}

#[test]
fn categories_are_keys() {
    let keys = DictionaryArray::<UInt8Type>::new(
        UInt8Array::from(vec![1, 0]),
        Arc::new(StringArray::from(vec!["kees500", "mila"])),
    );
    let keys: ArrayRef = Arc::new(keys);
    let values: ArrayRef = Arc::new(StringArray::from(vec!["f", "m"]));
    let batch = RecordBatch::try_from_iter([("rep_id", keys), ("gender", values)]).unwrap();
    let frame = UpdateFrame::new(&batch.schema(), vec![batch], KeyColumn::RepId, Nulls::Keep).unwrap();
    assert_eq!(
        super::frames::written(&frame, LIMITS),
        [br#"{"rep_id":["mila","kees500"],"gender":["f","m"]}"#]
    );
    assert_eq!(frame.key_text(1), "\"kees500\"");
}

proptest! {
    #[test]
    fn floats_read_as_what_they_were(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
        let text = cells(Float64Array::from(vec![value]));
        prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
        prop_assert!(text.contains(['.', 'e']));
        let narrow = value as f32;
        if narrow.is_finite() {
            prop_assert_eq!(cells(Float32Array::from(vec![narrow])).parse::<f32>().unwrap().to_bits(), narrow.to_bits());
        }
    }

    #[test]
    fn decimals_in_floats_have_no_more_digits_than_they_need(
        units in -(10_i64.pow(17))..10_i64.pow(17),
        digits in 0..=17_u32,
        places in 0..=12_u32,
    ) {
        let value = (units / 10_i64.pow(17 - digits)) as f64 / 10_f64.powi(places.cast_signed());
        prop_assert_eq!(cells(Float64Array::from(vec![value])), serde_json::to_string(&value).unwrap());
    }

    #[test]
    fn integers_are_their_digits(value in any::<i64>(), digits in 0..64_u32) {
        let value = value >> digits;
        prop_assert_eq!(cells(Int64Array::from(vec![value])), value.to_string());
        let value = value.cast_unsigned() >> digits;
        prop_assert_eq!(cells(UInt64Array::from(vec![value])), value.to_string());
    }

    #[test]
    fn halves_read_as_what_they_were(bits in any::<u16>()) {
        let value = f16::from_bits(bits);
        prop_assume!(value.is_finite());
        let text = cells(Float16Array::from_iter_values([value]));
        prop_assert_eq!(f16::from_f32(text.parse::<f32>().unwrap()).to_bits(), bits);
    }

    #[test]
    fn dates_are_those_of_the_calendar(days in -719_162..=2_932_896_i32) {
        let date = chrono::NaiveDate::from_epoch_days(days).unwrap();
        prop_assert_eq!(cells(Date32Array::from(vec![days])), format!("\"{}\"", date.format("%Y-%m-%d")));
    }

    #[test]
    fn times_are_those_of_the_clock(
        days in -719_162..=2_932_896_i64,
        second in 0..86_400_i64,
        nanos in prop_oneof![Just(0), (0..1_000_i64).prop_map(|millis| millis * 1_000_000), 0..1_000_000_000_i64],
    ) {
        let seconds = days * 86_400 + second;
        let text = |per_second: i64| {
            let nanos = nanos - nanos % (1_000_000_000 / per_second);
            let fraction = match nanos {
                0 => String::new(),
                nanos if nanos % 1_000 == 0 => format!(".{:06}", nanos / 1_000),
                nanos => format!(".{nanos:09}"),
            };
            let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
            format!("\"{}{fraction}\"", time.format("%Y-%m-%d %H:%M:%S"))
        };
        let value = |per_second: i64| {
            seconds.checked_mul(per_second)?.checked_add(nanos / (1_000_000_000 / per_second))
        };
        let written = cells(TimestampSecondArray::from(vec![value(1)]));
        prop_assert_eq!(written, text(1));
        let written = cells(TimestampMillisecondArray::from(vec![value(1_000)]));
        prop_assert_eq!(written, text(1_000));
        let written = cells(TimestampMicrosecondArray::from(vec![value(1_000_000)]).with_timezone("UTC"));
        prop_assert_eq!(written.replace("+00:00", ""), text(1_000_000));
        if let Some(value) = value(1_000_000_000) {
            prop_assert_eq!(cells(TimestampNanosecondArray::from(vec![value])), text(1_000_000_000));
        }
    }

    #[test]
    fn strings_read_as_what_they_were(
        texts in proptest::collection::vec(
            prop_oneof![any::<String>(), "[ -~\n\"é]{0,300}", "[a-z\\\\\"\u{0}-\u{20}]{0,20}", "[ -~]{0,20}"],
            1..5,
        ),
    ) {
        let read = |cells: String| serde_json::from_str::<Vec<String>>(&format!("[{cells}]")).unwrap();
        prop_assert_eq!(&read(cells(StringArray::from(texts.clone()))), &texts);
        prop_assert_eq!(&read(cells(LargeStringArray::from(texts.clone()))), &texts);
        prop_assert_eq!(read(cells(StringViewArray::from_iter_values(&texts))), texts);
    }
}
