//! The cells that an update changes, each with what it held and what it gets as JSON: enough to carry the update out, to
//! see whether others have changed them since, and to take it back, here or in another process.

use std::sync::Arc;

use arrow_array::builder::LargeStringBuilder;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow_buffer::BooleanBufferBuilder;
use arrow_schema::{DataType, Field, Schema};
use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use super::defect::defect;
use super::plan::Plan;
use super::whereabouts::Whereabouts;
use crate::encode::{KeyColumn, Mask, Nulls, UpdateFrame};
use crate::error::{Error, Result};
use crate::query::Operation;
use crate::types::{JsonMark, with_json_mark};

/// Which of its two values a cell is to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Apply,
    Undo,
}

/// A cell that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cell {
    /// Of the keys.
    pub row: u32,
    /// Of the columns.
    pub column: u32,
    /// As JSON; `None` is null, or an attribute that was not there.
    pub old: Option<Box<str>>,
    pub new: Option<Box<str>>,
}

impl Cell {
    /// What the cell holds before it is written, and after.
    pub(super) fn values(&self, direction: Direction) -> (Option<&str>, Option<&str>) {
        let (old, new) = (self.old.as_deref(), self.new.as_deref());
        match direction {
            Direction::Apply => (old, new),
            Direction::Undo => (new, old),
        }
    }
}

/// Cells that change, in any order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Changes {
    users: bool,
    pub(super) whereabouts: Whereabouts,
    /// As JSON.
    pub(super) keys: Vec<Box<str>>,
    pub(super) columns: Vec<String>,
    pub(super) cells: Vec<Cell>,
    /// What the other cells of these rows and columns hold: nothing of it is sent, but whoever finishes an update that
    /// failed passes whole rows, of which none may be cleared for want of a value.
    #[serde(default)]
    context: Vec<Cell>,
}

impl Changes {
    pub(super) fn new(key: KeyColumn, whereabouts: Whereabouts) -> Self {
        let users = key == KeyColumn::RepId;
        Self {
            users,
            whereabouts,
            keys: Vec::new(),
            columns: Vec::new(),
            cells: Vec::new(),
            context: Vec::new(),
        }
    }

    /// Notes what the other cells of these rows and columns hold.
    pub(super) fn surround(&mut self, value: impl Fn(usize, usize) -> Option<String>) {
        let cells: HashSet<(u32, u32)> = self.cells.iter().map(|cell| (cell.row, cell.column)).collect();
        self.context.clear();
        for row in 0..self.keys.len() as u32 {
            for column in 0..self.columns.len() as u32 {
                if !cells.contains(&(row, column))
                    && let Some(value) = value(row as usize, column as usize)
                {
                    let value: Box<str> = value.into();
                    self.context.push(Cell { row, column, old: Some(value.clone()), new: Some(value) });
                }
            }
        }
    }

    /// The cells that a plan changes.
    ///
    /// # Errors
    /// `InvalidInput` where it is not known what a cell's text is.
    pub fn of(plan: &Plan) -> Result<Self> {
        if let Some(frame) = plan.apply()? {
            frame.check_clear()?;
        }
        let mut changes = Self::new(plan.frame().key(), plan.whereabouts.clone());
        let mut builder = Builder::default();
        let mut rows = Vec::new();
        for change in plan.changes() {
            if rows.last() != Some(&change.row) {
                rows.push(change.row);
            }
            builder.add(&mut changes, &change.key, &change.column, change.old, change.new);
        }
        let place = |name: &String| plan.columns().iter().position(|column| column.name == *name);
        let columns: Vec<Option<usize>> = changes.columns.iter().map(place).collect();
        changes.surround(|row, column| plan.stored_json(*rows.get(row)?, columns[column]?));
        Ok(changes)
    }

    pub fn key(&self) -> KeyColumn {
        if self.users { KeyColumn::RepId } else { KeyColumn::CallId }
    }

    pub fn operation(&self) -> Operation {
        if self.users { Operation::UpdateReps } else { Operation::UpdateCalls }
    }

    pub fn len(&self) -> usize {
        self.cells.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// As bytes, to be kept.
    ///
    /// # Errors
    /// Only defects.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self)
            .map_err(|error| Error::internal(format!("changes cannot be written: {error}")))
    }

