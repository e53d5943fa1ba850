//! What goes wrong with a temporary file, and what to do about it.

use std::io;
use std::path::Path;

use crate::error::{Error, ErrorKind};

/// What names another folder.
#[cfg(not(windows))]
const VARIABLE: &str = "TMPDIR";
#[cfg(windows)]
const VARIABLE: &str = "TMP";

pub(super) fn io_error(error: &io::Error, folder: &Path) -> Error {
    let advice = format!(
        "it is of a temporary file that holds the rows until their types are settled: set {VARIABLE} to a folder on a disk \
         with room for them"
    );
    let message = format!("{}: {error}; {advice}", folder.display());
    let kind = ErrorKind::Io {
        os_code: error.raw_os_error(),
        path: Some(folder.to_path_buf()),
        advice: Some(advice),
    };
    Error::new(kind, message)
}

pub(super) fn damaged(folder: &Path) -> Error {
    let error = io::Error::new(io::ErrorKind::InvalidData, "what was read is not what was written");
    io_error(&error, folder)
}
