//! A file that appears under its name when it is complete, and otherwise not at all.
//!
//! On Linux it has no name until then where the file system can do that, so that not even a process that is killed
//! leaves anything behind; elsewhere it has a hidden one beside its own. (Hidden, since readers of data sets skip
//! such files.)

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

pub(super) struct FileBeside {
    file: Unfinished,
    path: PathBuf,
}

enum Unfinished {
    #[cfg(target_os = "linux")]
    Nameless(File),
    Hidden(NamedTempFile),
}

impl FileBeside {
    /// # Errors
    /// A folder that is not there, or in which no file can be made.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = nameless::create(folder(path))? {
            return Ok(Self { file: Unfinished::Nameless(file), path: path.to_path_buf() });
        }
        Ok(Self { file: Unfinished::Hidden(hidden(path)?), path: path.to_path_buf() })
    }

    /// Has the bytes reach the disk, and the file appear in place of what may be there.
    pub(super) fn complete(self) -> io::Result<()> {
        // A file that is replaced keeps who may read it.
        let kept = std::fs::metadata(&self.path).ok().map(|metadata| metadata.permissions());
        match self.file {
            #[cfg(target_os = "linux")]
            Unfinished::Nameless(file) => {
                keep(&file, kept)?;
                file.sync_all()?;
                nameless::link(&file, &self.path)?;
            }
            Unfinished::Hidden(file) => {
                keep(file.as_file(), kept)?;
                file.as_file().sync_all()?;
                file.persist(&self.path).map_err(|error| error.error)?;
            }
        }
        sync_folder(folder(&self.path))
    }
}

impl Write for FileBeside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            #[cfg(target_os = "linux")]
            Unfinished::Nameless(file) => file.write(bytes),
            Unfinished::Hidden(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn keep(file: &File, permissions: Option<Permissions>) -> io::Result<()> {
    permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// How the hidden names of a file begin and end.
fn hidden_name(path: &Path) -> (OsString, &'static str) {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    (prefix, ".tmp")
}

fn hidden(path: &Path) -> io::Result<NamedTempFile> {
    let (prefix, suffix) = hidden_name(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(suffix);
    // Who may read it is for the user's mask to say, as of every new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder(path))
}

/// A rename is on the disk when its folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
mod nameless {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};
    use rustix::io::Errno;

    /// Nothing where the file system has no files without a name.
    pub(super) fn create(folder: &Path) -> io::Result<Option<File>> {
        let mode = Mode::from_raw_mode(0o666);
        match openat(CWD, folder, OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC, mode) {
            Ok(file) => Ok(Some(file.into())),
            // A kernel that does not know the flag takes the folder for the file.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Names the file, in place of what has the name: only renaming replaces.
    pub(super) fn link(file: &File, path: &Path) -> io::Result<()> {
        let held = format!("/proc/self/fd/{}", file.as_raw_fd());
        match linkat(CWD, held.as_str(), CWD, path, AtFlags::SYMLINK_FOLLOW) {
            Ok(()) => return Ok(()),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let (prefix, suffix) = super::hidden_name(path);
        let beside = tempfile::Builder::new().prefix(&prefix).suffix(suffix).make_in(
            super::folder(path),
            |hidden| {
                linkat(CWD, held.as_str(), CWD, hidden, AtFlags::SYMLINK_FOLLOW).map_err(io::Error::from)
            },
        )?;
        beside.into_temp_path().persist(path).map_err(|error| error.error)
    }
}
