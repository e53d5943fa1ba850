//! Why a sandbox did not start.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a sandbox did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum SandboxError {
    /// An option that cannot work; the text names it, its value and what is allowed.
    InvalidOption(String),
    /// The file at `path` is not a database of the sandbox, or one of another version.
    NotASandbox { path: PathBuf, reason: String },
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
}

impl SandboxError {
    /// `SQLite` does not say why it fails: where nothing can be opened, it is not the file's fault.
    pub(super) fn no_files() -> Option<Self> {
        let source = fs::read_dir(Path::new("/")).err()?;
        Some(Self::Io { what: "the sandbox's database cannot be opened".to_owned(), source })
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
