//! Plans an update: reads what is stored of a frame's rows, and compares.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::defect::defect;
use super::matching::PlanReader;
use super::plan::Plan;
use super::read_stored::StoredReader;
use super::reads::reads;
use super::whereabouts::Whereabouts;
use crate::decode::{is_json, json_field, type_as_read};
use crate::encode::{KeyColumn, UpdateFrame};
use crate::error::{Error, Result};
use crate::fetch::Progress;
use crate::http::Http;
use crate::query::{CallsQuery, Operation, Query, RepsQuery};
use crate::resources::{begin, room_for};
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
pub async fn plan_update(
    http: &Http,
    settings: &Settings,
    frame: UpdateFrame,
    range: Range,
    progress: Option<Arc<dyn Progress>>,
) -> Result<Planned> {
    let queries = match (frame.key(), range) {
        (KeyColumn::RepId, Range::Reps(query)) => vec![query.build()?],
        (KeyColumn::RepId, _) => vec![Query::default()],
        (KeyColumn::CallId, Range::Calls(query)) => vec![query.build()?],
        (KeyColumn::CallId, _) => {
            let queries = reads(&frame).ok_or_else(|| {
                Error::invalid_input(
                    "frame does not say where its conversations are, and they cannot be read by call_id: pass a \
                     range to read (start_date=, end_date=, …), or a frame with a column date, start_time or \
                     vendor_call_id that has a value in every row",
                )
            })?;
            queries.iter().map(CallsQuery::build).collect::<Result<_>>()?
        }
    };
    stored_rows(http, settings, frame, queries, progress).await
}

/// Reads what is stored where these queries lead, and compares a frame with it.
pub(super) async fn stored_rows(
    http: &Http,
    settings: &Settings,
    frame: UpdateFrame,
    queries: Vec<Query>,
    progress: Option<Arc<dyn Progress>>,
) -> Result<Planned> {
    let whereabouts = Whereabouts::new(&queries);
    let mut stored = StoredReader::new(http, settings, progress);
    let mut results = Vec::with_capacity(queries.len());
    for query in queries {
        results.push(match frame.key() {
            KeyColumn::RepId => stored.read(Operation::Reps, query).await?,
            KeyColumn::CallId => stored.read_calls(&frame, &query).await?,
        });
    }
    let StoredReader { requests, bytes_received, mut warnings, .. } = stored;
    let schema = common_schema(results.iter().map(|result| &result.schema));
    // What is kept of them is put together once.
    let bytes = results.iter().flat_map(|result| &result.batches).map(RecordBatch::get_array_memory_size);
    room_for(bytes.sum())?;
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
    let mut plan = begin(compare).await??;
    plan.whereabouts = whereabouts;
    warnings.extend_from_slice(plan.warnings());
    Ok(Planned { plan, requests, bytes_received, warnings })
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
