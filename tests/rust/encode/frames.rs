//! Frames drawn at random, with what each of their cells should be as JSON; and the documented null rules as a model.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int8Array, Int64Array,
    LargeStringArray, NullArray, RecordBatch, StringArray, StringViewArray, StructArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields, SchemaRef};
use converz::encode::{KeyColumn, Limits, Nulls, UpdateFrame};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A frame and, row by row, the JSON of its cells; `None` is a null cell.
#[derive(Debug, Clone)]
pub struct Drawn {
    pub batches: Vec<RecordBatch>,
    pub schema: SchemaRef,
    pub keys: Vec<i64>,
    pub names: Vec<String>,
    pub cells: Vec<Vec<Option<Value>>>,
}

impl Drawn {
    pub fn frame(&self, nulls: Nulls) -> UpdateFrame {
        UpdateFrame::new(&self.schema, self.batches.clone(), KeyColumn::CallId, nulls).unwrap()
    }

    /// How many masks its columns have, of those that have a cell at all.
    pub fn distinct_masks(&self) -> usize {
        let mut masks: Vec<Vec<bool>> = (0..self.names.len())
            .map(|column| self.cells.iter().map(|row| row[column].is_some()).collect::<Vec<_>>())
            .filter(|mask| mask.contains(&true))
            .collect();
        masks.sort();
        masks.dedup();
        masks.len()
    }

    pub fn set_cells(&self) -> usize {
        self.cells.iter().flatten().flatten().count()
    }
}

const KINDS: usize = 12;

