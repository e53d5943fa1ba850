//! Whole results over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, TimeUnit};
use converz::error::ErrorKind;
use converz::fetch::{End, ReadSpec, SoFar};
use converz::query::{CallsQuery, Operation, ReportQuery, RepsQuery};

use super::over_http::{
    Steps, calls, client, integers, kind, names, page_of, parameter, read, schema, serve_calls, spec, strings,
};
use crate::http::clock::StoppedClock;
use crate::http::compress::{gzip, zstd};
use crate::http::server::{Server, Step, answer, ok, run, status};

#[test]
fn a_page_that_comes_faster_than_it_is_decoded_is_whole_in_every_encoding() {
    const ROWS: u64 = 500_000;
    run(async {
        let body = calls(1..=ROWS);
        let encodings = [
            ("identity", body.clone().into_bytes()),
            ("gzip", gzip(body.as_bytes())),
            ("zstd", zstd(body.as_bytes())),
        ];
        for (encoding, bytes) in encodings {
            let clock = StoppedClock::new();
            let header = format!("Content-Encoding: {encoding}");
            let server = Server::start(&clock, [status("200 OK", &[&header], bytes)]);
            let client = client(&clock, &server, |settings| settings.page_size = ROWS as u32);
            let limited = ReadSpec { limit: Some(ROWS), ..spec(Operation::Calls) };
            let fetched = read(&client, limited).await.unwrap();
            let all = integers(&fetched.batches, "call_id");
            assert!(all.into_iter().eq((1..=ROWS.cast_signed()).map(Some)), "{encoding}");
            assert_eq!(strings(&fetched.batches, "campaign").last().unwrap().as_deref(), Some("c500000"));
            assert_eq!(fetched.receipt.bytes_decoded, body.len() as u64);
        }
        // A fault far behind is told where it is.
        let broken = body.replace(":499999,", ":49x999,");
        let clock = StoppedClock::new();
        let server = Server::start(&clock, [ok(broken)]);
        let client = client(&clock, &server, |settings| settings.page_size = ROWS as u32);
        let error =
            read(&client, ReadSpec { limit: Some(ROWS), ..spec(Operation::Calls) }).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode), "{error:?}");
        assert!(error.message().contains("row 499999, byte 19777724"), "{error}");
    });
}

#[test]
fn one_page_for_ever_is_an_error_even_if_it_has_no_keys() {
    let page = |first: u64| {
        let rows: Vec<_> = (first..first + 100).map(|row| format!(r#"{{"campaign":"c{row}"}}"#)).collect();
        format!("[{}]", rows.join(","))
    };
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, move |_| ok(page(0)));
        let error = read(&client(&clock, &server, |_| ()), spec(Operation::Calls)).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Paging), "{error:?}");
        assert!(error.message().contains("page 4 is full (100 rows)"), "{error}");
        assert!(error.message().contains("ignore the parameter page"), "{error}");

        // Two servers that have them in different orders are no better.
        let server = Server::answering(&clock, move |request| {
            let rows = page(page_of(request) % 2);
            ok(if page_of(request).is_multiple_of(3) { rows.replace("},{", "} , {") } else { rows })
        });
        let error = read(&client(&clock, &server, |_| ()), spec(Operation::Calls)).await.unwrap_err();
        assert!(error.message().contains("page 5 is full (100 rows)"), "{error}");

        // Rows that are alike are read if they come to an end.
        let server = Server::answering(&clock, move |request| match page_of(request) {
            1..=3 => ok(page(0)),
            _ => ok("[]"),
        });
        let fetched = read(&client(&clock, &server, |_| ()), spec(Operation::Calls)).await.unwrap();
        assert_eq!(fetched.receipt.rows, 300);

        // Pages that differ are all read.
        let server = Server::answering(&clock, move |request| match page_of(request) {
            number @ 1..=5 => ok(page(number)),
            _ => ok("[]"),
        });
        let fetched = read(&client(&clock, &server, |_| ()), spec(Operation::Calls)).await.unwrap();
        assert_eq!(fetched.receipt.rows, 500);
    });
}

