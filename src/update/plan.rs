//! What an update would change, cell by cell, found by comparing its frame with what is stored.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::concat_batches;
use arrow_select::take::take;

use super::defect::defect;
use super::kinds::{JsonKind, KindCounts, TypeChange};
use super::nearest::nearest;
use super::same::{Kinds, is_date, is_text_of_json, same};
use super::whereabouts::Whereabouts;
use crate::decode::type_as_read;
use crate::encode::{Column, UpdateFrame, is_known, midnight_warning};
use crate::error::{Error, Result};
use crate::types::{JsonMark, is_json_text, json_mark};

/// What an update would do to one attribute. The counts are of cells in rows that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnPlan {
    pub name: String,
    /// Cells that get another value.
    pub changed: usize,
    /// Cells with a value that get null.
    pub cleared: usize,
    /// Cells that are already so.
    pub same: usize,
    /// Whether what is stored has such an attribute.
    pub seen: bool,
    /// The existing attribute that was probably meant, if this one was not seen.
    pub nearest: Option<String>,
    /// Whether lists or objects are stored, and the frame has what looks like their text: it is probably to be sent as the
    /// JSON that it is.
    pub json_text: bool,
}

/// A cell that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of the frame.
    pub row: usize,
    /// As JSON.
    pub key: String,
    pub column: String,
    /// As JSON; `None` is null, or an attribute that was not there.
    pub old: Option<String>,
    pub new: Option<String>,
}

/// The comparison of a frame with what is stored of its rows.
pub struct Plan {
    pub(super) frame: UpdateFrame,
    columns: Vec<ColumnPlan>,
    /// For each attribute and batch, the cells that change.
    pub(super) changes: Vec<Vec<BooleanBuffer>>,
    pub(super) stored: Vec<Option<StoredColumn>>,
    /// For each row of the frame, its row of what is stored.
    pub(super) found: Vec<Option<u32>>,
    not_found: Vec<Range<usize>>,
    rows_read: usize,
    types: Vec<TypeChange>,
    warnings: Vec<String>,
    /// Where the rows were found.
    pub(super) whereabouts: Whereabouts,
}

/// What is stored of one attribute.
pub(super) struct StoredColumn {
    pub field: Field,
    pub array: ArrayRef,
    column: Column,
}

impl StoredColumn {
    /// The kinds of its values.
    fn kinds(&self) -> Vec<JsonKind> {
        if let Some(kind) = JsonKind::of_type(&type_as_read(&self.field)) {
            return vec![kind];
        }
        let mut json = Vec::new();
        let mut kinds = Vec::new();
        for row in 0..self.array.len() {
            json.clear();
            self.column.json(0, row, &mut json);
            kinds.extend(JsonKind::of(&json).filter(|kind| !kinds.contains(kind)));
        }
        kinds.sort_unstable();
        kinds
    }

    /// Whether all values are dates; nothing if there are no values.
    fn are_dates(&self) -> Option<bool> {
        let mut json = Vec::new();
        let mut dates = (0..self.array.len()).filter_map(|row| {
            json.clear();
            self.column.json(0, row, &mut json);
            is_date(&json)
        });
        dates.next().map(|first| first && dates.all(|date| date))
    }
}

