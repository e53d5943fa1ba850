//! A result without rows has the columns and types of one with rows, whichever way it is read.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef, TimeUnit};
use chrono::NaiveDate;
use converz::decode::OnNewColumn;
use converz::fetch::{Fetched, ReadSpec, Shapes, Stream, WindowReads, windows};
use converz::query::{Operation, Query};

use super::over_http::{client, kind, names, parameter, read, schema, spec};
use crate::http::client::Client;
use crate::http::clock::StoppedClock;
use crate::http::server::{Received, Script, Server, ok, run, status};

const ROWS: &str = r#"[{"call_id":1,"campaign":"a","date":"2025-07-01","start_time":"2025-07-01T09:00:00Z","score":3,
    "tags":["x"],"due":"2025-08-01"},{"call_id":2,"score":4,"note":null,"csat":4.5}]"#;
const COLUMNS: [&str; 9] =
    ["call_id", "campaign", "date", "start_time", "score", "tags", "due", "note", "csat"];

/// Rows only for whoever filters nothing.
fn quiet(request: &Received) -> Script {
    let is_filtered =
        ["start_date", "campaign", "department"].iter().any(|name| parameter(request, name).is_some());
    ok(if is_filtered || parameter(request, "page").is_some_and(|page| page != "1") { "[]" } else { ROWS })
}

fn filtered(operation: Operation) -> ReadSpec {
    let query = match operation {
        Operation::Reps => Query::default().with("department", "none"),
        _ => Query::default().with("start_date", "2025-07-02").with("campaign", "none"),
    };
    ReadSpec { query, ..spec(operation) }
}

async fn stream(client: &Client, spec: ReadSpec) -> Stream {
    let mut stream = Stream::open(&client.http, &client.settings, spec, OnNewColumn::Error).await.unwrap();
    assert!(stream.next_batch().await.unwrap().is_none());
    stream
}

fn types(schema: &SchemaRef) -> Vec<DataType> {
    schema.fields().iter().map(|field| field.data_type().clone()).collect()
}

fn rows(fetched: &Fetched) -> usize {
    fetched.batches.iter().map(RecordBatch::num_rows).sum()
}

#[test]
fn it_has_the_columns_and_types_of_rows_and_asks_for_them_once() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, quiet);
        let client = client(&clock, &server, |_| ());
        for operation in [Operation::Calls, Operation::Reps, Operation::Report] {
            let (before, shapes) = (server.requests(), Some(Arc::new(Shapes::default())));
            let whole = read(&client, spec(operation)).await.unwrap();
            assert_eq!(rows(&whole), 2);
            let busy = server.requests();

            let spec = ReadSpec { shapes, ..filtered(operation) };
            let first = read(&client, spec.clone()).await.unwrap();
            assert_eq!(first.schema, whole.schema, "{operation:?}");
            assert_eq!(names(&first.schema), COLUMNS);
            assert_eq!(rows(&first), 0);
            assert_eq!(first.receipt.columns, [""; 0], "none arrived");
            // The read, and the page of the columns, of both of which the receipt tells.
            assert_eq!(first.receipt.requests, (server.requests() - busy) as u64, "{operation:?}");
            let asked = server.received().pop().unwrap();
            assert!(
                asked.head.contains(&format!(
                    "{} HTTP",
                    match operation {
                        Operation::Report => "report",
                        Operation::Reps => "reps?n_per_page=100&page=1",
                        _ => "calls?n_per_page=100&page=1",
                    }
                )),
                "{}",
                asked.head
            );
            assert_eq!(first.receipt.pages, first.receipt.requests);
            assert_eq!(first.receipt.rows, 0);
            assert!(first.receipt.bytes_received >= ROWS.len() as u64);

            let other = ReadSpec { query: spec.query.clone().with("rep_id", "kees500"), ..spec };
            let again = read(&client, other).await.unwrap();
            assert_eq!((again.schema, again.receipt.requests), (first.schema, first.receipt.requests - 1));
            assert!(before < busy);
        }
    });
}

