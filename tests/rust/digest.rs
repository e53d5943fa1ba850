//! The digest of a table: equal for the same rows however they are laid out, different for any other.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder, StringRunBuilder};
use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    ArrayRef, Decimal128Array, DictionaryArray, DurationSecondArray, Float32Array, Float64Array, Int8Array,
    Int64Array, ListArray, RecordBatch, StringArray, StructArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt64Array, new_empty_array,
};
use arrow_buffer::OffsetBuffer;
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use converz::decode::{Options, PageDecoder, Unified, unify};
use converz::digest::Digest;
use proptest::prelude::*;

fn digest(schema: &Schema, batches: &[RecordBatch]) -> u128 {
    let mut digest = Digest::new(schema);
    for batch in batches {
        digest.add(batch).unwrap();
    }
    digest.finish()
}

/// What a read makes of pages.
fn read(pages: &[String], options: &Options) -> Unified {
    let decode = |page: &String| {
        let mut decoder = PageDecoder::new(Arc::new(options.clone()));
        decoder.push(page.as_bytes()).unwrap();
        decoder.finish().unwrap()
    };
    unify(pages.iter().map(decode).collect(), options, &[], &[]).unwrap()
}

fn of_json(body: &str) -> u128 {
    let unified = read(&[body.to_owned()], &Options::default());
    digest(&unified.schema, &unified.batches)
}

fn column(array: impl Into<ArrayRef>) -> u128 {
    let batch = RecordBatch::try_from_iter_with_nullable([("x", array.into(), true)]).unwrap();
    digest(&batch.schema(), std::slice::from_ref(&batch))
}

fn array(array: impl arrow_array::Array + 'static) -> ArrayRef {
    Arc::new(array)
}

#[test]
fn whatever_is_another_table_has_another_digest() {
    let bodies = [
        "[]",
        "[{}]",
        "[{},{}]",
        r#"[{"a":1}]"#,
        r#"[{"b":1}]"#,
        r#"[{"a":1},{}]"#,
        r#"[{"a":1},{"a":1}]"#,
        r#"[{"a":1},{"a":1},{"a":1}]"#,
        r#"[{"a":1},{"a":1},{"a":2},{"a":2}]"#,
        r#"[{"a":2}]"#,
        r#"[{"a":1.5}]"#,
        r#"[{"a":true}]"#,
        r#"[{"a":""}]"#,
        r#"[{"a":" "}]"#,
        r#"[{"a":"null"}]"#,
        // A column of nulls has arrived; one that has not is missing.
        r#"[{"a":null}]"#,
        r#"[{"b":null}]"#,
        r#"[{"a":1,"b":null}]"#,
        r#"[{"a":"x","b":"y"}]"#,
        r#"[{"a":"y","b":"x"}]"#,
        r#"[{"a":"xy","b":""}]"#,
        r#"[{"a":"x","b":1},{"a":"y","b":2}]"#,
        r#"[{"a":"x","b":2},{"a":"y","b":1}]"#,
        r#"[{"a":"x"},{"b":"y"}]"#,
        r#"[{"a":"2024-05-01"}]"#,
        r#"[{"a":"2024-05-01 00:00:00"}]"#,
        r#"[{"a":"2024-05-01 00:00:00+00:00"}]"#,
        r#"[{"a":"2024-05-01 00:00:00.000001"}]"#,
        r#"[{"a":[1]}]"#,
        r#"[{"a":[1.0]}]"#,
    ];
    let mut seen = HashMap::new();
    for body in bodies {
        if let Some(other) = seen.insert(of_json(body), body) {
            panic!("{body} and {other} have the same digest");
        }
    }
}

