//! From batches to a frame: what could be wrong with them is found here, before it is settled which cells are sent.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};

use super::Nulls;
use super::cells::Fault;
use super::column::Column;
use super::cut::Form;
use super::frame::{Group, Inner, UpdateFrame};
use super::key::KeyColumn;
use super::midnight::known_dates;
use super::output::Output;
use super::plain::Raw;
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

        let raw = |index: usize| Raw {
            field: schema.field(index).clone(),
            arrays: batches.iter().map(|batch| batch.column(index).clone()).collect(),
        };
        let keys = raw(key_index).unpacked().and_then(|keys| key.plain(keys));
        let keys = keys.map_err(|reason| Error::invalid_input(format!("{} {reason}", key.name())))?;
        let key_column = Column::new(&keys.field, &keys.arrays).map_err(Error::invalid_input)?;
        let mut wrong = Vec::new();
        let mut columns = Vec::with_capacity(attributes.len());
        let mut plain = Vec::with_capacity(attributes.len() + 1);
        for index in attributes {
            let own = raw(index)
                .unpacked()
                .map(known_dates)
                .map_err(|reason| format!("column {:?} {reason}", schema.field(index).name()))
                .and_then(|raw| Ok((Column::new(&raw.field, &raw.arrays)?, raw)));
            match own {
                Ok((column, raw)) => {
                    columns.push(column);
                    plain.push((index, raw));
                }
                Err(reason) => wrong.push(reason),
            }
        }
        wrong.extend(key.check(&keys.arrays));
        refuse(&wrong)?;
        plain.push((key_index, keys));
        let (schema, batches) = replaced(schema, batches, plain)?;

        let mut starts = Vec::with_capacity(batches.len() + 1);
        let mut rows = 0;
        for batch in &batches {
            starts.push(rows);
            rows += batch.num_rows();
        }
        starts.push(rows);
        let parts = Self { schema, batches, starts, key, key_column, columns };
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
    pub(super) fn finish_grouped(self, nulls: Nulls) -> UpdateFrame {
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
        self.finish(groups, nulls)
    }

    pub(super) fn finish(self, groups: Vec<Group>, nulls: Nulls) -> UpdateFrame {
        let Self { schema, batches, starts, key, key_column, columns } = self;
        UpdateFrame {
            inner: Arc::new(Inner { schema, batches, starts, key, key_column, columns, groups, nulls }),
        }
    }
}

/// The batches with columns that were made plain in their places.
fn replaced(
    schema: &SchemaRef,
    batches: Vec<RecordBatch>,
    plain: Vec<(usize, Raw)>,
) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let changed: Vec<(usize, Raw)> =
        plain.into_iter().filter(|(index, raw)| raw.field != *schema.field(*index)).collect();
    if changed.is_empty() {
        return Ok((schema.clone(), batches));
    }
    let mut fields = schema.fields().to_vec();
    for (index, raw) in &changed {
        fields[*index] = Arc::new(raw.field.clone());
    }
    let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    let batches = batches.iter().enumerate().map(|(place, batch)| {
        let mut columns = batch.columns().to_vec();
        for (index, raw) in &changed {
            columns[*index] = raw.arrays[place].clone();
        }
        RecordBatch::try_new(schema.clone(), columns)
            .map_err(|error| Error::internal(format!("plain columns do not fit together: {error}")))
    });
    Ok((schema.clone(), batches.collect::<Result<_>>()?))
}
