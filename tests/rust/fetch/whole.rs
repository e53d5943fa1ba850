//! Streams whose types are those of the whole result: the table that a read at once gives.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use converz::decode::OnNewColumn;
use converz::error::{ErrorKind, Result};
use converz::fetch::{Fetched, ReadSpec, Receipt, Stream, read_all};
use converz::query::{CallsQuery, Operation};
use proptest::prelude::*;

use super::over_http::{
    Steps, calls, client, integers, kind, names, page_of, parameter, rest, schema, serve_calls, spec,
};
use crate::http::client::Client;
use crate::http::clock::StoppedClock;
use crate::http::server::{Received, Script, Server, Step, ok, run};

/// Rows as JSON, a page each.
fn pages(pages: Vec<Vec<String>>) -> impl Fn(&Received) -> Script + Send + Sync {
    move |request| {
        let rows = pages.get(page_of(request) as usize - 1).cloned().unwrap_or_default();
        let size: usize = parameter(request, "n_per_page").unwrap().parse().unwrap();
        assert!(rows.len() <= size || parameter(request, "page").unwrap() == "1");
        ok(format!("[{}]", rows.join(",")))
    }
}

/// All that can be seen of a result.
type Seen = (SchemaRef, Vec<RecordBatch>, Vec<String>, Vec<String>, Receipt);

fn of_table(fetched: Fetched) -> Seen {
    let said = fetched.column_warnings.into_iter().map(|warning| warning.text).collect();
    let receipt = Receipt { seconds: 0.0, ..fetched.receipt };
    (fetched.schema, fetched.batches, fetched.warnings, said, receipt)
}

async fn of_stream(mut stream: Stream) -> Seen {
    let said = stream.take_column_warnings().into_iter().map(|warning| warning.text).collect();
    let batches = rest(&mut stream).await.unwrap();
    assert_eq!(stream.take_column_warnings(), []);
    let receipt = Receipt { seconds: 0.0, ..stream.receipt() };
    (Arc::clone(stream.schema()), batches, stream.warnings(), said, receipt)
}

/// The table, and the stream that is opened for it, or that is opened by its first page and made whole.
async fn both(client: &Client, spec: &ReadSpec, later: bool) -> (Result<Seen>, Result<Seen>) {
    let table = read_all(&client.http, &client.settings, spec.clone()).await.map(of_table);
    let stream = if later {
        match Stream::open(&client.http, &client.settings, spec.clone(), OnNewColumn::Ignore).await {
            Ok(mut stream) => {
                stream.take_column_warnings();
                stream.into_whole().await
            }
            Err(error) => Err(error),
        }
    } else {
        Stream::open_whole(&client.http, &client.settings, spec.clone()).await
    };
    let stream = match stream {
        Ok(stream) => Ok(of_stream(stream).await),
        Err(error) => Err(error),
    };
    (table, stream)
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0..5_i64).prop_map(|value| value.to_string()),
        1 => prop::sample::select(vec![
            "null", "1.5", "\"text\"", "true", "[1]", "9223372036854775808", "\"2025-07-01\"", "-1",
        ]).prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_rows_types_warnings_and_receipt_are_those_of_the_table(
        rows in prop::collection::vec((0..60_u64, value(), 0..4_usize), 0..90),
        page_size in 1..30_usize,
        limit in prop::option::of(0..100_u64),
        keys in prop::sample::select(vec!["sound", "moving", "useless", "missing"]),
        later: bool,
    ) {
        let mut rows: Vec<(u64, String, usize)> = rows;
        for (index, (key, _, _)) in rows.iter_mut().enumerate() {
            match keys {
                "sound" => *key = index as u64,
                // A few rows come again.
                "moving" => *key = index as u64 - u64::from(index % 17 == 16),
                _ => {}
            }
        }
        let rows: Vec<String> = rows
            .into_iter()
            .enumerate()
            .map(|(index, (key, value, column))| {
                let key = if keys == "missing" { String::new() } else { format!("\"call_id\":{key},") };
                format!("{{{key}\"number\":{index},\"{}\":{value}}}", ["a", "b", "c", "campaign"][column])
            })
            .collect();
        run(async move {
            let clock = StoppedClock::new();
            let size = limit.map_or(page_size, |limit| page_size.min(limit as usize)).max(1);
            let server = Server::answering(&clock, pages(rows.chunks(size).map(<[String]>::to_vec).collect()));
            let client = client(&clock, &server, |settings| {
                settings.page_size = page_size as u32;
                settings.max_concurrency = 1;
            });
            let spec = ReadSpec { limit, ..spec(Operation::Calls) };
            let (table, stream) = both(&client, &spec, later).await;
            match (table, stream) {
                (Ok(table), Ok(stream)) => assert_eq!(stream, table),
                (Err(table), Err(stream)) => assert_eq!(stream.to_string(), table.to_string()),
                // What a stream by its first page refuses, before it could be made whole.
                (Ok(_), Err(error)) if later => assert!(matches!(error.kind(), ErrorKind::SchemaDrift { .. })),
                (table, stream) => panic!("{table:?} but {stream:?}"),
            }
        });
    }
}

