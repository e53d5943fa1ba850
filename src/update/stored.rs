//! Reads what is stored of a frame's rows, and compares.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::matching::{PlanReader, defect};
use super::plan::Plan;
use super::reads::{encoded_len, reads};
use crate::decode::{is_json, json_field, type_as_read};
use crate::encode::{KeyColumn, UpdateFrame};
use crate::error::{Error, ErrorKind, Result};
use crate::fetch::{Progress, ReadSpec, read_all};
use crate::http::Http;
use crate::query::{CallsQuery, Operation, Query, RepsQuery};
use crate::settings::Settings;

/// Where to look for the rows of a frame.
#[derive(Debug, Clone)]
pub enum Range {
    /// Conversations that these parameters choose.
    Calls(CallsQuery),
    /// Users that these parameters choose.
    Reps(RepsQuery),
    /// Wherever a column of the frame says that they are; for users, everywhere.
    FromFrame,
}

/// A plan, and what reading for it brought up.
pub struct Planned {
    pub plan: Plan,
    pub requests: u64,
    pub bytes_received: u64,
    pub warnings: Vec<String>,
}

/// Reads what is stored and compares the frame with it.
///
/// # Errors
/// `InvalidInput` where nothing says what to read; those of reading.
pub async fn plan(
    http: &Http,
    settings: &Settings,
    frame: UpdateFrame,
    range: Range,
    progress: Option<Arc<dyn Progress>>,
) -> Result<Planned> {
    let mut stored = StoredReader {
        http,
        settings,
        progress,
        wanted: None,
        requests: 0,
        bytes_received: 0,
        warnings: Vec::new(),
    };
    let mut results = match (frame.key(), range) {
        (KeyColumn::RepId, Range::Reps(query)) => vec![stored.read(Operation::Reps, query.build()?).await?],
        (KeyColumn::RepId, _) => vec![stored.read(Operation::Reps, Query::default()).await?],
        (KeyColumn::CallId, Range::Calls(query)) => vec![stored.read_calls(&frame, &query).await?],
        (KeyColumn::CallId, _) => {
            let queries = reads(&frame).ok_or_else(|| {
                Error::invalid_input(
                    "frame does not say where its conversations are, and they cannot be read by call_id: pass a \
                     range to read (start_date=, end_date=, …), or a frame with a column date, start_time or \
                     vendor_call_id that has a value in every row",
                )
            })?;
            let mut results = Vec::with_capacity(queries.len());
            for query in &queries {
                results.push(stored.read_calls(&frame, query).await?);
            }
            results
        }
    };
    let StoredReader { requests, bytes_received, mut warnings, .. } = stored;
    let schema = common_schema(results.iter().map(|result| &result.schema));
    // Comparing a million rows would hold up whoever else is served.
    let compare = move || {
        let mut reader = PlanReader::new(frame)?;
        for result in results.drain(..) {
            for batch in result.batches {
                reader.push(&conformed(&batch, &schema)?)?;
            }
        }
        reader.finish(&schema)
    };
    let plan = tokio::task::spawn_blocking(compare)
        .await
        .map_err(|error| Error::internal(format!("comparing did not end: {error}")))??;
    warnings.extend_from_slice(plan.warnings());
    Ok(Planned { plan, requests, bytes_received, warnings })
}

struct StoredReader<'a> {
    http: &'a Http,
    settings: &'a Settings,
    progress: Option<Arc<dyn Progress>>,
    /// What to ask for, once a row was seen.
    wanted: Option<Wanted>,
    requests: u64,
    bytes_received: u64,
    warnings: Vec<String>,
}

struct Stored {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Stored {
    fn has(&self, name: &str) -> bool {
        self.schema.index_of(name).is_ok()
    }
}

/// What of the conversations to ask for.
#[derive(Debug, Clone)]
struct Wanted {
    /// The key and the frame's attributes, if all of them are there; else every column, to find the names that were
    /// meant.
    columns: Option<Vec<String>>,
    /// Attributes that come only when they are asked for as metrics.
    metrics: Vec<String>,
}

/// Rows that show which attributes there are.
const SAMPLE: u64 = 10;

/// What the names of columns may take of an address that holds vendor call ids too.
const MAX_COLUMNS: usize = 1_000;

impl StoredReader<'_> {
    async fn read_calls(&mut self, frame: &UpdateFrame, query: &CallsQuery) -> Result<Stored> {
        let wanted = if let Some(wanted) = self.wanted.clone() {
            wanted
        } else {
            let sample = self.read_some(Operation::Calls, query.build()?, Some(SAMPLE)).await?;
            if sample.batches.iter().all(|batch| batch.num_rows() == 0) {
                return Ok(sample);
            }
            let wanted = self.learn(frame, query, &sample).await?;
            self.wanted = Some(wanted.clone());
            wanted
        };
        let metric = (!wanted.metrics.is_empty()).then(|| wanted.metrics.clone());
        let every = CallsQuery { metric, ..query.clone() };
        if let Some(columns) = &wanted.columns {
            let some = CallsQuery { columns: Some(columns.clone()), ..every.clone() };
            match self.read(Operation::Calls, some.build()?).await {
                Ok(stored) if columns.iter().all(|name| stored.has(name)) => return Ok(stored),
                Ok(_) => {}
                Err(error) if is_refusal(&error) => {
                    self.requests += u64::from(error.attempt().unwrap_or(1));
                }
                Err(error) => return Err(error),
            }
            // The service does not see these columns as this client does.
            self.wanted = Some(Wanted { columns: None, ..wanted });
        }
        self.read(Operation::Calls, every.build()?).await
    }

