//! What a service stores that follows the documented null rules.

use std::collections::BTreeMap;
use std::ops::Range;

use converz::encode::Nulls;
use serde_json::{Value, json};

use super::frames::Drawn;

/// Attributes by name, by key. An attribute that is not there is null.
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
