//! Decodes a page. Its bytes may come in any split: whatever a split cuts, a key or a value, is carried over and read
//! when enough of it has arrived; everything before it is decoded already.

use std::sync::Arc;

use super::Options;
use super::page::Page;
use super::scanner::{Position, Scanner, foreign};
use crate::error::{Error, Result};
use crate::resources;

/// Decodes one page.
#[derive(Debug)]
pub struct PageDecoder {
    scanner: Scanner,
    /// Bytes that arrived and could not be read without those that follow.
    carry: Vec<u8>,
    /// Bytes that must be carried before reading them is tried again. It doubles, so that a long value that
    /// arrives in small pieces is not read once a piece.
    retry_at: usize,
    /// Where the first byte not read yet is in the body.
    offset: u64,
    /// Where the first byte that is decoded here is in it.
    begin: u64,
    failed: Option<Error>,
}

const RETRY_BYTES: usize = 64;
/// Of a slice, what is at first added to the bytes carried over.
const BRIDGE_BYTES: usize = 1024;
/// What is left of a row that is longer takes memory in large pieces.
const LARGE_ROW: usize = 4 << 20;

impl PageDecoder {
    pub fn new(options: Arc<Options>) -> Self {
        Self {
            scanner: Scanner::new(options),
            carry: Vec::new(),
            retry_at: 0,
            offset: 0,
            begin: 0,
            failed: None,
        }
    }

    /// A decoder of what comes after the comma that follows a row, `offset` bytes into the body.
    pub(super) fn before_row(options: Arc<Options>, offset: u64) -> Self {
        let mut decoder = Self::new(options);
        decoder.scanner.position = Position::NextRow;
        decoder.offset = offset;
        decoder.begin = offset;
        decoder
    }

    /// Says how many rows the page has before the first one that is decoded here, for errors to count with.
    pub(super) fn set_rows_before(&mut self, rows: usize) {
        self.scanner.rows_before = rows;
    }

    /// Whether another decoder, made by [`Self::before_row`], would read all that follows as this one would.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub(super) fn is_before_row(&mut self) -> Result<bool> {
        self.read_carry()?;
        Ok(self.carry.is_empty() && self.scanner.position == Position::NextRow)
    }

    /// Reads what was carried over, though more may come.
    fn read_carry(&mut self) -> Result<()> {
        let mut carry = std::mem::take(&mut self.carry);
        let read = self.read(&carry)?;
        carry.drain(..read);
        self.carry = carry;
        Ok(())
    }

    /// The bytes that stood between the last value of a row and the first one of the next, and where in them that row
    /// begins.
    pub(super) fn between_rows(&self) -> Option<(&[u8], usize)> {
        let bytes = self.scanner.layout.between_rows()?;
        Some((bytes, memchr::memchr(b'{', bytes)?))
    }

    pub(super) fn failure(&self) -> Option<&Error> {
        self.failed.as_ref()
    }

    /// Rows that are complete.
    pub(super) fn num_rows(&self) -> usize {
        self.scanner.rows.current() - 1
    }

    /// The complete rows, where others follow.
    pub(super) fn into_page(self) -> Page {
        Page {
            names: self.scanner.layout.names().to_vec(),
            bytes: self.offset - self.begin,
            batches: self.scanner.rows.finish(),
        }
    }

    /// Decodes what arrived.
    ///
    /// # Errors
    /// Bytes that are not a page (`Decode`) or exceed a limit (`LimitExceeded`), with offset, row and column.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.push_unfailed(bytes);
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    fn push_unfailed(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !self.carry.is_empty() && !bytes.is_empty() {
            let carried = self.carry.len();
            if carried >= LARGE_ROW {
                // It moves to where it can grow; its values are copied, and the longest perhaps once more.
                resources::room_for(carried.saturating_mul(4))?;
            }
            let bridge = carried.max(BRIDGE_BYTES).min(bytes.len());
            self.carry.extend_from_slice(&bytes[..bridge]);
            if self.carry.len() < self.retry_at {
                bytes = &bytes[bridge..];
                continue;
            }
            let carry = std::mem::take(&mut self.carry);
            let read = self.read(&carry)?;
            self.carry = carry;
            if read < carried {
                bytes = &bytes[bridge..];
                self.carry.drain(..read);
                self.retry_at = RETRY_BYTES.max(2 * self.carry.len());
            } else {
                bytes = &bytes[read - carried..];
                self.carry.clear();
            }
        }
        if self.carry.is_empty() {
            let read = self.read(bytes)?;
            self.carry.extend_from_slice(&bytes[read..]);
            self.retry_at = RETRY_BYTES.min(2 * self.carry.len());
        }
        Ok(())
    }

    /// Reads as much as can be read; gives how much that is.
    fn read(&mut self, bytes: &[u8]) -> Result<usize> {
        self.scanner.at = 0;
        self.scanner.bytes_before = self.offset - self.begin;
        if let Err(fault) = self.scanner.run(bytes)
            && let Some(error) = self.scanner.error(fault, bytes, self.offset)
        {
            return Err(error);
        }
        self.offset += self.scanner.at as u64;
        Ok(self.scanner.at)
    }

    /// Ends the page.
    ///
    /// # Errors
    /// `Connection` if the body was cut before its closing bracket, `Decode` if it was empty or something else.
    pub fn finish(mut self) -> Result<Page> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.read_carry()?;
        let rest = &self.carry;
        match self.scanner.position {
            Position::End => Ok(self.into_page()),
            Position::Start | Position::Opening if rest.is_empty() => Err(Error::decode(
                "the answer is empty, not a JSON array of rows (a list without rows is `[]`)",
            )),
            Position::Start | Position::Opening | Position::Foreign => Err(foreign(rest)),
            _ => Err(Error::connection(format!(
                "the answer was cut: it ends at byte {} before its closing bracket ({})",
                self.offset + rest.len() as u64,
                self.scanner.location(self.offset).describe()
            ))),
        }
    }
}
