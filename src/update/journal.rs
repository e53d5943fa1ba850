//! A file from which an update can be taken back, also after the process was killed at any moment.
//!
//! Lines of JSON. The first says what the file is. Then each cell that changes has a line, with the request that writes it,
//! and a seal counts and checks them. All that is on the disk before the first request is sent; each request that was
//! answered adds a line before the next one is sent. So the cells of the first request without such a line are in doubt,
//! and none of the later ones were sent.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

use super::changes::{Builder, Changes};
use super::run::Update;
use super::whereabouts::Whereabouts;
use crate::encode::KeyColumn;
use crate::error::{Error, ErrorKind, Result};
use crate::text::quoted;

const FORMAT: &str = "converz update journal";
const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    version: u64,
    /// Whether the cells follow. Until they are complete they are in a file beside this one.
    complete: bool,
    operation: String,
    base_url: String,
    reads: Whereabouts,
}

#[derive(Serialize, Deserialize)]
struct CellLine<'a> {
    request: usize,
    #[serde(borrow)]
    key: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    column: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    old: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    new: Option<std::borrow::Cow<'a, str>>,
}

/// The lines behind the cells.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Sealed { cells: usize, requests: usize, hash: String },
    Committed(usize),
    Undone(bool),
}

/// A journal while its update is on its way.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    committed: usize,
}

impl Journal {
    /// Writes what is needed to undo an update, before anything of it is sent. `update` writes all of `changes`, or is none
    /// where there are none.
    ///
    /// # Errors
    /// `InvalidInput` where there is a file already; `Io`.
    pub fn create(path: &Path, base_url: &str, changes: &Changes, update: Option<&Update>) -> Result<Self> {
        let io = |error: &io::Error| io_error(error, path);
        let mut place = match new_file(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(Error::invalid_input(format!(
                    "journal={} exists: it may be all that can undo an earlier update. Choose another name, or delete it \
                     if that update is to stay",
                    shown(path)
                )));
            }
            Err(error) => return Err(io(&error)),
        };
        let head = |complete| Head {
            format: FORMAT.to_owned(),
            version: VERSION,
            complete,
            operation: operation_name(changes).to_owned(),
            base_url: base_url.to_owned(),
            reads: changes.whereabouts.clone(),
        };
        let beside = beside(path);
        let mut written = || -> io::Result<File> {
            place.try_lock()?;
            write_line(&mut place, &head(false))?;
            place.sync_all()?;
            // What an earlier process left there is of no use: nothing of it was sent.
            let _ = std::fs::remove_file(&beside);
            let file = new_file(&beside)?;
            file.try_lock()?;
            let mut out = BufWriter::new(file);
            let head = line(&head(true))?;
            out.write_all(&head)?;
            write_cells(&mut out, chained(0, &head), changes, update)?;
            let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            std::fs::rename(&beside, path)?;
            sync_folder(path)?;
            Ok(file)
        };
        match written() {
            Ok(file) => Ok(Self { file, path: path.to_owned(), committed: 0 }),
            Err(error) => {
                let _ = std::fs::remove_file(&beside);
                let _ = std::fs::remove_file(path);
                Err(io(&error))
            }
        }
    }

    /// Notes that the next request was answered with success.
    ///
    /// # Errors
    /// `Io`.
    pub fn committed(&mut self) -> Result<()> {
        let mark = Mark::Committed(self.committed);
        self.committed += 1;
        let written = write_line(&mut self.file, &mark).and_then(|()| self.file.sync_data());
        written.map_err(|error| io_error(&error, &self.path))
    }
}

/// A journal that is read, to undo its update.
#[derive(Debug)]
pub struct Recorded {
    /// The cells that were written, and those of which that is not known.
    pub changes: Changes,
    /// The service that they were written to.
    pub base_url: String,
    /// Whether they were put back.
    pub undone: bool,
    file: File,
    path: PathBuf,
    /// Where the last whole line ends.
    end: u64,
}