#[test]
fn a_page_without_keys_that_is_asked_for_again_is_no_repetition() {
    run(async {
        let clock = StoppedClock::new();
        let times = Arc::new(AtomicUsize::new(0));
        let server = {
            let times = Arc::clone(&times);
            Server::answering(&clock, move |request| match page_of(request) {
                1 => ok(calls(1..=100)),
                // Shares a row with the first, so what was asked for before this was answered is asked for again.
                2 => ok(calls(100..=199)),
                3 => {
                    times.fetch_add(1, Ordering::Relaxed);
                    ok(format!("[{}]", [r#"{"campaign":"c"}"#; 100].join(",")))
                }
                _ => ok("[]"),
            })
        };
        let fetched = read(&client(&clock, &server, |_| ()), spec(Operation::Calls)).await.unwrap();
        assert_eq!((fetched.receipt.rows, fetched.receipt.repeated_keys), (299, 1));
        assert_eq!(times.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn rows_without_a_key_that_are_alike_are_no_end() {
    run(async {
        let alike = |count: usize| format!("[{}]", vec![r#"{"campaign":"c"}"#; count].join(","));
        let told_apart = r#"[{"campaign":"a"},{"campaign":"b"}]"#;
        // A service of 30 rows that caps its pages, or that answers with the last one for ever: nobody can tell.
        for body in [alike(7), alike(2), r#"[{"campaign":"a"},{"campaign":"b"},{"campaign":"a"}]"#.to_owned()]
        {
            let clock = StoppedClock::new();
            let server = Server::answering(&clock, move |_| ok(&body));
            let error = read(&client(&clock, &server, |_| ()), spec(Operation::Calls)).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Paging), "{error:?}");
            assert!(error.message().contains("Ask for the column of the key as well"), "{error}");
        }
        // Alike, and nothing behind them.
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, move |request| match page_of(request) {
            1 => ok(alike(7)),
            _ => ok("[]"),
        });
        let fetched = read(&client(&clock, &server, |_| ()), spec(Operation::Calls)).await.unwrap();
        assert_eq!(fetched.receipt.rows, 7);
        // The same page once more, each row of which is another one.
        let server = Server::answering(&clock, move |_| ok(told_apart));
        let fetched = read(&client(&clock, &server, |_| ()), spec(Operation::Calls)).await.unwrap();
        assert_eq!(fetched.receipt.rows, 2);
    });
}

#[test]
fn every_row_of_every_page_is_in_the_table_and_in_the_receipt() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, serve_calls(730));
        let client = client(&clock, &server, |_| ());
        let steps = Arc::new(Steps::default());
        let mut spec = spec(Operation::Calls);
        spec.progress = Some(steps.clone());
        spec.query =
            CallsQuery { campaign: Some(vec!["sales".into()]), ..CallsQuery::default() }.build().unwrap();
        let fetched = read(&client, spec).await.unwrap();

        assert_eq!(integers(&fetched.batches, "call_id"), (1..=730).map(Some).collect::<Vec<_>>());
        assert_eq!(strings(&fetched.batches, "campaign")[729].as_deref(), Some("c730"));
        assert!(fetched.warnings.is_empty(), "{:?}", fetched.warnings);

        let received = server.received();
        let receipt = fetched.receipt;
        let requests = received.len() as u64;
        // Pages of a hundred, and one that proves that nothing follows the last row.
        let (pages, proofs): (Vec<_>, Vec<_>) =
            received.iter().partition(|request| parameter(request, "n_per_page").unwrap() == "100");
        for request in &pages {
            assert!(request.head.starts_with("GET /api/v1/calls?campaign=sales&n_per_page=100&page="));
        }
        let [proof] = &proofs[..] else { panic!("{} proofs", proofs.len()) };
        assert!(
            proof.head.starts_with("GET /api/v1/calls?campaign=sales&n_per_page=73&page=11 "),
            "{}",
            proof.head
        );
        assert_eq!(receipt.end, Some(End::Empty));
        assert_eq!((receipt.requests, receipt.pages, receipt.retries), (requests, requests, 0));
        assert_eq!((receipt.rows, receipt.repeated_keys), (730, 0));
        let bytes = received.iter().map(|request| {
            let size: u64 = parameter(request, "n_per_page").unwrap().parse().unwrap();
            calls(((page_of(request) - 1) * size + 1..=730).take(size as usize)).len() as u64
        });
        assert_eq!(receipt.bytes_decoded, bytes.sum::<u64>());
        assert_eq!(receipt.bytes_received, receipt.bytes_decoded);
        assert_eq!(receipt.columns, ["call_id", "campaign"]);
        let query: Vec<_> =
            receipt.query.pairs().iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(query, [("campaign", "sales"), ("n_per_page", "100")]);
        assert!(receipt.seconds > 0.0);

        let steps = steps.0.lock().unwrap();
        let rows: Vec<u64> = steps.iter().map(|step| step.rows).take(8).collect();
        assert_eq!(rows, [100, 200, 300, 400, 500, 600, 700, 730]);
        let SoFar { pages, rows, bytes_received, bytes_decoded } = *steps.last().unwrap();
        let whole = (receipt.pages, receipt.rows, receipt.bytes_received, receipt.bytes_decoded);
        assert_eq!((pages, rows, bytes_received, bytes_decoded), whole);
    });
}

#[test]
fn no_more_than_the_limit_is_asked_for() {
    run(async {
        let clock = StoppedClock::new();
        for (limit, pages, size) in
            [(0, 0, 0), (1, 1, 1), (99, 1, 99), (100, 1, 100), (101, 2, 100), (250, 3, 100)]
        {
            let server = Server::answering(&clock, serve_calls(1000));
            let client = client(&clock, &server, |_| ());
            let mut spec = spec(Operation::Calls);
            spec.limit = Some(limit);
            let fetched = read(&client, spec).await.unwrap();
            assert_eq!(fetched.receipt.rows, limit);
            assert_eq!(fetched.batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), limit);
            let asked = server.received();
            assert_eq!(asked.len(), pages, "limit {limit}");
            let sizes = asked.iter().map(|request| parameter(request, "n_per_page").unwrap());
            assert!(sizes.into_iter().all(|n_per_page| n_per_page == size.to_string()));
        }
    });
}

#[test]
fn a_key_that_columns_leave_out_is_asked_for_and_dropped() {
    run(async {
        let clock = StoppedClock::new();
        // Each page begins with the last row of the one before.
        let server = Server::answering(&clock, |request| {
            let start = (page_of(request) - 1) * 99;
            ok(calls((start + 1..=250).take(100)))
        });
        let client = client(&clock, &server, |settings| settings.max_concurrency = 1);
        let mut spec = spec(Operation::Calls);
        spec.query =
            CallsQuery { columns: Some(vec!["campaign".into()]), ..CallsQuery::default() }.build().unwrap();
        let fetched = read(&client, spec.clone()).await.unwrap();

        assert_eq!(parameter(&server.received()[0], "columns").as_deref(), Some("campaign,call_id"));
        assert_eq!(names(&fetched.schema), ["campaign"]);
        let wanted: Vec<_> = (1..=250).map(|id| Some(format!("c{id}"))).collect();
        assert_eq!(strings(&fetched.batches, "campaign"), wanted);
        assert_eq!((fetched.receipt.rows, fetched.receipt.repeated_keys), (250, 2));
        assert_eq!(fetched.receipt.columns, ["campaign"]);
        let [warning] = &fetched.warnings[..] else { panic!("{:?}", fetched.warnings) };
        assert!(
            warning.contains("2 rows") && warning.contains("moved") && warning.contains("missed"),
            "{warning}"
        );

        spec.limit = Some(0);
        assert_eq!(names(&read(&client, spec).await.unwrap().schema), ["campaign"]);
    });
}

#[test]
fn a_key_that_columns_name_stays() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, serve_calls(3));
        let client = client(&clock, &server, |_| ());
        let mut spec = spec(Operation::Calls);
        let columns = Some(vec!["campaign".into(), "call_id".into()]);
        spec.query = CallsQuery { columns, ..CallsQuery::default() }.build().unwrap();
        let fetched = read(&client, spec).await.unwrap();
        assert_eq!(parameter(&server.received()[0], "columns").as_deref(), Some("campaign,call_id"));
        assert_eq!(names(&fetched.schema), ["call_id", "campaign"]);
    });
}

