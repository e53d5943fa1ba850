//! Columns of strings whose cells are the JSON of values, as reading gives lists, objects and mixtures.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};
use serde::de::IgnoredAny;

use super::column::Column;
use super::frame::UpdateFrame;
use super::key::KeyColumn;
use super::refuse::{refuse, shown};
use crate::error::{Error, Result};
use crate::text::quoted;
use crate::types::{JsonMark, holds_strings, json_mark, type_name, with_json_mark};

/// The same rows with the columns of these names marked as JSON text, whatever mark they had.
///
/// # Errors
/// Names that are no attributes, and columns that are not strings.
pub fn as_json_columns(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    key: KeyColumn,
    names: &[String],
) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let attributes = || schema.fields().iter().filter(|field| field.name() != key.name());
    let mut wrong = Vec::new();
    for name in names {
        match attributes().find(|field| field.name() == name) {
            None => wrong.push(format!(
                "json_columns names {}, which is no attribute of the frame: those are {}",
                quoted(name),
                shown(attributes().map(|field| quoted(field.name())))
            )),
            Some(field) if holds_strings(field.data_type()) || field.data_type().is_null() => {}
            Some(field) => wrong.push(format!(
                "json_columns names {}, which is a column of {} and not of JSON text: leave it out, it is written as \
                 the JSON of its values",
                quoted(name),
                type_name(field.data_type())
            )),
        }
    }
    refuse(&wrong)?;
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let field = Field::clone(field);
            if names.contains(field.name()) { with_json_mark(field, Some(JsonMark::Text)) } else { field }
        })
        .collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    let batches = batches
        .iter()
        .map(|batch| {
            let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            RecordBatch::try_new_with_options(Arc::clone(&schema), batch.columns().to_vec(), &rows)
        })
        .collect::<Result<_, _>>()
        .map_err(|error| {
            Error::invalid_input(format!(
                "the frame's batches do not all have its columns and types: {error}"
            ))
        })?;
    Ok((schema, batches))
}

impl UpdateFrame {
    /// Whether every cell that is sent says what it is. In a column that was read from strings and other values, a text
    /// that reads as JSON may have been either.
    ///
    /// # Errors
    /// `InvalidInput` with the keys of those that do not.
    pub fn check_clear(&self) -> Result<()> {
        let mut wrong = Vec::new();
        for column in self.mixed_columns() {
            let mut rows = Vec::new();
            for (batch, of_batch) in self.batch_rows().enumerate() {
                let unclear = (0..of_batch.len()).filter(|row| is_unclear(column, batch, *row));
                rows.extend(unclear.map(|row| of_batch.start + row));
            }
            if !rows.is_empty() {
                wrong.push(unclear_cells(&column.name, self, &rows));
            }
        }
        refuse(&wrong)
    }

    /// The columns of strings beside other values.
    fn mixed_columns(&self) -> impl Iterator<Item = &Column> {
        let is_mixed = |name: &str| {
            let field = self.schema().field_with_name(name).ok();
            field.is_some_and(|field| json_mark(field) == Some(JsonMark::Mixed))
        };
        self.columns().iter().filter(move |column| is_mixed(&column.name))
    }
}

/// Whether a cell of such a column may have been a string or another value.
fn is_unclear(column: &Column, batch: usize, row: usize) -> bool {
    if !column.is_sent(batch, row) {
        return false;
    }
    let mut json = Vec::new();
    column.json(batch, row, &mut json);
    serde_json::from_slice::<String>(&json).is_ok_and(|text| {
        // Strings are without quotes, and nulls are no text.
        !text.starts_with('"')
            && text.trim_ascii() != "null"
            && serde_json::from_str::<IgnoredAny>(&text).is_ok()
    })
}

/// What to tell of such cells.
fn unclear_cells(name: &str, frame: &UpdateFrame, rows: &[usize]) -> String {
    format!(
        "column {} was read from strings and other values, and its text for {} {} may be a string or the JSON of \
         another value: leave these rows out, or pass the column's cells as JSON (strings in quotes) with \
         json_columns=[{0}]",
        quoted(name),
        frame.key().name(),
        shown(rows.iter().map(|row| frame.key_text(*row)))
    )
}
