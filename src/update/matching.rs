//! What is stored of a frame's rows, picked out of batches as they are read.

use std::hash::BuildHasher;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::defect::defect;
use super::plan::Plan;
use crate::encode::{Column, KeyColumn, UpdateFrame};
use crate::error::{Error, Result};

/// Takes in what is stored, batch by batch, and keeps only the rows and columns that the frame is about.
pub struct PlanReader {
    frame: UpdateFrame,
    hasher: DefaultHashBuilder,
    /// The frame's rows by key.
    rows: HashTable<u32>,
    starts: Vec<usize>,
    /// Of all stored columns.
    schema: Option<SchemaRef>,
    kept: Vec<RecordBatch>,
    num_kept: u32,
    rows_read: usize,
    /// For each row of the frame, where among the kept rows it is.
    found: Vec<Option<u32>>,
}

impl PlanReader {
    /// # Errors
    /// A frame of more rows than can be planned at once.
    pub fn new(frame: UpdateFrame) -> Result<Self> {
        let num_rows = u32::try_from(frame.num_rows()).map_err(|_| {
            Error::invalid_input(format!(
                "{} rows are too many for one plan: cut the frame",
                frame.num_rows()
            ))
        })?;
        let hasher = DefaultHashBuilder::default();
        let mut rows = HashTable::with_capacity(frame.num_rows());
        let mut starts = Vec::new();
        let (mut row, mut key) = (0, Vec::new());
        for (batch, range) in frame.batch_rows().enumerate() {
            starts.push(range.start);
            for local in 0..range.len() {
                key.clear();
                frame.keys().json(batch, local, &mut key);
                // Unique, as the frame was checked.
                rows.insert_unique(hasher.hash_one(&key), row, |row| rehash(&frame, &starts, &hasher, *row));
                row += 1;
            }
        }
        let found = vec![None; num_rows as usize];
        Ok(Self {
            frame,
            hasher,
            rows,
            starts,
            schema: None,
            kept: Vec::new(),
            num_kept: 0,
            rows_read: 0,
            found,
        })
    }

    /// Takes in a batch; all of one plan have the same schema. Of rows with the same key the first one counts.
    ///
    /// # Errors
    /// A batch without the key, or with another schema than the first.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = self.schema.get_or_insert_with(|| batch.schema()).clone();
        if schema.fields() != batch.schema().fields() {
            return Err(Error::internal("batches of one plan must have one schema"));
        }
        let name = self.frame.key().name();
        let Ok(key_index) = schema.index_of(name) else {
            return Err(Error::decode(format!("what is stored was read without {name:?}")));
        };
        self.rows_read += batch.num_rows();
        let keys = Column::new(schema.field(key_index), &[batch.column(key_index).clone()])
            .map_err(Error::decode)?;
        let (mut key, mut own) = (Vec::new(), Vec::new());
        let mut picked = Vec::new();
        for row in 0..batch.num_rows() {
            key.clear();
            keys.json(0, row, &mut key);
            let key = self.as_own(&key);
            let found = self.rows.find(self.hasher.hash_one(key), |row| {
                own.clear();
                let (batch, local) = locate(&self.starts, *row);
                self.frame.keys().json(batch, local, &mut own);
                own == key
            });
            let Some(found) = found else { continue };
            let kept = &mut self.found[*found as usize];
            if kept.is_none() {
                *kept = Some(self.num_kept);
                self.num_kept += 1;
                picked.push(row as u32);
            }
        }
        let wanted: Vec<usize> =
            self.frame.column_names().filter_map(|name| schema.index_of(name).ok()).collect();
        if !picked.is_empty() && !wanted.is_empty() {
            let batch = batch.project(&wanted).map_err(defect)?;
            self.kept.push(take_record_batch(&batch, &UInt32Array::from(picked)).map_err(defect)?);
        }
        Ok(())
    }

    /// A column of integers that had to be read as text has them in quotes.
    fn as_own<'a>(&self, key: &'a [u8]) -> &'a [u8] {
        match (self.frame.key(), key) {
            (KeyColumn::CallId, [b'"', digits @ .., b'"']) => digits,
            _ => key,
        }
    }

    /// Compares. `schema` is that of what was read, for the case that it had no rows.
    ///
    /// # Errors
    /// Stored columns that cannot be put together.
    pub fn finish(self, schema: &SchemaRef) -> Result<Plan> {
        let schema = self.schema.unwrap_or_else(|| schema.clone());
        let stored = match self.kept.first() {
            None => None,
            Some(first) => Some(concat_batches(&first.schema(), &self.kept).map_err(defect)?),
        };
        drop(self.kept);
        Plan::compare(self.frame, &schema, stored.as_ref(), self.found, self.rows_read)
    }
}

fn rehash(frame: &UpdateFrame, starts: &[usize], hasher: &DefaultHashBuilder, row: u32) -> u64 {
    let mut key = Vec::new();
    let (batch, local) = locate(starts, row);
    frame.keys().json(batch, local, &mut key);
    hasher.hash_one(&key)
}

fn locate(starts: &[usize], row: u32) -> (usize, usize) {
    let row = row as usize;
    let batch = starts.partition_point(|start| *start <= row) - 1;
    (batch, row - starts[batch])
}
