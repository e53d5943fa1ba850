//! A tape as two files: one line a request, and beside it the bodies, compressed.
//!
//! The lines are JSON, and end with one that has a digest of all others and of the bodies. What is read here may come from
//! anywhere: nothing in it is a path, every size is bounded before it is believed, and what does not fit is refused.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::headers::is_kept;
use super::rules::Rules;
use super::tape::{
    Asking, Body, Exchange, LARGEST_BODY, MOST_BYTES, MOST_EXCHANGES, Tape, sha256, too_large,
};
use crate::error::{Error, ErrorKind, Result};

const VERSION: u32 = 1;
/// Bytes of all lines.
const MOST_TEXT: u64 = 64 << 20;
/// Bytes of all bodies, decompressed.
const MOST_DECOMPRESSED: u64 = 4 << 30;
/// Weeks of two centuries.
const MOST_WEEKS: i64 = 10_000;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    converz_recording: u32,
    anonymised: bool,
    safe: Vec<String>,
    hide: Vec<String>,
    shift_weeks: i64,
    client: Asking,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    request: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent: Option<Part>,
    status: u16,
    headers: Vec<(String, String)>,
    received: Part,
    #[serde(default, skip_serializing_if = "is_false")]
    cut: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A part of the file of bodies.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Part {
    at: u64,
    bytes: u64,
    size: u64,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    requests: usize,
    bytes: u64,
    bodies_sha256: String,
    lines_sha256: String,
}

/// Where the bodies of a recording are.
pub fn bodies_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".bodies");
    name.into()
}

/// Writes both files; each is whole or as it was.
///
/// # Errors
/// A folder that cannot be written, and more than a recording holds.
pub fn write(path: &Path, tape: &Tape) -> Result<()> {
    let mut lines = Lines::default();
    let rules = &tape.rules;
    lines.add(&Head {
        converz_recording: VERSION,
        anonymised: rules.anonymised,
        safe: rules.safe.iter().cloned().collect(),
        hide: rules.hide.iter().cloned().collect(),
        shift_weeks: rules.shift_weeks,
        client: tape.asking.clone(),
        secret: tape.check.clone(),
    })?;
    let mut bodies = Bodies::default();
    for exchange in &tape.exchanges {
        let sent = exchange.sent.as_ref().map(|body| bodies.add(body)).transpose()?;
        lines.add(&Line {
            request: exchange.request.clone(),
            sent,
            status: exchange.status,
            headers: exchange.headers.clone(),
            received: bodies.add(&exchange.received)?,
            cut: exchange.cut,
        })?;
    }
    lines.add(&End {
        requests: tape.exchanges.len(),
        bytes: bodies.bytes.len() as u64,
        bodies_sha256: sha256(&bodies.bytes),
        lines_sha256: lines.digest(),
    })?;
    if lines.text.len() as u64 > MOST_TEXT {
        return Err(too_large());
    }
    let put = |path: &Path, bytes: &[u8]| put(path, bytes).map_err(|error| unwritable(path, error));
    // Lines without their bodies are refused when they are read; bodies without lines are nothing.
    put(&bodies_path(path), &bodies.bytes)?;
    put(path, lines.text.as_bytes())
}

#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn add(&mut self, line: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(line);
        let line = line.map_err(|error| Error::internal(format!("a line of a recording: {error}")))?;
        self.text.push_str(&line);
        self.text.push('\n');
        Ok(())
    }

    fn digest(&self) -> String {
        sha256(self.text.as_bytes())
    }
}

#[derive(Default)]
struct Bodies {
    bytes: Vec<u8>,
    known: HashMap<String, Part>,
}