fn rows_of(bodies: &[&[&str]]) -> Vec<Vec<String>> {
    bodies.iter().map(|rows| rows.iter().map(|row| (*row).to_owned()).collect()).collect()
}

#[test]
fn a_column_that_only_late_rows_have_gets_its_type() {
    run(async {
        let clock = StoppedClock::new();
        let bodies = rows_of(&[
            &[r#"{"call_id":1,"score":null}"#, r#"{"call_id":2}"#],
            &[r#"{"call_id":3}"#, r#"{"call_id":4,"mood":"fine"}"#],
            &[r#"{"call_id":5,"score":7}"#],
        ]);
        let server = Server::answering(&clock, pages(bodies));
        let client = client(&clock, &server, |settings| settings.page_size = 2);
        for later in [false, true] {
            let (table, stream) = both(&client, &spec(Operation::Calls), later).await;
            let (schema, batches, warnings, said, _) = stream.unwrap();
            assert_eq!(names(&schema), ["call_id", "score", "mood"]);
            assert_eq!((kind(&schema, "score"), warnings, said), (DataType::Int64, vec![], vec![]));
            assert_eq!(integers(&batches, "score"), [None, None, None, None, Some(7)]);
            assert_eq!((schema, batches), {
                let table = table.unwrap();
                (table.0, table.1)
            });
        }
    });
}

#[test]
fn what_does_not_fit_a_pin_is_the_error_of_the_table() {
    run(async {
        let clock = StoppedClock::new();
        let bodies = rows_of(&[
            &[r#"{"call_id":1,"csat":1}"#, r#"{"call_id":2,"csat":2}"#],
            &[r#"{"call_id":3,"csat":"good"}"#],
        ]);
        let server = Server::answering(&clock, pages(bodies));
        let client = client(&clock, &server, |settings| settings.page_size = 2);
        let mut spec = spec(Operation::Calls);
        spec.pinned = schema(&[("csat", DataType::Int64)]);
        let (table, stream) = both(&client, &spec, false).await;
        let (table, stream) = (table.unwrap_err(), stream.unwrap_err());
        assert_eq!(stream.to_string(), table.to_string());
        let ErrorKind::SchemaDrift { column, schema } = stream.kind() else { panic!("{stream}") };
        assert_eq!((column.as_str(), kind(schema, "csat")), ("csat", DataType::Utf8));
        spec.pinned = self::schema(&[("csat", DataType::Utf8), ("late", DataType::Float64)]);
        let (table, stream) = both(&client, &spec, false).await;
        assert_eq!(stream.unwrap(), table.unwrap());
    });
}

#[test]
fn keys_that_turn_out_to_be_of_several_rows_leave_none_out() {
    run(async {
        let clock = StoppedClock::new();
        // The second page repeats keys of the first, with another kind of value; the third shows that keys are useless.
        let row = |key: u64, value: &str| format!("{{\"call_id\":{key},\"x\":{value}}}");
        let first: Vec<String> = (0..100).map(|key| row(key, "1")).collect();
        let second: Vec<String> =
            (50..150).map(|key| row(key, if key < 100 { "\"t\"" } else { "2" })).collect();
        let third: Vec<String> = (150..249).chain([200]).map(|key| row(key, "3")).collect();
        for (third, kinds, count) in
            [(third, DataType::Utf8, 300), (vec![row(150, "3")], DataType::Int64, 151)]
        {
            let bodies = vec![first.clone(), second.clone(), third];
            let server = Server::answering(&clock, pages(bodies));
            // One after the other, so that both ask for the same pages.
            let client = client(&clock, &server, |settings| settings.max_concurrency = 1);
            for limit in [None, Some(120), Some(260)] {
                let spec = ReadSpec { limit, ..spec(Operation::Calls) };
                let (table, stream) = both(&client, &spec, false).await;
                let (table, stream) = (table.unwrap(), stream.unwrap());
                assert_eq!(stream, table, "{limit:?}");
                if limit.is_none() {
                    let rows: usize = stream.1.iter().map(RecordBatch::num_rows).sum();
                    assert_eq!((kind(&stream.0, "x"), rows), (kinds.clone(), count));
                }
            }
        }
    });
}

#[test]
fn a_result_without_rows_has_the_columns_of_the_table() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, |_| ok("[]"));
        let client = client(&clock, &server, |_| ());
        let mut few = spec(Operation::Calls);
        few.query =
            CallsQuery { columns: Some(vec!["mood".into(), "campaign".into()]), ..CallsQuery::default() }
                .build()
                .unwrap();
        for spec in [spec(Operation::Calls), few] {
            for limit in [None, Some(0)] {
                let spec = ReadSpec { limit, ..spec.clone() };
                for later in [false, true] {
                    let (table, stream) = both(&client, &spec, later).await;
                    assert_eq!(stream.unwrap(), table.unwrap());
                }
            }
        }
    });
}

#[test]
fn a_stream_of_which_batches_were_taken_is_not_made_whole() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, serve_calls(250));
        let client = client(&clock, &server, |_| ());
        let open =
            || Stream::open(&client.http, &client.settings, spec(Operation::Calls), OnNewColumn::Error);
        let mut stream = open().await.unwrap();
        stream.next_batch().await.unwrap();
        let error = stream.into_whole().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput), "{error}");
        assert!(error.message().contains("open another stream"), "{error}");
        // One that is whole stays so.
        let whole = open().await.unwrap().into_whole().await.unwrap();
        let requests = server.requests();
        let mut whole = whole.into_whole().await.unwrap();
        let batches = rest(&mut whole).await.unwrap();
        assert_eq!(integers(&batches, "call_id").len(), 250);
        assert_eq!(server.requests(), requests);
        assert!(whole.into_whole().await.is_err());
    });
}

