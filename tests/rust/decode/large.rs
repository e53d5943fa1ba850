//! Pages of more than one batch, and result of many small pages.

use std::fmt::Write as _;

use arrow_array::{Int64Array, RecordBatch, cast::AsArray as _, types::Int64Type};
use arrow_schema::DataType;
use converz::decode::{Key, Options, unify};

use super::helpers::{page, shown, table};

const BATCH_ROWS: usize = 65_536;
const BATCH_BYTES: usize = 16 << 20;

fn body(rows: usize, row: impl Fn(usize) -> String) -> String {
    let mut body = String::from("[");
    for number in 0..rows {
        let separator = if number > 0 { "," } else { "" };
        write!(body, "{separator}{{\"call_id\":{number}{}}}", row(number)).unwrap();
    }
    body + "]"
}

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    let column = |batch: &RecordBatch| batch.column(0).as_primitive::<Int64Type>().clone();
    batches.iter().map(column).flat_map(|column: Int64Array| column.values().to_vec()).collect()
}

#[test]
fn what_comes_late_widens_all_batches() {
    use DataType::{Boolean, Date32, Float64, Int64, Utf8};

    let rows = 2 * BATCH_ROWS + 10;
    let body = body(rows, |number| {
        let late = if number >= rows - 5 { ",\"new\":true" } else { "" };
        let n = if number == rows - 1 { "0.5".to_owned() } else { number.to_string() };
        let day = if number == BATCH_ROWS {
            "\"soon\"".to_owned()
        } else {
            format!("\"2025-01-{:02}\"", number % 28 + 1)
        };
        format!(",\"n\":{n},\"day\":{day},\"date\":\"2025-01-01\"{late}")
    });
    let unified = table(&[&body], &Options::default()).unwrap();
    let types: Vec<_> = unified.schema.fields().iter().map(|field| field.data_type().clone()).collect();
    assert_eq!(types, [Int64, Float64, Utf8, Date32, Boolean]);
    assert_eq!(unified.batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows);
    assert!(unified.batches.iter().all(|batch| batch.num_rows() <= BATCH_ROWS));
    assert_eq!(ids(&unified.batches), (0..131_082).collect::<Vec<_>>());
    assert_eq!(
        shown(unified.batches[0].column(2))[..2],
        [Some("2025-01-01".into()), Some("2025-01-02".into())]
    );
    assert_eq!(shown(unified.batches[1].column(2))[0].as_deref(), Some("soon"));
    assert_eq!(unified.batches[0].column(4).null_count(), BATCH_ROWS);
    let last = unified.batches.last().unwrap();
    assert_eq!(shown(last.column(4)).last().unwrap().as_deref(), Some("true"));
}

#[test]
fn batches_are_closed_at_16_mib() {
    let text = "x".repeat(1 << 20);
    let body = body(40, |_| format!(",\"text\":\"{text}\""));
    let unified = table(&[&body], &Options::default()).unwrap();
    let sizes: Vec<_> = unified.batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(sizes, [16, 16, 8]);
    assert!(
        unified
            .batches
            .iter()
            .all(|batch| batch.column(1).get_array_memory_size() <= BATCH_BYTES + (2 << 20))
    );
}

#[test]
fn small_pages_share_batches() {
    let options = Options::default();
    let pages: Vec<_> = (0..300)
        .map(|number| {
            let body = format!("[{{\"call_id\":{},\"x\":1}},{{\"call_id\":{}}}]", 2 * number, 2 * number + 1);
            page(body.as_bytes(), &options).unwrap()
        })
        .collect();
    let unified = unify(pages, &options, &[], &[]).unwrap();
    assert_eq!(unified.batches.len(), 1);
    assert_eq!(ids(&unified.batches), (0..600).collect::<Vec<_>>());
    assert_eq!(unified.batches[0].column(1).null_count(), 300);
}

#[test]
fn many_columns_in_any_order() {
    let names: Vec<String> = (0..500).map(|number| format!("attribute_number_{number:03}")).collect();
    let mut body = String::from("[");
    for row in 0..40 {
        body += if row > 0 { ",{" } else { "{" };
        let members: Vec<String> = (0..500)
            .filter(|number| (number + row) % 7 != 0)
            .map(|number| (number * (2 * row + 1) + row) % 500)
            .filter(|number| number % (row + 1) != 1)
            .map(|number| (number, format!("\"{}\":{}", names[number], number * 1000 + row)))
            .fold(Vec::new(), |mut members: Vec<(usize, String)>, member| {
                if !members.iter().any(|(known, _)| *known == member.0) {
                    members.push(member);
                }
                members
            })
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        body += &members.join(",");
        body += "}";
    }
    body += "]";
    let unified = table(&[&body], &Options::default()).unwrap();
    let rows = super::oracle::rows(body.as_bytes(), 128, super::oracle::Reading::default()).unwrap();
    let difference = super::oracle::difference(&unified.batches[0], &super::oracle::table(&rows, true));
    assert_eq!(difference, None);
}

#[test]
fn keys_of_rows_in_order() {
    let options = Options::default();
    let body =
        br#"[{"id":7},{"id":7.0},{"id":"7"},{"id":null},{},{"id":18446744073709551616},{"id":"2025-01-01"}]"#;
    let page = page(body, &options).unwrap();
    assert_eq!(page.num_rows(), 7);
    assert_eq!(page.column_names(), ["id"]);
    let text = |text: &str| Some(Key::Text(text.into()));
    let expected = [
        Some(Key::Integer(7)),
        Some(Key::Integer(7)),
        text("7"),
        None,
        None,
        Some(Key::Integer(18_446_744_073_709_551_616)),
        text("2025-01-01"),
    ];
    assert_eq!(page.keys("id").collect::<Vec<_>>(), expected);
    assert_eq!(page.keys("none").collect::<Vec<_>>(), vec![None; 7]);
    let kept = page.filter(&[false, true, false, false, false, false, true]);
    assert_eq!(kept.keys("id").collect::<Vec<_>>(), [Some(Key::Integer(7)), text("2025-01-01")]);
}

#[test]
fn rows_without_members_count() {
    let unified = table(&["[{},{}]", "[]", "[{}]"], &Options::default()).unwrap();
    assert_eq!(unified.schema.fields().len(), 0);
    assert_eq!(unified.batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
}
