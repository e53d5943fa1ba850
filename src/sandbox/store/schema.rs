//! The tables, and how a file is known to hold them.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rusqlite::{Connection, OpenFlags, params};

use crate::sandbox::calendar;
use crate::sandbox::error::SandboxError;
use crate::sandbox::seed::{self, Recipe};

/// "CVSB", in the header of the file.
const APPLICATION_ID: i32 = 0x4356_5342;
/// Goes up whenever the tables change.
const VERSION: i32 = 1;

/// No column has a type, so that `SQLite` changes no value (see `cell`). `summary` is last: it is the longest,
/// and what is before it is read without it.
const TABLES: &str = "
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
CREATE TABLE activity (
    date TEXT, rep_id TEXT, logins INTEGER, minutes_in_app INTEGER, exercises_completed INTEGER,
    PRIMARY KEY (date, rep_id)
) WITHOUT ROWID;
";

/// Makes and seeds a database beside `path` and moves it there when it is complete.
pub(super) fn create(path: &Path, recipe: &Recipe) -> Result<(), SandboxError> {
    let unfinished = beside(path);
    let result = build(&unfinished, recipe).and_then(|()| {
        let what = format!("the database {} cannot be made", path.display());
        fs::rename(&unfinished, path).map_err(SandboxError::io(what))
    });
    if result.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    result
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:08x}.unfinished", rand::random::<u32>()));
    path.with_file_name(name)
}

fn build(path: &Path, recipe: &Recipe) -> Result<(), SandboxError> {
    let connection = Connection::open(path)?;
    // Larger pages hold several conversations each; they are read in order most of the time.
    connection.pragma_update(None, "page_size", 16_384)?;
    // A file that is not finished is thrown away, so nothing needs to be safe against a crash.
    connection.pragma_update(None, "journal_mode", "off")?;
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "locking_mode", "exclusive")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    connection.execute_batch("BEGIN")?;
    connection.execute_batch(TABLES)?;
    let about = [
        ("calls", recipe.calls.to_string()),
        ("reps", recipe.reps.to_string()),
        ("days", recipe.days.to_string()),
        ("seed", recipe.seed.to_string()),
        ("today", recipe.today.to_string()),
    ];
    for (name, value) in about {
        connection.execute("INSERT INTO about VALUES (?1, ?2)", params![name, value])?;
    }
    seed::fill(&connection, recipe)?;
    connection.execute_batch("COMMIT")?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Whether a file holds the tables of this version; the day that its data end with.
pub(super) fn check(path: &Path) -> Result<NaiveDate, SandboxError> {
    let refuse = |reason: String| SandboxError::NotASandbox { path: path.to_owned(), reason };
    let read = |connection: &Connection| -> rusqlite::Result<(i32, i32)> {
        let id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok((id, version))
    };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|error| refuse(error.to_string()))?;
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
