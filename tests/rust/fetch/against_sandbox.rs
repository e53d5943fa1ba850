//! The whole way over real HTTP, against a service that was written from the same documentation by other hands.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use converz::decode::OnNewColumn;
use converz::fetch::{Fetched, Stream};
use converz::query::{CallsQuery, Operation, ReportQuery};
use converz::sandbox::{Fault, FaultOperation, Options, Sandbox, Stride};
use converz::settings::Settings;

use super::over_http::{integers, names, read, rest, spec};
use crate::http::client::{Client, KEY, settings};
use crate::http::clock::StoppedClock;
use crate::http::server::run;

fn sandbox(faults: Vec<Fault>) -> Sandbox {
    let today = chrono::NaiveDate::from_ymd_opt(2025, 7, 15);
    let options = Options {
        calls: 2500,
        reps: 30,
        days: 60,
        today,
        faults,
        api_key: Some(KEY.to_owned()),
        ..Options::default()
    };
    Sandbox::start(options).unwrap()
}

fn client(sandbox: &Sandbox, change: impl FnOnce(&mut Settings)) -> Client {
    let mut settings = settings(sandbox.url());
    change(&mut settings);
    Client::new(&StoppedClock::new(), settings)
}

fn fault(requests: &[u64]) -> Fault {
    Fault {
        operation: Some(FaultOperation::Calls),
        requests: (!requests.is_empty()).then(|| requests.to_vec()),
        ..Fault::default()
    }
}

async fn whole(sandbox: &Sandbox) -> Fetched {
    let fetched = read(&client(sandbox, |_| ()), spec(Operation::Calls)).await.unwrap();
    assert_eq!((fetched.receipt.rows, fetched.receipt.pages), (2500, 2));
    fetched
}

fn assert_same(fetched: &Fetched, whole: &Fetched) {
    assert_eq!(fetched.schema, whole.schema);
    assert_eq!(one(&fetched.schema, &fetched.batches), one(&whole.schema, &whole.batches));
}

fn one(schema: &SchemaRef, batches: &[RecordBatch]) -> RecordBatch {
    concat_batches(schema, batches).unwrap()
}

#[test]
fn the_table_is_the_same_for_every_page_size_and_cap() {
    run(async {
        let plain = sandbox(Vec::new());
        let whole = whole(&plain).await;
        for page_size in [7, 300, 499, 2500, 2501] {
            let client = client(&plain, |settings| settings.page_size = page_size);
            assert_same(&read(&client, spec(Operation::Calls)).await.unwrap(), &whole);
        }
        for (cap, stride) in
            [(1000, Stride::Cap), (1000, Stride::Request), (250, Stride::Request), (1024, Stride::Cap)]
        {
            let capped = sandbox(vec![Fault { cap: Some(cap), stride, ..fault(&[]) }]);
            let fetched = read(&client(&capped, |_| ()), spec(Operation::Calls)).await.unwrap();
            assert_same(&fetched, &whole);
            assert!(fetched.receipt.pages >= 2500 / cap, "{:?}", fetched.receipt);
        }
    });
}

#[test]
fn faults_that_pass_leave_no_trace_but_in_the_receipt() {
    run(async {
        let whole = whole(&sandbox(Vec::new())).await;
        let faults = vec![
            Fault { cut: Some(10_000), ..fault(&[2]) },
            Fault { status: Some(503), ..fault(&[3, 5]) },
            Fault { status: Some(429), retry_after: Some("2".to_owned()), ..fault(&[4]) },
        ];
        let sandbox = sandbox(faults);
        let client = client(&sandbox, |settings| settings.page_size = 300);
        let fetched = read(&client, spec(Operation::Calls)).await.unwrap();
        assert_same(&fetched, &whole);
        assert_eq!(fetched.receipt.retries, 4);
        assert_eq!(fetched.receipt.repeated_keys, 0);
    });
}

#[test]
fn a_stream_has_the_rows_of_the_table() {
    run(async {
        let sandbox = sandbox(Vec::new());
        let whole = whole(&sandbox).await;
        let client = client(&sandbox, |settings| settings.page_size = 300);
        let mut stream =
            Stream::open(&client.http, &client.settings, spec(Operation::Calls), OnNewColumn::Error)
                .await
                .unwrap();
        assert_eq!(stream.schema(), &whole.schema);
        let batches = rest(&mut stream).await.unwrap();
        assert_eq!(one(stream.schema(), &batches), one(&whole.schema, &whole.batches));
        assert_eq!(stream.receipt().columns, whole.receipt.columns);
    });
}

#[test]
fn filters_columns_and_reports_are_understood() {
    run(async {
        let sandbox = sandbox(Vec::new());
        let client = client(&sandbox, |settings| settings.page_size = 100);
        let mut calls = spec(Operation::Calls);
        let columns = Some(vec!["campaign".into(), "summary".into()]);
        calls.query = CallsQuery {
            start_date: chrono::NaiveDate::from_ymd_opt(2025, 7, 1),
            columns,
            ..CallsQuery::default()
        }
        .build()
        .unwrap();
        let fetched = read(&client, calls).await.unwrap();
        assert_eq!(names(&fetched.schema), ["campaign", "summary"]);
        assert!((100..2500).contains(&fetched.receipt.rows), "{:?}", fetched.receipt);
        assert_eq!(fetched.receipt.repeated_keys, 0);

        let mut report = spec(Operation::Report);
        let groupby = Some(vec!["campaign".into()]);
        report.query = ReportQuery { groupby, days: Some(60), ..ReportQuery::default() }.build().unwrap();
        let report = read(&client, report).await.unwrap();
        assert_eq!(names(&report.schema)[0], "campaign");
        let conversations = integers(&report.batches, "conversations");
        assert_eq!(conversations.iter().flatten().sum::<i64>(), 2500);

        let reps = read(&client, spec(Operation::Reps)).await.unwrap();
        assert_eq!((reps.receipt.rows, reps.receipt.pages), (30, 2));
    });
}
