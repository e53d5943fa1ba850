//! One column of a frame: its name as JSON, its cells batch by batch, and which of them are sent.

use std::fmt;

use arrow_array::{Array, ArrayRef};
use arrow_schema::Field;

use super::cells::Cells;
use super::cells_of_field::field_cells;
use super::mask::Mask;
use super::output::Output;
use super::text::label;
use crate::text::quoted;

/// One column: a frame's, or one that is compared with it.
pub(crate) struct Column {
    pub(crate) name: String,
    /// `"name":`.
    pub(super) label: Vec<u8>,
    pub(super) cells: Vec<Box<dyn Cells>>,
    /// The rows whose cell is not null.
    pub(super) set: Mask,
    /// The rows whose cell is sent; a cell that is sent and not set is sent as null.
    pub(super) sent: Mask,
}

impl Column {
    /// # Errors
    /// What about the column's type cannot be written, as a sentence.
    pub(crate) fn new(field: &Field, arrays: &[ArrayRef]) -> Result<Self, String> {
        let name = field.name().clone();
        let refused = |reason| format!("column {} {reason}", quoted(&name));
        let cells = arrays
            .iter()
            .map(|array| field_cells(field, array, 0))
            .collect::<Result<_, _>>()
            .map_err(refused)?;
        let set = Mask::valid(arrays.iter().map(|array| &**array as &dyn Array));
        Ok(Self { label: label(&name), name, cells, sent: set.clone(), set })
    }

    pub(crate) fn is_sent(&self, batch: usize, row: usize) -> bool {
        self.sent.contains(batch, row)
    }

    /// Whether the cell of the column's first batch is null.
    pub(crate) fn is_null(&self, row: usize) -> bool {
        !self.set.contains(0, row)
    }

    /// Why the cell of the first batch cannot be written, if it cannot.
    pub(crate) fn bad_value(&self, row: usize) -> Option<impl fmt::Display> {
        let cells = self.cells.first()?;
        if cells.can_be_bad() && !self.is_null(row) { cells.bad_value(row) } else { None }
    }

    /// Appends the JSON of a cell of the first batch that is not null.
    pub(crate) fn write_value(&self, row: usize, out: &mut Output) {
        if let Some(cells) = self.cells.first() {
            cells.write(row, out);
        }
    }

    /// Appends name and value of a cell of the first batch, as an object has them.
    pub(crate) fn write_member(&self, row: usize, out: &mut Output) {
        out.extend(&self.label);
        if self.is_null(row) {
            out.extend(b"null");
        } else {
            self.write_value(row, out);
        }
    }

    /// Appends the JSON of a cell, of a null nothing.
    pub(crate) fn json(&self, batch: usize, row: usize, json: &mut Vec<u8>) {
        if self.set.contains(batch, row) {
            let mut out = Output::behind(std::mem::take(json));
            self.cells[batch].write(row, &mut out);
            *json = out.finish();
        }
    }
}
