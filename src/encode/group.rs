//! Which columns of a frame go together in a request.

use super::checked::Checked;
use super::form::Form;

/// Columns that go together, since the same of their rows are sent.
pub(super) struct Group {
    /// Their indices among the frame's attributes.
    pub columns: Vec<usize>,
    pub form: Form,
}

/// Columns of which the same cells are sent go together; nulls among them force the row-wise form.
pub(super) fn grouped(checked: &Checked) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, column) in checked.columns.iter().enumerate() {
        let form = if column.sent.is_within(&column.set) { Form::Columnar } else { Form::RowWise };
        let same = groups.iter_mut().find(|group| {
            let other = checked.sent(&group.columns);
            group.form == form
                && checked
                    .batches
                    .iter()
                    .enumerate()
                    .all(|(batch, rows)| column.sent.agrees(other, batch, &(0..rows.num_rows())))
        });
        match same {
            Some(group) => group.columns.push(index),
            None => groups.push(Group { columns: vec![index], form }),
        }
    }
    groups
}
