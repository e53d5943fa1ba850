//! Results as they arrive, over HTTP.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, TimeUnit};
use converz::decode::OnNewColumn;
use converz::error::ErrorKind;
use converz::fetch::Stream;
use converz::query::{CallsQuery, Operation};
use tokio::task::yield_now;

use super::over_http::{Steps, client, integers, kind, names, page_of, rest, schema, serve_calls, spec};
use crate::http::client::Client;
use crate::http::clock::StoppedClock;
use crate::http::server::{Script, Server, Step, ok, run};

async fn open(client: &Client, on_new_column: OnNewColumn) -> converz::error::Result<Stream> {
    Stream::open(&client.http, &client.settings, spec(Operation::Calls), on_new_column).await
}

fn pages(pages: &'static [&'static str]) -> impl Fn(&crate::http::server::Received) -> Script + Send + Sync {
    move |request| ok(pages.get(page_of(request) as usize - 1).copied().unwrap_or("[]"))
}

#[test]
fn a_stream_has_the_rows_of_the_table_and_its_receipt() {
    run(async {
        let clock = StoppedClock::new();
        for total in [0, 1, 99, 100, 730] {
            let server = Server::answering(&clock, serve_calls(total));
            let client = client(&clock, &server, |_| ());
            let steps = Arc::new(Steps::default());
            let mut spec = spec(Operation::Calls);
            spec.progress = Some(steps.clone());
            let mut stream =
                Stream::open(&client.http, &client.settings, spec, OnNewColumn::Error).await.unwrap();
            let batches = rest(&mut stream).await.unwrap();
            assert!(batches.iter().all(|batch| batch.schema() == *stream.schema() && batch.num_rows() > 0));
            assert_eq!(
                integers(&batches, "call_id"),
                (1..=total.cast_signed()).map(Some).collect::<Vec<_>>()
            );
            assert!(stream.next_batch().await.unwrap().is_none());

            let receipt = stream.receipt();
            assert_eq!((receipt.rows, receipt.requests), (total, server.requests() as u64));
            assert_eq!(steps.0.lock().unwrap().last().unwrap().rows, total);
            assert!(stream.warnings().is_empty());
        }
    });
}

#[test]
fn a_stream_without_rows_has_the_columns_of_a_table_without_rows() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, |_| ok("[]"));
        let client = client(&clock, &server, |_| ());
        let stream = open(&client, OnNewColumn::Error).await.unwrap();
        assert_eq!(names(stream.schema()).len(), 8);
        assert_eq!(kind(stream.schema(), "start_time"), DataType::Timestamp(TimeUnit::Microsecond, None));

        let mut few = spec(Operation::Calls);
        few.limit = Some(0);
        few.query =
            CallsQuery { columns: Some(vec!["mood".into(), "campaign".into()]), ..CallsQuery::default() }
                .build()
                .unwrap();
        few.pinned = schema(&[("csat", DataType::Float64)]);
        let requests = server.requests();
        let mut stream = Stream::open(&client.http, &client.settings, few, OnNewColumn::Error).await.unwrap();
        assert_eq!(names(stream.schema()), ["mood", "campaign", "csat"]);
        // A column of nulls would not take any value.
        assert_eq!(kind(stream.schema(), "mood"), DataType::Utf8);
        assert!(stream.next_batch().await.unwrap().is_none());
        assert_eq!(server.requests(), requests);
    });
}

#[test]
fn a_key_that_was_asked_for_is_dropped_from_a_stream_too() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, serve_calls(150));
        let client = client(&clock, &server, |_| ());
        let mut spec = spec(Operation::Calls);
        spec.query =
            CallsQuery { columns: Some(vec!["campaign".into()]), ..CallsQuery::default() }.build().unwrap();
        let mut stream =
            Stream::open(&client.http, &client.settings, spec, OnNewColumn::Error).await.unwrap();
        assert_eq!(names(stream.schema()), ["campaign"]);
        let rows: usize = rest(&mut stream).await.unwrap().iter().map(RecordBatch::num_rows).sum();
        assert_eq!((rows, stream.receipt().columns), (150, vec!["campaign".to_owned()]));
    });
}

