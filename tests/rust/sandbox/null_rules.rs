//! The null rules of both forms, against a model: a map of rows.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::Config;
use serde_json::{Map, Value, json};

use super::client::{all_calls, post};
use super::start;

const ROWS: i64 = 6;
const NAMES: [&str; 6] = ["campaign", "subcampaign", "csat", "resolved", "note", "level"];

type Model = BTreeMap<i64, Map<String, Value>>;

/// One request: its form, its rows' keys, its names, and a cell (or, row-wise, perhaps none) for each pair.
#[derive(Debug, Clone)]
struct Request {
    is_columnar: bool,
    ids: Vec<i64>,
    names: Vec<&'static str>,
    cells: Vec<Option<Value>>,
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<i32>().prop_map(|number| Value::from(f64::from(number) / 4.0)),
        2 => ".{0,6}".prop_map(Value::from),
        1 => Just(json!({"a": [1, null, "x"]})),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let ids = subsequence((1..=ROWS).collect::<Vec<_>>(), 1..=ROWS as usize).prop_shuffle();
    let names = subsequence(NAMES.to_vec(), 1..=3);
    (any::<bool>(), ids, names).prop_flat_map(|(is_columnar, ids, names)| {
        let cell = if is_columnar {
            value().prop_map(Some).boxed()
        } else {
            proptest::option::weighted(0.7, value()).boxed()
        };
        vec(cell, ids.len() * names.len()).prop_map(move |cells| Request {
            is_columnar,
            ids: ids.clone(),
            names: names.clone(),
            cells,
        })
    })
}

impl Request {
    fn cell(&self, row: usize, column: usize) -> Option<&Value> {
        self.cells[row * self.names.len() + column].as_ref()
    }

    /// The names that any row has.
    fn present(&self) -> Vec<usize> {
        (0..self.names.len())
            .filter(|column| (0..self.ids.len()).any(|row| self.cell(row, *column).is_some()))
            .collect()
    }

    fn body(&self) -> String {
        if self.is_columnar {
            let mut columns = Map::from_iter([("call_id".to_owned(), json!(self.ids))]);
            for (column, name) in self.names.iter().enumerate() {
                let cells: Vec<_> = (0..self.ids.len()).map(|row| self.cell(row, column)).collect();
                columns.insert((*name).to_owned(), json!(cells));
            }
            return Value::Object(columns).to_string();
        }
        let rows = self.ids.iter().enumerate().map(|(row, id)| {
            let mut object = Map::from_iter([("call_id".to_owned(), json!(id))]);
            for (column, name) in self.names.iter().enumerate() {
                object.extend(self.cell(row, column).map(|cell| ((*name).to_owned(), cell.clone())));
            }
            Value::Object(object)
        });
        Value::Array(rows.collect()).to_string()
    }

    /// The documented rules, word for word.
    fn apply(&self, model: &mut Model) {
        for (row, id) in self.ids.iter().enumerate() {
            let stored = model.get_mut(id).unwrap();
            for column in self.present() {
                let name = self.names[column].to_owned();
                match self.cell(row, column) {
                    Some(Value::Null) if self.is_columnar => {}
                    Some(value) => drop(stored.insert(name, value.clone())),
                    None => drop(stored.insert(name, Value::Null)),
                }
            }
        }
    }
}

fn select_names(row: &Value) -> Map<String, Value> {
    NAMES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), row.get(name)?.clone())))
        .filter(|(_, value)| !value.is_null())
        .collect()
}

#[test]
fn any_sequence_of_updates_leaves_what_the_rules_say() {
    let sandbox = start(ROWS as u64, 2);
    let mut model: Model = all_calls(&sandbox)
        .into_iter()
        .map(|row| (row["call_id"].as_i64().unwrap(), row.as_object().unwrap().clone()))
        .collect();
    let model = std::cell::RefCell::new(&mut model);
    // One sandbox for all cases: each goes on where the one before ended.
    proptest!(Config { cases: 150, max_shrink_iters: 0, ..Config::default() }, |(request in request())| {
        let mut model = model.borrow_mut();
        let answer = post(&sandbox, "calls", &request.body());
        if request.present().is_empty() {
            prop_assert_eq!(answer.refusal().1, "empty_body");
        } else {
            prop_assert_eq!(answer.json(), json!({"updated": request.ids.len()}));
        }
        request.apply(&mut model);
        for row in all_calls(&sandbox) {
            let stored = Value::Object(model[&row["call_id"].as_i64().unwrap()].clone());
            prop_assert_eq!(select_names(&row), select_names(&stored));
        }
    });
}

#[test]
fn the_documented_examples() {
    let sandbox = start(2, 1);
    let read = || -> Vec<(Value, Value)> {
        all_calls(&sandbox).iter().map(|row| (row["campaign"].clone(), row["subcampaign"].clone())).collect()
    };
    let set = |body: &str| assert_eq!(post(&sandbox, "calls", body).status, 200);
    set(r#"{"call_id":[1,2],"campaign":["x","x"],"subcampaign":["y","y"]}"#);
    set(r#"{"call_id":[1,2],"campaign":["A",null],"subcampaign":[null,"B1"]}"#);
    assert_eq!(read(), [(json!("A"), json!("y")), (json!("x"), json!("B1"))]);
    set(r#"[{"call_id":1,"campaign":"A"},{"call_id":2,"subcampaign":"B1"}]"#);
    assert_eq!(read(), [(json!("A"), json!(null)), (json!(null), json!("B1"))]);
    set(r#"[{"call_id":1,"campaign":null}]"#);
    assert_eq!(read()[0], (json!(null), json!(null)));
}