/// One column: an array whose null cells are those of the mask, and the JSON of all cells.
fn column(kind: usize, seeds: &[i32], mask: &[bool]) -> (ArrayRef, Vec<Value>) {
    let texts = |seed: i32| match seed.rem_euclid(5) {
        0 => format!("plain {seed}"),
        1 => format!("\"quoted\" \\ back\nline\u{1}{seed}"),
        2 => "é漢🎉".repeat((seed.rem_euclid(30)) as usize),
        3 => format!("{}\t\u{7f}", "long ".repeat(seed.rem_euclid(40) as usize)),
        _ => String::new(),
    };
    let nulls = NullBuffer::from(mask.to_vec());
    let strings: Vec<String> = seeds.iter().map(|seed| texts(*seed)).collect();
    let set = |index: usize| mask[index];
    let optional = || strings.iter().enumerate().map(|(row, text)| set(row).then_some(text.as_str()));
    match kind {
        0 => (
            Arc::new(Int64Array::new(
                seeds.iter().map(|seed| i64::from(*seed) * 4_000_000_000).collect(),
                Some(nulls),
            )),
            seeds.iter().map(|seed| json!(i64::from(*seed) * 4_000_000_000)).collect(),
        ),
        1 => (
            Arc::new(UInt64Array::new(
                seeds.iter().map(|seed| u64::MAX - *seed as u64 % 9).collect(),
                Some(nulls),
            )),
            seeds.iter().map(|seed| json!(u64::MAX - *seed as u64 % 9)).collect(),
        ),
        2 => (
            Arc::new(Float64Array::new(
                // What lies under a null is nobody's business.
                seeds
                    .iter()
                    .zip(mask)
                    .map(|(seed, set)| if *set { f64::from(*seed) / 8.0 } else { f64::NAN })
                    .collect(),
                Some(nulls),
            )),
            seeds.iter().map(|seed| json!(f64::from(*seed) / 8.0)).collect(),
        ),
        3 => (
            Arc::new(BooleanArray::new(seeds.iter().map(|seed| seed % 2 == 0).collect(), Some(nulls))),
            seeds.iter().map(|seed| json!(seed % 2 == 0)).collect(),
        ),
        4 => (
            Arc::new(optional().collect::<LargeStringArray>()),
            strings.iter().map(|text| json!(text)).collect(),
        ),
        5 => (
            Arc::new(optional().collect::<StringViewArray>()),
            strings.iter().map(|text| json!(text)).collect(),
        ),
        6 => {
            let values = ["sales", "ser\"vice", "x"];
            let keys =
                Int8Array::new(seeds.iter().map(|seed| seed.rem_euclid(3) as i8).collect(), Some(nulls));
            let array = DictionaryArray::<Int8Type>::new(keys, Arc::new(StringArray::from(values.to_vec())));
            let expected = seeds.iter().map(|seed| json!(values[seed.rem_euclid(3) as usize])).collect();
            (Arc::new(array), expected)
        }
        7 => {
            let days = |seed: i32| seed.rem_euclid(40_000);
            let array = Date32Array::new(seeds.iter().map(|seed| days(*seed)).collect(), Some(nulls));
            let expected = seeds
                .iter()
                .map(|seed| {
                    let date = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap()
                        + chrono::Days::new(days(*seed) as u64);
                    json!(date.format("%Y-%m-%d").to_string())
                })
                .collect();
            (Arc::new(array), expected)
        }
        8 => {
            let micros = |seed: i32| i64::from(seed) * 500_000;
            let array =
                TimestampMicrosecondArray::new(seeds.iter().map(|seed| micros(*seed)).collect(), Some(nulls));
            let expected = seeds
                .iter()
                .map(|seed| {
                    let time = chrono::DateTime::from_timestamp_micros(micros(*seed)).unwrap();
                    let format = if seed % 2 == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S%.6f" };
                    json!(time.format(format).to_string())
                })
                .collect();
            (Arc::new(array), expected)
        }
        9 => {
            let mut builder = ListBuilder::new(Int64Builder::new());
            for (seed, set) in seeds.iter().zip(mask) {
                for item in 0..seed.rem_euclid(4) {
                    builder.values().append_option((item != 1).then_some(i64::from(item)));
                }
                builder.append(*set);
            }
            let expected = seeds
                .iter()
                .map(|seed| {
                    (0..seed.rem_euclid(4))
                        .map(|item| if item == 1 { Value::Null } else { json!(item) })
                        .collect()
                })
                .collect();
            (Arc::new(builder.finish()), expected)
        }
        10 => {
            let fields = Fields::from(vec![
                Field::new("a \"b\"", DataType::Utf8, true),
                Field::new("n", DataType::Null, true),
            ]);
            let texts: ArrayRef = Arc::new(StringArray::from(strings.clone()));
            let empty: ArrayRef = Arc::new(NullArray::new(seeds.len()));
            let array = StructArray::new(fields, vec![texts, empty], Some(nulls));
            (Arc::new(array), strings.iter().map(|text| json!({"a \"b\"": text, "n": null})).collect())
        }
        _ => (Arc::new(NullArray::new(seeds.len())), vec![Value::Null; seeds.len()]),
    }
}

/// Frames of one to `max_rows` rows, their columns with few distinct masks, in batches of any size.
pub fn frames(max_rows: usize) -> impl Strategy<Value = Drawn> {
    (1..=max_rows, 1..6_usize)
        .prop_flat_map(|(rows, columns)| {
            (
                proptest::collection::vec(any::<i32>(), rows),
                proptest::collection::hash_set(-1_000_000..1_000_000_i64, rows),
                proptest::collection::vec(
                    prop_oneof![
                        Just(vec![true; rows]),
                        Just(vec![false; rows]),
                        proptest::collection::vec(any::<bool>(), rows),
                        proptest::collection::vec(prop::bool::weighted(0.9), rows),
                    ],
                    3,
                ),
                proptest::collection::vec((0..KINDS, 0..3_usize), columns),
                proptest::collection::vec(0..=rows, 0..3),
            )
        })
        .prop_map(|(seeds, keys, masks, columns, mut cuts)| {
            let keys: Vec<i64> = keys.into_iter().collect();
            let mut named: Vec<(String, ArrayRef)> = Vec::new();
            let mut cells = vec![Vec::new(); keys.len()];
            for (place, (kind, mask)) in columns.iter().enumerate() {
                let mask = if *kind == KINDS - 1 { vec![false; keys.len()] } else { masks[*mask].clone() };
                let (array, values) = column(*kind, &seeds, &mask);
                named.push((format!("column \"{place}\""), array));
                for ((row, value), set) in cells.iter_mut().zip(values).zip(mask) {
                    row.push(set.then_some(value));
                }
            }
            let names = named.iter().map(|(name, _)| name.clone()).collect();
            // The key need not come first.
            let key: ArrayRef = Arc::new(Int64Array::from(keys.clone()));
            named.insert(columns.len() / 2, ("call_id".to_owned(), key));
            let batch = RecordBatch::try_from_iter(named).unwrap();
            cuts.extend([0, keys.len()]);
            cuts.sort_unstable();
            let batches = cuts.windows(2).map(|cut| batch.slice(cut[0], cut[1] - cut[0])).collect();
            Drawn { schema: batch.schema(), batches, keys, names, cells }
        })
}