#[test]
fn a_page_that_dies_half_way_is_read_again_and_its_rows_come_once() {
    run(async {
        let clock = StoppedClock::new();
        let attempts = AtomicUsize::new(0);
        let whole = serve_calls(350);
        let server = Server::answering(&clock, move |request| {
            let script = whole(request);
            if page_of(request) != 2 || attempts.fetch_add(1, Ordering::Relaxed) > 1 {
                return script;
            }
            let half = answer("200 OK", &["Content-Type: application/json"], calls(101..=200));
            vec![Step::Send(half[..half.len() / 2].to_vec()), Step::Close].into()
        });
        let client = client(&clock, &server, |_| ());
        let fetched = read(&client, spec(Operation::Calls)).await.unwrap();
        assert_eq!(integers(&fetched.batches, "call_id"), (1..=350).map(Some).collect::<Vec<_>>());
        let receipt = fetched.receipt;
        assert_eq!((receipt.retries, receipt.repeated_keys), (2, 0));
        assert_eq!(receipt.requests, server.requests() as u64);
        assert_eq!(receipt.pages + receipt.retries, receipt.requests);
    });
}

#[test]
fn a_result_without_rows_has_the_columns_it_would_have() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, |_| ok("[]"));
        let client = client(&clock, &server, |_| ());

        let calls = read(&client, spec(Operation::Calls)).await.unwrap();
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
        assert_eq!(names(&calls.schema), known);
        assert_eq!(kind(&calls.schema, "call_id"), DataType::Int64);
        assert_eq!(kind(&calls.schema, "rep_id"), DataType::Utf8);
        assert_eq!(kind(&calls.schema, "start_time"), DataType::Timestamp(TimeUnit::Microsecond, None));
        assert_eq!(calls.batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
        assert_eq!(calls.receipt.columns, [""; 0]);

        let reps = read(&client, spec(Operation::Reps)).await.unwrap();
        assert_eq!(names(&reps.schema), ["rep_id", "name", "gender", "campaign", "department"]);
        assert!(reps.schema.fields().iter().all(|field| field.data_type() == &DataType::Utf8));

        let mut report = spec(Operation::Report);
        let groupby = Some(vec!["date".into(), "campaign".into()]);
        report.query = ReportQuery { groupby, ..ReportQuery::default() }.build().unwrap();
        report.pinned = schema(&[("csat", DataType::Float64), ("date", DataType::Date32)]);
        let report = read(&client, report).await.unwrap();
        assert_eq!(names(&report.schema), ["date", "campaign", "csat"]);
        assert_eq!(kind(&report.schema, "date"), DataType::Date32);
        assert_eq!(kind(&report.schema, "csat"), DataType::Float64);
    });
}