#[test]
fn no_page_is_asked_for_twice_and_progress_is_told() {
    run(async {
        let clock = StoppedClock::new();
        for total in [0, 1, 99, 100, 730] {
            for later in [false, true] {
                let server = Server::answering(&clock, serve_calls(total));
                let client = client(&clock, &server, |_| ());
                let steps = Arc::new(Steps::default());
                let mut spec = spec(Operation::Calls);
                spec.progress = Some(steps.clone());
                let (http, settings) = (&client.http, &client.settings);
                let stream = if later {
                    let stream = Stream::open(http, settings, spec, OnNewColumn::Error).await.unwrap();
                    stream.into_whole().await.unwrap()
                } else {
                    Stream::open_whole(http, settings, spec).await.unwrap()
                };
                let receipt = stream.receipt();
                assert_eq!((receipt.rows, receipt.requests), (total, server.requests() as u64));
                assert!(receipt.end.is_some());
                assert_eq!(steps.0.lock().unwrap().last().unwrap().rows, total);
            }
        }
    });
}

#[test]
fn a_failed_page_is_the_error_of_the_opening() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::answering(&clock, |request| match page_of(request) {
            1 => ok(calls(1..=100)),
            2 => ok("{}"),
            _ => vec![Step::Hold].into(),
        });
        let client = client(&clock, &server, |_| ());
        let opened = Stream::open_whole(&client.http, &client.settings, spec(Operation::Calls)).await;
        assert!(matches!(opened.unwrap_err().kind(), ErrorKind::Decode));
    });
}
