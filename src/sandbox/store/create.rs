//! Makes and seeds a database, once, however many processes want it at the same time.
//!
//! `SQLite` sees to it: the tables are filled in one transaction, under a lock that ends with its process. Whoever
//! comes second waits for it; whoever comes after a crash finds the transaction undone, and an empty file.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi, params};

use super::tables::{APPLICATION_ID, TABLES, VERSION};
use crate::sandbox::cancellation::Cancellation;
use crate::sandbox::error::SandboxError;
use crate::sandbox::forking::outside;
use crate::sandbox::seed::{self, Recipe};

/// How long a file that another process has locked may be as it is. One that is seeded grows.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// What has come of one attempt.
enum Attempt {
    /// It was made.
    Made,
    /// There is something in the file; what, is for others to find out.
    Filled,
    /// Another process has locked it.
    Busy,
    /// The file was another one before, which is gone.
    Moved,
}

/// Sees to it that the file is there and not empty; says whether it was made just now. An empty file is what `tempfile`
/// and its like make.
pub(super) fn create(path: &Path, recipe: &Recipe, wanted: &Cancellation) -> Result<bool, SandboxError> {
    create_patiently(path, recipe, wanted, PATIENCE)
}

fn create_patiently(
    path: &Path,
    recipe: &Recipe,
    wanted: &Cancellation,
    patience: Duration,
) -> Result<bool, SandboxError> {
    let mut is_ours = false;
    let (mut size, mut since) = (0, Instant::now());
    loop {
        wanted.check()?;
        match File::create_new(path) {
            Ok(_) => is_ours = true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(SandboxError::io(format!("the database {} cannot be made", path.display()))(
                    error,
                ));
            }
        }
        match attempt(path, recipe, wanted, is_ours)? {
            Attempt::Made => return Ok(true),
            Attempt::Filled => return Ok(false),
            Attempt::Moved => {}
            Attempt::Busy => {
                let now = fs::metadata(path).map_or(0, |metadata| metadata.len());
                if now != size {
                    (size, since) = (now, Instant::now());
                }
                if since.elapsed() >= patience {
                    return Err(SandboxError::Locked { path: path.to_owned(), patience });
                }
                outside(|| std::thread::sleep(PAUSE));
            }
        }
    }
}

fn attempt(
    path: &Path,
    recipe: &Recipe,
    wanted: &Cancellation,
    is_ours: bool,
) -> Result<Attempt, SandboxError> {
    // Not one that is made: a file that has gone meanwhile is made by its own rules.
    let Ok(connection) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE) else {
        // Also a link that leads nowhere is there.
        return Ok(if path.symlink_metadata().is_ok() { Attempt::Filled } else { Attempt::Moved });
    };
    // `SQLite` takes a file of one byte for an empty one.
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() == 1) {
        return Ok(Attempt::Filled);
    }
    // Whoever waits looks at more than the lock, see above.
    connection.busy_timeout(Duration::ZERO)?;
    match lock_if_empty(&connection) {
        Ok(true) => {}
        Ok(false) => return Ok(Attempt::Filled),
        Err(error) if has_no_room(&error) => {
            undo(connection, path, is_ours);
            return Err(SandboxError::Full { path: path.to_owned() });
        }
        Err(error) => return Ok(interpret(&error).unwrap_or(Attempt::Filled)),
    }
    let Err(error) = fill(&connection, recipe, wanted) else {
        // Under this kind of lock, `SQLite` empties it and leaves it.
        let _ = fs::remove_file(journal(path));
        return Ok(Attempt::Made);
    };
    if let SandboxError::Sqlite(error) = &error
        && let Some(attempt) = interpret(error)
    {
        return Ok(attempt);
    }
    undo(connection, path, is_ours);
    Err(match error {
        SandboxError::Sqlite(error) if has_no_room(&error) => SandboxError::Full { path: path.to_owned() },
        error => error,
    })
}

fn has_no_room(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Locks the file for as long as the connection lives, if there is nothing in it; says whether that is so.
fn lock_if_empty(connection: &Connection) -> rusqlite::Result<bool> {
    if !is_empty(connection)? {
        return Ok(false);
    }
    // Larger pages hold several conversations each; they are read in order most of the time.
    connection.pragma_update(None, "page_size", 16_384)?;
    // A crash of the machine, unlike one of the process, may cost the file.
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "locking_mode", "exclusive")?;
    connection.execute_batch("BEGIN EXCLUSIVE")?;
    // Another process may have been quicker. The number of pages is no longer 0 in either case.
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    Ok(pages == 0)
}

fn interpret(error: &rusqlite::Error) -> Option<Attempt> {
    let rusqlite::Error::SqliteFailure(error, _) = error else { return None };
    match (error.code, error.extended_code) {
        // What it finds where the name should be, and where its journal should.
        (_, ffi::SQLITE_READONLY_DBMOVED | ffi::SQLITE_IOERR_FSTAT) => Some(Attempt::Moved),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Some(Attempt::Busy),
        _ => None,
    }
}

fn fill(connection: &Connection, recipe: &Recipe, wanted: &Cancellation) -> Result<(), SandboxError> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    connection.execute_batch(TABLES)?;
    let about = [
        ("calls", recipe.calls.to_string()),
        ("reps", recipe.reps.to_string()),
        ("days", recipe.days.to_string()),
        ("seed", recipe.seed.to_string()),
        ("today", recipe.today.to_string()),
        ("story", recipe.story.to_string()),
    ];
    for (name, value) in about {
        connection.execute("INSERT INTO about VALUES (?1, ?2)", params![name, value])?;
    }
    let trained = seed::fill(connection, recipe, wanted)?;
    if !trained.is_empty() {
        note_training(connection, &trained)?;
    }
    connection.execute_batch("COMMIT")?;
    // While nobody else is in: two who do it at once are in each other's way.
    connection.pragma_update(None, "journal_mode", "wal")?;
    Ok(())
}

