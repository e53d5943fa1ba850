//! From batches to a frame: what could be wrong with them is found here, before it is settled which cells are sent.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

use super::cells::Fault;
use super::column::Column;
use super::cut::Form;
use super::frame::{Group, Inner, UpdateFrame};
use super::key::KeyColumn;
use super::output::Output;
use super::refuse::{refuse, shown};
use super::shape::{check_batches, check_names};
use crate::error::{Error, Result};

/// A frame whose cells are known to be writable, before it is settled which of them are sent.
pub(super) struct Parts {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    pub starts: Vec<usize>,
    pub key: KeyColumn,
    pub key_column: Column,
    pub columns: Vec<Column>,
}

impl Parts {
    pub(super) fn new(schema: &SchemaRef, batches: Vec<RecordBatch>, key: KeyColumn) -> Result<Self> {
        let (key_index, attributes) = check_names(schema, key)?;
        let batches: Vec<RecordBatch> = batches.into_iter().filter(|batch| batch.num_rows() > 0).collect();
        if batches.is_empty() {
            return Err(Error::invalid_input("the frame has no rows: there is nothing to update"));
        }
        check_batches(schema, &batches)?;

        let arrays = |index: usize| -> Vec<ArrayRef> {
            batches.iter().map(|batch| batch.column(index).clone()).collect()
        };
        let keys = arrays(key_index)
            .iter()
            .map(|array| key.plain(array))
            .collect::<Result<Vec<_>, _>>()
            .map_err(Error::invalid_input)?;
        let key_column = Column::new(schema.field(key_index), &keys).map_err(Error::invalid_input)?;
        let (columns, refused): (Vec<_>, Vec<_>) = attributes
            .iter()
            .map(|index| Column::new(schema.field(*index), &arrays(*index)))
            .partition(Result::is_ok);
        let mut wrong: Vec<String> = refused.into_iter().filter_map(Result::err).collect();
        let columns: Vec<Column> = columns.into_iter().filter_map(Result::ok).collect();
        wrong.extend(key.check(&keys));
        refuse(&wrong)?;

        let mut starts = Vec::with_capacity(batches.len() + 1);
        let mut rows = 0;
        for batch in &batches {
            starts.push(rows);
            rows += batch.num_rows();
        }
        starts.push(rows);
        let parts = Self { schema: schema.clone(), batches, starts, key, key_column, columns };
        parts.check_values()?;
        Ok(parts)
    }

    fn check_values(&self) -> Result<()> {
        let mut wrong = Vec::new();
        for column in &self.columns {
            let mut faults: Vec<(Fault, usize)> = Vec::new();
            for (batch, cells) in column.cells.iter().enumerate().filter(|(_, cells)| cells.can_be_faulty()) {
                let rows = column.set.runs(batch, &(0..self.batches[batch].num_rows()));
                let start = self.starts[batch];
                faults.extend(cells.faults(&rows).into_iter().map(|(row, fault)| (fault, start + row)));
            }
            faults.sort_unstable();
            for same in faults.chunk_by(|one, next| one.0 == next.0) {
                let keys = shown(same.iter().map(|(_, row)| self.key_text(*row)));
                wrong.push(format!(
                    "column {:?} holds {} for {} {keys}",
                    column.name,
                    same[0].0,
                    self.key.name()
                ));
            }
        }
        refuse(&wrong)
    }

    fn key_text(&self, row: usize) -> String {
        let batch = self.starts.partition_point(|start| *start <= row) - 1;
        let mut text = Output::default();
        self.key_column.cells[batch].write(row - self.starts[batch], &mut text);
        String::from_utf8(text.finish()).unwrap_or_default()
    }

    /// Columns of which the same cells are sent go together; nulls among them force the row-wise form.
    pub(super) fn finish_grouped(self) -> UpdateFrame {
        let mut groups: Vec<Group> = Vec::new();
        for (place, column) in self.columns.iter().enumerate() {
            let form = if column.sent.is_within(&column.set) { Form::Columnar } else { Form::RowWise };
            let same = groups.iter_mut().find(|group| {
                let other = &self.columns[group.columns[0]].sent;
                group.form == form
                    && self
                        .batches
                        .iter()
                        .enumerate()
                        .all(|(batch, rows)| column.sent.agrees(other, batch, &(0..rows.num_rows())))
            });
            match same {
                Some(group) => group.columns.push(place),
                None => groups.push(Group { columns: vec![place], form }),
            }
        }
        self.finish(groups)
    }

    pub(super) fn finish(self, groups: Vec<Group>) -> UpdateFrame {
        let Self { schema, batches, starts, key, key_column, columns } = self;
        UpdateFrame { inner: Arc::new(Inner { schema, batches, starts, key, key_column, columns, groups }) }
    }
}
