//! What happens to the data besides what the API can do: conversations that come late or are deleted, and summaries that
//! are not there yet.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};

use super::cell::Key;
use super::columns::Entity;
use crate::sandbox::calendar;
use crate::sandbox::cancellation::Cancellation;
use crate::sandbox::error::SandboxError;
use crate::sandbox::seed::{self, Recipe};

/// Whether conversations were deleted: their numbers are then not given again.
pub(super) fn has_gaps(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(next_after_deletions(connection)?.is_some())
}

fn next_after_deletions(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT value FROM about WHERE name = 'next_call_id'";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()
}

fn next_call_id(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT coalesce(max(call_id), 0) + 1 FROM calls";
    let next: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(next_after_deletions(connection)?.map_or(next, |kept| kept.max(next)))
}

/// Makes conversations up and gives their keys.
pub(super) fn insert_calls(
    connection: &Connection,
    date: NaiveDate,
    count: u64,
    summaries: bool,
) -> Result<Vec<i64>, SandboxError> {
    let first = next_call_id(connection)?;
    let recipe = recipe(connection)?;
    let last = seed::add(connection, &recipe, date, count, first, &Cancellation::default())?;
    let ids: Vec<i64> = (first..last).collect();
    if !summaries {
        withhold_summaries(connection, &ids)?;
    }
    Ok(ids)
}

fn recipe(connection: &Connection) -> Result<Recipe, SandboxError> {
    let about = |name: &str| -> rusqlite::Result<String> {
        connection.query_row("SELECT value FROM about WHERE name = ?1", [name], |row| row.get(0))
    };
    let number = |name: &str| -> Result<u64, SandboxError> {
        about(name)?.parse().map_err(|_| rusqlite::Error::InvalidQuery.into())
    };
    Ok(Recipe {
        calls: number("calls")?,
        reps: number("reps")?,
        days: u32::try_from(number("days")?).map_err(|_| rusqlite::Error::InvalidQuery)?,
        seed: number("seed")?,
        // Files from before there was one.
        story: about("story").optional()?.is_some_and(|story| story == "true"),
        today: calendar::parse_date(&about("today")?).ok_or(rusqlite::Error::InvalidQuery)?,
    })
}

/// Deletes those that there are; says how many.
pub(super) fn delete_calls(connection: &Connection, call_ids: &[i64]) -> Result<u64, SandboxError> {
    let next = next_call_id(connection)?;
    let mut delete = connection.prepare("DELETE FROM calls WHERE call_id = ?1")?;
    let mut forget = connection.prepare("DELETE FROM withheld WHERE call_id = ?1")?;
    let mut deleted = 0;
    for id in call_ids {
        deleted += delete.execute([id])? as u64;
        forget.execute([id])?;
    }
    if deleted > 0 {
        connection.execute("INSERT OR REPLACE INTO about VALUES ('next_call_id', ?1)", params![next])?;
    }
    Ok(deleted)
}

/// Takes summaries away, as if they had not come yet; says how many.
pub(super) fn withhold_summaries(connection: &Connection, call_ids: &[i64]) -> Result<u64, SandboxError> {
    let mut keep = connection.prepare(
        "INSERT OR REPLACE INTO withheld
         SELECT call_id, summary FROM calls WHERE call_id = ?1 AND summary IS NOT NULL",
    )?;
    let mut clear = connection.prepare("UPDATE calls SET summary = NULL WHERE call_id = ?1")?;
    let mut withheld = 0;
    for id in call_ids {
        if keep.execute([id])? > 0 {
            clear.execute([id])?;
            withheld += 1;
        }
    }
    Ok(withheld)
}

/// Lets summaries come that were withheld, of these conversations or of all; says how many. One that was set meanwhile stays.
pub(super) fn release_summaries(
    connection: &Connection,
    call_ids: Option<&[i64]>,
) -> Result<u64, SandboxError> {
    let ids: Vec<i64> = if let Some(ids) = call_ids {
        ids.to_vec()
    } else {
        let mut statement = connection.prepare("SELECT call_id FROM withheld ORDER BY call_id")?;
        let ids = statement.query_map([], |row| row.get(0))?;
        ids.collect::<rusqlite::Result<_>>()?
    };
    let mut set = connection.prepare(
        "UPDATE calls SET summary = (SELECT summary FROM withheld WHERE withheld.call_id = calls.call_id)
         WHERE call_id = ?1 AND summary IS NULL AND call_id IN (SELECT call_id FROM withheld)",
    )?;
    let mut forget = connection.prepare("DELETE FROM withheld WHERE call_id = ?1")?;
    let mut released = 0;
    for id in ids {
        released += set.execute([id])? as u64;
        forget.execute([id])?;
    }
    Ok(released)
}

/// Deletes all rows, and what belongs to them.
pub(super) fn delete_all(connection: &Connection, entity: Entity) -> rusqlite::Result<()> {
    connection.execute_batch(match entity {
        Entity::Calls => "DELETE FROM calls; DELETE FROM withheld;",
        Entity::Reps => "DELETE FROM reps; DELETE FROM activity;",
    })
}

/// Inserts rows that have nothing but a key.
pub(super) fn insert_keys(connection: &Connection, entity: Entity, keys: &[Key]) -> rusqlite::Result<()> {
    let (table, key) = (entity.table(), entity.key());
    let mut insert = connection.prepare(&format!("INSERT OR IGNORE INTO {table} ({key}) VALUES (?1)"))?;
    keys.iter().try_for_each(|key| insert.execute([key]).map(drop))
}

/// Completes what was loaded: conversations that have a time, but no date, get the date of it, and it is noted that their
/// numbers are anybody's.
pub(super) fn settle_loaded(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "UPDATE calls SET date = substr(start_time, 1, 10) WHERE date IS NULL AND start_time IS NOT NULL;
         INSERT OR REPLACE INTO about SELECT 'next_call_id', coalesce(max(call_id), 0) + 1 FROM calls;",
    )
}