#[test]
fn it_is_asked_for_again_where_other_columns_may_come() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, quiet);
        let client = client(&clock, &server, |_| ());
        let base = filtered(Operation::Calls);
        let with = |name: &'static str, value: &str| ReadSpec {
            query: base.query.clone().with(name, value),
            ..base.clone()
        };
        let specs = [
            (base.clone(), "/calls?n_per_page=100&page=1 "),
            (with("metric", "csat,mood"), "/calls?metric=csat%2Cmood&n_per_page=100&page=1 "),
            (with("columns", "score,due"), "/calls?columns=score%2Cdue&n_per_page=100&page=1 "),
            (ReadSpec { parse_dates: false, ..base.clone() }, "/calls?n_per_page=100&page=1 "),
        ];
        let mut schemas = Vec::new();
        for (spec, asked) in &specs {
            let before = server.requests();
            let fetched = read(&client, spec.clone()).await.unwrap();
            assert_eq!(fetched.receipt.requests, (server.requests() - before) as u64);
            let head = server.received().pop().unwrap().head;
            assert!(head.contains(asked), "{head}");
            schemas.push(fetched.schema);
        }
        // What was asked for by name is there even if no row has it.
        assert_eq!(names(&schemas[1])[..9], COLUMNS);
        assert_eq!(names(&schemas[1])[9..], ["mood"]);
        assert_eq!(names(&schemas[2]), ["score", "due"]);
        assert_eq!(kind(&schemas[2], "score"), DataType::Int64);
        assert_eq!(kind(&schemas[0], "due"), DataType::Date32);
        assert_eq!(kind(&schemas[3], "due"), DataType::Utf8);
        // Each is remembered beside the others.
        for ((spec, _), schema) in specs.into_iter().zip(schemas) {
            let before = server.requests();
            assert_eq!(read(&client, spec).await.unwrap().schema, schema);
            let asked = server.received().split_off(before);
            assert!(asked.iter().all(|request| parameter(request, "campaign").is_some()));
        }
    });
}

#[test]
fn what_is_pinned_stays_and_what_only_the_client_asks_for_is_left_out() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, quiet);
        let client = client(&clock, &server, |_| ());
        let mut spec = filtered(Operation::Calls);
        // In rows that match no filter it is a number that fits no boolean.
        spec.pinned = schema(&[("score", DataType::Boolean), ("mood", DataType::Float64)]);
        let fetched = read(&client, spec.clone()).await.unwrap();
        assert_eq!(names(&fetched.schema), [&COLUMNS[..], &["mood"]].concat());
        assert_eq!(kind(&fetched.schema, "score"), DataType::Boolean);
        assert_eq!(kind(&fetched.schema, "mood"), DataType::Float64);
        let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        assert_eq!(kind(&fetched.schema, "start_time"), zoned);

        spec.query = spec.query.with("columns", "due,campaign");
        let fetched = read(&client, spec).await.unwrap();
        assert_eq!(names(&fetched.schema), ["campaign", "due", "score", "mood"]);
    });
}

#[test]
fn nothing_is_asked_for_where_nothing_is_open() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, quiet);
        let client = client(&clock, &server, |_| ());
        let asked_for_columns = |before: usize| {
            server.received().split_off(before).iter().any(|request| parameter(request, "campaign").is_none())
        };
        let base = filtered(Operation::Calls);
        let by_name =
            ReadSpec { query: base.query.clone().with("columns", "call_id,campaign,score"), ..base.clone() };
        let settled = ReadSpec { pinned: schema(&[("score", DataType::Int64)]), ..by_name.clone() };
        let selected = ReadSpec { select: Some(vec!["campaign".into()]), ..base.clone() };
        let unremembered = ReadSpec { shapes: None, ..base.clone() };
        for spec in [settled, selected, unremembered] {
            let before = server.requests();
            read(&client, spec).await.unwrap();
            assert!(!asked_for_columns(before));
        }
        let before = server.requests();
        read(&client, by_name).await.unwrap();
        assert!(asked_for_columns(before), "the type of the score");

        let before = server.requests();
        let nothing = read(&client, ReadSpec { limit: Some(0), ..base.clone() }).await.unwrap();
        stream(&client, ReadSpec { limit: Some(0), ..base }).await;
        assert_eq!((server.requests(), nothing.receipt.requests), (before, 0));
        assert_eq!(names(&nothing.schema).len(), 8);
    });
}

