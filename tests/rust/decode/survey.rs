//! Types that are settled while pages are looked at and put away: the same as those of all pages at once.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BinaryArray, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use converz::decode::{Batcher, ColumnWarning, Options, Page, Survey, unify};
use converz::error::{Error, ErrorKind, Result};
use converz::spool::Spool;
use proptest::prelude::*;

use super::helpers::{page, schema};
use super::property::{Writer, rows};
use super::random::Random;

/// What unifying gives, but for how rows lie in batches.
type Whole = (SchemaRef, Vec<RecordBatch>, Vec<ColumnWarning>);

/// Looks at the pages one after the other, puts them away, and reads them again.
fn whole(pages: Vec<Page>, options: &Options, ensure: &[String], drop: &[String]) -> Result<Whole> {
    let mut spool = Spool::new().unwrap();
    let mut survey = Survey::new(&Arc::new(options.clone()), drop)?;
    let mut put_away = Vec::new();
    for page in pages {
        survey.add(&page);
        let (names, batches) = page.pack().unwrap();
        for batch in batches {
            put_away.push((Arc::clone(&names), spool.write(&batch.columns).unwrap(), batch.shape));
        }
    }
    let settled = survey.settle(ensure)?;
    let mut batcher = Batcher::new(Arc::clone(&settled.schema));
    let mut all = Vec::new();
    for (names, segment, shape) in put_away {
        let columns = spool.read(&segment).unwrap();
        all.extend(batcher.push(Page::unpack(&names, &columns, &shape, 0).unwrap()).unwrap());
    }
    all.extend(batcher.finish().unwrap());
    Ok((settled.schema, all, settled.warnings))
}

fn in_memory(pages: Vec<Page>, options: &Options, ensure: &[String], drop: &[String]) -> Result<Whole> {
    let unified = unify(pages, options, ensure, drop)?;
    Ok((unified.schema, unified.batches, unified.warnings))
}

/// What a program can see of an error.
fn seen(error: &Error) -> (String, Option<(String, SchemaRef)>) {
    let drift = match error.kind() {
        ErrorKind::SchemaDrift { column, schema } => Some((column.clone(), Arc::clone(schema))),
        _ => None,
    };
    (error.to_string(), drift)
}

fn assert_same(pages: &[Page], options: &Options, ensure: &[String], drop: &[String]) {
    let expected = in_memory(pages.to_vec(), options, ensure, drop);
    let found = whole(pages.to_vec(), options, ensure, drop);
    assert_eq!(found.as_ref().map_err(seen), expected.as_ref().map_err(seen));
}

const TYPES: [DataType; 6] = [
    DataType::Utf8,
    DataType::Int64,
    DataType::Float64,
    DataType::Boolean,
    DataType::Date32,
    DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, None),
];

/// Some of the names, each with a type.
fn some_of(names: &[String], random: &mut Random) -> SchemaRef {
    let chosen: Vec<(&str, DataType)> = names
        .iter()
        .filter_map(|name| {
            let is_chosen = random.below(3) == 0;
            let kind = TYPES[random.below(6)].clone();
            is_chosen.then_some((name.as_str(), kind))
        })
        .collect();
    schema(&chosen)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_that_are_put_away_are_the_same_table(
        rows in rows(), seed: u64, parse_dates: bool, typed in 0..3_usize,
    ) {
        let mut random = Random::new(seed);
        let mut names: Vec<String> = Vec::new();
        for (name, _) in rows.iter().flatten() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let mut options = Options { parse_dates, ..Options::default() };
        match typed {
            0 => {}
            1 => options.known = some_of(&names, &mut random),
            _ => options.pinned = some_of(&names, &mut random),
        }
        let drop: Vec<String> = names.iter().filter(|_| random.below(8) == 0).cloned().collect();
        let mut pages = Vec::new();
        let mut start = 0;
        while start < rows.len() {
            let end = rows.len().min(start + 1 + random.below(8));
            let body = Writer::page(&rows[start..end], seed, false);
            let mut page = page(body.as_bytes(), &options).unwrap();
            if random.below(3) == 0 {
                let keep: Vec<bool> = (start..end).map(|_| random.below(2) == 0).collect();
                page = page.filter(&keep);
            }
            if page.num_rows() > 0 {
                pages.push(page);
            }
            start = end;
        }
        let ensure = if pages.is_empty() { names } else { Vec::new() };
        assert_same(&pages, &options, &ensure, &drop);
    }
}

