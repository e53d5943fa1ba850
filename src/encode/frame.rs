//! A frame that may be sent: everything that could be wrong with it is found before anything is.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_buffer::BooleanBufferBuilder;
use arrow_schema::{DataType, SchemaRef};
use arrow_select::filter::filter_record_batch;

use super::Nulls;
use super::checked::Checked;
use super::column::Column;
use super::form::Form;
use super::group::{Group, grouped};
use super::key::KeyColumn;
use super::mask::Mask;
use super::midnight::{are_midnights, is_known};
use super::misfit::misfit;
use super::runs::push_run;
use crate::error::{Error, Result, UpdateFailure};

/// Rows of attributes to be written, checked. Cheap to clone.
///
/// A string column whose field says that it holds JSON text, as reading marks lists and objects, is written as that JSON.
#[derive(Clone)]
pub struct UpdateFrame {
    inner: Arc<Inner>,
}

/// Without the values, which may be personal.
impl fmt::Debug for UpdateFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateFrame")
            .field("rows", &self.num_rows())
            .field("key", &self.checked().key)
            .field("columns", &self.column_names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

struct Inner {
    checked: Checked,
    groups: Vec<Group>,
    nulls: Nulls,
}

impl UpdateFrame {
    /// # Errors
    /// A frame without rows or attributes; keys that are missing, null, repeated or of the wrong type; values that
    /// JSON or the API cannot hold. The message names every offending key (the first ten, and how many more).
    pub fn new(schema: &SchemaRef, batches: Vec<RecordBatch>, key: KeyColumn, nulls: Nulls) -> Result<Self> {
        let mut checked = Checked::new(schema, batches, key)?;
        let groups = if nulls == Nulls::Clear {
            let all = Mask::all(checked.batches.len());
            for column in &mut checked.columns {
                column.sent = all.clone();
            }
            vec![Group { columns: (0..checked.columns.len()).collect(), form: Form::RowWise }]
        } else {
            grouped(&checked)
        };
        Ok(Self { inner: Arc::new(Inner { checked, groups, nulls }) })
    }

    /// A frame of which only some cells are sent, those that are null as nulls. `sent` has one mask for each column
    /// beside the key, and a mask has bits for each batch; no batch may be empty. `nulls` is what a null means to those
    /// who pass rows of the frame on, whatever is sent of them.
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
        let mut checked = Checked::new(schema, batches, key)?;
        let fits = |mask: &Mask| mask.fits(checked.batches.iter().map(RecordBatch::num_rows));
        if sent.len() != checked.columns.len() || !sent.iter().all(fits) {
            return Err(Error::internal("a partial update needs a mask for each of its columns and batches"));
        }
        for (column, sent) in checked.columns.iter_mut().zip(sent) {
            column.sent = sent;
        }
        let groups = grouped(&checked);
        Ok(Self { inner: Arc::new(Inner { checked, groups, nulls }) })
    }

    pub(super) fn checked(&self) -> &Checked {
        &self.inner.checked
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.inner.groups
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.checked().schema
    }

    pub fn batches(&self) -> &[RecordBatch] {
        &self.checked().batches
    }

    pub fn key(&self) -> KeyColumn {
        self.checked().key
    }

    pub fn num_rows(&self) -> usize {
        self.checked().starts.last().copied().unwrap_or_default()
    }

    /// The attributes, in order.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.checked().columns.iter().map(|column| column.name.as_str())
    }

    /// The rows of each batch, in order.
    pub(crate) fn batch_rows(&self) -> impl Iterator<Item = Range<usize>> {
        self.checked().starts.windows(2).map(|bounds| bounds[0]..bounds[1])
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.checked().columns
    }

    pub(crate) fn keys(&self) -> &Column {
        &self.checked().key_column
    }

    /// The key of a row as JSON, to name it to a person.
    pub fn key_text(&self, row: usize) -> String {
        self.checked().key_text(row)
    }

    /// The attributes whose values are all times at midnight, and of which it is not known what they are.
    pub fn midnights(&self) -> impl Iterator<Item = &str> {
        let schema = self.schema();
        self.column_names().filter(move |name| {
            let Ok(index) = schema.index_of(name) else { return false };
            let mut arrays = self.batches().iter().map(|batch| batch.column(index));
            !is_known(name)
                && matches!(schema.field(index).data_type(), DataType::Timestamp(_, None))
                && arrays.clone().any(|array| array.null_count() < array.len())
                && arrays.all(are_midnights)
        })
    }

    /// What to tell of an attribute with values of a type that it is not known by.
    pub fn misfit(&self, name: &str) -> Option<String> {
        let schema = self.schema();
        let index = schema.index_of(name).ok()?;
        let warning = misfit(name, schema.field(index).data_type())?;
        let mut arrays = self.batches().iter().map(|batch| batch.column(index));
        let has_values = arrays.clone().any(|array| array.logical_null_count() < array.len());
        // Midnights are sent as the dates that they are.
        (has_values && !arrays.all(are_midnights)).then_some(warning)
    }

    /// Some rows of the frame as it was given. The ranges are sorted and disjoint.
    pub fn rows(&self, rows: &[Range<usize>]) -> Vec<RecordBatch> {
        let checked = self.checked();
        checked
            .batches
            .iter()
            .zip(&checked.starts)
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