/// Limits that no single row of these frames exceeds, but many together do.
pub fn limits() -> impl Strategy<Value = Limits> {
    (1..60_usize, 4_000..40_000_usize).prop_map(|(rows, bytes)| Limits { rows, bytes })
}

pub fn written(frame: &UpdateFrame, limits: Limits) -> Vec<Vec<u8>> {
    let requests = frame.requests(limits).unwrap();
    requests
        .iter()
        .map(|request| {
            let mut body = Vec::new();
            frame.write(request, &mut body);
            assert_eq!(body.len(), request.bytes);
            assert!(body.len() <= limits.bytes);
            assert!(request.rows <= limits.rows);
            body
        })
        .collect()
}

/// What the service stores: attributes by name, by key. An attribute that is not there is null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model(pub BTreeMap<i64, BTreeMap<String, Value>>);

impl Model {
    /// Every cell has a value before the update, so that whatever is wiped shows.
    pub fn before(drawn: &Drawn) -> Self {
        let row: BTreeMap<String, Value> = drawn
            .names
            .iter()
            .chain([&"untouched".to_owned()])
            .map(|name| (name.clone(), json!("before")))
            .collect();
        Self(drawn.keys.iter().map(|key| (*key, row.clone())).collect())
    }

    /// The documented null rules: of a columnar body a null leaves the value; of a row-wise one it is stored, and so
    /// it is for what only other rows carry.
    pub fn apply(&mut self, body: &[u8]) {
        match serde_json::from_slice(body).unwrap() {
            Value::Object(columns) => {
                let keys = columns["call_id"].as_array().unwrap().clone();
                for (name, values) in columns.iter().filter(|(name, _)| *name != "call_id") {
                    let values = values.as_array().unwrap();
                    assert_eq!(values.len(), keys.len());
                    for (key, value) in keys.iter().zip(values).filter(|(_, value)| !value.is_null()) {
                        self.set(key, name, value.clone());
                    }
                }
            }
            Value::Array(rows) => {
                let names: Vec<&String> =
                    rows.iter().flat_map(|row| row.as_object().unwrap().keys()).collect();
                for row in &rows {
                    for name in names.iter().filter(|name| **name != "call_id") {
                        self.set(&row["call_id"], name, row.get(*name).cloned().unwrap_or_default());
                    }
                }
            }
            other => panic!("{other} is no body"),
        }
    }

    fn set(&mut self, key: &Value, name: &str, value: Value) {
        self.0.get_mut(&key.as_i64().unwrap()).unwrap().insert(name.to_owned(), value);
    }

    /// What it should be after rows of a frame were written.
    pub fn expect(&mut self, drawn: &Drawn, rows: Range<usize>, nulls: Nulls) {
        for row in rows {
            let stored = self.0.get_mut(&drawn.keys[row]).unwrap();
            for (name, cell) in drawn.names.iter().zip(&drawn.cells[row]) {
                match (cell, nulls) {
                    (Some(value), _) => stored.insert(name.clone(), value.clone()),
                    (None, Nulls::Clear) => stored.insert(name.clone(), Value::Null),
                    (None, Nulls::Keep) => None,
                };
            }
        }
    }
}