/// Pages of one column, each with these values over and over.
fn column(pages: &[(&[&str], usize)], options: &Options) -> Vec<Page> {
    let body = |(values, count): &(&[&str], usize)| {
        let rows = values.iter().cycle().take(*count).map(|value| format!("{{\"x\":{value}}}"));
        format!("[{}]", rows.collect::<Vec<_>>().join(","))
    };
    pages.iter().map(|each| page(body(each).as_bytes(), options).unwrap()).collect()
}

#[test]
fn dates_with_one_stray_are_said_with_the_same_words() {
    let options = Options::default();
    let days: &[&str] = &["\"2025-07-01\"", "\"2025-07-02\"", "null"];
    let times: &[&str] = &["\"2025-07-01 10:00\"", "\"2025-07-01T10:00:01.5\""];
    for stray in
        ["\"\"", "\"n/a\"", "7", "[1]", "\"2025-07-01 10:00\"", "\"2025-07-01 10:00:00.0000001\"", "true"]
    {
        for (usual, before, after) in [(days, 400, 300), (times, 90, 250), (days, 20, 30), (times, 0, 150)] {
            let pages = column(&[(usual, before), (&[stray], 1), (usual, after)], &options);
            let pages: Vec<Page> = pages.into_iter().filter(|page| page.num_rows() > 0).collect();
            assert_same(&pages, &options, &[], &[]);
        }
    }
    let pages = column(&[(days, 400), (&["\"n/a\""], 1), (days, 300)], &options);
    let (_, _, warnings) = whole(pages, &options, &[], &[]).unwrap();
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert!(
        warning.text.starts_with("column \"x\" has \"n/a\" (row 401), which is no date32"),
        "{}",
        warning.text
    );
}

#[test]
fn many_batches_of_every_form_come_back_as_they_were() {
    let options = Options::default();
    let forms: [&[&str]; 10] = [
        &["true", "false", "null"],
        &["1", "-7", "null"],
        &["1.5", "null", "-0.0"],
        &["18446744073709551615", "1", "null"],
        &["1", "2.5"],
        &["\"2025-07-01 10:00:00+02:00\"", "null"],
        &["\"text\"", "null", "\"\u{e9}\""],
        &["[1, 2]", "{\"a\": null}"],
        &["1", "\"1\"", "true", "18446744073709551616", "2.5", "null", "[1]", "\"\"", "18446744073709551615"],
        &["null"],
    ];
    for (index, first) in forms.into_iter().enumerate() {
        for second in forms {
            let pages = column(&[(first, 30), (second, 7)], &options);
            assert_same(&pages, &options, &[], &[]);
        }
        // More rows than a batch has.
        let second = forms[(index + 1) % forms.len()];
        assert_same(&column(&[(first, 66_000), (second, 5)], &options), &options, &[], &[]);
    }
}

#[test]
fn what_is_no_text_is_not_taken_for_text() {
    let options = Options::default();
    let [page] = column(&[(&["1", "\"text\"", "2.5"], 3)], &options).try_into().unwrap();
    let (names, mut batches) = page.pack().unwrap();
    let packed = batches.pop().unwrap();
    assert!(Page::unpack(&names, &packed.columns, &packed.shape, 0).is_ok());
    // The mixture is bytes to Arrow.
    let bytes = packed.columns.column(0).as_binary::<i32>();
    let broken: BinaryArray = bytes
        .iter()
        .map(|cell| {
            cell.map(|cell| match cell {
                b"text" => b"\xff\xfext",
                other => other,
            })
        })
        .collect();
    let with = |array: ArrayRef| {
        let mut columns = packed.columns.columns().to_vec();
        columns[0] = array;
        RecordBatch::try_new(packed.columns.schema(), columns).unwrap()
    };
    assert!(Page::unpack(&names, &with(Arc::new(bytes.clone())), &packed.shape, 0).is_ok());
    let error = Page::unpack(&names, &with(Arc::new(broken)), &packed.shape, 0).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Internal), "{error}");
    // Numbers of another length, and rows that are missing.
    let short: BinaryArray = bytes.iter().map(|cell| cell.map(|cell| &cell[1..])).collect();
    assert!(Page::unpack(&names, &with(Arc::new(short)), &packed.shape, 0).is_err());
    assert!(Page::unpack(&names, &packed.columns.slice(0, 2), &packed.shape, 0).is_err());
}
