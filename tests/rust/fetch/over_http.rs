//! The service of these tests: rows over HTTP, by page, and what a read of them is made of.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use converz::error::Result;
use converz::fetch::{Fetched, Progress, ReadSpec, SoFar, Stream, read_all};
use converz::query::{Operation, Query};
use converz::settings::Settings;

use crate::http::client::{Client, settings};
use crate::http::clock::StoppedClock;
use crate::http::server::{Received, Script, Server, ok};

/// The value of a parameter in a request's address.
pub fn parameter(request: &Received, name: &str) -> Option<String> {
    let target = request.head.split(' ').nth(1)?;
    let url = url::Url::parse(&format!("http://service{target}")).unwrap();
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

pub fn page_of(request: &Received) -> u64 {
    parameter(request, "page").unwrap().parse().unwrap()
}

/// Rows of `call_id` and `campaign`.
pub fn calls(ids: impl IntoIterator<Item = u64>) -> String {
    let mut json = String::from("[");
    for id in ids {
        let comma = if json.len() > 1 { "," } else { "" };
        write!(json, r#"{comma}{{"call_id":{id},"campaign":"c{id}"}}"#).unwrap();
    }
    json + "]"
}

/// Serves so many calls, counted from 1, by `page` and `n_per_page`.
pub fn serve_calls(total: u64) -> impl Fn(&Received) -> Script + Send + Sync {
    move |request| {
        let size: u64 = parameter(request, "n_per_page").unwrap().parse().unwrap();
        let start = (page_of(request) - 1) * size;
        ok(calls((start + 1..=total).take(size as usize)))
    }
}

pub fn empty() -> SchemaRef {
    Arc::new(Schema::empty())
}

pub fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    let fields: Vec<_> = fields.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect();
    Arc::new(Schema::new(fields))
}

pub fn spec(operation: Operation) -> ReadSpec {
    ReadSpec {
        operation,
        query: Query::default(),
        limit: None,
        pinned: empty(),
        parse_dates: true,
        select: None,
        json: false,
        undecided: Vec::new(),
        shapes: Some(Arc::default()),
        progress: None,
    }
}

/// A client of the server with small pages.
pub fn client(clock: &StoppedClock, server: &Server, change: impl FnOnce(&mut Settings)) -> Client {
    let mut settings = settings(&server.url);
    settings.page_size = 100;
    change(&mut settings);
    Client::new(clock, settings)
}

pub async fn read(client: &Client, spec: ReadSpec) -> Result<Fetched> {
    read_all(&client.http, &client.settings, spec).await
}

pub async fn rest(stream: &mut Stream) -> Result<Vec<RecordBatch>> {
    let mut batches = Vec::new();
    while let Some(batch) = stream.next_batch().await? {
        batches.push(batch);
    }
    Ok(batches)
}

pub fn integers(batches: &[RecordBatch], column: &str) -> Vec<Option<i64>> {
    let values = batches.iter().flat_map(|batch| {
        let column = batch.column_by_name(column).unwrap();
        column.as_primitive::<Int64Type>().iter().collect::<Vec<_>>()
    });
    values.collect()
}

pub fn strings(batches: &[RecordBatch], column: &str) -> Vec<Option<String>> {
    let values = batches.iter().flat_map(|batch| {
        let column = batch.column_by_name(column).unwrap();
        if column.data_type() == &DataType::Null {
            return vec![None; column.len()];
        }
        column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
    });
    values.collect()
}

pub fn names(schema: &Schema) -> Vec<&str> {
    schema.fields().iter().map(|field| field.name().as_str()).collect()
}

pub fn kind(schema: &Schema, column: &str) -> DataType {
    schema.field_with_name(column).unwrap().data_type().clone()
}

/// Remembers how far a read came.
#[derive(Debug, Default)]
pub struct Steps(pub Mutex<Vec<SoFar>>);

impl Progress for Steps {
    fn page(&self, so_far: SoFar) {
        self.0.lock().unwrap().push(so_far);
    }
}
