//! The bytes of a page → its rows. A page is a JSON array of flat objects; what is nested in them is kept as text.
//!
//! Bytes may come in any split. Whatever a split cuts, a key or a value, is carried over and read when enough of
//! it has arrived; everything before it is decoded already.

use std::sync::Arc;

use super::chunk::Value;
use super::fault::{self, Fault, Place, What};
use super::layout::{Layout, MAX_COLUMNS, Next};
use super::nested::Walker;
use super::number::{self, Number};
use super::page::Page;
use super::rows::Rows;
use super::token::{self, Word};
use super::{Options, extent, json, text, types};
use crate::error::{Error, Result};
use crate::resources;

/// Where in the page the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the opening bracket.
    Start,
    /// The same, after a byte-order mark.
    Opening,
    /// In a body that is something else.
    Foreign,
    /// After the opening bracket.
    FirstRow,
    /// After a comma between rows.
    NextRow,
    /// After a row.
    AfterRow,
    /// After a row's opening brace.
    FirstKey,
    /// After a comma in a row.
    NextKey,
    /// Before a value.
    Value,
    /// After a value.
    AfterValue,
    /// After the closing bracket.
    End,
}

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
/// A batch of text must stay below 2 GiB. Leniently read, a byte that is not UTF-8 becomes three.
const fn max_value_bytes(lossy: bool) -> usize {
    if lossy { (1 << 30) / 3 } else { 1 << 30 }
}

