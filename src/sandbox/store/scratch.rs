//! A folder for a database that nobody named: gone with the sandbox, and swept up by the next one if the
//! process ended without a chance to.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::sandbox::error::SandboxError;

const PREFIX: &str = "converz-sandbox-";
const LOCK: &str = "in-use";

pub(super) struct Scratch {
    folder: PathBuf,
    /// Locked as long as the process lives.
    _lock: File,
}

impl Scratch {
    pub fn new() -> Result<Self, SandboxError> {
        let parent = std::env::temp_dir();
        sweep(&parent);
        loop {
            let folder = parent.join(format!("{PREFIX}{:016x}", rand::random::<u64>()));
            let failed = || format!("the temporary folder {} cannot be made", folder.display());
            create_private(&folder).map_err(SandboxError::io(failed()))?;
            let lock = File::create_new(folder.join(LOCK)).map_err(SandboxError::io(failed()))?;
            // Another process may have swept the folder away between the two steps.
            if lock.try_lock().is_ok() && folder.join(LOCK).exists() {
                return Ok(Self { folder, _lock: lock });
            }
        }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is swept up later.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Removes the folders of processes that are gone. What fails belongs to somebody else.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(lock) = File::options().write(true).open(entry.path().join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(unix)]
fn create_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> std::io::Result<()> {
    fs::create_dir(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_use_is_kept_and_one_left_behind_is_swept_up() {
        let used = Scratch::new().unwrap();
        let left = std::env::temp_dir().join(format!("{PREFIX}left-{}", std::process::id()));
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        sweep(&std::env::temp_dir());
        assert!(used.file(LOCK).exists());
        assert!(!left.exists());
        let folder = used.folder.clone();
        drop(used);
        assert!(!folder.exists());
    }
}