#[test]
fn what_does_not_fit_raises_with_the_page_and_the_schema_that_does() {
    run(async {
        let clock = StoppedClock::new();
        let bodies = &[
            r#"[{"call_id":1,"csat":1},{"call_id":2,"csat":2}]"#,
            r#"[{"call_id":3,"csat":3},{"call_id":4,"csat":4}]"#,
            r#"[{"call_id":5,"csat":"good"},{"call_id":6}]"#,
        ];
        let server = Server::answering(&clock, pages(bodies));
        let client = client(&clock, &server, |settings| settings.page_size = 2);
        let mut stream = open(&client, OnNewColumn::Error).await.unwrap();
        let mut batches = Vec::new();
        let error = loop {
            match stream.next_batch().await {
                Ok(batch) => batches.push(batch.unwrap()),
                Err(error) => break error,
            }
        };
        // The pages before it are not lost.
        assert_eq!(integers(&batches, "call_id"), (1..=4).map(Some).collect::<Vec<_>>());
        assert!(error.message().contains("page 3") && error.message().contains("good"), "{error}");
        let ErrorKind::SchemaDrift { column, schema } = error.kind() else { panic!("{error}") };
        assert_eq!((column.as_str(), kind(schema, "csat")), ("csat", DataType::Utf8));
        assert!(stream.next_batch().await.unwrap().is_none());

        let mut again = spec(Operation::Calls);
        again.pinned = Arc::clone(schema);
        let mut stream =
            Stream::open(&client.http, &client.settings, again, OnNewColumn::Error).await.unwrap();
        assert_eq!(integers(&rest(&mut stream).await.unwrap(), "call_id").len(), 6);
    });
}

#[test]
fn new_columns_raise_or_are_ignored() {
    run(async {
        let clock = StoppedClock::new();
        let bodies = &[r#"[{"call_id":1},{"call_id":2}]"#, r#"[{"call_id":3,"mood":"fine"}]"#];
        let server = Server::answering(&clock, pages(bodies));
        let client = client(&clock, &server, |settings| settings.page_size = 2);
        let mut stream = open(&client, OnNewColumn::Error).await.unwrap();
        let error = rest(&mut stream).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::SchemaDrift { column, .. } if column == "mood"), "{error}");
        assert!(error.message().contains("page 2"), "{error}");

        let mut stream = open(&client, OnNewColumn::Ignore).await.unwrap();
        let batches = rest(&mut stream).await.unwrap();
        assert_eq!(names(stream.schema()), ["call_id"]);
        assert_eq!(integers(&batches, "call_id"), [Some(1), Some(2), Some(3)]);
    });
}

