//! Windows that fill a page are split, and bring every row once.

use std::collections::BTreeSet;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use chrono::NaiveDate;
use converz::fetch::{Fetched, ReadSpec, WindowReads, windows};
use converz::http::{Http, Unobserved};
use converz::query::{Operation, Query};
use converz::sandbox::{Options, Sandbox};
use converz::settings::{ApiKey, Settings};
use std::sync::Arc;

use super::over_http::spec;
use crate::http::server::run;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 7, 16).unwrap()
}

fn sandbox() -> Sandbox {
    let options = Options { calls: 400, reps: 5, days: 1, today: Some(day()), ..Options::default() };
    Sandbox::start(options).unwrap()
}

async fn read(sandbox: &Sandbox, page_size: u32) -> Fetched {
    let settings = Settings::new(sandbox.url(), ApiKey::new(sandbox.api_key()).unwrap(), false).unwrap();
    let http = Http::new(Arc::new(settings.clone()), Arc::new(Unobserved)).unwrap();
    let mut settings = settings;
    settings.page_size = page_size;
    let query = Query::default().with("columns", "call_id,start_time");
    let spec = ReadSpec { query, ..spec(Operation::Calls) };
    let mut reads = WindowReads::new(&http, settings, spec, windows(day(), Some(day())).unwrap());
    let (window, fetched) = reads.next().await.unwrap().unwrap();
    assert_eq!((window.start_date, window.end_date), (day(), day()));
    assert!(reads.next().await.unwrap().is_none());
    fetched
}

fn ids(fetched: &Fetched) -> Vec<i64> {
    let columns = fetched.batches.iter().map(|batch| batch.column(0).as_primitive::<Int64Type>().values());
    columns.flat_map(|ids| ids.to_vec()).collect()
}

fn pages(sandbox: &Sandbox) -> Vec<String> {
    sandbox.requests().into_iter().map(|request| request.query).collect()
}

fn check(sandbox: &Sandbox, fetched: &Fetched, expected: usize) {
    let ids = ids(fetched);
    assert_eq!(ids.len(), expected);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), expected, "each once");
    assert_eq!(fetched.receipt.rows, expected as u64);
    assert_eq!(fetched.receipt.requests, pages(sandbox).len() as u64, "every request is counted");
}

#[test]
fn a_full_day_is_split_by_time_and_comes_once() {
    run(async {
        let sandbox = sandbox();
        let fetched = read(&sandbox, 60).await;
        check(&sandbox, &fetched, 400);
        let asked = pages(&sandbox);
        assert!(asked.iter().any(|query| query.contains("after=") && query.contains("before=")), "{asked:?}");
        // Of what filled a page no second one was asked for.
        assert!(
            !asked.iter().any(|query| query.contains("n_per_page=60") && query.contains("&page=2")),
            "{asked:?}"
        );
    });
}

#[test]
fn a_day_that_fits_is_one_page() {
    run(async {
        let sandbox = sandbox();
        let fetched = read(&sandbox, 1_000).await;
        check(&sandbox, &fetched, 400);
        assert_eq!(pages(&sandbox).len(), 2, "the second proves the end");
    });
}

#[test]
fn rows_whose_time_is_elsewhere_or_missing_are_not_lost() {
    for body in [
        // Without a time they are in no part, which the page behind the others shows.
        r#"{"start_time":null}"#,
        // On other days they are in the first part and in the last.
        r#"{"start_time":"2025-07-15 23:30:00"}"#,
        r#"{"start_time":"2025-07-18 00:30:00"}"#,
        // All at once they cannot be split.
        r#"{"start_time":"2025-07-16 12:00:30"}"#,
    ] {
        let sandbox = sandbox();
        let time = body.split_once(':').unwrap().1.trim_end_matches('}');
        let rows: Vec<String> =
            (1..=150).map(|id| format!(r#"{{"call_id":{id},"start_time":{time}}}"#)).collect();
        let answer = crate::sandbox::client::post(&sandbox, "calls", &format!("[{}]", rows.join(",")));
        assert_eq!(answer.status, 200);
        let before = pages(&sandbox).len() as u64;
        run(async {
            let fetched = read(&sandbox, 60).await;
            assert_eq!(ids(&fetched).into_iter().collect::<BTreeSet<_>>(), (1..=400).collect(), "{body}");
            assert_eq!(ids(&fetched).len(), 400, "{body}");
            assert_eq!(fetched.receipt.requests, pages(&sandbox).len() as u64 - before, "{body}");
        });
    }
}