/// As a customer would: as an attribute of the users.
fn note_training(connection: &Connection, trained: &[(String, NaiveDate)]) -> Result<(), SandboxError> {
    // No number, and so the first one.
    connection.execute("INSERT INTO attributes VALUES ('reps', 0, 'trained_on')", [])?;
    connection.execute_batch("ALTER TABLE reps ADD COLUMN attribute_0")?;
    let mut set = connection.prepare("UPDATE reps SET attribute_0 = ?2 WHERE rep_id = ?1")?;
    for (rep, date) in trained {
        set.execute(params![rep, date.to_string()])?;
    }
    Ok(())
}

/// Leaves nothing of what was begun, while nobody else can have begun: what has gone by then is nobody else's.
fn undo(connection: Connection, path: &Path, is_ours: bool) {
    // The lock stays. What cannot be undone here is undone by whoever opens the file next.
    let _ = connection.execute_batch("ROLLBACK");
    let _ = connection.pragma_update(None, "journal_mode", "memory");
    let _ = fs::remove_file(journal(path));
    let removed = if is_ours { fs::remove_file(path) } else { Ok(()) };
    drop(connection);
    if removed.is_err() {
        // Systems that keep open files keep them from being removed by others as well.
        let _ = fs::remove_file(path);
    }
}

fn journal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-journal");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(calls: u64) -> Recipe {
        let today = NaiveDate::from_ymd_opt(2025, 7, 16).unwrap();
        Recipe { calls, reps: 5, days: 10, seed: 0, today, story: true }
    }

    #[test]
    fn a_file_that_stays_locked_is_not_waited_for_in_vain() {
        let folder = tempfile();
        let path = folder.join("locked.db");
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let patience = Duration::from_millis(50);
        let error = create_patiently(&path, &recipe(5), &Cancellation::default(), patience).unwrap_err();
        assert!(matches!(error, SandboxError::Locked { .. }), "{error}");
        assert!(error.to_string().contains("locked.db"), "{error}");
        other.execute_batch("ROLLBACK").unwrap();
        create_patiently(&path, &recipe(5), &Cancellation::default(), patience).unwrap();
        assert!(!is_empty(&other).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn of_many_at_once_one_seeds() {
        let folder = tempfile();
        for round in 0..10 {
            let path = folder.join(format!("{round}.db"));
            std::thread::scope(|scope| {
                for calls in 1..=4 {
                    let path = &path;
                    scope
                        .spawn(move || create(path, &recipe(calls * 100), &Cancellation::default()).unwrap());
                }
            });
            let connection = Connection::open(&path).unwrap();
            let told: String = connection
                .query_row("SELECT value FROM about WHERE name = 'calls'", [], |row| row.get(0))
                .unwrap();
            let stored: i64 =
                connection.query_row("SELECT count(*) FROM calls", [], |row| row.get(0)).unwrap();
            assert_eq!(told, stored.to_string());
            let whole: String =
                connection.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
            assert_eq!(whole, "ok");
            drop(connection);
            fs::remove_file(&path).unwrap();
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn who_waits_for_one_who_gives_up_seeds_a_file_that_stays() {
        let folder = tempfile();
        for round in 0..20 {
            let path = folder.join(format!("{round}.db"));
            let (first, second) = (Cancellation::default(), Cancellation::default());
            std::thread::scope(|scope| {
                let (path, first, second) = (&path, &first, &second);
                let given_up = scope.spawn(move || create(path, &recipe(1_000_000), first));
                while !path.exists() {
                    std::thread::yield_now();
                }
                let made = scope.spawn(move || create(path, &recipe(20), second));
                std::thread::sleep(Duration::from_millis(round * 2));
                first.cancel();
                assert!(matches!(given_up.join().unwrap(), Err(SandboxError::Cancelled) | Ok(_)));
                made.join().unwrap().unwrap();
            });
            let connection = Connection::open(&path).unwrap();
            let stored: i64 =
                connection.query_row("SELECT count(*) FROM calls", [], |row| row.get(0)).unwrap();
            assert_eq!(stored, 20);
            drop(connection);
            fs::remove_file(&path).unwrap();
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn nothing_is_left_of_what_was_given_up_but_a_file_that_was_there() {
        let folder = tempfile();
        let path = folder.join("cancelled.db");
        for was_there in [false, true] {
            if was_there {
                File::create(&path).unwrap();
            }
            let wanted = Cancellation::default();
            std::thread::scope(|scope| {
                let (path, wanted) = (&path, &wanted);
                let made = scope.spawn(move || create(path, &recipe(1_000_000), wanted));
                while !fs::metadata(path).is_ok_and(|metadata| metadata.len() > 1_000_000) {
                    std::thread::yield_now();
                }
                wanted.cancel();
                assert!(matches!(made.join().unwrap(), Err(SandboxError::Cancelled)));
            });
            let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert_eq!(left, vec![path.clone(); usize::from(was_there)]);
            assert_eq!(fs::metadata(&path).map_or(0, |metadata| metadata.len()), 0);
        }
        fs::remove_dir_all(folder).unwrap();
    }

    fn tempfile() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("converz-create-{:016x}", rand::random::<u64>()));
        fs::create_dir(&folder).unwrap();
        folder
    }
}
