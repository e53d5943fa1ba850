//! One column of a frame: its name as JSON, its cells batch by batch, and which of them are sent.

use arrow_array::{Array, ArrayRef};

use super::cells::{Cells, cells, check_field};
use super::mask::Mask;
use super::text::write_text;
use arrow_schema::Field;

pub(super) struct Column {
    pub name: String,
    /// `"name":`.
    pub label: Vec<u8>,
    pub cells: Vec<Box<dyn Cells>>,
    /// The rows whose cell is not null.
    pub set: Mask,
    /// The rows whose cell is sent; a cell that is sent and not set is sent as null.
    pub sent: Mask,
}

impl Column {
    /// # Errors
    /// What about the column's type cannot be written, as a sentence.
    pub(super) fn new(field: &Field, arrays: &[ArrayRef]) -> Result<Self, String> {
        let name = field.name().clone();
        let refused = |reason| format!("column {name:?} {reason}");
        check_field(field).map_err(refused)?;
        let cells = arrays.iter().map(|array| cells(array, 0)).collect::<Result<_, _>>().map_err(refused)?;
        let mut label = Vec::with_capacity(name.len() + 3);
        write_text(&name, &mut label);
        label.push(b':');
        let set = Mask::valid(arrays.iter().map(|array| &**array as &dyn Array));
        Ok(Self { name, label, cells, sent: set.clone(), set })
    }
}
