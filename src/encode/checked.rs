//! The rows of a frame, checked: everything that could be wrong with them is found here, before anything is sent.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};

use super::cells::BadValue;
use super::column::Column;
use super::key::KeyColumn;
use super::mask::Mask;
use super::midnight::known_dates;
use super::output::Output;
use super::plain::Raw;
use super::refuse::{refuse, shown};
use super::shape::{check_batches, check_names};
use crate::error::{Error, Result};
use crate::text::quoted;

/// Rows whose cells are known to be writable. It is not settled yet which of them are sent: all that are not null, until
/// that is changed.
pub(super) struct Checked {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// The first row of each batch, and the number of rows.
    pub starts: Vec<usize>,
    pub key: KeyColumn,
    pub key_column: Column,
    pub columns: Vec<Column>,
}

impl Checked {
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
                .map_err(|reason| format!("column {} {reason}", quoted(schema.field(index).name())))
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
        let checked = Self { schema, batches, starts, key, key_column, columns };
        checked.check_values()?;
        Ok(checked)
    }

    fn check_values(&self) -> Result<()> {
        let mut wrong = Vec::new();
        for column in &self.columns {
            let mut bad: Vec<(BadValue, usize)> = Vec::new();
            for (batch, cells) in column.cells.iter().enumerate().filter(|(_, cells)| cells.can_be_bad()) {
                let rows = column.set.runs(batch, &(0..self.batches[batch].num_rows()));
                let start = self.starts[batch];
                bad.extend(cells.bad_values(&rows).into_iter().map(|(row, bad)| (bad, start + row)));
            }
            bad.sort_unstable();
            for same in bad.chunk_by(|one, next| one.0 == next.0) {
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

    /// The mask that columns of one group share.
    pub(super) fn sent(&self, columns: &[usize]) -> &Mask {
        &self.columns[columns[0]].sent
    }

    /// The pieces of a range of rows: the batch, and the rows within it.
    pub(super) fn segments(&self, rows: &Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
        let rows = rows.clone();
        let first = self.starts.partition_point(|start| *start <= rows.start).saturating_sub(1);
        self.starts[first..].windows(2).enumerate().take_while(move |(_, bounds)| bounds[0] < rows.end).map(
            move |(index, bounds)| {
                let (start, end) = (rows.start.max(bounds[0]), rows.end.min(bounds[1]));
                (first + index, start - bounds[0]..end - bounds[0])
            },
        )
    }

    /// The key of a row as JSON.
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
    let batches = batches.iter().enumerate().map(|(number, batch)| {
        let mut columns = batch.columns().to_vec();
        for (index, raw) in &changed {
            columns[*index] = raw.arrays[number].clone();
        }
        RecordBatch::try_new(schema.clone(), columns).map_err(|error| {
            Error::internal(format!("plain columns do not fit together: {error}")).with_source(error)
        })
    });
    Ok((schema.clone(), batches.collect::<Result<_>>()?))
}