    /// # Errors
    /// `InvalidInput` for bytes that are no changes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let refused =
            |reason: String| Error::invalid_input(format!("these are no changes of an update: {reason}"));
        let changes: Self = serde_json::from_slice(bytes).map_err(|error| refused(error.to_string()))?;
        let fits = |cell: &Cell| {
            (cell.row as usize) < changes.keys.len() && (cell.column as usize) < changes.columns.len()
        };
        if changes.cells.iter().chain(&changes.context).all(fits) {
            Ok(changes)
        } else {
            Err(refused("a cell has no key".to_owned()))
        }
    }

    /// Some of the cells.
    #[must_use]
    pub(super) fn subset(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut subset = Self::new(self.key(), self.whereabouts.clone());
        let mut builder = Builder::default();
        for (_, cell) in self.cells.iter().enumerate().filter(|(index, _)| keep(*index)) {
            let (key, column) = (&self.keys[cell.row as usize], &self.columns[cell.column as usize]);
            builder.add(&mut subset, key, column, cell.old.clone(), cell.new.clone());
        }
        subset
    }

    /// The frame that writes the cells; `None` if there are none. Its rows are the keys, its attributes the columns.
    ///
    /// # Errors
    /// Keys or values that are not what they should be.
    pub fn frame(&self, direction: Direction) -> Result<Option<UpdateFrame>> {
        if self.is_empty() {
            return Ok(None);
        }
        let (key_type, keys) = self.key_array()?;
        let mut fields = vec![Field::new(self.key().name(), key_type, false)];
        let mut arrays = vec![keys];
        let mut sent = Vec::with_capacity(self.columns.len());
        let mut of_columns: Vec<Vec<(&Cell, bool)>> = vec![Vec::new(); self.columns.len()];
        let cells = self.cells.iter().map(|cell| (cell, true));
        for (cell, is_sent) in cells.chain(self.context.iter().map(|cell| (cell, false))) {
            of_columns[cell.column as usize].push((cell, is_sent));
        }
        for (name, mut cells) in self.columns.iter().zip(of_columns) {
            // A journal has them request by request, and rows are as they come first.
            cells.sort_by_key(|(cell, _)| cell.row);
            let mut texts = LargeStringBuilder::new();
            let mut mask = BooleanBufferBuilder::new(self.keys.len());
            let mut cells = cells.into_iter().peekable();
            for row in 0..self.keys.len() {
                let cell = cells.next_if(|(cell, _)| cell.row as usize == row);
                mask.append(cell.is_some_and(|(_, is_sent)| is_sent));
                texts.append_option(cell.and_then(|(cell, _)| cell.values(direction).1));
            }
            if cells.next().is_some() {
                return Err(Error::invalid_input(format!(
                    "two changes are of the same cell in column {name:?}"
                )));
            }
            let field = Field::new(name, DataType::LargeUtf8, true);
            fields.push(with_json_mark(field, Some(JsonMark::Text)));
            arrays.push(Arc::new(texts.finish()));
            sent.push(Mask::new([mask.finish()]));
        }
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(defect)?;
        // What is null here is to become null.
        UpdateFrame::partial(&schema, vec![batch], self.key(), sent, Nulls::Clear).map(Some)
    }

    fn key_array(&self) -> Result<(DataType, ArrayRef)> {
        let keys = || self.keys.iter().map(|key| &**key);
        let refused = |error: String| {
            Error::invalid_input(format!("a key is not one of {}: {error}", self.key().name()))
        };
        if self.users {
            let keys = keys()
                .map(serde_json::from_str)
                .collect::<Result<Vec<String>, _>>()
                .map_err(|error| refused(error.to_string()))?;
            return Ok((DataType::Utf8, Arc::new(StringArray::from(keys))));
        }
        if let Ok(keys) = keys().map(str::parse).collect::<Result<Vec<i64>, _>>() {
            return Ok((DataType::Int64, Arc::new(Int64Array::from(keys))));
        }
        let keys = keys()
            .map(str::parse)
            .collect::<Result<Vec<u64>, _>>()
            .map_err(|error| refused(error.to_string()))?;
        Ok((DataType::UInt64, Arc::new(UInt64Array::from(keys))))
    }

    /// Cells as a table: the key, `column`, and two columns of JSON text.
    ///
    /// # Errors
    /// Only defects.
    pub(super) fn batch<'a>(
        &self,
        cells: impl Iterator<Item = (&'a Cell, Option<&'a str>, Option<&'a str>)>,
        names: [&str; 2],
    ) -> Result<RecordBatch> {
        let (mut rows, mut columns) = (Vec::new(), Vec::new());
        let (mut first, mut second) = (LargeStringBuilder::new(), LargeStringBuilder::new());
        for (cell, one, two) in cells {
            rows.push(cell.row);
            columns.push(self.columns[cell.column as usize].as_str());
            first.append_option(one);
            second.append_option(two);
        }
        let (key_type, keys) = self.key_array()?;
        let keys =
            arrow_select::take::take(&keys, &arrow_array::UInt32Array::from(rows), None).map_err(defect)?;
        let text = |array: ArrayRef| arrow_cast::cast(&array, &DataType::Utf8).map_err(defect);
        let schema = Schema::new(vec![
            Field::new(self.key().name(), key_type, false),
            Field::new("column", DataType::Utf8, false),
            Field::new(names[0], DataType::Utf8, true),
            Field::new(names[1], DataType::Utf8, true),
        ]);
        let arrays: Vec<ArrayRef> = vec![
            keys,
            Arc::new(StringArray::from(columns)),
            text(Arc::new(first.finish()))?,
            text(Arc::new(second.finish()))?,
        ];
        RecordBatch::try_new(Arc::new(schema), arrays).map_err(defect)
    }

    /// The first cells as a table: the key, `column`, and as JSON text `old` and `new`.
    ///
    /// # Errors
    /// Only defects.
    pub fn to_batch(&self, limit: usize) -> Result<RecordBatch> {
        let cells = self.cells.iter().take(limit);
        self.batch(cells.map(|cell| (cell, cell.old.as_deref(), cell.new.as_deref())), ["old", "new"])
    }
}

/// Puts cells together by their keys and columns.
#[derive(Default)]
pub(super) struct Builder {
    rows: HashMap<String, u32>,
    columns: HashMap<String, u32>,
}

impl Builder {
    pub(super) fn add(
        &mut self,
        changes: &mut Changes,
        key: &str,
        column: &str,
        old: Option<impl Into<Box<str>>>,
        new: Option<impl Into<Box<str>>>,
    ) {
        // A plan has at most as many rows as this type counts, and a frame fewer columns.
        let row = *self.rows.entry_ref(key).or_insert_with(|| {
            changes.keys.push(key.into());
            changes.keys.len() as u32 - 1
        });
        let column = *self.columns.entry_ref(column).or_insert_with(|| {
            changes.columns.push(column.to_owned());
            changes.columns.len() as u32 - 1
        });
        changes.cells.push(Cell { row, column, old: old.map(Into::into), new: new.map(Into::into) });
    }
}