impl Bodies {
    /// The same body is there only once.
    fn add(&mut self, body: &Body) -> Result<Part> {
        if let Some(part) = self.known.get(&body.digest) {
            return Ok(part.clone());
        }
        let (at, bytes) = (self.bytes.len() as u64, body.compressed.len() as u64);
        if at + bytes > MOST_BYTES {
            return Err(too_large());
        }
        self.bytes.extend_from_slice(&body.compressed);
        let part = Part { at, bytes, size: body.size, sha256: body.digest.clone() };
        self.known.insert(body.digest.clone(), part.clone());
        Ok(part)
    }
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".converz-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    // What replaces a file can be read by those who could read that.
    readable(&file, path)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
fn readable(file: &NamedTempFile, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let kept = std::fs::metadata(path).map(|metadata| metadata.permissions());
    file.as_file().set_permissions(kept.unwrap_or_else(|_| PermissionsExt::from_mode(0o644)))
}

#[cfg(not(unix))]
fn readable(_: &NamedTempFile, _: &Path) -> io::Result<()> {
    Ok(())
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    let kind = ErrorKind::Io { os_code: error.raw_os_error(), path: Some(path.to_owned()), advice: None };
    Error::new(kind, format!("{} cannot be written: {error}", path.display())).with_source(error)
}

/// Whether there is a recording.
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// Reads what a recording holds.
///
/// # Errors
/// Files that cannot be read, are damaged or are something else.
pub fn read(path: &Path) -> Result<Tape> {
    let refused = |what: &str| {
        let message = format!("the recording {} {what}: record it anew, or restore the file", path.display());
        Error::new(ErrorKind::Recording, message)
    };
    let bytes = read_bounded(path, MOST_TEXT).map_err(|error| refused(&error))?;
    let text = String::from_utf8(bytes).map_err(|_| refused("is no text"))?;
    let mut lines: Vec<&str> = text.split_terminator('\n').collect();
    // Version control may have changed the ends of lines.
    for line in &mut lines {
        *line = line.strip_suffix('\r').unwrap_or(line);
    }
    let damaged = |line: usize| refused(&format!("is damaged in line {line}"));
    let head: Head = lines.first().and_then(|line| serde_json::from_str(line).ok()).ok_or_else(|| {
        let version = lines.first().and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        match version.and_then(|head| head.get("converz_recording").and_then(serde_json::Value::as_u64)) {
            Some(version) if version != u64::from(VERSION) => {
                refused(&format!("has version {version}, of which this release does not know"))
            }
            _ => refused("is none, or is damaged in line 1"),
        }
    })?;
    if head.converz_recording != VERSION {
        return Err(refused(&format!(
            "has version {}, of which this release does not know",
            head.converz_recording
        )));
    }
    if head.shift_weeks.abs() > MOST_WEEKS {
        return Err(damaged(1));
    }
    let count = lines.len();
    let end: End =
        serde_json::from_str(lines[count - 1]).map_err(|_| refused("has no last line, as if it was cut"))?;
    let whole: String = lines[..count - 1].iter().flat_map(|line| [line, "\n"]).collect();
    if end.requests != count.saturating_sub(2)
        || end.requests > MOST_EXCHANGES
        || sha256(whole.as_bytes()) != end.lines_sha256
        || !text.ends_with('\n')
    {
        return Err(refused("is damaged: its lines are not those that were written"));
    }

    let beside = bodies_path(path);
    let bodies = read_bounded(&beside, MOST_BYTES)
        .map_err(|error| refused(&format!("lacks its bodies: {} {error}", beside.display())))?;
    if bodies.len() as u64 != end.bytes || sha256(&bodies) != end.bodies_sha256 {
        return Err(refused(&format!(
            "does not fit its bodies: {} is damaged, or is another recording's",
            beside.display()
        )));
    }
    let mut parts = Parts { bodies: bodies.into(), read: HashMap::new(), left: MOST_DECOMPRESSED };
    let mut exchanges = Vec::with_capacity(end.requests);
    for (index, line) in lines[1..count - 1].iter().enumerate() {
        let damaged = || damaged(index + 2);
        let line: Line = serde_json::from_str(line).map_err(|_| damaged())?;
        let is_request = line.request.len() <= 1 << 20
            && ["GET /", "POST /"].iter().any(|start| line.request.starts_with(start))
            && !line.request.chars().any(char::is_control);
        let are_headers = line.headers.iter().all(|(name, value)| is_kept(name, value));
        if !is_request || !(200..=599).contains(&line.status) || !are_headers {
            return Err(damaged());
        }
        let sent = line.sent.map(|part| parts.take(part).ok_or_else(damaged)).transpose()?;
        let received = parts.take(line.received).ok_or_else(damaged)?;
        let Line { request, status, headers, cut, .. } = line;
        exchanges.push(Exchange { request, sent, status, headers, received, cut });
    }
    let rules = Rules {
        anonymised: head.anonymised,
        safe: head.safe.into_iter().collect(),
        hide: head.hide.into_iter().collect(),
        shift_weeks: head.shift_weeks,
    };
    Ok(Tape { rules, asking: head.client, check: head.secret, exchanges })
}

/// The bodies of a file, and how much of them may still be decompressed.
struct Parts {
    bodies: Bytes,
    read: HashMap<u64, (Part, Body)>,
    left: u64,
}

impl Parts {
    fn take(&mut self, part: Part) -> Option<Body> {
        if let Some((known, body)) = self.read.get(&part.at) {
            return (*known == part).then(|| body.clone());
        }
        let end = part.at.checked_add(part.bytes).filter(|end| *end <= self.bodies.len() as u64)?;
        if part.size > LARGEST_BODY {
            return None;
        }
        self.left = self.left.checked_sub(part.size)?;
        let range = usize::try_from(part.at).ok()?..usize::try_from(end).ok()?;
        let body =
            Body { compressed: self.bodies.slice(range), size: part.size, digest: part.sha256.clone() };
        if !body.is_sound() {
            return None;
        }
        self.read.insert(part.at, (part, body.clone()));
        Some(body)
    }
}

/// The bytes of a file, or why there are none, as the end of a sentence.
fn read_bounded(path: &Path, most: u64) -> std::result::Result<Vec<u8>, String> {
    let unreadable = |error: io::Error| format!("cannot be read ({error})");
    let file = File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err("is no file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most { Err(format!("has more than {} MiB", most >> 20)) } else { Ok(bytes) }
}
