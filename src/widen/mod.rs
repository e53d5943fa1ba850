//! Columns → columns of a type that holds the same values and more: what rows become that go beside others. Knows nothing
//! of HTTP, tokio or Python.
//!
//! Text is that of the table of types, which is also what a digest hashes: widening a column leaves the digest as it was.

mod cast;
mod numbers;
mod texts;
mod times;

use std::sync::Arc;

use arrow_array::types::Date32Type;
use arrow_array::{Array as _, ArrayRef, PrimitiveArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::error::{Error, Result};
use crate::types::{JsonMark, holds_strings, json_mark, type_name, with_json_mark};

/// The columns that `to` names, in its order and types. One that the batch does not have is null.
///
/// # Errors
/// A value that the type does not hold as it is, with its column.
pub fn widen(batch: &RecordBatch, to: &SchemaRef) -> Result<RecordBatch> {
    let columns = to
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            Some(array) => column(array, field),
        })
        .collect::<Result<Vec<_>>>()?;
    assemble(to, columns, batch.num_rows())
}

/// The columns of rows that go one below the other, in the types that are wanted. Where none is, the column is what it is
/// in the first schema that has a type for it.
///
/// A column of strings keeps its mark as JSON text where all that goes into it is that.
#[must_use]
pub fn common_schema(schemas: &[SchemaRef], wanted: &[(&str, Option<DataType>)]) -> SchemaRef {
    let fields = wanted.iter().map(|(name, data_type)| {
        let found: Vec<&Field> =
            schemas.iter().filter_map(|schema| schema.field_with_name(name).ok()).collect();
        let mut typed = found.iter().filter(|field| *field.data_type() != DataType::Null);
        let first = typed.clone().next().or(found.first());
        match (data_type, first) {
            (None, Some(first)) if typed.all(|field| field.metadata() == first.metadata()) => {
                Field::clone(first).with_nullable(true)
            }
            (data_type, first) => {
                let data_type = data_type.clone().or_else(|| Some(first?.data_type().clone()));
                let data_type = data_type.unwrap_or(DataType::Null);
                let mark = if holds_strings(&data_type) { common_mark(&found) } else { None };
                with_json_mark(Field::new(*name, data_type, true), mark)
            }
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// What strings are that come from all of these columns.
fn common_mark(fields: &[&Field]) -> Option<JsonMark> {
    let marks = fields.iter().filter_map(|field| match field.data_type() {
        DataType::Null => None,
        data_type if holds_strings(data_type) => Some(json_mark(field)),
        // Their text is not what JSON has for them.
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Some(None),
        _ => Some(Some(JsonMark::Text)),
    });
    marks.reduce(|one, other| if one == other { one } else { Some(JsonMark::Mixed) }).flatten()
}

/// The schema with a column of dates behind the others.
#[must_use]
pub fn dated_schema(schema: &Schema, name: &str) -> SchemaRef {
    let mut fields = schema.fields().to_vec();
    fields.push(Arc::new(Field::new(name, DataType::Date32, true)));
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// The batch with the same date in every row, under a schema of [`dated_schema`].
///
/// # Errors
/// Only defects.
pub fn dated(batch: &RecordBatch, schema: &SchemaRef, day: i32) -> Result<RecordBatch> {
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(PrimitiveArray::<Date32Type>::from_value(day, batch.num_rows())));
    assemble(schema, columns, batch.num_rows())
}

fn assemble(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(|error| {
        Error::internal(format!("widened columns make no batch: {error}")).with_source(error)
    })
}

fn column(array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let to = field.data_type();
    let from = array.data_type();
    if from == to {
        return Ok(Arc::clone(array));
    }
    if array.null_count() == array.len() || *from == DataType::Null {
        return Ok(new_null_array(to, array.len()));
    }
    let misfit = |value: Option<String>| {
        let value = value.map_or_else(String::new, |value| format!(" {value}"));
        Error::invalid_input(format!(
            "column {:?} of {} has a value{value} that {} does not hold",
            field.name(),
            type_name(from),
            type_name(to)
        ))
    };
    match to {
        DataType::Utf8 => texts::texts(array)?.ok_or_else(|| misfit(None)),
        DataType::Float64 => numbers::floats(array).map_err(misfit),
        DataType::Int64 | DataType::UInt64 => numbers::integers(array, to).map_err(misfit),
        DataType::Date32 | DataType::Timestamp(..) => times::times(array, to).map_err(misfit),
        _ => Err(misfit(None)),
    }
}