#[test]
fn a_null_cell_is_a_missing_attribute() {
    assert_eq!(of_json(r#"[{"a":1,"b":2},{"a":3}]"#), of_json(r#"[{"b":2,"a":1},{"b":null,"a":3}]"#));
}

#[test]
fn tables_without_rows_are_alike() {
    let schema = Schema::new(vec![Field::new("call_id", DataType::Int64, true)]);
    assert_eq!(digest(&schema, &[]), digest(&Schema::empty(), &[]));
}

#[test]
fn what_widens_keeps_its_digest() {
    let text = |texts: &[&str]| column(array(StringArray::from_iter_values(texts)));
    // Integers among fractions, numbers and truth among texts.
    assert_eq!(column(array(Int64Array::from(vec![3, -7]))), text(&["3", "-7"]));
    assert_eq!(column(array(Float64Array::from(vec![3.0, -7.0]))), text(&["3", "-7"]));
    assert_eq!(column(array(UInt64Array::from(vec![u64::MAX, 0]))), text(&["18446744073709551615", "0"]));
    assert_eq!(column(array(Float64Array::from(vec![0.5, 1e21, 1e-7]))), text(&["0.5", "1e+21", "1e-7"]));
    assert_eq!(column(array(Float64Array::from(vec![1e16]))), text(&["10000000000000000"]));
    assert_eq!(column(array(Float64Array::from(vec![-0.0]))), text(&["0"]));
    assert_eq!(column(array(Float32Array::from(vec![0.5]))), text(&["0.5"]));
    assert_eq!(
        column(array(Int8Array::from(vec![Some(3), None]))),
        column(array(Int64Array::from(vec![None, Some(3)])))
    );
    assert_eq!(of_json(r#"[{"x":true},{"x":false}]"#), text(&["true", "false"]));
    // Dates and times, in the form in which the API documents them.
    assert_eq!(of_json(r#"[{"x":"2024-02-29"},{"x":"0001-01-01"}]"#), text(&["2024-02-29", "0001-01-01"]));
    let times =
        ["2025-07-15 12:00:30", "2025-07-15 00:00:00.500000", "1969-12-31 23:59:59", "2025-07-15 12:00:30"];
    let body: Vec<String> = times.iter().map(|time| format!(r#"{{"x":"{time}"}}"#)).collect();
    assert_eq!(of_json(&format!("[{}]", body.join(","))), text(&times));
    assert_eq!(of_json(r#"[{"x":"2025-07-15T12:00+02:00"}]"#), text(&["2025-07-15 10:00:00+00:00"]));
    // Precisions of a moment.
    assert_eq!(
        column(array(TimestampSecondArray::from(vec![-1, 86_400]))),
        column(array(TimestampNanosecondArray::from(vec![-1_000_000_000, 86_400_000_000_000])))
    );
    assert_eq!(
        column(array(TimestampNanosecondArray::from(vec![1]))),
        text(&["1970-01-01 00:00:00.000000001"])
    );
    let day = array(arrow_array::Date32Array::from(vec![19_000]));
    assert_eq!(column(cast(&day, &DataType::Date64).unwrap()), column(day));
}

#[test]
fn types_of_other_libraries_are_their_values() {
    let strings =
        array(StringArray::from(vec![Some("a"), None, Some("a text that is no short one"), Some("a")]));
    let expected = column(strings.clone());
    let dictionary = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    for other in [DataType::LargeUtf8, DataType::Utf8View, dictionary] {
        assert_eq!(column(cast(&strings, &other).unwrap()), expected, "{other}");
    }
    let mut runs = StringRunBuilder::<Int32Type>::new();
    runs.extend([Some("a"), None, Some("a text that is no short one"), Some("a")]);
    assert_eq!(column(array(runs.finish())), expected);
    // Nulls among a dictionary's values.
    let values = array(StringArray::from(vec![None, Some("a")]));
    let codes: DictionaryArray<Int8Type> =
        DictionaryArray::new(Int8Array::from(vec![Some(0), Some(1), None]), values);
    assert_eq!(column(array(codes)), column(array(StringArray::from(vec![None, Some("a"), None]))));
    let decimals = Decimal128Array::from(vec![300, 1250]).with_precision_and_scale(10, 2).unwrap();
    assert_eq!(column(array(decimals)), column(array(Float64Array::from(vec![3.0, 12.5]))));
    assert_ne!(
        column(array(DurationSecondArray::from(vec![1]))),
        column(array(DurationSecondArray::from(vec![2])))
    );
}

#[test]
fn nested_values_differ_by_their_place() {
    let lists = |rows: &[&[Option<&str>]]| {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for row in rows {
            for item in *row {
                builder.values().append_option(*item);
            }
            builder.append(true);
        }
        column(array(builder.finish()))
    };
    let different: [&[&[Option<&str>]]; 8] = [
        &[&[Some("a"), Some("b")]],
        &[&[Some("b"), Some("a")]],
        &[&[Some("a, b")]],
        &[&[Some("a")], &[Some("b")]],
        &[&[Some("a"), None]],
        &[&[None, Some("a")]],
        &[&[Some("a")]],
        &[&[]],
    ];
    let mut seen: Vec<u128> = different.iter().map(|rows| lists(rows)).collect();
    let structs = |first: &str, second: &str| {
        let inner: ArrayRef = array(StringArray::from(vec!["x"]));
        let other: ArrayRef = array(StringArray::from(vec!["y"]));
        let field = |name: &str| Arc::new(Field::new(name, DataType::Utf8, true));
        column(array(StructArray::from(vec![(field(first), inner), (field(second), other)])))
    };
    seen.extend([structs("a", "b"), structs("b", "a"), structs("a", "c")]);
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[test]
fn values_nested_too_deep_are_refused() {
    let mut kind = DataType::Int64;
    for _ in 0..70 {
        kind = DataType::List(Arc::new(Field::new("item", kind, true)));
    }
    let DataType::List(item) = kind else { unreachable!() };
    let mut items = new_empty_array(item.data_type());
    // A list of one item in each level, but for the innermost.
    let mut types = vec![item];
    while let DataType::List(inner) = Arc::clone(types.last().unwrap()).data_type() {
        types.push(Arc::clone(inner));
    }
    for (depth, field) in types.iter().rev().enumerate() {
        let lists = if depth == 0 {
            array(Int64Array::from(vec![1]))
        } else {
            let offsets = OffsetBuffer::from_lengths([items.len()]);
            array(ListArray::new(Arc::clone(&types[types.len() - depth]), offsets, items, None))
        };
        assert_eq!(lists.data_type(), field.data_type());
        items = lists;
    }
    let batch = RecordBatch::try_from_iter_with_nullable([("x", items, true)]).unwrap();
    let error = Digest::new(&batch.schema()).add(&batch).unwrap_err();
    assert!(error.message().contains("64 levels"), "{error}");
}

/// Digests are kept beside data for years.
#[test]
fn digests_stay_what_they_are() {
    let body = r#"[{"call_id":1,"rep_id":"kees500","start_time":"2025-07-15 12:00:00","date":"2025-07-15","csat":4.5},
        {"call_id":2,"rep_id":null,"resolved":true,"summary":"día"}]"#;
    assert_eq!(format!("{:032x}", of_json(body)), "6d22a79510c446a72675a6004e5d82a5");
    assert_eq!(format!("{:032x}", of_json("[]")), "e0cd26f1d914e5a472bcbbc8998c01fc");
}

/// A value of JSON, and the text that it is in a string column.
fn value() -> impl Strategy<Value = (String, Option<String>)> {
    let same = |text: String| (text.clone(), Some(text));
    prop_oneof![
        (-5..5_i64).prop_map(move |it| same(it.to_string())),
        prop::sample::select(vec!["0.5", "-1.25", "9007199254740993", "18446744073709551615"])
            .prop_map(move |it| same(it.to_owned())),
        prop::sample::select(vec!["1.0", "10e-1"]).prop_map(|it| (it.to_owned(), Some("1".to_owned()))),
        any::<bool>().prop_map(move |it| same(it.to_string())),
        prop::sample::select(vec!["", "a", "1", "true", "2025-07-15", "2025-07-15 12:00:00"])
            .prop_map(|it| (format!("\"{it}\""), Some(it.to_owned()))),
        Just(("null".to_owned(), None)),
    ]
}

type Row = BTreeMap<String, (String, Option<String>)>;

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let name = prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned);
    prop::collection::vec(prop::collection::btree_map(name, value(), 0..4), 0..6)
}

fn body<'a>(rows: impl IntoIterator<Item = &'a Row>, backwards: bool) -> String {
    let texts = rows.into_iter().map(|row| {
        let mut cells: Vec<String> =
            row.iter().map(|(name, (json, _))| format!("\"{name}\":{json}")).collect();
        if backwards {
            cells.reverse();
        }
        format!("{{{}}}", cells.join(","))
    });
    format!("[{}]", texts.collect::<Vec<_>>().join(","))
}

/// The names of columns, and the cells of each row.
type Meaning<'a> = (Vec<&'a String>, Vec<Vec<(&'a String, &'a String)>>);

/// What a digest stands for.
fn meaning(rows: &[Row]) -> Meaning<'_> {
    let mut names: Vec<_> = rows.iter().flat_map(BTreeMap::keys).collect();
    names.sort();
    names.dedup();
    let mut rows: Vec<Vec<_>> = rows
        .iter()
        .map(|row| row.iter().filter_map(|(name, (_, text))| Some((name, text.as_ref()?))).collect())
        .collect();
    rows.sort();
    (names, rows)
}

fn shuffled(rows: &[Row], order: &[prop::sample::Index]) -> Vec<Row> {
    let mut rows = rows.to_vec();
    for (place, index) in order.iter().enumerate().take(rows.len()) {
        let other = index.index(rows.len());
        rows.swap(place, other);
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_same_rows_in_any_layout_have_the_same_digest(
        rows in rows(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 6),
        cut in any::<prop::sample::Index>(),
        columns in prop::bool::ANY,
    ) {
        let one = of_json(&body(&rows, false));
        let rows = shuffled(&rows, &order);
        let (before, after) = rows.split_at(cut.index(rows.len() + 1));
        let pages = [body(before, columns), body(after, columns)];
        let unified = read(&pages, &Options::default());
        prop_assert_eq!(digest(&unified.schema, &unified.batches), one);
        // Batches of any size, and columns of text.
        let cut: Vec<RecordBatch> = unified.batches.iter().flat_map(|batch| {
            let half = batch.num_rows() / 2;
            [batch.slice(half, batch.num_rows() - half), batch.slice(0, half)]
        }).collect();
        prop_assert_eq!(digest(&unified.schema, &cut), one);
        let texts = Options { pinned: Arc::new(Schema::new(unified.schema.fields().iter().map(|field| {
            Field::new(field.name(), DataType::Utf8, true)
        }).collect::<Vec<_>>())), ..Options::default() };
        let widened = read(&pages, &texts);
        prop_assert_eq!(digest(&widened.schema, &widened.batches), one);
    }

    #[test]
    fn other_rows_have_another_digest(one in rows(), other in rows()) {
        let same = meaning(&one) == meaning(&other);
        prop_assert_eq!(of_json(&body(&one, false)) == of_json(&body(&other, false)), same);
    }

    #[test]
    fn one_changed_cell_is_seen(
        rows in rows(), row in any::<prop::sample::Index>(), name in 0..3_usize, value in value(),
    ) {
        prop_assume!(!rows.is_empty());
        let mut changed = rows.clone();
        let row = row.index(rows.len());
        changed[row].insert(["a", "b", "c"][name].to_owned(), value);
        let same = meaning(&rows) == meaning(&changed);
        prop_assert_eq!(of_json(&body(&rows, false)) == of_json(&body(&changed, false)), same);
    }
}
