//! Rows of text, a line each, on their way into a file.

use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Schema, SchemaRef};

use super::batch_writer::BatchWriter;
use super::compression::{Compressed, failed};
use crate::encode::{Column, Output};
use crate::error::{Error, Result};
use crate::types::with_json_mark;

/// So much is handed on at once.
const PIECE: usize = 256 << 10;

/// How the rows of a format are written.
pub(super) trait Rows: Send {
    /// What comes before the first row.
    fn write_head(&mut self, out: &mut Output);

    /// A row of a batch.
    ///
    /// # Errors
    /// A value that the format cannot hold: its column, and what it is.
    fn write_row(
        &mut self,
        batch: &RecordBatch,
        columns: &[Column],
        row: usize,
        out: &mut Output,
    ) -> Result<(), Unfit>;
}

/// A value that a format cannot hold.
pub(super) struct Unfit {
    pub column: usize,
    pub what: String,
}

pub(super) struct TextWriter<R> {
    schema: SchemaRef,
    rows: R,
    sink: Compressed,
    buffer: Vec<u8>,
    begun: bool,
    /// Rows of earlier batches.
    written: usize,
}

impl<R: Rows> TextWriter<R> {
    pub(super) fn new(schema: &SchemaRef, rows: R, sink: Compressed) -> Self {
        Self { schema: schema.clone(), rows, sink, buffer: Vec::new(), begun: false, written: 0 }
    }

    fn begin(&mut self) -> Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let mut out = Output::over(std::mem::take(&mut self.buffer), 0);
        self.rows.write_head(&mut out);
        self.hand_on(out)
    }

    fn hand_on(&mut self, out: Output) -> Result<()> {
        self.buffer = out.finish();
        self.sink.write_all(&self.buffer).map_err(|error| failed(&error))
    }
}

/// The batch with the strings of dictionaries instead of their numbers.
fn plain(batch: &RecordBatch) -> Result<RecordBatch> {
    let is_dictionary = |array: &ArrayRef| matches!(array.data_type(), DataType::Dictionary(..));
    if !batch.columns().iter().any(is_dictionary) {
        return Ok(batch.clone());
    }
    let fields = batch.schema_ref().fields().iter().zip(batch.columns());
    let (fields, arrays): (Vec<_>, Vec<_>) = fields
        .map(|(field, array)| match array.data_type() {
            DataType::Dictionary(_, values) => arrow_cast::cast(array, values)
                .map(|array| (Arc::new(field.as_ref().clone().with_data_type((**values).clone())), array)),
            _ => Ok((field.clone(), array.clone())),
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Error::internal(format!("a dictionary cannot be read: {error}")))?
        .into_iter()
        .unzip();
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &rows)
        .map_err(|error| Error::internal(format!("columns of a batch do not match: {error}")))
}

/// The columns of a batch as whoever writes text reads them.
pub(super) fn columns(schema: &SchemaRef, batch: &RecordBatch) -> Result<Vec<Column>> {
    let fields = schema.fields().iter().zip(batch.columns());
    fields
        // A text stays a text here, whatever an update would make of it.
        .map(|(field, array)| {
            Column::new(&with_json_mark(field.as_ref().clone(), None), std::slice::from_ref(array))
        })
        .collect::<Result<_, _>>()
        .map_err(Error::invalid_input)
}

impl<R: Rows> BatchWriter for TextWriter<R> {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.begin()?;
        let batch = &plain(batch)?;
        let columns = columns(&self.schema, batch)?;
        let mut out = Output::over(std::mem::take(&mut self.buffer), PIECE);
        for row in 0..batch.num_rows() {
            if let Err(Unfit { column, what }) = self.rows.write_row(batch, &columns, row, &mut out) {
                return Err(Error::invalid_input(format!(
                    "column {:?} holds {what} in row {} (counted from 0), which the format cannot hold",
                    self.schema.field(column).name(),
                    self.written + row
                )));
            }
            if out.len() >= PIECE {
                self.hand_on(out)?;
                out = Output::over(std::mem::take(&mut self.buffer), PIECE);
            }
        }
        self.written += batch.num_rows();
        self.hand_on(out)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.begin()?;
        self.sink.complete()
    }
}