#[test]
fn late_values_of_a_column_that_was_null_are_said_once_with_the_pin() {
    run(async {
        let clock = StoppedClock::new();
        let bodies = &[
            r#"[{"call_id":1,"score":null,"note":null,"mood":null},{"call_id":2}]"#,
            r#"[{"call_id":3},{"call_id":4}]"#,
            r#"[{"call_id":5,"score":7,"note":"fine","mood":[1]},{"call_id":6}]"#,
            r#"[{"call_id":7,"score":8,"note":9}]"#,
        ];
        let server = Server::answering(&clock, pages(bodies));
        let client = client(&clock, &server, |settings| settings.page_size = 2);
        let mut stream = open(&client, OnNewColumn::Error).await.unwrap();
        assert_eq!(stream.take_column_warnings(), []);
        let mut said = Vec::new();
        while stream.next_batch().await.unwrap().is_some() {
            said.push(stream.take_column_warnings());
        }
        let said: Vec<_> = said.into_iter().flatten().collect();
        // Strings and lists are string columns whenever they come.
        let [warning] = said.as_slice() else { panic!("{said:?}") };
        assert_eq!(
            (warning.column.as_str(), warning.text.as_str()),
            (
                "score",
                "column \"score\" has 7 (call_id 5), but was null as far as the schema was settled, so that it is \
                 string: to read it as int64, pass schema={\"score\": \"int64\"}"
            )
        );

        // Dates are something else as well, unless they are to stay text.
        let bodies =
            &[r#"[{"call_id":1,"day":null},{"call_id":2}]"#, r#"[{"call_id":3,"day":"2025-07-01"}]"#];
        let server = Server::answering(&clock, pages(bodies));
        let dated = self::client(&clock, &server, |settings| settings.page_size = 2);
        for (parse_dates, expected) in [(true, Some("schema={\"day\": \"date32\"}")), (false, None)] {
            let mut spec = spec(Operation::Calls);
            spec.parse_dates = parse_dates;
            let mut stream =
                Stream::open(&dated.http, &dated.settings, spec, OnNewColumn::Error).await.unwrap();
            while stream.next_batch().await.unwrap().is_some() {}
            let said = stream.take_column_warnings();
            assert_eq!(said.len(), usize::from(expected.is_some()), "{said:?}");
            assert!(said.iter().zip(expected).all(|(said, pin)| said.text.ends_with(pin)), "{said:?}");
        }

        let mut pinned = spec(Operation::Calls);
        pinned.pinned = schema(&[("score", DataType::Utf8)]);
        let mut stream =
            Stream::open(&client.http, &client.settings, pinned, OnNewColumn::Error).await.unwrap();
        while stream.next_batch().await.unwrap().is_some() {
            assert_eq!(stream.take_column_warnings(), []);
        }
    });
}

#[test]
fn a_failed_page_ends_a_stream_after_the_pages_before_it() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, pages(&[r#"[{"call_id":1}]"#, "{}"]));
        let client = client(&clock, &server, |settings| settings.page_size = 1);
        let mut stream = open(&client, OnNewColumn::Error).await.unwrap();
        assert_eq!(stream.next_batch().await.unwrap().unwrap().num_rows(), 1);
        let error = stream.next_batch().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode), "{error}");
        assert!(stream.next_batch().await.unwrap().is_none());
        // The first page fails where the stream is opened.
        let server = Server::answering(&clock, |_| ok("null"));
        let client = super::over_http::client(&clock, &server, |_| ());
        assert!(matches!(open(&client, OnNewColumn::Error).await.unwrap_err().kind(), ErrorKind::Decode));
    });
}

#[test]
fn pages_are_asked_for_ahead_of_the_consumer_by_a_bounded_number() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, serve_calls(2000));
        let client = client(&clock, &server, |settings| settings.max_concurrency = 3);
        let mut stream = open(&client, OnNewColumn::Error).await.unwrap();
        let mut taken = 0;
        loop {
            // They are asked for without the consumer's doing anything.
            while server.requests() < (taken + 3).min(20) {
                yield_now().await;
            }
            for _ in 0..200 {
                yield_now().await;
            }
            // Those behind the twenty are empty, so that they wait for nobody; two of them prove the end, and three are
            // under way before the first is answered.
            let requests = server.requests();
            assert!(
                requests.min(20) <= taken + 3 && requests <= 23,
                "{requests} requests, {taken} pages taken"
            );
            let Some(batch) = stream.next_batch().await.unwrap() else { break };
            assert_eq!(batch.num_rows(), 100);
            taken += 1;
        }
        assert_eq!(taken, 20);
    });
}

#[test]
fn a_stream_that_is_dropped_cancels_what_is_in_flight() {
    run(async {
        let clock = StoppedClock::new();
        let whole = serve_calls(2000);
        let server = Server::answering(&clock, move |request| match page_of(request) {
            1 => whole(request),
            _ => vec![Step::Hold].into(),
        });
        let client = client(&clock, &server, |_| ());
        let mut stream = open(&client, OnNewColumn::Error).await.unwrap();
        assert_eq!(stream.next_batch().await.unwrap().unwrap().num_rows(), 100);
        while server.requests() < 4 {
            yield_now().await;
        }
        // A consumer that gives up waiting loses nothing and can go on.
        tokio::select! {
            _ = stream.next_batch() => panic!("no page was answered"),
            () = async { for _ in 0..50 { yield_now().await } } => {}
        }
        let open = server.open_connections();
        assert!(open >= 4, "{open} connections");
        drop(stream);
        while server.open_connections() > open - 3 {
            yield_now().await;
        }
        assert!(server.requests() <= 5);
    });
}
