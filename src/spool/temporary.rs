//! The temporary file: it has no name where the system can do that, and ends with the process whatever becomes of that.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;

use super::failure::{damaged, io_error};
use super::segment::{self, Segment};
use crate::error::Result;
use crate::resources;

/// Batches in a temporary file.
#[derive(Debug)]
pub struct Spool {
    file: File,
    folder: PathBuf,
    end: u64,
    /// The bytes of the batch that is written or read.
    bytes: Vec<u8>,
}

impl Spool {
    /// A file in the system's folder for temporary ones.
    ///
    /// # Errors
    /// `Io` where no file can be made there.
    pub fn new() -> Result<Self> {
        Self::in_folder(&std::env::temp_dir())
    }

    /// The same in another folder.
    ///
    /// # Errors
    /// `Io` where no file can be made there.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(|error| io_error(&error, folder))?;
        Ok(Self::of(file, folder))
    }

    /// On a file that is open already, in that folder, such as a full device.
    pub fn of(file: File, folder: &Path) -> Self {
        Self { file, folder: folder.to_path_buf(), end: 0, bytes: Vec::new() }
    }

    /// Writes a batch at the end of the file.
    ///
    /// # Errors
    /// `Io` that names the folder, such as of a full disk.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<Segment> {
        self.bytes.clear();
        let segment = segment::write(batch, self.end, &mut self.bytes)?;
        self.seek_and(self.end, |file, bytes| file.write_all(bytes))?;
        self.end += segment.length as u64;
        Ok(segment)
    }

    /// Reads a batch that was written.
    ///
    /// # Errors
    /// `Io` that names the folder, also where the disk gives back other bytes than were written.
    pub fn read(&mut self, segment: &Segment) -> Result<RecordBatch> {
        resources::room_for(segment.length)?;
        self.bytes.clear();
        self.bytes.resize(segment.length, 0);
        self.seek_and(segment.start, |file, bytes| file.read_exact(bytes))?;
        segment::read(segment, &self.bytes)?.ok_or_else(|| damaged(&self.folder))
    }

    /// Bytes of the file.
    pub fn len(&self) -> u64 {
        self.end
    }

    pub fn is_empty(&self) -> bool {
        self.end == 0
    }

    fn seek_and(
        &mut self,
        start: u64,
        work: impl FnOnce(&mut File, &mut Vec<u8>) -> io::Result<()>,
    ) -> Result<()> {
        let Self { file, folder, bytes, .. } = self;
        let done = file.seek(SeekFrom::Start(start)).and_then(|_| work(file, bytes));
        done.map_err(|error| io_error(&error, folder))
    }
}
