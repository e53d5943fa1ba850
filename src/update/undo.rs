//! The frames that carry a plan out and take it back: only the cells that change, with their new or their old values.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array, new_null_array};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{DataType, Field, FieldRef, Schema};
use arrow_select::filter::filter;
use arrow_select::take::take;

use super::defect::defect;
use super::plan::{Plan, StoredColumn};
use crate::encode::{Mask, Nulls, UpdateFrame};
use crate::error::Result;

impl Plan {
    /// The frame of only what changes; `None` if nothing does.
    ///
    /// # Errors
    /// Values that cannot be put together.
    pub fn apply(&self) -> Result<Option<UpdateFrame>> {
        let nulls = self.frame.nulls();
        self.partial(nulls, |_, field, rows, array| Ok((field.clone(), filter(array, rows).map_err(defect)?)))
    }

    /// The frame of the old values of what changes. An attribute that was not there becomes null.
    ///
    /// Values are those that were read; where they were read as JSON, as [`plan_update`](super::plan_update()) reads them, they are
    /// written as the JSON that they were.
    ///
    /// # Errors
    /// Values that cannot be put together.
    pub fn undo(&self) -> Result<Option<UpdateFrame>> {
        // What was null is to become null again.
        self.partial(Nulls::Clear, |change, own, _, _| {
            let Some(StoredColumn { field, array, .. }) = &self.stored[change.column] else {
                let nothing = new_null_array(&DataType::Null, change.found.len());
                return Ok((Arc::new(Field::new(own.name(), DataType::Null, true)), nothing));
            };
            let old = take(array, &UInt32Array::from(change.found.to_vec()), None).map_err(defect)?;
            Ok((Arc::new(field.clone()), old))
        })
    }

    /// The rows and columns with a change, their cells made by `values`.
    fn partial(
        &self,
        nulls: Nulls,
        values: impl Fn(&Changing<'_>, &FieldRef, &BooleanArray, &ArrayRef) -> Result<(FieldRef, ArrayRef)>,
    ) -> Result<Option<UpdateFrame>> {
        let columns: Vec<usize> = (0..self.changes.len())
            .filter(|column| self.changes[*column].iter().any(|changes| changes.count_set_bits() > 0))
            .collect();
        let own = self.frame.schema();
        let key = own.index_of(self.frame.key().name()).map_err(defect)?;
        let mut batches = Vec::new();
        let mut sent: Vec<Vec<BooleanBuffer>> = vec![Vec::new(); columns.len()];
        for ((number, batch), rows) in self.frame.batches().iter().enumerate().zip(self.frame.batch_rows()) {
            let Some(any) = columns
                .iter()
                .map(|column| self.changes[*column][number].clone())
                .reduce(|one, next| &one | &next)
                .filter(|any| any.count_set_bits() > 0)
            else {
                continue;
            };
            let found: Vec<Option<u32>> = any.set_indices().map(|row| self.found[rows.start + row]).collect();
            let any = BooleanArray::new(any, None);
            let mut fields = vec![own.fields()[key].clone()];
            let mut arrays = vec![filter(batch.column(key), &any).map_err(defect)?];
            for (column, sent) in columns.iter().zip(&mut sent) {
                let index = own.index_of(&self.columns()[*column].name).map_err(defect)?;
                let change = Changing { column: *column, found: &found };
                let (field, array) = values(&change, &own.fields()[index], &any, batch.column(index))?;
                fields.push(field);
                arrays.push(array);
                let changes = BooleanArray::new(self.changes[*column][number].clone(), None);
                sent.push(filter(&changes, &any).map_err(defect)?.as_boolean().values().clone());
            }
            batches.push(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(defect)?);
        }
        let Some(first) = batches.first() else { return Ok(None) };
        let schema = first.schema();
        let sent = sent.into_iter().map(Mask::new).collect();
        UpdateFrame::partial(&schema, batches, self.frame.key(), sent, nulls).map(Some)
    }
}

/// A column of one batch, as far as it changes.
struct Changing<'a> {
    column: usize,
    /// Where the rows are among what is stored.
    found: &'a [Option<u32>],
}
