//! The tables, and how a file is known to hold them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::NaiveDate;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::sandbox::calendar;
use crate::sandbox::error::SandboxError;

/// "CVSB", in the header of the file.
pub(super) const APPLICATION_ID: i32 = 0x4356_5342;
/// How long a connection waits for another one.
pub(super) const BUSY: Duration = Duration::from_secs(30);
/// Goes up whenever the tables change.
pub(super) const VERSION: i32 = 2;

/// No column has a type, so that `SQLite` changes no value (see `cell`). `summary` is last: it is the longest,
/// and what is before it is read without it.
pub(super) const TABLES: &str = "
CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE attributes (
    entity TEXT, number INTEGER, name TEXT, PRIMARY KEY (entity, number), UNIQUE (entity, name)
) WITHOUT ROWID;
CREATE TABLE reps (
    rep_id TEXT PRIMARY KEY NOT NULL, name, gender, department, campaign, active, hired_on
);
CREATE TABLE calls (
    call_id INTEGER PRIMARY KEY, rep_id, vendor, vendor_call_id, department, campaign, subcampaign,
    start_time, date, duration_s, direction, language,
    talk_ratio, interruptions, silence_s, sentiment, csat, resolved, summary
);
CREATE INDEX calls_by_date ON calls (date);
CREATE TABLE withheld (call_id INTEGER PRIMARY KEY, summary);
CREATE TABLE activity (
    date TEXT, rep_id TEXT, logins INTEGER, minutes_in_app INTEGER, exercises_completed INTEGER,
    PRIMARY KEY (date, rep_id)
) WITHOUT ROWID;
";

/// What of them must be there.
const COLUMNS: [&str; 6] = [
    "name, value FROM about",
    "entity, number, name FROM attributes",
    "rep_id, name, gender, department, campaign, active, hired_on FROM reps",
    "call_id, rep_id, vendor, vendor_call_id, department, campaign, subcampaign, start_time, date, duration_s, direction, \
     language, talk_ratio, interruptions, silence_s, sentiment, csat, resolved, summary FROM calls",
    "call_id, summary FROM withheld",
    "date, rep_id, logins, minutes_in_app, exercises_completed FROM activity",
];

/// Bytes of a database before its first row.
const HEADER: u64 = 100;

/// Whether a file holds the tables of this version, whole and to be written; the day that its data end with. Of one that
/// was made just now it need not be asked whether it is whole.
pub(super) fn check(path: &Path, is_new: bool) -> Result<NaiveDate, SandboxError> {
    let refuse = |reason: String| SandboxError::NotASandbox { path: path.to_owned(), reason };
    let damaged = |reason: String| SandboxError::Damaged { path: path.to_owned(), reason };
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => refuse(error.to_string()),
        Some(ErrorCode::DatabaseCorrupt) => damaged(error.to_string()),
        Some(ErrorCode::OutOfMemory) => error.into(),
        _ => SandboxError::of_file(path, &error).unwrap_or_else(|| error.into()),
    };
    let read = |connection: &Connection| -> rusqlite::Result<(i32, i32)> {
        let id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok((id, version))
    };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    connection.busy_timeout(BUSY)?;
    match read(&connection).map_err(failed)? {
        (APPLICATION_ID, VERSION) => {}
        (APPLICATION_ID, version) => {
            return Err(refuse(format!("it is of version {version}, this is version {VERSION}")));
        }
        _ => {
            let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
            let why = if size < HEADER { "it is too short for one" } else { "another program's database" };
            return Err(refuse(why.to_owned()));
        }
    }
    // What may not be written is opened all the same, only to be read.
    if connection.is_readonly("main").map_err(failed)? {
        return Err(SandboxError::ReadOnly { path: path.to_owned() });
    }
    if !is_new {
        let whole: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
        if whole != "ok" {
            // Behind a heading.
            return Err(damaged(whole.lines().last().unwrap_or_default().to_owned()));
        }
    }
    for columns in COLUMNS {
        connection.prepare(&format!("SELECT {columns}")).map_err(|error| match error {
            // There is no such column.
            rusqlite::Error::SqlInputError { msg, .. } => damaged(msg),
            // There is no such table.
            error if error.sqlite_error_code() == Some(ErrorCode::Unknown) => damaged(error.to_string()),
            error => failed(error),
        })?;
    }
    let today: String = connection
        .query_row("SELECT value FROM about WHERE name = 'today'", [], |row| row.get(0))
        .map_err(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => damaged("it does not say of which day it is".to_owned()),
            error => failed(error),
        })?;
    calendar::parse_date(&today).ok_or_else(|| damaged(format!("its date {today:?} is none")))
}