/// The array and the row.
const OUTER_DEPTH: usize = 2;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl PageDecoder {
    pub fn new(options: Arc<Options>) -> Self {
        Self {
            scanner: Scanner {
                max_value_bytes: options.max_value_bytes.min(max_value_bytes(options.lossy)),
                options,
                state: State::Start,
                rows_before: 0,
                at: 0,
                bytes_before: 0,
                column: 0,
                layout: Layout::default(),
                rows: Rows::default(),
                walker: Walker::default(),
                scratch: Vec::new(),
            },
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
        decoder.scanner.state = State::NextRow;
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
        Ok(self.carry.is_empty() && self.scanner.state == State::NextRow)
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
        match self.scanner.state {
            State::End => Ok(self.into_page()),
            State::Start | State::Opening if rest.is_empty() => Err(Error::decode(
                "the answer is empty, not a JSON array of rows (a list without rows is `[]`)",
            )),
            State::Start | State::Opening | State::Foreign => Err(foreign(rest)),
            _ => Err(Error::connection(format!(
                "the answer was cut: it ends at byte {} before its closing bracket ({})",
                self.offset + rest.len() as u64,
                self.scanner.place(self.offset).describe()
            ))),
        }
    }
}

fn foreign(bytes: &[u8]) -> Error {
    let opening = fault::shortened(&String::from_utf8_lossy(bytes), fault::OPENING);
    Error::decode(format!("the answer is not a JSON array of rows, it begins with {opening:?}"))
}

#[derive(Debug)]
struct Scanner {
    options: Arc<Options>,
    max_value_bytes: usize,
    state: State,
    /// Rows of the page that another decoder reads.
    rows_before: usize,
    /// Everything before it was read.
    at: usize,
    /// Bytes before those at hand, of the ones that are read here.
    bytes_before: u64,
    /// The column that was read last, or whose value is next.
    column: usize,
    layout: Layout,
    rows: Rows,
    walker: Walker,
    scratch: Vec<u8>,
}

impl Scanner {
    /// Reads from `at` on until the bytes end.
    fn run(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        // Where the last value ended, if these bytes have all that followed it, its column, and whether its row
        // ended, too.
        let mut glue = None;
        let mut new_row = false;
        loop {
            match self.state {
                State::Value => {
                    self.at = if self.options.json {
                        self.value_as_json(bytes, self.column, self.at)?
                    } else {
                        self.value_apart(bytes, self.column, self.at)?
                    };
                    self.state = State::AfterValue;
                }
                State::AfterValue => {
                    if self.options.json {
                        self.predicted::<true>(bytes)?;
                    } else {
                        self.predicted::<false>(bytes)?;
                    }
                    glue = Some((self.at, self.column));
                    new_row = false;
                    self.state = match self.token(bytes)? {
                        b',' => State::NextKey,
                        b'}' => self.end_row()?,
                        _ => {
                            return Err(Fault::new(self.at, What::AfterValue));
                        }
                    };
                    self.at += 1;
                }
                State::NextKey | State::FirstKey => match self.token(bytes)? {
                    b'"' => {
                        let (column, value) = self.key(bytes)?;
                        if let Some((start, from)) = glue.take() {
                            self.layout.learn(from, bytes, start, Next::new(column, value, new_row));
                        }
                        self.column = column;
                        self.at = value;
                        self.state = State::Value;
                    }
                    b'}' if self.state == State::FirstKey => {
                        self.state = self.end_row()?;
                        self.at += 1;
                        // A row without a key between the two.
                        glue = None;
                    }
                    _ => return Err(Fault::new(self.at, What::Key)),
                },
                State::FirstRow | State::NextRow => match self.token(bytes)? {
                    b'{' => {
                        if self.options.max_depth < OUTER_DEPTH {
                            return Err(Fault::new(self.at, What::Depth));
                        }
                        self.at += 1;
                        self.state = State::FirstKey;
                    }
                    b']' if self.state == State::FirstRow => {
                        self.at += 1;
                        self.state = State::End;
                    }
                    _ => return Err(Fault::new(self.at, What::Row)),
                },
                State::AfterRow => {
                    new_row = true;
                    self.state = match self.token(bytes)? {
                        b',' => State::NextRow,
                        b']' => State::End,
                        _ => {
                            return Err(Fault::new(self.at, What::AfterRow));
                        }
                    };
                    self.at += 1;
                }
                State::Start => {
                    let rest = bytes.get(self.at..).unwrap_or_default();
                    if rest.starts_with(BYTE_ORDER_MARK) {
                        self.at += BYTE_ORDER_MARK.len();
                        self.state = State::Opening;
                    } else if BYTE_ORDER_MARK.starts_with(rest) {
                        return Err(Fault::MORE);
                    } else {
                        self.state = State::Opening;
                    }
                }
                State::Opening => {
                    self.state = if self.token(bytes)? == b'[' {
                        self.at += 1;
                        State::FirstRow
                    } else {
                        State::Foreign
                    };
                }
                // Enough must arrive for a message that shows what it is.
                State::Foreign if bytes.len() - self.at < 4 * fault::OPENING => return Err(Fault::MORE),
                State::Foreign => return Err(Fault::new(self.at, What::Foreign)),
                State::End => {
                    self.token(bytes)?;
                    return Err(Fault::new(self.at, What::AfterEnd));
                }
            }
        }
    }

    /// Reads members as long as each one is what followed the one before it last time.
    #[inline(never)]
    fn predicted<const JSON: bool>(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        // In registers, not in memory.
        let (mut at, mut column) = (self.at, self.column);
        let fault = loop {
            let Some(next) = self.layout.next(column, bytes, at) else { break None };
            if next.new_row()
                && self.rows.end_row()
                && let Some(what) = self.too_much(at)
            {
                break Some(Fault::new(at, what));
            }
            let value = next.value;
            column = next.column();
            if !self.rows.mark(column) && !self.takes_last(column) {
                break Some(Fault::new(at, What::Repeated));
            }
            let read = if JSON {
                self.value_as_json(bytes, column, value)
            } else {
                self.value(bytes, column, value)
            };
            match read {
                Ok(end) => at = end,
                Err(fault) => {
                    at = value;
                    self.state = State::Value;
                    break Some(fault);
                }
            }
        };
        self.at = at;
        self.column = column;
        fault.map_or(Ok(()), Err)
    }

    /// Whether a value that comes again may take the place of the one before it.
    #[cold]
    fn takes_last(&mut self, column: usize) -> bool {
        if self.options.lossy {
            self.rows.take_back(column);
        }
        self.options.lossy
    }

    fn end_row(&mut self) -> Result<State, Fault> {
        if self.rows.end_row()
            && let Some(what) = self.too_much(self.at)
        {
            return Err(Fault::new(self.at, what));
        }
        Ok(State::AfterRow)
    }

    /// What ends the page with a batch. Few bytes of sparse rows make many batches.
    #[cold]
    fn too_much(&self, at: usize) -> Option<What> {
        if extent::is_too_sparse(self.rows.cells(), self.bytes_before + at as u64) {
            return Some(What::Sparse);
        }
        resources::check().is_err().then_some(What::Memory)
    }

    /// Moves over white space; gives the byte after it.
    fn token(&mut self, bytes: &[u8]) -> Result<u8, Fault> {
        self.at = token::blanks(bytes, self.at);
        bytes.get(self.at).copied().ok_or(Fault::MORE)
    }

    /// The column of the key whose quote is next, and where its value begins.
    fn key(&mut self, bytes: &[u8]) -> Result<(usize, usize), Fault> {
        self.key_at(bytes).map_err(|fault| self.cut(fault, bytes, self.at))
    }

    fn key_at(&mut self, bytes: &[u8]) -> Result<(usize, usize), Fault> {
        let start = self.at + 1;
        let run = text::run(bytes, start);
        let end = if bytes.get(run.end) == Some(&b'"') && run.ascii {
            self.scratch.clear();
            self.scratch.extend_from_slice(&bytes[start..run.end]);
            run.end
        } else {
            self.scratch.clear();
            let end = text::unescape(bytes, start, self.options.lossy, &mut self.scratch)?;
            self.without_nul(start)?;
            end
        };
        text::within(self.max_value_bytes, start, end)?;
        let colon = token::blanks(bytes, end + 1);
        if *bytes.get(colon).ok_or(Fault::MORE)? != b':' {
            return Err(Fault::new(colon, What::Colon));
        }
        let value = token::blanks(bytes, colon + 1);
        if value == bytes.len() {
            return Err(Fault::MORE);
        }
        let key = str::from_utf8(&self.scratch).map_err(|_| Fault::new(start, What::Utf8))?;
        let column = self.layout.find(key, start)?;
        if column == self.rows.num_columns() {
            self.rows.add_column(self.options.selects(key), types::tries_dates(key, &self.options));
        }
        if !self.rows.mark(column) && !self.takes_last(column) {
            self.column = column;
            return Err(Fault::new(self.at, What::Repeated));
        }
        Ok((column, value))
    }

    /// Names go through interfaces in which a NUL ends them.
    #[cold]
    fn without_nul(&mut self, start: usize) -> Result<(), Fault> {
        if !self.scratch.contains(&0) {
            return Ok(());
        }
        if !self.options.lossy {
            return Err(Fault::new(start, What::Nul));
        }
        let name = String::from_utf8_lossy(&self.scratch).replace('\0', "\u{fffd}");
        self.scratch = name.into_bytes();
        Ok(())
    }

    /// The same as `value`, where it is not worth being part of its caller.
    #[inline(never)]
    fn value_apart(&mut self, bytes: &[u8], column: usize, at: usize) -> Result<usize, Fault> {
        self.value(bytes, column, at)
    }

    /// The same where JSON is kept: numbers that are no integers keep their text.
    #[inline(never)]
    fn value_as_json(&mut self, bytes: &[u8], column: usize, at: usize) -> Result<usize, Fault> {
        let at = token::blanks(bytes, at);
        let Some(b'-' | b'0'..=b'9') = bytes.get(at) else { return self.value_apart(bytes, column, at) };
        let end = match number::parse(bytes, at) {
            Ok((Number::Float(_), end)) => end,
            // Its text loses nothing.
            Err(fault) if fault.what() == What::TooSmall => number::skip(bytes, at)?,
            Ok(_) => return self.value_apart(bytes, column, at),
            Err(fault) => return Err(self.cut(fault, bytes, at)),
        };
        if !self.layout.names().get(column).is_some_and(|name| json::keeps_json(name, &self.options)) {
            return self.value_apart(bytes, column, at);
        }
        text::within(self.max_value_bytes, at, end)?;
        self.rows.any(column, Value::Big(&bytes[at..end]));
        Ok(end)
    }

    /// Reads the value at `at` into the column; gives where it ends.
    #[expect(
        clippy::inline_always,
        reason = "part of the loop over a row; a call apart costs a tenth of the speed"
    )]
    #[inline(always)]
    fn value(&mut self, bytes: &[u8], column: usize, at: usize) -> Result<usize, Fault> {
        let result = match bytes.get(at) {
            Some(b'"') => self.string(bytes, column, at + 1),
            Some(b'-' | b'0'..=b'9') => self.number(bytes, column, at),
            Some(b'n' | b't' | b'f') => self.word(bytes, column, at),
            Some(b'{' | b'[') => self.nested(bytes, column, at),
            // More white space than the last time.
            Some(b' ' | b'\n' | b'\r' | b'\t') => {
                return self.value_apart(bytes, column, token::blanks(bytes, at));
            }
            Some(_) => Err(token::no_value(bytes, at, What::Value)),
            None => Err(Fault::MORE),
        };
        match result {
            Ok(end) => {
                text::within(self.max_value_bytes, at, end)?;
                Ok(end)
            }
            Err(fault) => Err(self.cut(fault, bytes, at)),
        }
    }

    /// What a fault in the token that begins at `start` really is: one that is cut may be too long already.
    #[cold]
    fn cut(&self, fault: Fault, bytes: &[u8], start: usize) -> Fault {
        if fault.what() == What::More && bytes.len() - start > self.max_value_bytes {
            return Fault::new(start, What::ValueBytes);
        }
        fault
    }

    #[expect(
        clippy::inline_always,
        reason = "part of the loop over a row; a call apart costs a tenth of the speed"
    )]
    #[inline(always)]
    fn string(&mut self, bytes: &[u8], column: usize, start: usize) -> Result<usize, Fault> {
        if let Some(end) = self.rows.date(column, bytes, start) {
            return Ok(end + 1);
        }
        let run = text::run(bytes, start);
        if bytes.get(run.end) == Some(&b'"')
            && (run.ascii || text::check_utf8(&bytes[start..run.end], start).is_ok())
        {
            self.rows.text(column, bytes, start, run.end);
            return Ok(run.end + 1);
        }
        self.escaped(bytes, column, start)
    }

    #[inline(never)]
    fn escaped(&mut self, bytes: &[u8], column: usize, start: usize) -> Result<usize, Fault> {
        self.scratch.clear();
        let end = text::unescape(bytes, start, self.options.lossy, &mut self.scratch)?;
        self.rows.text(column, &self.scratch, 0, self.scratch.len());
        Ok(end + 1)
    }

    #[expect(
        clippy::inline_always,
        reason = "part of the loop over a row; a call apart costs a tenth of the speed"
    )]
    #[inline(always)]
    fn number(&mut self, bytes: &[u8], column: usize, start: usize) -> Result<usize, Fault> {
        let (number, end) = match number::parse_short(bytes, start) {
            Some(short) => short,
            None => number::parse(bytes, start)?,
        };
        match number {
            Number::Int(value) => self.rows.int(column, value),
            Number::Float(value) => self.rows.float(column, value),
            Number::UInt(value) => self.rows.any(column, Value::UInt(value)),
            Number::Big => self.rows.any(column, Value::Big(&bytes[start..end])),
        }
        Ok(end)
    }

    #[inline]
    fn word(&mut self, bytes: &[u8], column: usize, start: usize) -> Result<usize, Fault> {
        let (word, end) = token::word(bytes, start)?;
        match word {
            // Rows that a column does not have are null.
            Word::Null => {}
            Word::True => self.rows.bool(column, true),
            Word::False => self.rows.bool(column, false),
        }
        Ok(end)
    }

    #[inline(never)]
    fn nested(&mut self, bytes: &[u8], column: usize, start: usize) -> Result<usize, Fault> {
        let depth = self.options.max_depth.saturating_sub(OUTER_DEPTH);
        let end = self.walker.skip(bytes, start, depth, self.options.lossy)?;
        let text = &bytes[start..end];
        if self.options.lossy {
            let text = text::without_lone_surrogates(String::from_utf8_lossy(text).into_owned().into_bytes());
            self.rows.any(column, Value::Json(&text));
        } else {
            self.rows.any(column, Value::Json(text));
        }
        Ok(end)
    }

    /// Where byte `at` of the body is.
    fn place(&self, byte: u64) -> Place<'_> {
        let in_value = matches!(self.state, State::Value);
        let in_row = in_value || matches!(self.state, State::AfterValue | State::FirstKey | State::NextKey);
        let column = self.layout.names().get(self.column).filter(|_| in_value);
        let row = self.rows_before + self.rows.current() - usize::from(!in_row);
        Place { byte, row, column: column.map(|name| &**name) }
    }

    /// The error that a fault is, unless it is the want of more bytes.
    fn error(&self, fault: Fault, bytes: &[u8], offset: u64) -> Option<Error> {
        let mut place = self.place(offset + fault.at() as u64);
        let limit = match fault.what() {
            What::More => return None,
            What::Memory => return Some(resources::none_left()),
            What::Foreign => return Some(foreign(bytes.get(self.at..).unwrap_or_default())),
            What::Depth => format!("values nested deeper than max_depth={}", self.options.max_depth),
            What::ValueBytes => format!("a value longer than max_value_bytes={}", self.max_value_bytes),
            What::Columns => format!("more than {MAX_COLUMNS} columns"),
            What::Sparse => extent::describe(
                self.rows.current() as u64 - 1,
                self.rows.num_columns() as u64,
                self.bytes_before + fault.at() as u64,
            ),
            What::Nul => {
                let name = String::from_utf8_lossy(&self.scratch);
                place.column = Some(&name);
                return Some(fault::decode_error(&place, What::Nul, bytes, fault.at()));
            }
            what => {
                if what == What::Repeated {
                    place.column = self.layout.names().get(self.column).map(|name| &**name);
                }
                return Some(fault::decode_error(&place, what, bytes, fault.at()));
            }
        };
        Some(Error::limit_exceeded(format!("the answer has {limit} ({})", place.describe())))
    }
}