#[test]
fn a_report_is_one_request_without_pages() {
    run(async {
        let clock = StoppedClock::new();
        // As many rows as a cap would have, some of them the same.
        let body = r#"[{"campaign":"a","conversations":1},{"campaign":"a","conversations":1}]"#;
        let server = Server::start(&clock, [ok(body)]);
        let client = client(&clock, &server, |settings| settings.page_size = 2);
        let mut report = spec(Operation::Report);
        report.query = ReportQuery { days: Some(90), ..ReportQuery::default() }.build().unwrap();
        let fetched = read(&client, report).await.unwrap();
        assert_eq!(integers(&fetched.batches, "conversations"), [Some(1), Some(1)]);
        let [request] = &server.received()[..] else { panic!("one request") };
        assert!(request.head.starts_with("GET /api/v1/report?days=90 HTTP"), "{}", request.head);
        assert_eq!((fetched.receipt.requests, fetched.receipt.pages, fetched.receipt.rows), (1, 1, 2));
        assert_eq!(fetched.receipt.columns, ["campaign", "conversations"]);
    });
}

#[test]
fn users_are_told_apart_by_rep_id() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, |request| {
            ok(match page_of(request) {
                1 => r#"[{"rep_id":"mila"},{"rep_id":"7"}]"#,
                2 => r#"[{"rep_id":7},{"rep_id":"liam"}]"#,
                _ => r#"[{"rep_id":"mila"}]"#,
            })
        });
        let client =
            client(&clock, &server, |settings| (settings.page_size, settings.max_concurrency) = (2, 1));
        let mut reps = spec(Operation::Reps);
        reps.query = RepsQuery { active: Some(true), ..RepsQuery::default() }.build().unwrap();
        let fetched = read(&client, reps).await.unwrap();
        let ids: Vec<_> = strings(&fetched.batches, "rep_id").into_iter().flatten().collect();
        assert_eq!(ids, ["mila", "7", "liam"]);
        assert_eq!(fetched.receipt.repeated_keys, 2);
        assert!(server.received()[2].head.starts_with("GET /api/v1/reps?active=1&n_per_page=2&page=3 "));
    });
}

