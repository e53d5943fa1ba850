//! Frames drawn at random, with what each of their cells should be as JSON.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_schema::SchemaRef;
use converz::encode::{KeyColumn, Limits, Nulls, UpdateFrame};
use proptest::prelude::*;
use serde_json::Value;

use super::columns::{KINDS, column};

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
            let mut columns_drawn: Vec<(String, ArrayRef)> = Vec::new();
            let mut cells = vec![Vec::new(); keys.len()];
            for (place, (kind, mask)) in columns.iter().enumerate() {
                let mask = if *kind == KINDS - 1 { vec![false; keys.len()] } else { masks[*mask].clone() };
                let (array, values) = column(*kind, &seeds, &mask);
                columns_drawn.push((format!("column \"{place}\""), array));
                for ((row, value), set) in cells.iter_mut().zip(values).zip(mask) {
                    row.push(set.then_some(value));
                }
            }
            let names = columns_drawn.iter().map(|(name, _)| name.clone()).collect();
            // The key need not come first.
            let key: ArrayRef = Arc::new(Int64Array::from(keys.clone()));
            columns_drawn.insert(columns.len() / 2, ("call_id".to_owned(), key));
            let batch = RecordBatch::try_from_iter(columns_drawn).unwrap();
            cuts.extend([0, keys.len()]);
            cuts.sort_unstable();
            let batches = cuts.windows(2).map(|cut| batch.slice(cut[0], cut[1] - cut[0])).collect();
            Drawn { schema: batch.schema(), batches, keys, names, cells }
        })
}

/// Limits that no single row of these frames exceeds, but many together do.
pub fn limits() -> impl Strategy<Value = Limits> {
    (1..60_usize, 2_000..12_000_usize).prop_map(|(rows, bytes)| Limits { rows, bytes })
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
