//! Streams that left out rows for their keys, and keep them once keys turn out not to tell rows apart.

use arrow_array::RecordBatch;
use converz::decode::OnNewColumn;
use converz::error::{ErrorKind, Result};
use converz::fetch::{ReadSpec, Receipt, Stream};
use converz::query::Operation;

use super::over_http::{client, integers, page_of, parameter, rest, spec, strings};
use crate::http::clock::StoppedClock;
use crate::http::server::{Server, ok, run};

/// The rows of a page, by their keys; each row has the number of its page besides.
type Keys = Vec<u64>;

struct Streamed {
    outcome: Result<Vec<RecordBatch>>,
    warnings: Vec<String>,
    receipt: Receipt,
}

/// Streams these pages.
async fn streamed(pages: Vec<Keys>, page_size: u32, limit: Option<u64>) -> Streamed {
    let clock = StoppedClock::new();
    let server = Server::answering(&clock, move |request| {
        let page = page_of(request);
        let keys = pages.get(page as usize - 1).cloned().unwrap_or_default();
        let rows: Vec<_> =
            keys.into_iter().map(|key| format!(r#"{{"call_id":{key},"campaign":"page {page}"}}"#)).collect();
        let size: usize = parameter(request, "n_per_page").unwrap().parse().unwrap();
        assert!(rows.len() <= size);
        ok(format!("[{}]", rows.join(",")))
    });
    let client = client(&clock, &server, |settings| settings.page_size = page_size);
    let spec = ReadSpec { limit, ..spec(Operation::Calls) };
    let mut stream = Stream::open(&client.http, &client.settings, spec, OnNewColumn::Error).await.unwrap();
    let outcome = rest(&mut stream).await;
    Streamed { outcome, warnings: stream.warnings(), receipt: stream.receipt() }
}

fn rows(batches: &[RecordBatch]) -> Vec<(u64, String)> {
    let keys = integers(batches, "call_id").into_iter().map(|key| key.unwrap().cast_unsigned());
    keys.zip(strings(batches, "campaign").into_iter().flatten()).collect()
}

fn of_page(page: usize, keys: impl IntoIterator<Item = u64>) -> Vec<(u64, String)> {
    keys.into_iter().map(|key| (key, format!("page {page}"))).collect()
}

/// Two pages that overlap, and one that shows what that means.
fn overlapping() -> Vec<Keys> {
    vec![(0..100).collect(), (50..150).collect(), (150..249).chain([200]).collect()]
}

#[test]
fn rows_that_were_left_out_come_when_their_keys_turn_out_to_be_of_several() {
    run(async {
        let Streamed { outcome, warnings, receipt } = streamed(overlapping(), 100, None).await;
        let (first, left_out, new) = (of_page(1, 0..100), of_page(2, 50..100), of_page(2, 100..150));
        let last = of_page(3, (150..249).chain([200]));
        assert_eq!(rows(&outcome.unwrap()), [first, new, left_out, last].concat());
        assert_eq!((receipt.rows, receipt.repeated_keys), (300, 0));
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with("call_id does not tell rows apart"), "{warnings:?}");
    });
}

#[test]
fn rows_that_moved_stay_left_out() {
    run(async {
        let pages = vec![(0..100).collect(), (50..150).collect(), (150..250).collect()];
        let Streamed { outcome, warnings, receipt } = streamed(pages, 100, None).await;
        assert_eq!(rows(&outcome.unwrap()).len(), 250);
        assert_eq!((receipt.rows, receipt.repeated_keys), (250, 50));
        assert!(warnings[0].starts_with("50 rows came again"), "{warnings:?}");
    });
}

#[test]
fn a_limit_counts_the_rows_that_come_late() {
    run(async {
        for limit in [160, 199, 200, 201, 249, 250, 251, 299, 300] {
            let Streamed { outcome, receipt, .. } = streamed(overlapping(), 100, Some(limit)).await;
            let rows = rows(&outcome.unwrap());
            assert_eq!((rows.len() as u64, receipt.rows), (limit, limit));
            let mut once = rows.clone();
            once.sort();
            once.dedup();
            // Two rows of the last page are alike.
            assert!(once.len() >= rows.len() - 1, "{limit}");
        }
    });
}

#[test]
fn no_more_rows_are_held_than_fit() {
    run(async {
        const SIZE: u64 = 70_000;
        let page = |first| (first..SIZE + first).collect::<Keys>();
        // As long as nothing shows that the keys are of several, they are of rows that moved.
        let moved = streamed(vec![page(0), page(1)], SIZE as u32, None).await;
        assert_eq!(rows(&moved.outcome.unwrap()).len() as u64, SIZE + 1);
        assert_eq!(moved.receipt.repeated_keys, SIZE - 1);

        let twice = (SIZE + 1..2 * SIZE).chain([SIZE + 1]).collect();
        let error = streamed(vec![page(0), page(1), twice], SIZE as u32, None).await.outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Paging), "{error}");
        assert!(error.message().contains("after 69999 rows were left out"), "{error}");
        assert!(error.message().contains("read the table at once"), "{error}");
    });
}
