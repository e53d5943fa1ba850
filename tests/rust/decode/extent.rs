//! Few bytes of JSON do not become much memory: rows whose keys are all different, in one page or many, streamed, or read by
//! several threads. What is wide or sparse as results are is read.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use converz::decode::{
    Cutting, Extent, OnNewColumn, Options, Page, ParallelDecoder, conform, stream_schema, unify,
};
use converz::error::{Error, ErrorKind};

use super::helpers::{page, refused};

/// Rows of one key each, every key another.
fn different(from: usize, rows: usize) -> String {
    let rows: Vec<String> = (from..from + rows).map(|number| format!("{{\"k{number}\":{number}}}")).collect();
    format!("[{}]", rows.join(","))
}

fn assert_says_what_to_do(error: &Error, parts: &[&str]) {
    assert!(matches!(error.kind(), ErrorKind::LimitExceeded), "{error}");
    for part in parts.iter().chain(&["rows x", "columns from", "columns="]) {
        assert!(error.message().contains(part), "{part}: {error}");
    }
}

#[test]
fn a_page_of_different_keys_is_refused_while_it_arrives() {
    let body = different(0, 16_000);
    let error = refused(body.as_bytes(), &Options::default());
    assert_says_what_to_do(&error, &["bytes of JSON", "byte "]);
    // Long before its end, and before the batches take what was allowed.
    let rows: usize =
        error.message().split("has ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(rows < 8_000, "{error}");
}

#[test]
fn stretches_of_several_threads_count_together() {
    let rows: Vec<String> = (0..7_000).map(|number| format!("{{\"a\":1,\"k{number}\":2}}")).collect();
    let body = Bytes::from(format!("[{}]", rows.join(",")));
    let cutting = Cutting { threads: 3, alone: 0, stretch: 0, lag: 0 };
    let mut decoder = ParallelDecoder::new(&Arc::default(), cutting);
    for start in (0..body.len()).step_by(20_000) {
        decoder.push(&body.slice(start..body.len().min(start + 20_000))).unwrap();
    }
    // Each stretch is small.
    let page = decoder.finish().unwrap();
    let options = Options::default();
    let error = Extent::new(None).add(&page, &options).unwrap_err();
    assert_says_what_to_do(&error, &["7000 rows x 7001 columns", &format!("{} bytes", body.len())]);
    assert_says_what_to_do(&unify(vec![page], &options, &[], &[]).unwrap_err(), &["7000 rows"]);
}

#[test]
fn rows_beyond_the_limit_do_not_count() {
    let options = Options::default();
    let page = |start| page(different(start, 5_000).as_bytes(), &options).unwrap();
    for (limit, fits) in [(Some(10), true), (Some(9_000), false), (None, false)] {
        let mut extent = Extent::new(limit);
        extent.add(&page(0), &options).unwrap();
        assert_eq!(extent.add(&page(5_000), &options).is_ok(), fits);
    }
}

#[test]
fn pages_count_together() {
    let options = Options::default();
    let pages: Vec<Page> =
        (0..4).map(|number| page(different(number * 2_000, 2_000).as_bytes(), &options).unwrap()).collect();
    let mut extent = Extent::new(None);
    let added: Vec<bool> = pages.iter().map(|page| extent.add(page, &options).is_ok()).collect();
    assert_eq!(added, [true, true, false, false]);
    let error = unify(pages.clone(), &options, &[], &[]).unwrap_err();
    assert_says_what_to_do(&error, &["8000 rows x 8000 columns"]);
    // What does not belong to the result is not counted.
    let selected = (0..100).map(|number| format!("k{number}")).collect::<HashSet<_>>();
    let options = Options { selected: Some(Arc::new(selected)), ..options };
    let unified = unify(pages, &options, &[], &[]).unwrap();
    assert_eq!(unified.schema.fields().len(), 100);
}

#[test]
fn a_page_of_which_little_is_selected_is_read() {
    let options =
        Options { selected: Some(Arc::new(HashSet::from(["k1".to_owned()]))), ..Options::default() };
    assert_eq!(page(different(0, 8_000).as_bytes(), &options).unwrap().num_rows(), 8_000);
    // Its other columns take memory nevertheless.
    let often = format!("[{}]", [different(0, 8_000).trim_matches(['[', ']']); 2].join(","));
    assert_eq!(page(often.as_bytes(), &options).unwrap().num_rows(), 16_000);
    let often = format!("[{}]", [different(0, 8_000).trim_matches(['[', ']']); 4].join(","));
    assert_says_what_to_do(&refused(often.as_bytes(), &options), &[]);
}

#[test]
fn pages_of_a_wide_stream_are_counted() {
    let options = Options::default();
    let fields: Vec<Field> =
        (0..5_000).map(|number| Field::new(format!("c{number}"), DataType::Int64, true)).collect();
    let wide = Arc::new(Schema::new(fields));
    let narrow = |rows: usize| format!("[{}]", vec!["{}"; rows].join(","));
    let first = page(narrow(1_000).as_bytes(), &options).unwrap();
    let batches = conform(first.clone(), &wide, &options, OnNewColumn::Error).unwrap();
    assert_eq!(batches[0].num_columns(), 5_000);
    let pinned = Options { pinned: Arc::clone(&wide), ..options.clone() };
    assert_eq!(stream_schema(&first, &pinned, &[]).unwrap(), wide);
    let many = page(narrow(200_000).as_bytes(), &options).unwrap();
    let error = conform(many, &wide, &options, OnNewColumn::Error).unwrap_err();
    assert_says_what_to_do(&error, &["200000 rows x 5000 columns"]);
}

/// Bytes of all buffers, each counted once.
fn memory(batches: &[RecordBatch]) -> usize {
    let mut seen = HashSet::new();
    let mut bytes = 0;
    for data in batches.iter().flat_map(RecordBatch::columns).map(Array::to_data) {
        for buffer in data.buffers().iter().chain(data.nulls().map(NullBuffer::buffer)) {
            if seen.insert(buffer.as_ptr()) {
                bytes += buffer.capacity();
            }
        }
    }
    bytes
}

#[test]
fn columns_without_values_share_their_nulls() {
    let options = Options::default();
    let pages: Vec<Page> =
        (0..8).map(|number| page(different(number * 500, 500).as_bytes(), &options).unwrap()).collect();
    let unified = unify(pages, &options, &[], &[]).unwrap();
    let (rows, columns) = (4_000, unified.schema.fields().len());
    assert_eq!(columns, rows);
    assert_eq!(unified.batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows);
    // An eighth of the cells, and their bits.
    let bytes = memory(&unified.batches);
    assert!(bytes < rows * columns * 8 / 4, "{bytes} bytes");
    let values: i64 = unified
        .batches
        .iter()
        .flat_map(RecordBatch::columns)
        .filter_map(|column| column.as_primitive::<Int64Type>().iter().flatten().next())
        .sum();
    assert_eq!(values, (0..4_000).sum::<i64>());
}

#[test]
fn wide_results_are_read() {
    let members: Vec<String> = (0..5_000).map(|number| format!("\"c{number}\":{number}")).collect();
    let row = format!("{{{}}}", members.join(","));
    let body = format!("[{}]", vec![row.as_str(); 200].join(","));
    let unified =
        unify(vec![page(body.as_bytes(), &Options::default()).unwrap()], &Options::default(), &[], &[])
            .unwrap();
    assert_eq!(unified.schema.fields().len(), 5_000);
    assert!(memory(&unified.batches) < 2 * body.len());
}

#[test]
fn sparse_results_are_read() {
    let rows: Vec<String> = (0..100_000).map(|number| format!("{{\"k{}\":1}}", number * 7 % 200)).collect();
    let body = format!("[{}]", rows.join(","));
    let options = Options::default();
    let page = page(body.as_bytes(), &options).unwrap();
    let mut extent = Extent::new(None);
    extent.add(&page, &options).unwrap();
    let unified = unify(vec![page], &options, &[], &[]).unwrap();
    assert_eq!(unified.schema.fields().len(), 200);
    let valid: usize = unified
        .batches
        .iter()
        .flat_map(RecordBatch::columns)
        .map(|column| column.len() - column.null_count())
        .sum();
    assert_eq!(valid, 100_000);
}
