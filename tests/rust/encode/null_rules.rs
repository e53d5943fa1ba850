//! Whatever the frame and the cut, what is stored afterwards is what the null rules promise.

use converz::encode::{Form, Limits, Nulls};
use proptest::prelude::*;
use serde_json::Value;

use super::frames::{frames, limits, written};
use super::model::Model;

const AT_ONCE: Limits = Limits { rows: 100_000, bytes: 16 << 20 };

proptest! {
    #[test]
    fn what_is_stored_is_what_was_meant(
        drawn in frames(80),
        limits in limits(),
        nulls in prop_oneof![Just(Nulls::Keep), Just(Nulls::Clear)],
    ) {
        let mut model = Model::before(&drawn);
        let mut expected = model.clone();
        for body in written(&drawn.frame(nulls), limits) {
            model.apply(&body);
        }
        expected.expect(&drawn, 0..drawn.keys.len(), nulls);
        prop_assert_eq!(model, expected);
    }

    #[test]
    fn no_cell_is_lost_or_sent_twice(drawn in frames(80), limits in limits()) {
        let frame = drawn.frame(Nulls::Keep);
        let requests = frame.requests(limits).unwrap();
        prop_assert_eq!(requests.iter().map(|request| request.cells).sum::<usize>(), drawn.set_cells());
        let mut sent = std::collections::BTreeSet::new();
        for request in &requests {
            let columns: Vec<&str> = frame.request_columns(request).collect();
            let touched: Vec<usize> = frame.touched(request).into_iter().flatten().collect();
            prop_assert_eq!(touched.len(), request.rows);
            prop_assert_eq!(touched.len() * columns.len(), request.cells);
            for row in touched {
                prop_assert!(request.range.contains(&row));
                for column in &columns {
                    prop_assert!(sent.insert((row, (*column).to_owned())));
                }
            }
        }
        let mut ranges: Vec<_> = requests.iter().map(|request| request.range.clone()).collect();
        ranges.dedup();
        prop_assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start), "ranges in order: {ranges:?}");
    }

    #[test]
    fn keep_sends_no_null_and_at_most_a_request_a_mask(drawn in frames(60)) {
        let bodies = written(&drawn.frame(Nulls::Keep), AT_ONCE);
        prop_assert!(bodies.len() <= drawn.distinct_masks());
        for body in bodies {
            let Value::Object(columns) = serde_json::from_slice(&body).unwrap() else {
                panic!("keep is columnar");
            };
            prop_assert!(columns.len() > 1);
            for cell in columns.values().flat_map(|cells| cells.as_array().unwrap()) {
                prop_assert!(!cell.is_null());
            }
        }
    }

    #[test]
    fn clear_is_row_wise_and_every_row_carries_every_column(drawn in frames(60)) {
        let frame = drawn.frame(Nulls::Clear);
        prop_assert!(frame.requests(AT_ONCE).unwrap().iter().all(|request| request.form == Form::RowWise));
        for body in written(&frame, AT_ONCE) {
            let Value::Array(rows) = serde_json::from_slice(&body).unwrap() else {
                panic!("clear is row-wise");
            };
            prop_assert_eq!(rows.len(), drawn.keys.len());
            for row in rows {
                prop_assert_eq!(row.as_object().unwrap().len(), drawn.names.len() + 1);
            }
        }
    }

    #[test]
    fn rows_of_a_frame_are_those_asked_for(drawn in frames(60), picked in proptest::collection::vec(any::<bool>(), 60)) {
        let frame = drawn.frame(Nulls::Keep);
        let rows: Vec<usize> = (0..frame.num_rows()).filter(|row| picked[*row]).collect();
        let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
        for row in &rows {
            match runs.last_mut() {
                Some(run) if run.end == *row => run.end += 1,
                _ => runs.push(*row..row + 1),
            }
        }
        let keys: Vec<i64> = frame
            .rows(&runs)
            .iter()
            .flat_map(|batch| {
                use arrow_array::cast::AsArray;
                let keys = batch.column_by_name("call_id").unwrap();
                keys.as_primitive::<arrow_array::types::Int64Type>().values().to_vec()
            })
            .collect();
        prop_assert_eq!(keys, rows.iter().map(|row| drawn.keys[*row]).collect::<Vec<_>>());
    }
}
