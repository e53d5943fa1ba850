//! The database: `SQLite` in a file, with one writer and as many readers as there are requests, each of which
//! sees the data as they were when it began.

mod cell;
mod changes;
mod columns;
mod create;
mod facts;
mod filter;
mod page;
mod report;
mod scratch;
mod tables;
mod update;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{Local, NaiveDate};
use rusqlite::{Connection, InterruptHandle, TransactionBehavior};

pub(super) use cell::{Cell, Key};
pub(super) use columns::{Entity, IN_APP, is_attribute_name};
pub(super) use facts::Facts;
pub(super) use filter::Filter;
pub(super) use page::Page;
pub(super) use report::{Dimension, Report};
pub(super) use update::{Nulls, Update};

use super::cancellation::Cancellation;
use super::error::SandboxError;
use super::forking::{EnterOnDrop, LeaveOnDrop, within};
use super::options::Options;
use super::problem::Problem;
use super::seed::Recipe;
use scratch::Scratch;
use tables::BUSY;

/// Idle connections beyond so many are closed.
const IDLE_READERS: usize = 8;

pub(super) struct Store {
    path: PathBuf,
    today: NaiveDate,
    /// To close connections is to use them, too.
    _entering: EnterOnDrop,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    _leaving: LeaveOnDrop,
    /// Of the connections that are in use: one that is interrupted while idle could not be closed properly.
    interrupts: Mutex<HashMap<u64, InterruptHandle>>,
    uses: AtomicU64,
    stopping: AtomicBool,
    /// The last field: the folder goes when the connections are closed.
    _scratch: Option<Scratch>,
}

impl Store {
    /// Opens what the options name, and seeds it where it is new.
    pub fn open(options: &Options, wanted: &Cancellation) -> Result<Self, SandboxError> {
        let (path, scratch) = if let Some(path) = &options.path {
            // Connections are opened later, too, when the working directory may be another one.
            let what = format!("path=\"{}\" is no path", path.display());
            (std::path::absolute(path).map_err(SandboxError::io(what))?, None)
        } else {
            let scratch = Scratch::new()?;
            (scratch.file("sandbox.db"), Some(scratch))
        };
        let recipe = Recipe {
            calls: options.calls,
            reps: options.reps,
            days: options.days,
            seed: options.seed,
            story: options.story,
            today: options.today.unwrap_or_else(|| Local::now().date_naive()),
        };
        let (today, writer) = within(|| {
            let is_new = create::create(&path, &recipe, wanted)?;
            Ok::<_, SandboxError>((tables::check(&path, is_new)?, open(&path)?))
        })?;
        Ok(Self {
            path,
            today,
            _entering: EnterOnDrop,
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            _leaving: LeaveOnDrop,
            interrupts: Mutex::default(),
            uses: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            _scratch: scratch,
        })
    }

    /// The day that the data end with.
    pub fn today(&self) -> NaiveDate {
        self.today
    }

    /// Runs `read` on one state of the data, whatever is written meanwhile.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, Problem> {
        within(|| {
            let idle = lock(&self.readers).pop();
            let mut connection = match idle {
                Some(connection) => connection,
                None => open(&self.path)?,
            };
            let in_use = self.in_use(&connection);
            let transaction = connection.transaction()?;
            let result = read(&transaction);
            // Nothing was written: there is nothing to commit.
            transaction.finish()?;
            drop(in_use);
            let mut readers = lock(&self.readers);
            if readers.len() < IDLE_READERS {
                readers.push(connection);
            }
            result
        })
    }

    /// Applies an update whole or not at all; returns the number of its rows.
    pub fn update(&self, update: &Update) -> Result<u64, Problem> {
        let mut writer = lock(&self.writer);
        within(|| {
            let _in_use = self.in_use(&writer);
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let rows = update::apply(&transaction, update, &self.stopping)?;
            transaction.commit()?;
            Ok(rows)
        })
    }

    /// Replaces all rows by those of updates, whole or not at all; returns their number.
    pub fn load(&self, entity: Entity, updates: &[Update]) -> Result<u64, Problem> {
        let mut writer = lock(&self.writer);
        within(|| {
            let _in_use = self.in_use(&writer);
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            changes::delete_all(&transaction, entity)?;
            let mut rows = 0;
            for update in updates {
                changes::insert_keys(&transaction, entity, &update.keys)?;
                rows += update::apply(&transaction, update, &self.stopping)?;
            }
            if entity == Entity::Calls {
                changes::settle_loaded(&transaction)?;
            }
            transaction.commit()?;
            Ok(rows)
        })
    }

    /// Makes conversations up on a day, as if they came late; gives their keys.
    pub fn insert_calls(
        &self,
        date: NaiveDate,
        count: u64,
        summaries: bool,
    ) -> Result<Vec<i64>, SandboxError> {
        self.change(|connection| changes::insert_calls(connection, date, count, summaries))
    }

    pub fn delete_calls(&self, call_ids: &[i64]) -> Result<u64, SandboxError> {
        self.change(|connection| changes::delete_calls(connection, call_ids))
    }

    pub fn withhold_summaries(&self, call_ids: &[i64]) -> Result<u64, SandboxError> {
        self.change(|connection| changes::withhold_summaries(connection, call_ids))
    }

    pub fn release_summaries(&self, call_ids: Option<&[i64]>) -> Result<u64, SandboxError> {
        self.change(|connection| changes::release_summaries(connection, call_ids))
    }

    /// Changes the data whole or not at all.
    fn change<T>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, SandboxError>,
    ) -> Result<T, SandboxError> {
        let mut writer = lock(&self.writer);
        within(|| {
            let _in_use = self.in_use(&writer);
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let changed = change(&transaction)?;
            transaction.commit()?;
            Ok(changed)
        })
    }

    /// Ends what is under way, so that nobody waits for it.
    pub fn interrupt(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        lock(&self.interrupts).values().for_each(InterruptHandle::interrupt);
    }

    fn in_use(&self, connection: &Connection) -> InUse<'_> {
        let number = self.uses.fetch_add(1, Ordering::Relaxed);
        lock(&self.interrupts).insert(number, connection.get_interrupt_handle());
        InUse { store: self, number }
    }
}

/// As long as a connection may be interrupted.
struct InUse<'a> {
    store: &'a Store,
    number: u64,
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        lock(&self.store.interrupts).remove(&self.number);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A transaction that a panic dropped has been rolled back.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(8);
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "cache_size", -4_000)?;
    Ok(connection)
}