impl Recorded {
    /// Reads a journal, which nobody else may write meanwhile.
    ///
    /// # Errors
    /// `InvalidInput` for a file that is no journal, is damaged, or is in use; `Io`.
    pub fn open(path: &Path) -> Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).open(path).map_err(|error| io_error(&error, path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::invalid_input(format!(
                    "journal={} is in use: its update, or an undo of it, is still on its way. Wait for it, or end that \
                     process",
                    shown(path)
                )));
            }
            Err(TryLockError::Error(error)) => return Err(io_error(&error, path)),
        }
        let mut reading = Reading { path, number: 0, end: 0, hash: 0, lines: BufReader::new(&file) };
        let (changes, base_url, undone) = reading.read()?;
        let end = reading.end;
        if undone {
            // What a process that was killed had not completed yet.
            let _ = std::fs::remove_file(beside(path));
        }
        Ok(Self { changes, base_url, undone, file, path: path.to_owned(), end })
    }

    /// Notes that the cells were put back, so that nobody does it again.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(&mut self) -> Result<()> {
        let mut write = || {
            // A line that was cut when the process was killed is none.
            self.file.set_len(self.end)?;
            self.file.seek(SeekFrom::Start(self.end))?;
            write_line(&mut self.file, &Mark::Undone(true))?;
            self.file.sync_all()
        };
        write().map_err(|error| io_error(&error, &self.path))?;
        let _ = std::fs::remove_file(beside(&self.path));
        self.undone = true;
        Ok(())
    }
}

struct Reading<'a> {
    path: &'a Path,
    /// Of the line that is read, from 1.
    number: usize,
    end: u64,
    hash: u128,
    lines: BufReader<&'a File>,
}

impl Reading<'_> {
    fn read(&mut self) -> Result<(Changes, String, bool)> {
        let foreign = || {
            Error::invalid_input(format!(
                "journal={} is not a journal of an update: pass the file that was named as journal= when the plan was \
                 applied",
                shown(self.path)
            ))
        };
        let mut line = Vec::new();
        // No journal has so long a first line.
        let mut first = io::Read::take(&mut self.lines, 1 << 20);
        first.read_until(b'\n', &mut line).map_err(|error| io_error(&error, self.path))?;
        let version: Version = serde_json::from_slice(&line).map_err(|_| foreign())?;
        if version.format != FORMAT {
            return Err(foreign());
        }
        if version.version != VERSION {
            return Err(Error::invalid_input(format!(
                "journal={} has the version {} of the format, and this one reads {VERSION}: use the version of converz \
                 that wrote it, or a newer one",
                shown(self.path),
                version.version
            )));
        }
        self.taken(&line);
        let head: Head = serde_json::from_slice(&line).map_err(|error| self.damaged(&error.to_string()))?;
        let key = match head.operation.as_str() {
            "update_calls" => KeyColumn::CallId,
            "update_reps" => KeyColumn::RepId,
            _ => return Err(self.damaged("its operation is none")),
        };
        let mut changes = Changes::new(key, head.reads);
        if !head.complete {
            // It was killed before anything was sent.
            return match self.next()? {
                None => Ok((changes, head.base_url, true)),
                Some(_) => Err(self.damaged("a line is where none may be")),
            };
        }
        let mut builder = Builder::default();
        let mut requests = Vec::new();
        let sealed = loop {
            let Some(line) = self.next()? else { return Err(self.damaged("its cells are not complete")) };
            if line.starts_with(b"{\"sealed\"") {
                break line;
            }
            let cell: CellLine<'_> =
                serde_json::from_slice(&line).map_err(|error| self.damaged(&error.to_string()))?;
            builder.add(&mut changes, &cell.key, &cell.column, cell.old, cell.new);
            requests.push(cell.request);
            self.taken(&line);
        };
        let count = match serde_json::from_slice(&sealed) {
            Ok(Mark::Sealed { cells, requests: count, hash })
                if cells == requests.len()
                    && hash == shown_hash(self.hash)
                    && requests.iter().all(|request| *request < count) =>
            {
                count
            }
            _ => return Err(self.damaged("its cells are not those that were written")),
        };
        let (mut committed, mut undone) = (0, false);
        while let Some(line) = self.next()? {
            match serde_json::from_slice(&line) {
                Ok(Mark::Committed(request)) if request == committed && request < count && !undone => {
                    committed += 1;
                }
                Ok(Mark::Undone(true)) => undone = true,
                _ => return Err(self.damaged("the line is not one that may be there")),
            }
        }
        // The request behind those may have been sent, and no other.
        Ok((changes.subset(|index| requests[index] <= committed), head.base_url, undone))
    }

    /// The next whole line. What a killed process did not write whole is behind the cells.
    fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        self.lines.read_until(b'\n', &mut line).map_err(|error| io_error(&error, self.path))?;
        if line.last() != Some(&b'\n') {
            return Ok(None);
        }
        self.number += 1;
        self.end += line.len() as u64;
        Ok(Some(line))
    }

    fn taken(&mut self, line: &[u8]) {
        if self.number == 0 {
            self.number = 1;
            self.end = line.len() as u64;
        }
        self.hash = chained(self.hash, line);
    }

    fn damaged(&self, reason: &str) -> Error {
        Error::invalid_input(format!(
            "journal={} is damaged at line {}: {reason}. Use a copy that is whole; every line is JSON that can be read, \
             with a cell's key, its column and its old value",
            shown(self.path),
            self.number
        ))
    }
}

