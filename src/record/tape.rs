//! What was asked and answered, in the order in which it was asked.

use std::collections::HashMap;
use std::io::{Read, Write};

use bytes::Bytes;
use ring::digest::{Context, SHA256};

use serde::{Deserialize, Serialize};

use super::rules::Rules;
use crate::error::{Error, ErrorKind, Result};

/// Bytes of all bodies together, compressed.
pub const MOST_BYTES: u64 = 256 << 20;
/// Bytes of one body.
pub const LARGEST_BODY: u64 = 1 << 30;
pub const MOST_EXCHANGES: usize = 100_000;
const LEVEL: i32 = 9;
/// Memory that a file from elsewhere may ask for, as a power of two.
const LARGEST_WINDOW: u32 = 27;

/// A body, compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    pub compressed: Bytes,
    /// Bytes of it before.
    pub size: u64,
    /// SHA-256 of these.
    pub digest: String,
}

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Method, path and query, such as `GET /calls?page=1`.
    pub request: String,
    /// What was sent with it.
    pub sent: Option<Body>,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub received: Body,
    /// Whether the answer was cut there.
    pub cut: bool,
}

/// The settings of a client that decide what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asking {
    pub page_size: u32,
    pub last_page: String,
    pub max_update_bytes: usize,
}

impl Default for Asking {
    fn default() -> Self {
        Self { page_size: 100_000, last_page: "empty".to_owned(), max_update_bytes: 16 << 20 }
    }
}

/// All of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tape {
    pub rules: Rules,
    pub asking: Asking,
    /// What tells its secret from others, if it has one.
    pub check: Option<String>,
    pub exchanges: Vec<Exchange>,
}

/// What one exchange is found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    pub request: String,
    /// The digest of what was sent.
    pub sent: Option<String>,
}

impl Exchange {
    pub fn asked(&self) -> Asked {
        Asked { request: self.request.clone(), sent: self.sent.as_ref().map(|body| body.digest.clone()) }
    }
}

impl Tape {
    /// The exchanges that each request had.
    pub fn by_request(&self) -> HashMap<Asked, Vec<usize>> {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for (index, exchange) in self.exchanges.iter().enumerate() {
            found.entry(exchange.asked()).or_default().push(index);
        }
        found
    }
}

/// Compresses a body as it comes.
pub struct Packer {
    encoder: zstd::Encoder<'static, Vec<u8>>,
    digest: Context,
    size: u64,
}

impl Packer {
    /// # Errors
    /// No memory.
    pub fn new() -> Result<Self> {
        let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL).map_err(|error| failed(&error))?;
        encoder.include_checksum(true).map_err(|error| failed(&error))?;
        Ok(Self { encoder, digest: Context::new(&SHA256), size: 0 })
    }

    /// # Errors
    /// More than a recording may have.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.size += bytes.len() as u64;
        if self.size > LARGEST_BODY || self.encoder.get_ref().len() as u64 > MOST_BYTES {
            return Err(too_large());
        }
        self.digest.update(bytes);
        self.encoder.write_all(bytes).map_err(|error| failed(&error))
    }

    /// # Errors
    /// As [`Self::push`].
    pub fn finish(self) -> Result<Body> {
        let compressed = self.encoder.finish().map_err(|error| failed(&error))?;
        Ok(Body {
            compressed: compressed.into(),
            size: self.size,
            digest: hex(self.digest.finish().as_ref()),
        })
    }
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packer").field("size", &self.size).finish_non_exhaustive()
    }
}

/// What a recording cannot hold.
pub fn too_large() -> Error {
    Error::new(
        ErrorKind::Recording,
        format!(
            "the answers are more than a recording holds ({} MiB compressed, {} MiB one of them): ask for less, such as fewer \
             days, or with limit=",
            MOST_BYTES >> 20,
            LARGEST_BODY >> 20
        ),
    )
}

fn failed(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Recording, format!("the answer cannot be compressed ({error})"))
}

impl Body {
    /// # Errors
    /// More than a recording may have.
    pub fn of(bytes: &[u8]) -> Result<Self> {
        let mut packer = Packer::new()?;
        packer.push(bytes)?;
        packer.finish()
    }

    /// Reads it, and no more than one byte beyond what it says that there is.
    ///
    /// # Errors
    /// Damaged data.
    pub fn open(&self) -> std::io::Result<impl Read + use<>> {
        let mut decoder = zstd::Decoder::with_buffer(std::io::Cursor::new(self.compressed.clone()))?;
        decoder.window_log_max(LARGEST_WINDOW)?;
        Ok(decoder.take(self.size + 1))
    }

    /// All of it, unless it is damaged.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open().ok()?.read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 == self.size).then_some(bytes)
    }

    /// Whether it is what it says.
    pub fn is_sound(&self) -> bool {
        let Ok(mut reader) = self.open() else { return false };
        let mut digest = Context::new(&SHA256);
        let mut window = vec![0; 64 << 10];
        let mut size = 0;
        loop {
            match reader.read(&mut window) {
                Ok(0) => break,
                Ok(count) => {
                    size += count as u64;
                    digest.update(&window[..count]);
                }
                Err(_) => return false,
            }
        }
        size == self.size && hex(digest.finish().as_ref()) == self.digest
    }
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