impl Plan {
    pub(super) fn compare(
        frame: UpdateFrame,
        schema: &Schema,
        stored: Option<&RecordBatch>,
        found: Vec<Option<u32>>,
        rows_read: usize,
    ) -> Result<Self> {
        let mut plan = Self {
            columns: Vec::new(),
            changes: Vec::new(),
            stored: Vec::new(),
            not_found: not_found(&found),
            found,
            rows_read,
            types: Vec::new(),
            warnings: Vec::new(),
            whereabouts: Whereabouts::default(),
            frame,
        };
        let midnights: Vec<String> = plan.frame.midnights().map(str::to_owned).collect();
        for index in 0..plan.frame.columns().len() {
            let name = plan.frame.columns()[index].name.clone();
            let stored = match stored.and_then(|batch| batch.schema().index_of(&name).ok().zip(Some(batch))) {
                None => None,
                Some((index, batch)) => {
                    let array = batch.column(index).clone();
                    let field = batch.schema().field(index).clone().with_nullable(true);
                    let column = Column::new(&field, std::slice::from_ref(&array)).map_err(Error::decode)?;
                    Some(StoredColumn { field, array, column })
                }
            };
            if midnights.contains(&name) {
                match stored.as_ref().and_then(StoredColumn::are_dates) {
                    Some(false) => {}
                    dates => plan.warnings.push(midnight_warning(&name, dates.is_some())),
                }
            }
            let seen = schema.index_of(&name).is_ok();
            let existing = schema.fields().iter().map(|field| field.name().as_str());
            let nearest = if seen { None } else { nearest(&name, existing).map(str::to_owned) };
            let mut column =
                ColumnPlan { name, changed: 0, cleared: 0, same: 0, seen, nearest, json_text: false };
            let mut kinds = KindCounts::default();
            let changes = plan.compare_column(index, stored.as_ref(), &mut column, &mut kinds);
            let stored_kinds = || stored.as_ref().map(StoredColumn::kinds).unwrap_or_default();
            plan.types.extend(kinds.finish(&column.name, stored_kinds));
            if column.changed > 0 {
                plan.warnings.extend(plan.frame.misfit(&column.name));
            }
            plan.columns.push(column);
            plan.changes.push(changes);
            plan.stored.push(stored);
        }
        Ok(plan)
    }

    fn compare_column(
        &self,
        index: usize,
        stored: Option<&StoredColumn>,
        counts: &mut ColumnPlan,
        types: &mut KindCounts,
    ) -> Vec<BooleanBuffer> {
        let own = &self.frame.columns()[index];
        let kinds = self.kinds(index, stored);
        let (mut old, mut new) = (Vec::new(), Vec::new());
        let mut compare = |batch: usize, local: usize, row: usize| {
            let (true, Some(found)) = (own.is_sent(batch, local), self.found[row]) else { return false };
            old.clear();
            new.clear();
            if let Some(stored) = stored {
                stored.column.json(0, found as usize, &mut old);
            }
            own.json(batch, local, &mut new);
            let changes = !same(&old, &new, kinds);
            if changes {
                counts.json_text |= is_text_of_json(&old, &new);
                types.add(&old, &new);
            }
            *match (changes, new.is_empty()) {
                (false, _) => &mut counts.same,
                (true, true) => &mut counts.cleared,
                (true, false) => &mut counts.changed,
            } += 1;
            changes
        };
        self.frame
            .batch_rows()
            .enumerate()
            .map(|(batch, rows)| {
                let mut changes = BooleanBufferBuilder::new(rows.len());
                for (local, row) in rows.enumerate() {
                    changes.append(compare(batch, local, row));
                }
                changes.finish()
            })
            .collect()
    }

    fn kinds(&self, index: usize, stored: Option<&StoredColumn>) -> Kinds {
        let name = &self.frame.columns()[index].name;
        let own = self.frame.schema().field_with_name(name).ok();
        let as_read = stored.map(|stored| type_as_read(&stored.field));
        let is_mixed = own.is_some_and(|own| json_mark(own) == Some(JsonMark::Mixed));
        Kinds {
            known: is_known(name),
            temporal: own.map(Field::data_type).into_iter().chain(&as_read).any(is_temporal),
            // Where reading makes text of whatever there is, that text is what users have.
            text: is_mixed
                || (as_read.as_ref().is_some_and(DataType::is_string)
                    && own.is_some_and(|own| !is_json_text(own))),
        }
    }

    /// The frame that was planned.
    pub fn frame(&self) -> &UpdateFrame {
        &self.frame
    }

    /// The frame's attributes, in order.
    pub fn columns(&self) -> &[ColumnPlan] {
        &self.columns
    }

    /// Rows of the frame whose key was not among what was read. Nothing is planned for them.
    pub fn not_found(&self) -> &[Range<usize>] {
        &self.not_found
    }