#[derive(Deserialize)]
struct Version {
    format: String,
    version: u64,
}

/// `hash` is that of what was written before.
fn write_cells(
    out: &mut impl Write,
    mut hash: u128,
    changes: &Changes,
    update: Option<&Update>,
) -> io::Result<()> {
    let rows: HashMap<(u32, u32), usize> =
        changes.cells.iter().enumerate().map(|(index, cell)| ((cell.row, cell.column), index)).collect();
    let mut cells = 0;
    let requests = update.map_or(&[][..], |update| &update.requests);
    for (number, request) in requests.iter().enumerate() {
        let Some(update) = update else { break };
        for name in update.frame.request_columns(request) {
            let column = changes.columns.iter().position(|column| column == name);
            for row in update.frame.touched(request).into_iter().flatten() {
                let index = column.and_then(|column| rows.get(&(row as u32, column as u32)));
                let Some(index) = index else {
                    return Err(io::Error::other("a request writes another cell"));
                };
                let cell = &changes.cells[*index];
                let line = line(&CellLine {
                    request: number,
                    key: (&*changes.keys[cell.row as usize]).into(),
                    column: name.into(),
                    old: cell.old.as_deref().map(Into::into),
                    new: cell.new.as_deref().map(Into::into),
                })?;
                hash = chained(hash, &line);
                cells += 1;
                out.write_all(&line)?;
            }
        }
    }
    if cells != changes.len() {
        return Err(io::Error::other("the requests do not write all cells"));
    }
    write_line(out, &Mark::Sealed { cells, requests: requests.len(), hash: shown_hash(hash) })
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    // In one piece, so that it is there or not.
    out.write_all(&line(value)?)
}

/// The hash of all lines so far and one more.
fn chained(hash: u128, line: &[u8]) -> u128 {
    XxHash3_128::oneshot_with_seed(hash as u64, line)
}

fn shown_hash(hash: u128) -> String {
    format!("{hash:032x}")
}

fn operation_name(changes: &Changes) -> &'static str {
    match changes.key() {
        KeyColumn::CallId => "update_calls",
        KeyColumn::RepId => "update_reps",
    }
}

/// Where the cells are until they are complete.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".preparing");
    name.into()
}

/// A file that was not there, which nobody else may read: it has customers' data.
fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Has the name of a file outlive a loss of power.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Elsewhere folders cannot be opened.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "there is something to fail on Unix")]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn shown(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

fn io_error(error: &io::Error, path: &Path) -> Error {
    let message = format!("journal={}: {error}", shown(path));
    let kind = ErrorKind::Io { os_code: error.raw_os_error(), path: Some(path.to_owned()), advice: None };
    Error::new(kind, message)
}
