//! The tables, and how a file is known to hold them.

use std::path::Path;
use std::time::Duration;

use chrono::NaiveDate;
use rusqlite::{Connection, OpenFlags};

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

/// Whether a file holds the tables of this version; the day that its data end with.
pub(super) fn check(path: &Path) -> Result<NaiveDate, SandboxError> {
    let refuse = |reason: String| {
        SandboxError::no_files()
            .unwrap_or_else(|| SandboxError::NotASandbox { path: path.to_owned(), reason })
    };
    let read = |connection: &Connection| -> rusqlite::Result<(i32, i32)> {
        let id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok((id, version))
    };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|error| refuse(error.to_string()))?;
    connection.busy_timeout(BUSY)?;
    match read(&connection).map_err(|error| refuse(error.to_string()))? {
        (APPLICATION_ID, VERSION) => {}
        (APPLICATION_ID, version) => {
            return Err(refuse(format!("it is of version {version}, this is version {VERSION}")));
        }
        _ => return Err(refuse("another program's database".into())),
    }
    let today: String =
        connection.query_row("SELECT value FROM about WHERE name = 'today'", [], |row| row.get(0))?;
    calendar::parse_date(&today).ok_or_else(|| refuse(format!("its date {today:?} is none")))
}