    /// Where values would become of another kind.
    pub fn types(&self) -> &[TypeChange] {
        &self.types
    }

    /// What there is to say of the frame, now that it is known what is stored.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Stored rows that were looked at.
    pub fn rows_read(&self) -> usize {
        self.rows_read
    }

    /// The cells that change, row by row.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        self.changed_cells().map(|(batch, local, row, index)| {
            let column = &self.frame.columns()[index];
            let json = |column: &Column, batch, row| {
                let mut json = Vec::new();
                column.json(batch, row, &mut json);
                String::from_utf8(json).ok().filter(|json| !json.is_empty())
            };
            let stored = self.stored[index].as_ref().zip(self.found[row]);
            Change {
                row,
                key: self.frame.key_text(row),
                column: column.name.clone(),
                old: stored.and_then(|(stored, found)| json(&stored.column, 0, found as usize)),
                new: json(column, batch, local),
            }
        })
    }

    /// Whether a row of the frame was among what was read.
    pub(super) fn is_found(&self, row: usize) -> bool {
        self.found.get(row).is_some_and(Option::is_some)
    }

    /// What is stored of a cell of the frame, as JSON.
    pub(super) fn stored_json(&self, row: usize, column: usize) -> Option<String> {
        let (stored, found) = self.stored.get(column)?.as_ref().zip(*self.found.get(row)?)?;
        let mut json = Vec::new();
        stored.column.json(0, found as usize, &mut json);
        String::from_utf8(json).ok().filter(|json| !json.is_empty())
    }

    /// Batch, row within it, row of the frame and column of the cells that change.
    fn changed_cells(&self) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        self.frame.batch_rows().enumerate().flat_map(move |(batch, rows)| {
            rows.enumerate().flat_map(move |(local, row)| {
                (0..self.changes.len())
                    .filter(move |index| self.changes[*index][batch].value(local))
                    .map(move |index| (batch, local, row, index))
            })
        })
    }

    /// The first cells that change as a table: the key, `column`, and as JSON text `old` and `new`.
    ///
    /// # Errors
    /// Keys that cannot be put together.
    pub fn changes_batch(&self, limit: usize) -> Result<RecordBatch> {
        let key = self.frame.key().name();
        let keys = self.frame.schema().index_of(key).map_err(defect)?;
        let key_schema = Arc::new(self.frame.schema().project(&[keys]).map_err(defect)?);
        let batches: Vec<RecordBatch> = self
            .frame
            .batches()
            .iter()
            .map(|batch| batch.project(&[keys]))
            .collect::<Result<_, _>>()
            .map_err(defect)?;
        let all_keys = concat_batches(&key_schema, &batches).map_err(defect)?;
        let mut rows = Vec::new();
        let (mut columns, mut old, mut new) =
            (StringBuilder::new(), StringBuilder::new(), StringBuilder::new());
        for change in self.changes().take(limit) {
            // A plan has at most as many rows as this type counts.
            rows.push(change.row as u32);
            columns.append_value(&change.column);
            old.append_option(change.old);
            new.append_option(change.new);
        }
        let keys = take(all_keys.column(0), &UInt32Array::from(rows), None).map_err(defect)?;
        let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
        let schema = Schema::new(vec![
            Field::new(key, keys.data_type().clone(), false),
            text("column", false),
            text("old", true),
            text("new", true),
        ]);
        let columns: Vec<ArrayRef> =
            vec![keys, Arc::new(columns.finish()), Arc::new(old.finish()), Arc::new(new.finish())];
        RecordBatch::try_new(Arc::new(schema), columns).map_err(defect)
    }
}

fn not_found(found: &[Option<u32>]) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut runs = Vec::new();
    for same in found.chunk_by(|one, next| one.is_some() == next.is_some()) {
        if same[0].is_none() {
            runs.push(start..start + same.len());
        }
        start += same.len();
    }
    runs
}

/// Whether values of a type name a moment.
fn is_temporal(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_temporal(values),
        DataType::RunEndEncoded(_, values) => is_temporal(values.data_type()),
        other => other.is_temporal(),
    }
}
