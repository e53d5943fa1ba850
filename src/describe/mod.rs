//! What is in the columns of a result: a row a column, from batches that come one after the other, in memory that depends
//! on the columns alone. Knows nothing of HTTP, tokio or Python.

mod column;
mod days;
mod shown;
mod values;

pub use column::{DISTINCT, EXAMPLES};

use std::sync::Arc;

use arrow_array::builder::{Date32Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use self::column::Described;
use crate::error::{Error, Result};
use crate::types::{JsonMark, type_name, with_json_mark};

/// The columns of a result, as far as its batches were looked at.
#[derive(Debug)]
pub struct Description {
    schema: SchemaRef,
    columns: Vec<Described>,
    rows: i64,
}

impl Description {
    pub fn new(schema: &SchemaRef) -> Self {
        let columns = schema.fields().iter().map(|field| Described::new(field)).collect();
        Self { schema: Arc::clone(schema), columns, rows: 0 }
    }

    /// Looks at the next batch.
    ///
    /// # Errors
    /// Only defects: a batch of another schema, a type that no result has.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_columns() != self.columns.len() {
            return Err(Error::internal("a batch has other columns than its result"));
        }
        let days = days::of_rows(batch)?;
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            column.add(array, days.as_ref())?;
        }
        self.rows += i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
        Ok(())
    }

    /// A row a column: its name, type, how many rows and nulls there are, how many values are distinct, the least and the
    /// greatest, examples, and the first and the last day that it had a value on.
    ///
    /// # Errors
    /// Only defects.
    pub fn finish(self) -> Result<RecordBatch> {
        let (mut names, mut types) = (StringBuilder::new(), StringBuilder::new());
        let (mut rows, mut nulls, mut distinct) =
            (Int64Builder::new(), Int64Builder::new(), Int64Builder::new());
        let (mut minimum, mut maximum) = (StringBuilder::new(), StringBuilder::new());
        let mut examples = StringBuilder::new();
        let (mut first, mut last) = (Date32Builder::new(), Date32Builder::new());
        for (field, column) in self.schema.fields().iter().zip(self.columns) {
            names.append_value(field.name());
            types.append_value(type_name(field.data_type()));
            rows.append_value(self.rows);
            nulls.append_value(column.nulls());
            distinct.append_option(column.distinct());
            let (lowest, highest) = column.bounds();
            minimum.append_option(lowest);
            maximum.append_option(highest);
            examples.append_value(column.examples());
            let days = column.days();
            first.append_option(days.map(|(first, _)| first));
            last.append_option(days.map(|(_, last)| last));
        }
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(names.finish()),
            Arc::new(types.finish()),
            Arc::new(rows.finish()),
            Arc::new(nulls.finish()),
            Arc::new(distinct.finish()),
            Arc::new(minimum.finish()),
            Arc::new(maximum.finish()),
            Arc::new(examples.finish()),
            Arc::new(first.finish()),
            Arc::new(last.finish()),
        ];
        RecordBatch::try_new(schema(), arrays)
            .map_err(|error| Error::internal(format!("a description does not fit together: {error}")))
    }
}

/// The columns of a description.
fn schema() -> SchemaRef {
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    Arc::new(Schema::new(vec![
        field("column", DataType::Utf8),
        field("type", DataType::Utf8),
        field("rows", DataType::Int64),
        field("nulls", DataType::Int64),
        field("distinct", DataType::Int64),
        field("minimum", DataType::Utf8),
        field("maximum", DataType::Utf8),
        with_json_mark(field("examples", DataType::Utf8), Some(JsonMark::Text)),
        field("first_date", DataType::Date32),
        field("last_date", DataType::Date32),
    ]))
}
