//! An update: attributes set by key, whole or not at all.

use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, ToSql, params_from_iter};

use super::cell::{Cell, Key};
use super::columns::{Catalogue, Entity};
use crate::sandbox::problem::Problem;

/// What a null does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Nulls {
    /// The stored value stays (columnar bodies).
    Keep,
    /// The stored value becomes null (row-wise bodies), as does one that the row leaves out.
    Clear,
}

/// Attributes to set, row by row.
#[derive(Debug)]
pub(in crate::sandbox) struct Update<'a> {
    pub entity: Entity,
    pub nulls: Nulls,
    pub names: Vec<String>,
    pub keys: Vec<Key<'a>>,
    /// Row by row: the number of the name, and the value.
    pub cells: Vec<(usize, Cell<'a>)>,
    /// Where in `cells` each row ends.
    pub ends: Vec<usize>,
}

/// So many unknown keys are named.
const NAMED: usize = 10;

pub(super) fn apply(connection: &Connection, update: &Update, stopping: &AtomicBool) -> Result<u64, Problem> {
    let mut catalogue = Catalogue::read(connection, update.entity)?;
    let is_set = names_set(update);
    let mut assignments = Vec::with_capacity(update.names.len());
    // The values of a row: the key, then one for each assignment.
    let mut places = Vec::with_capacity(update.names.len());
    for (name, is_set) in update.names.iter().zip(is_set) {
        places.push(is_set.then_some(assignments.len() + 1));
        if !is_set {
            continue;
        }
        if catalogue.get(name).is_none() {
            catalogue.add(connection, name)?;
        }
        let Some(field) = catalogue.get(name) else { continue };
        let (column, value) = (&field.sql, assignments.len() + 2);
        assignments.push(match update.nulls {
            Nulls::Keep => format!("{column} = coalesce(?{value}, {column})"),
            Nulls::Clear => format!("{column} = ?{value}"),
        });
    }
    let (table, key) = (update.entity.table(), update.entity.key());
    if assignments.is_empty() {
        assignments.push(format!("{key} = {key}"));
    }
    let sql = format!("UPDATE {table} SET {} WHERE {key} = ?1", assignments.join(", "));
    let mut statement = connection.prepare(&sql)?;
    let (mut unknown, mut known, mut start) = (Vec::new(), 0, 0);
    let mut values: Vec<&dyn ToSql> = Vec::new();
    for (key, end) in update.keys.iter().zip(&update.ends) {
        if stopping.load(Ordering::Relaxed) {
            return Err(Problem::new(503, "stopping", "the sandbox is stopping"));
        }
        values.clear();
        values.resize(statement.parameter_count(), &Cell::Null);
        if let Some(first) = values.first_mut() {
            *first = key;
        }
        for (number, cell) in update.cells.get(start..*end).unwrap_or_default() {
            let place = places.get(*number).copied().flatten();
            if let Some(value) = place.and_then(|place| values.get_mut(place)) {
                *value = cell;
            }
        }
        start = *end;
        if statement.execute(params_from_iter(&values))? == 0 {
            unknown.push(key);
        } else {
            known += 1;
        }
    }
    if unknown.is_empty() {
        return Ok(known);
    }
    let named: Vec<String> = unknown.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if unknown.len() > NAMED { ", …" } else { "" };
    Err(Problem::bad(
        "unknown_id",
        format!(
            "{} of {} rows have a {key} that does not exist: {}{more}; nothing was changed",
            unknown.len(),
            update.keys.len(),
            named.join(", "),
        ),
    ))
}

/// Which of the names any row sets: a column of nulls that stay as they are adds no attribute.
fn names_set(update: &Update) -> Vec<bool> {
    let mut is_set = vec![update.nulls == Nulls::Clear; update.names.len()];
    for (number, cell) in &update.cells {
        if let Some(is_set) = is_set.get_mut(*number) {
            *is_set |= *cell != Cell::Null;
        }
    }
    is_set
}
