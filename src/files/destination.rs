//! Where a file's bytes go: beside a path until they are complete, or to whatever takes bytes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::beside::FileBeside;
use crate::error::{Error, ErrorKind, Result};

/// Takes the bytes of one file.
pub struct Destination {
    sink: Sink,
    name: Name,
}

enum Sink {
    Beside(FileBeside),
    /// A pipe or a device: there is nothing to rename.
    Special(File),
    Other(Box<dyn Write + Send>),
}

/// What errors call the destination, and its first failure: what a format's library makes of that is only text.
#[derive(Debug, Clone)]
pub(super) struct Name {
    path: Option<PathBuf>,
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl Destination {
    /// A file that appears at `path`, in place of what may be there, when it is complete.
    ///
    /// # Errors
    /// `Io` where no file can be made there.
    pub fn path(path: &Path) -> Result<Self> {
        let name = Name::new(Some(path));
        let opened = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Err(is_a_folder()),
            Ok(metadata) if !metadata.is_file() => {
                OpenOptions::new().write(true).open(path).map(Sink::Special)
            }
            // What a symbolic link leads to is what is replaced, and not the link.
            Ok(_) => path.canonicalize().and_then(|path| FileBeside::new(&path)).map(Sink::Beside),
            Err(_) => FileBeside::new(path).map(Sink::Beside),
        };
        match opened {
            Ok(sink) => Ok(Self { sink, name }),
            Err(error) => Err(io_error(&error, Some(path))),
        }
    }

    /// Whatever takes bytes. Complete when all have been taken; closing it is its owner's business.
    pub fn writer(sink: impl Write + Send + 'static) -> Self {
        Self { sink: Sink::Other(Box::new(sink)), name: Name::new(None) }
    }

    pub(super) fn name(&self) -> Name {
        self.name.clone()
    }

    /// Makes the file appear under its name.
    pub(super) fn complete(self) -> Result<()> {
        let completed = match self.sink {
            Sink::Beside(file) => file.complete(),
            Sink::Special(mut file) => file.flush(),
            Sink::Other(mut sink) => sink.flush(),
        };
        completed.map_err(|error| io_error(&error, self.name.path.as_deref()))
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.sink {
            Sink::Beside(file) => file.write(bytes),
            Sink::Special(file) => file.write(bytes),
            Sink::Other(sink) => sink.write(bytes),
        };
        // The formats' libraries begin again after an interruption.
        if let Err(error) = &written
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.name.remember(error);
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        // A flush in the middle of a file is the format's habit; what counts is `complete`.
        Ok(())
    }
}

impl Name {
    fn new(path: Option<&Path>) -> Self {
        Self { path: path.map(Path::to_path_buf), failure: Arc::default() }
    }

    fn remember(&self, error: &io::Error) {
        let copy = error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(copy);
    }

    /// The error, or the failure to write that is behind it.
    pub(super) fn explain(&self, error: Error) -> Error {
        match &*self.failure.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => io_error(failure, self.path.as_deref()),
            None => error,
        }
    }
}

#[cfg(unix)]
fn is_a_folder() -> io::Error {
    io::Error::from_raw_os_error(libc::EISDIR)
}

#[cfg(not(unix))]
fn is_a_folder() -> io::Error {
    io::ErrorKind::IsADirectory.into()
}

pub(super) fn io_error(error: &io::Error, path: Option<&Path>) -> Error {
    let message = match path {
        Some(path) => format!("{}: {error}", path.display()),
        None => format!("the file object cannot be written to: {error}"),
    };
    let path = path.map(Path::to_path_buf);
    Error::new(ErrorKind::Io { os_code: error.raw_os_error(), path, advice: None }, message)
}
