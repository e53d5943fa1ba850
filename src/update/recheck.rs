//! Whether cells still hold what they are taken to hold, just before they are written.

use arrow_array::RecordBatch;
use hashbrown::HashMap;

use super::changes::{Changes, Direction};
use super::plan_update::stored_rows;
use super::same::{Kinds, same};
use crate::error::{Error, Result};
use crate::http::Http;
use crate::settings::Settings;

/// What was found out.
#[derive(Debug)]
pub struct Rechecked {
    /// The cells that may be written.
    pub changes: Changes,
    /// Those that hold something else: the key, `column`, and as JSON text `expected` and `found`. Null stands for a row
    /// that was not found, too.
    pub conflicts: RecordBatch,
    pub warnings: Vec<String>,
}

/// Reads the cells again. To be applied are those that hold what they held, to be undone those that hold what they got;
/// what holds its old value already has nothing to be undone.
///
/// The API has no conditional write: what others write between this and the request is overwritten.
///
/// # Errors
/// Those of reading; `InvalidInput` where it is not known what to read.
pub async fn recheck(
    http: &Http,
    settings: &Settings,
    changes: Changes,
    direction: Direction,
) -> Result<Rechecked> {
    let Some(frame) = changes.frame(direction)? else {
        let conflicts = changes.batch(std::iter::empty(), NAMES)?;
        return Ok(Rechecked { changes, conflicts, warnings: Vec::new() });
    };
    let values = |name: &str| changes.texts(name);
    let whereabouts = match direction {
        Direction::Apply => changes.whereabouts.clone(),
        Direction::Undo => changes.whereabouts.around(&changes.columns, values),
    };
    let queries = whereabouts.queries(changes.operation())?;
    if queries.is_empty() {
        return Err(Error::invalid_input("nothing says where the rows of these changes are"));
    }
    let stored = stored_rows(http, settings, frame, queries, None).await?;
    let mut keep = vec![false; changes.len()];
    let mut conflicts = Vec::new();
    for (index, cell) in changes.cells.iter().enumerate() {
        let found = stored.plan.stored_json(cell.row as usize, cell.column as usize);
        let (expected, target) = cell.values(direction);
        let holds = |value| stored.plan.is_found(cell.row as usize) && holds(found.as_deref(), value);
        if holds(expected) {
            keep[index] = true;
        } else if direction == Direction::Apply || !holds(target) {
            conflicts.push((index, found));
        }
    }
    let of_conflicts = conflicts.iter().map(|(index, found)| {
        let cell = &changes.cells[*index];
        (cell, cell.values(direction).0, found.as_deref())
    });
    let conflicts = changes.batch(of_conflicts, NAMES)?;
    let mut kept = changes.subset(|index| keep[index]);
    let rows: HashMap<&str, usize> =
        changes.keys.iter().enumerate().map(|(row, key)| (&**key, row)).collect();
    let row_of: Vec<Option<usize>> = kept.keys.iter().map(|key| rows.get(&**key).copied()).collect();
    let place = |name: &String| changes.columns.iter().position(|column| column == name);
    let column_of: Vec<Option<usize>> = kept.columns.iter().map(place).collect();
    kept.surround(|row, column| stored.plan.stored_json(row_of[row]?, column_of[column]?));
    Ok(Rechecked { changes: kept, conflicts, warnings: stored.warnings })
}

const NAMES: [&str; 2] = ["expected", "found"];

/// Whether a cell holds a value, however the service writes it.
fn holds(found: Option<&str>, value: Option<&str>) -> bool {
    let kinds = Kinds { temporal: true, ..Kinds::default() };
    same(found.unwrap_or_default().as_bytes(), value.unwrap_or_default().as_bytes(), kinds)
}

impl Changes {
    /// What an attribute held and gets, where it is text.
    fn texts(&self, name: &str) -> Vec<Option<String>> {
        let of_column = self.cells.iter().filter(|cell| self.columns[cell.column as usize] == name);
        let values = of_column.flat_map(|cell| [cell.old.as_deref(), cell.new.as_deref()]);
        values.map(|json| serde_json::from_str(json?).ok()).collect()
    }

    /// The table of no conflicts.
    ///
    /// # Errors
    /// Only defects.
    pub fn no_conflicts(&self) -> Result<RecordBatch> {
        self.batch(std::iter::empty(), NAMES)
    }
}
