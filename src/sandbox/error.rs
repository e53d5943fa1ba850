//! Why a sandbox did not start.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes that a database needs beside its file.
const ROOM: usize = 64 << 10;

/// Why a sandbox did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum SandboxError {
    /// An option that cannot work; the text names it, its value and what is allowed.
    InvalidOption(String),
    /// The file at `path` is not a database of the sandbox, or one of another version.
    NotASandbox { path: PathBuf, reason: String },
    /// The file at `path` was a database of the sandbox, and something has damaged it.
    Damaged { path: PathBuf, reason: String },
    /// The file at `path` can be read, but not written.
    ReadOnly { path: PathBuf },
    /// There is no room for the file at `path`.
    Full { path: PathBuf },
    /// The operating system refused something: a port, a thread, a file.
    Io { what: String, source: io::Error },
    /// Another process has locked the file at `path`, and does nothing with it.
    Locked { path: PathBuf, patience: Duration },
    /// The database failed.
    Sqlite(rusqlite::Error),
    /// Nobody wants it any more.
    Cancelled,
    /// It has stopped, or belongs to another process.
    Stopped,
    /// There is no more memory.
    OutOfMemory,
    /// The system starts no more threads.
    NoThreads,
}

impl SandboxError {
    /// `SQLite` does not say why it fails: where nothing can be opened, it is not the file's fault.
    pub(super) fn no_files() -> Option<Self> {
        let source = fs::read_dir(Path::new("/")).err()?;
        Some(Self::Io { what: "the sandbox's database cannot be opened".to_owned(), source })
    }

    /// Why a database cannot be opened or looked at, as far as the system says it: `SQLite` does not say it.
    pub(super) fn of_file(path: &Path, error: &rusqlite::Error) -> Option<Self> {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) {
            return Some(Self::Full { path: path.to_owned() });
        }
        let what = |why: &str| format!("the database {} cannot be {why}", path.display());
        if let Some(error) = Self::no_files() {
            return Some(error);
        }
        if path.is_dir() {
            return Some(Self::NotASandbox { path: path.to_owned(), reason: "it is a folder".to_owned() });
        }
        match File::options().read(true).write(true).open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && File::open(path).is_ok() => {
                return Some(Self::ReadOnly { path: path.to_owned() });
            }
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                return Some(Self::ReadOnly { path: path.to_owned() });
            }
            Err(source) => return Some(Self::Io { what: what("opened"), source }),
        }
        // It needs a file beside its own, which may have no room.
        let mut probe = path.as_os_str().to_owned();
        probe.push(format!("-probe-{:016x}", rand::random::<u64>()));
        let written = File::create_new(&probe).and_then(|mut file| {
            file.write_all(&vec![1; ROOM])?;
            file.sync_all()
        });
        // What could not be made is not there.
        let _ = fs::remove_file(&probe);
        let what = what("opened, since no file can be written beside it");
        written.err().map(|source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path: path.to_owned() },
            _ => Self::Io { what, source },
        })
    }

    /// Why threads do not start.
    pub(super) fn threads(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock => Self::NoThreads,
            _ => Self::io("the sandbox's threads cannot be started")(error),
        }
    }

    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidOption(message) => f.write_str(message),
            Self::NotASandbox { path, reason } => {
                write!(
                    f,
                    "{} is not a database of the sandbox ({reason}): choose another path",
                    path.display()
                )
            }
            Self::Damaged { path, reason } => write!(
                f,
                "{} is a damaged database of the sandbox ({reason}): remove it, and it is made anew, or choose another path",
                path.display()
            ),
            Self::Full { path } => write!(
                f,
                "there is no room for the database {}: free some on its disk, make the sandbox smaller, or choose another \
                 path",
                path.display()
            ),
            Self::ReadOnly { path } => write!(
                f,
                "{} cannot be written, which a sandbox does whenever it is updated: change the rights of the file and its \
                 folder, or copy it to another path",
                path.display()
            ),
            Self::Io { what, source } => write!(f, "{what}: {source}"),
            Self::Locked { path, patience } => write!(
                f,
                "{} has been locked by another process for {} s: end that one, or choose another path",
                path.display(),
                patience.as_secs_f64()
            ),
            Self::Sqlite(error) => write!(f, "the sandbox's database failed: {error}"),
            Self::Cancelled => f.write_str("the sandbox was no longer wanted while it was made"),
            Self::Stopped => f.write_str("the sandbox has stopped, or belongs to the process that this one was forked from"),
            Self::NoThreads => f.write_str(
                "the system lets the process start no more threads for the sandbox: raise the limit of its user or of its \
                 container (ulimit -u, pids.max), or end what else runs",
            ),
            Self::OutOfMemory => f.write_str("the system gives no more memory for the sandbox: make it smaller, or raise the limit of the process"),
        }
    }
}

impl std::error::Error for SandboxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Sqlite(error) => Some(error),
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for SandboxError {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OutOfMemory) {
            return Self::OutOfMemory;
        }
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen)
            && let Some(error) = Self::no_files()
        {
            return error;
        }
        Self::Sqlite(error)
    }
}