    /// Learns from some rows what to ask for.
    async fn learn(&mut self, frame: &UpdateFrame, query: &CallsQuery, sample: &Stored) -> Result<Wanted> {
        let mut metrics = Vec::new();
        let mut all_seen = true;
        for name in frame.column_names().filter(|name| !sample.has(name)) {
            let seen = if can_be_asked_for(name) { self.ask_for_metric(query, name).await? } else { None };
            all_seen &= seen == Some(true);
            if seen.is_some() {
                metrics.push(name.to_owned());
            }
        }
        let names: Vec<String> =
            std::iter::once(frame.key().name()).chain(frame.column_names()).map(str::to_owned).collect();
        let length: usize = names.iter().map(|name| encoded_len(name) + "%2C".len()).sum();
        let fits = length <= MAX_COLUMNS && names.iter().all(|name| can_be_asked_for(name));
        Ok(Wanted { columns: (all_seen && fits).then_some(names), metrics })
    }

    /// Whether a row has the metric of this name. Nothing if the service refuses to be asked for it; one that does not
    /// may have it in other rows.
    async fn ask_for_metric(&mut self, query: &CallsQuery, name: &str) -> Result<Option<bool>> {
        let query = CallsQuery { metric: Some(vec![name.to_owned()]), ..query.clone() };
        match self.read_some(Operation::Calls, query.build()?, Some(1)).await {
            Ok(stored) => Ok(Some(stored.has(name))),
            Err(error) if is_refusal(&error) => {
                self.requests += u64::from(error.attempt().unwrap_or(1));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn read(&mut self, operation: Operation, query: Query) -> Result<Stored> {
        self.read_some(operation, query, None).await
    }

    async fn read_some(&mut self, operation: Operation, query: Query, limit: Option<u64>) -> Result<Stored> {
        let spec = ReadSpec {
            operation,
            query,
            limit,
            pinned: Arc::new(Schema::empty()),
            // What is stored is put back as it was, and not as a type that its whole column fits.
            parse_dates: false,
            select: None,
            json: true,
            progress: self.progress.clone().filter(|_| limit.is_none()),
        };
        let fetched = read_all(self.http, self.settings, spec).await?;
        self.requests += fetched.receipt.requests;
        self.bytes_received += fetched.receipt.bytes_received;
        self.warnings.extend(fetched.warnings);
        self.warnings.extend(fetched.column_warnings.into_iter().map(|warning| warning.text));
        Ok(Stored { schema: fetched.schema, batches: fetched.batches })
    }
}

/// Names are separated by commas.
fn can_be_asked_for(name: &str) -> bool {
    !name.contains(',') && !name.trim().is_empty()
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Status { status: 400 | 404 | 422, .. })
}

/// The columns of several results, each of a type that holds the values of all.
fn common_schema<'a>(schemas: impl Iterator<Item = &'a SchemaRef>) -> SchemaRef {
    let mut fields: Vec<Field> = Vec::new();
    for field in schemas.flat_map(|schema| schema.fields().iter()) {
        match fields.iter_mut().find(|known| known.name() == field.name()) {
            None => fields.push(field.as_ref().clone()),
            Some(known) => {
                let data_type = common_type(&type_as_read(known), &type_as_read(field));
                *known = if is_json(known) {
                    json_field(field.name(), &data_type)
                } else {
                    Field::new(field.name(), data_type, true)
                };
            }
        }
    }
    Arc::new(Schema::new(fields))
}

fn common_type(one: &DataType, other: &DataType) -> DataType {
    match (one, other) {
        _ if one == other => one.clone(),
        (DataType::Null, known) | (known, DataType::Null) => known.clone(),
        (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => DataType::Float64,
        _ => DataType::Utf8,
    }
}

fn conformed(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema().fields() == schema.fields() {
        return Ok(batch.clone());
    }
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => cast(column, field.data_type()),
            None => Ok(arrow_array::new_null_array(field.data_type(), batch.num_rows())),
        })
        .collect::<Result<_, _>>()
        .map_err(defect)?;
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(defect)
}
