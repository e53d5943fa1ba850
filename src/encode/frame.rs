//! A frame that may be sent: everything that could be wrong with it is found before anything is.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_buffer::BooleanBufferBuilder;
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;

use super::Nulls;
use super::column::Column;
use super::cut::Form;
use super::key::KeyColumn;
use super::mask::{Mask, push_run};
use super::output::Output;
use super::parts::Parts;
use crate::error::{Error, Result, UpdateFailure};

/// Rows of attributes to be written, checked. Cheap to clone.
///
/// A string column that holds the JSON text of objects or lists, as reading gives them, is written as strings.
#[derive(Clone)]
pub struct UpdateFrame {
    pub(super) inner: Arc<Inner>,
}

/// Without the values, which may be personal.
impl fmt::Debug for UpdateFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateFrame")
            .field("rows", &self.num_rows())
            .field("key", &self.inner.key)
            .field("columns", &self.column_names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

pub(super) struct Inner {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// The first row of each batch, and the number of rows.
    pub starts: Vec<usize>,
    pub key: KeyColumn,
    pub key_column: Column,
    pub columns: Vec<Column>,
    pub groups: Vec<Group>,
    pub nulls: Nulls,
}

/// Columns that go together, since the same of their rows are sent.
pub(super) struct Group {
    pub columns: Vec<usize>,
    pub form: Form,
}

impl UpdateFrame {
    /// # Errors
    /// A frame without rows or attributes; keys that are missing, null, repeated or of the wrong type; values that
    /// JSON or the API cannot hold. The message names every offending key (the first ten, and how many more).
    pub fn new(schema: &SchemaRef, batches: Vec<RecordBatch>, key: KeyColumn, nulls: Nulls) -> Result<Self> {
        let mut parts = Parts::new(schema, batches, key)?;
        if nulls == Nulls::Clear {
            let all = Mask::all(parts.batches.len());
            for column in &mut parts.columns {
                column.sent = all.clone();
            }
            let columns = (0..parts.columns.len()).collect();
            return Ok(parts.finish(vec![Group { columns, form: Form::RowWise }], nulls));
        }
        Ok(parts.finish_grouped(nulls))
    }

    /// A frame of which only some cells are sent, those that are null as nulls. `sent` has one mask for each column
    /// beside the key, and a mask has bits for each batch; no batch may be empty. `nulls` is what a null means to who
    /// passes rows of the frame on, whatever is sent of them.
    ///
    /// # Errors
    /// As [`UpdateFrame::new`].
    pub fn partial(
        schema: &SchemaRef,
        batches: Vec<RecordBatch>,
        key: KeyColumn,
        sent: Vec<Mask>,
        nulls: Nulls,
    ) -> Result<Self> {
        let mut parts = Parts::new(schema, batches, key)?;
        let fits = |mask: &Mask| mask.fits(parts.batches.iter().map(RecordBatch::num_rows));
        if sent.len() != parts.columns.len() || !sent.iter().all(fits) {
            return Err(Error::internal("a partial update needs a mask for each of its columns and batches"));
        }
        for (column, sent) in parts.columns.iter_mut().zip(sent) {
            column.sent = sent;
        }
        Ok(parts.finish_grouped(nulls))
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.inner.schema
    }

    pub fn batches(&self) -> &[RecordBatch] {
        &self.inner.batches
    }

    pub fn key(&self) -> KeyColumn {
        self.inner.key
    }

    pub fn num_rows(&self) -> usize {
        self.inner.starts.last().copied().unwrap_or_default()
    }

    /// The attributes, in order.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.inner.columns.iter().map(|column| column.name.as_str())
    }

    /// The rows of each batch, in order.
    pub(crate) fn batch_rows(&self) -> impl Iterator<Item = Range<usize>> {
        self.inner.starts.windows(2).map(|bounds| bounds[0]..bounds[1])
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.inner.columns
    }

    pub(crate) fn keys(&self) -> &Column {
        &self.inner.key_column
    }

    /// The key of a row as JSON, to name it to a person.
    pub fn key_text(&self, row: usize) -> String {
        self.inner.key_text(row)
    }

    /// Some rows of the frame as it was given. The ranges are sorted and disjoint.
    pub fn rows(&self, rows: &[Range<usize>]) -> Vec<RecordBatch> {
        let inner = &*self.inner;
        inner
            .batches
            .iter()
            .zip(&inner.starts)
            .flat_map(|(batch, start)| {
                let within = *start..*start + batch.num_rows();
                let first = rows.partition_point(|run| run.end <= within.start);
                let runs: Vec<Range<usize>> = rows[first..]
                    .iter()
                    .take_while(|run| run.start < within.end)
                    .map(|run| run.start.max(within.start) - start..run.end.min(within.end) - start)
                    .collect();
                pick(batch, &runs)
            })
            .collect()
    }

    /// What a null of [`UpdateFrame::remaining`] means.
    pub fn nulls(&self) -> Nulls {
        self.inner.nulls
    }

    /// What is not known to be committed, rows in doubt included: a frame of it with the same meaning of nulls finishes
    /// the job.
    pub fn remaining(&self, failure: &UpdateFailure) -> Vec<RecordBatch> {
        let mut rows: Vec<Range<usize>> = failure.in_doubt.iter().chain(&failure.unsent).cloned().collect();
        rows.sort_by_key(|run| run.start);
        let mut runs = Vec::with_capacity(rows.len());
        for run in rows {
            push_run(&mut runs, run);
        }
        self.rows(&runs)
    }
}

/// A batch in more pieces than this is better copied.
const MAX_PIECES: usize = 16;

fn pick(batch: &RecordBatch, runs: &[Range<usize>]) -> Vec<RecordBatch> {
    if runs.len() > MAX_PIECES {
        let mut picked = BooleanBufferBuilder::new(batch.num_rows());
        for run in runs {
            picked.append_n(run.start - picked.len(), false);
            picked.append_n(run.len(), true);
        }
        picked.append_n(batch.num_rows() - picked.len(), false);
        if let Ok(batch) = filter_record_batch(batch, &BooleanArray::new(picked.finish(), None)) {
            return vec![batch];
        }
    }
    runs.iter().map(|run| batch.slice(run.start, run.len())).collect()
}

impl Inner {
    /// The pieces of a range of rows: the batch, and the rows within it.
    pub(super) fn segments(&self, rows: &Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
        let rows = rows.clone();
        let first = self.starts.partition_point(|start| *start <= rows.start).saturating_sub(1);
        self.starts[first..].windows(2).enumerate().take_while(move |(_, bounds)| bounds[0] < rows.end).map(
            move |(place, bounds)| {
                let (start, end) = (rows.start.max(bounds[0]), rows.end.min(bounds[1]));
                (first + place, start - bounds[0]..end - bounds[0])
            },
        )
    }

    pub(super) fn key_text(&self, row: usize) -> String {
        let mut text = Output::default();
        if let Some((batch, rows)) = self.segments(&(row..row + 1)).next()
            && self.key_column.set.contains(batch, rows.start)
        {
            self.key_column.cells[batch].write(rows.start, &mut text);
        }
        String::from_utf8(text.finish()).unwrap_or_default()
    }
}