#[test]
fn pages_that_do_not_make_a_result_are_an_error() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, |_| ok(calls(1..=100)));
        let client = client(&clock, &server, |_| ());
        let error = read(&client, spec(Operation::Calls)).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Paging), "{error}");
    });
}

#[test]
fn a_page_that_fails_fails_the_read() {
    run(async {
        let clock = StoppedClock::new();
        let whole = serve_calls(1000);
        let server = Server::answering(&clock, move |request| match page_of(request) {
            3 => ok(r#"{"error":"no rows"}"#),
            _ => whole(request),
        });
        let client = client(&clock, &server, |_| ());
        let error = read(&client, spec(Operation::Calls)).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode), "{error}");
        assert!(error.request().unwrap().ends_with("page=3"), "{error}");
    });
}

#[test]
fn pages_widen_together_unless_a_type_is_pinned() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, |request| {
            ok(match page_of(request) {
                1 => r#"[{"call_id":1,"csat":1},{"call_id":2,"csat":2}]"#,
                2 => r#"[{"call_id":3,"csat":2.5},{"call_id":"x4","new":true}]"#,
                _ => "[]",
            })
        });
        let client = client(&clock, &server, |settings| settings.page_size = 2);
        let fetched = read(&client, spec(Operation::Calls)).await.unwrap();
        assert_eq!(names(&fetched.schema), ["call_id", "csat", "new"]);
        assert_eq!(kind(&fetched.schema, "csat"), DataType::Float64);
        let ids: Vec<_> = strings(&fetched.batches, "call_id").into_iter().flatten().collect();
        assert_eq!(ids, ["1", "2", "3", "x4"]);
        assert_eq!(fetched.column_warnings.len(), 1, "{:?}", fetched.column_warnings);
        assert!(fetched.warnings.is_empty(), "{:?}", fetched.warnings);
        assert_eq!(fetched.receipt.columns, ["call_id", "csat", "new"]);

        let mut pinned = spec(Operation::Calls);
        pinned.pinned = schema(&[("csat", DataType::Int64)]);
        let error = read(&client, pinned).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::SchemaDrift { column, .. } if column == "csat"), "{error}");
    });
}
