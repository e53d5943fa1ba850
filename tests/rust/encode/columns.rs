//! Columns of every kind, with the JSON of their cells.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_array::types::Int8Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int8Array, Int64Array,
    LargeStringArray, NullArray, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray,
    UInt64Array,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields};
use chrono::{DateTime, NaiveDate};
use serde_json::{Value, json};

/// The last one is all null.
pub const KINDS: usize = 12;

/// An array whose null cells are those of the mask, and the JSON that its cells would have without it.
pub fn column(kind: usize, seeds: &[i32], mask: &[bool]) -> (ArrayRef, Vec<Value>) {
    let json = |cell: fn(i32) -> Value| seeds.iter().map(|seed| cell(*seed)).collect();
    let nulls = || Some(NullBuffer::from(mask.to_vec()));
    let ints = || seeds.iter().copied();
    let strings = || ints().zip(mask).map(|(seed, set)| set.then(|| text(seed)));
    match kind {
        0 => arc(Int64Array::new(ints().map(large).collect(), nulls()), json(|seed| json!(large(seed)))),
        1 => arc(UInt64Array::new(ints().map(huge).collect(), nulls()), json(|seed| json!(huge(seed)))),
        2 => {
            // What lies under a null is nobody's business.
            let values = ints().zip(mask).map(|(seed, set)| if *set { eighth(seed) } else { f64::NAN });
            arc(Float64Array::new(values.collect(), nulls()), json(|seed| json!(eighth(seed))))
        }
        3 => arc(
            BooleanArray::new(ints().map(|seed| seed % 2 == 0).collect(), nulls()),
            json(|seed| json!(seed % 2 == 0)),
        ),
        4 => arc(strings().collect::<LargeStringArray>(), json(|seed| json!(text(seed)))),
        5 => arc(strings().collect::<StringViewArray>(), json(|seed| json!(text(seed)))),
        6 => {
            let keys = Int8Array::new(ints().map(|seed| place(seed) as i8).collect(), nulls());
            let values = Arc::new(StringArray::from(CATEGORIES.to_vec()));
            arc(DictionaryArray::<Int8Type>::new(keys, values), json(|seed| json!(CATEGORIES[place(seed)])))
        }
        7 => arc(
            Date32Array::new(ints().map(|seed| seed % 100_000).collect(), nulls()),
            json(|seed| json!(NaiveDate::from_epoch_days(seed % 100_000).unwrap().to_string())),
        ),
        8 => {
            let values = ints().map(|seed| i64::from(seed) * 500_000).collect();
            arc(TimestampMicrosecondArray::new(values, nulls()), json(|seed| json!(half_second(seed))))
        }
        9 => arc(lists(seeds, mask), json(|seed| list(seed).collect())),
        10 => arc(structs(seeds, nulls()), json(|seed| json!({"a \"b\"": text(seed), "n": null}))),
        _ => arc(NullArray::new(seeds.len()), json(|_| Value::Null)),
    }
}

fn arc(array: impl Array + 'static, values: Vec<Value>) -> (ArrayRef, Vec<Value>) {
    (Arc::new(array), values)
}

fn large(seed: i32) -> i64 {
    i64::from(seed) * 4_000_000_000
}

fn huge(seed: i32) -> u64 {
    u64::MAX - u64::from(seed.unsigned_abs())
}

fn eighth(seed: i32) -> f64 {
    f64::from(seed) / 8.0
}

const CATEGORIES: [&str; 3] = ["sales", "ser\"vice", "x"];

fn place(seed: i32) -> usize {
    seed.unsigned_abs() as usize % CATEGORIES.len()
}

fn text(seed: i32) -> String {
    let times = seed.unsigned_abs() as usize % 30;
    match seed.rem_euclid(5) {
        0 => format!("plain {seed}"),
        1 => format!("\"quoted\" \\ back\nline\u{1}{seed}"),
        2 => "é漢🎉".repeat(times),
        3 => format!("{}\t\u{7f}", "long ".repeat(times)),
        _ => String::new(),
    }
}

fn half_second(seed: i32) -> String {
    let time = DateTime::from_timestamp_micros(i64::from(seed) * 500_000).unwrap();
    time.format(if seed % 2 == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S%.6f" }).to_string()
}

fn list(seed: i32) -> impl Iterator<Item = Option<i64>> {
    (0..i64::from(seed.rem_euclid(4))).map(|item| (item != 1).then_some(item))
}

fn lists(seeds: &[i32], mask: &[bool]) -> impl Array + 'static {
    let mut builder = ListBuilder::new(Int64Builder::new());
    for (seed, set) in seeds.iter().zip(mask) {
        builder.values().extend(list(*seed));
        builder.append(*set);
    }
    builder.finish()
}

fn structs(seeds: &[i32], nulls: Option<NullBuffer>) -> StructArray {
    let fields = Fields::from(vec![
        Field::new("a \"b\"", DataType::Utf8, true),
        Field::new("n", DataType::Null, true),
    ]);
    let texts = seeds.iter().map(|seed| Some(text(*seed))).collect::<StringArray>();
    StructArray::new(fields, vec![Arc::new(texts), Arc::new(NullArray::new(seeds.len()))], nulls)
}