#[test]
fn streams_and_windows_have_them_too() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, quiet);
        let client = client(&clock, &server, |_| ());
        let spec = filtered(Operation::Calls);
        let opened = stream(&client, spec.clone()).await;
        assert_eq!(names(opened.schema()), COLUMNS);
        let (note, score) = (kind(opened.schema(), "note"), kind(opened.schema(), "score"));
        assert_eq!((note, score), (DataType::Utf8, DataType::Int64), "nulls would take no value");
        assert_eq!(opened.receipt().requests, server.requests() as u64);
        let table = read(&client, spec.clone()).await.unwrap().schema;

        // With types over all rows, whether that was wanted at once or after the stream was opened.
        let before = server.requests();
        let opened = Stream::open(&client.http, &client.settings, spec.clone(), OnNewColumn::Error).await;
        for whole in [
            opened.unwrap().into_whole().await.unwrap(),
            Stream::open_whole(&client.http, &client.settings, spec.clone()).await.unwrap(),
        ] {
            let mut whole = whole;
            assert_eq!(whole.schema(), &table);
            assert!(whole.next_batch().await.unwrap().is_none());
        }
        let asked = server.received().split_off(before);
        assert!(asked.iter().all(|request| parameter(request, "campaign").is_some()));

        // Two at a time want to know, and one asks.
        let day = |day| NaiveDate::from_ymd_opt(2025, 7, day).unwrap();
        let spec = ReadSpec {
            query: Query::default().with("campaign", "none"),
            shapes: Some(Arc::default()),
            ..spec
        };
        let before = server.requests();
        let days = windows(day(1), Some(day(8))).unwrap();
        let mut reads = WindowReads::new(&client.http, client.settings.clone(), spec, days);
        let mut requests = 0;
        while let Some((_, fetched)) = reads.next().await.unwrap() {
            assert_eq!(fetched.schema, table);
            requests += fetched.receipt.requests;
        }
        let asked = server.received().split_off(before);
        assert_eq!(requests, asked.len() as u64);
        assert_eq!(asked.iter().filter(|request| parameter(request, "campaign").is_none()).count(), 1);
    });
}

#[test]
fn a_service_without_any_row_gives_what_is_known_and_asked_for() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, |_| ok("[]"));
        let client = client(&clock, &server, |_| ());
        let mut spec = filtered(Operation::Calls);
        spec.query = spec.query.with("metric", "csat,rep_id");
        let fetched = read(&client, spec).await.unwrap();
        let known = [
            "call_id",
            "rep_id",
            "vendor",
            "vendor_call_id",
            "campaign",
            "subcampaign",
            "department",
            "start_time",
        ];
        assert_eq!(names(&fetched.schema), [&known[..], &["csat"]].concat());
        assert!(fetched.warnings.is_empty(), "{:?}", fetched.warnings);

        let mut report = filtered(Operation::Report);
        report.query = report.query.with("metric", "csat").with("groupby", "week,campaign");
        let fetched = read(&client, report).await.unwrap();
        assert_eq!(names(&fetched.schema), ["week", "campaign", "csat"]);
        assert_eq!(types(&fetched.schema), [DataType::Null, DataType::Utf8, DataType::Null]);

        // Without filters there is nothing else to ask.
        let before = server.requests();
        let fetched = read(&client, ReadSpec { limit: Some(5), ..spec_without_filters() }).await.unwrap();
        assert_eq!((server.requests() - before) as u64, fetched.receipt.requests);
        assert!(
            server
                .received()
                .split_off(before)
                .iter()
                .all(|request| parameter(request, "n_per_page").unwrap() == "5")
        );
    });
}

fn spec_without_filters() -> ReadSpec {
    ReadSpec { query: Query::default().with("metric", "csat"), ..spec(Operation::Calls) }
}

#[test]
fn a_service_that_does_not_show_them_is_no_error() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, |request| match parameter(request, "campaign") {
            Some(_) => ok("[]"),
            None => status("400 Bad Request", &[], r#"{"error":"a date is needed","code":"c"}"#),
        });
        let client = client(&clock, &server, |_| ());
        let spec = filtered(Operation::Calls);
        let fetched = read(&client, spec.clone()).await.unwrap();
        assert_eq!(names(&fetched.schema).len(), 8);
        assert_eq!(fetched.receipt.requests, server.requests() as u64);
        let [warning] = &fetched.warnings[..] else { panic!("{:?}", fetched.warnings) };
        assert!(warning.contains("a date is needed"), "{warning}");
        let opened = stream(&client, spec).await;
        assert_eq!(opened.warnings(), [warning.as_str()]);
    });
}
