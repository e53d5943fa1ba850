//! The state machine that reads a page: a JSON array of flat objects, whose values go to the chunks of `rows`; what is
//! nested in them is kept as text. It stops where the bytes at hand end within a key or a value.

use std::sync::Arc;

use super::data::Value;
use super::layout::{Layout, MAX_COLUMNS, Next};
use super::nested::Walker;
use super::number::{self, Number};
use super::parse_error::{self, Location, ParseError, Reason};
use super::rows::Rows;
use super::token::{self, Word};
use super::{Options, extent, infer_type, kept_json, text};
use crate::error::{Error, Result};
use crate::resources;
use crate::text::shortened;

/// Where in the page the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
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

/// The array and the row.
const OUTER_DEPTH: usize = 2;
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A batch of text must stay below 2 GiB. Leniently read, a byte that is not UTF-8 becomes three.
const fn max_value_bytes(lossy: bool) -> usize {
    if lossy { (1 << 30) / 3 } else { 1 << 30 }
}

/// Reads the bytes at hand as far as they go.
#[derive(Debug)]
pub(super) struct Scanner {
    options: Arc<Options>,
    max_value_bytes: usize,
    pub position: Position,
    /// Rows of the page that another decoder reads.
    pub rows_before: usize,
    /// Everything before it was read.
    pub at: usize,
    /// Bytes before those at hand, of the ones that are read here.
    pub bytes_before: u64,
    /// The column that was read last, or whose value is next.
    column: usize,
    pub layout: Layout,
    pub rows: Rows,
    walker: Walker,
    scratch: Vec<u8>,
}

impl Scanner {
    pub(super) fn new(options: Arc<Options>) -> Self {
        Self {
            max_value_bytes: options.max_value_bytes.min(max_value_bytes(options.lossy)),
            options,
            position: Position::Start,
            rows_before: 0,
            at: 0,
            bytes_before: 0,
            column: 0,
            layout: Layout::default(),
            rows: Rows::default(),
            walker: Walker::default(),
            scratch: Vec::new(),
        }
    }

    /// Reads from `at` on until the bytes end.
    pub(super) fn run(&mut self, bytes: &[u8]) -> Result<(), ParseError> {
        // Where the last value ended, if these bytes have all that followed it, its column, and whether its row
        // ended, too.
        let mut glue = None;
        let mut new_row = false;
        loop {
            match self.position {
                Position::Value => {
                    self.at = if self.options.json {
                        self.value_as_json(bytes, self.column, self.at)?
                    } else {
                        self.value_apart(bytes, self.column, self.at)?
                    };
                    self.position = Position::AfterValue;
                }
                Position::AfterValue => {
                    if self.options.json {
                        self.predicted::<true>(bytes)?;
                    } else {
                        self.predicted::<false>(bytes)?;
                    }
                    glue = Some((self.at, self.column));
                    new_row = false;
                    self.position = match self.token(bytes)? {
                        b',' => Position::NextKey,
                        b'}' => self.end_row()?,
                        _ => {
                            return Err(ParseError::new(self.at, Reason::AfterValue));
                        }
                    };
                    self.at += 1;
                }
                Position::NextKey | Position::FirstKey => match self.token(bytes)? {
                    b'"' => {
                        let (column, value) = self.key(bytes)?;
                        if let Some((start, from)) = glue.take() {
                            self.layout.learn(from, bytes, start, Next::new(column, value, new_row));
                        }
                        self.column = column;
                        self.at = value;
                        self.position = Position::Value;
                    }
                    b'}' if self.position == Position::FirstKey => {
                        self.position = self.end_row()?;
                        self.at += 1;
                        // A row without a key between the two.
                        glue = None;
                    }
                    _ => return Err(ParseError::new(self.at, Reason::Key)),
                },
                Position::FirstRow | Position::NextRow => match self.token(bytes)? {
                    b'{' => {
                        if self.options.max_depth < OUTER_DEPTH {
                            return Err(ParseError::new(self.at, Reason::Depth));
                        }
                        self.at += 1;
                        self.position = Position::FirstKey;
                    }
                    b']' if self.position == Position::FirstRow => {
                        self.at += 1;
                        self.position = Position::End;
                    }
                    _ => return Err(ParseError::new(self.at, Reason::Row)),
                },
                Position::AfterRow => {
                    new_row = true;
                    self.position = match self.token(bytes)? {
                        b',' => Position::NextRow,
                        b']' => Position::End,
                        _ => {
                            return Err(ParseError::new(self.at, Reason::AfterRow));
                        }
                    };
                    self.at += 1;
                }
                Position::Start => {
                    let rest = bytes.get(self.at..).unwrap_or_default();
                    if rest.starts_with(BYTE_ORDER_MARK) {
                        self.at += BYTE_ORDER_MARK.len();
                        self.position = Position::Opening;
                    } else if BYTE_ORDER_MARK.starts_with(rest) {
                        return Err(ParseError::MORE);
                    } else {
                        self.position = Position::Opening;
                    }
                }
                Position::Opening => {
                    self.position = if self.token(bytes)? == b'[' {
                        self.at += 1;
                        Position::FirstRow
                    } else {
                        Position::Foreign
                    };
                }
                // Enough must arrive for a message that shows what it is.
                Position::Foreign if bytes.len() - self.at < 4 * parse_error::OPENING => {
                    return Err(ParseError::MORE);
                }
                Position::Foreign => return Err(ParseError::new(self.at, Reason::Foreign)),
                Position::End => {
                    self.token(bytes)?;
                    return Err(ParseError::new(self.at, Reason::AfterEnd));
                }
            }
        }
    }

    /// Reads members as long as each one is what followed the one before it last time.
    #[inline(never)]
    fn predicted<const JSON: bool>(&mut self, bytes: &[u8]) -> Result<(), ParseError> {
        // In registers, not in memory.
        let (mut at, mut column) = (self.at, self.column);
        let fault = loop {
            let Some(next) = self.layout.next(column, bytes, at) else { break None };
            if next.new_row()
                && self.rows.end_row()
                && let Some(reason) = self.too_much(at)
            {
                break Some(ParseError::new(at, reason));
            }
            let value = next.value;
            column = next.column();
            if !self.rows.mark(column) && !self.takes_last(column) {
                break Some(ParseError::new(at, Reason::Repeated));
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
                    self.position = Position::Value;
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

    fn end_row(&mut self) -> Result<Position, ParseError> {
        if self.rows.end_row()
            && let Some(reason) = self.too_much(self.at)
        {
            return Err(ParseError::new(self.at, reason));
        }
        Ok(Position::AfterRow)
    }

    /// What ends the page with a batch. Few bytes of sparse rows make many batches.
    #[cold]
    fn too_much(&self, at: usize) -> Option<Reason> {
        if extent::is_too_sparse(self.rows.cells(), self.bytes_before + at as u64) {
            return Some(Reason::Sparse);
        }
        resources::check().is_err().then_some(Reason::Memory)
    }

    /// Moves over white space; gives the byte after it.
    fn token(&mut self, bytes: &[u8]) -> Result<u8, ParseError> {
        token::token(bytes, &mut self.at)
    }

    /// The column of the key whose quote is next, and where its value begins.
    fn key(&mut self, bytes: &[u8]) -> Result<(usize, usize), ParseError> {
        self.key_at(bytes).map_err(|fault| self.cut(fault, bytes, self.at))
    }

    fn key_at(&mut self, bytes: &[u8]) -> Result<(usize, usize), ParseError> {
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
        if *bytes.get(colon).ok_or(ParseError::MORE)? != b':' {
            return Err(ParseError::new(colon, Reason::Colon));
        }
        let value = token::blanks(bytes, colon + 1);
        if value == bytes.len() {
            return Err(ParseError::MORE);
        }
        let key = str::from_utf8(&self.scratch).map_err(|_| ParseError::new(start, Reason::Utf8))?;
        let column = self.layout.find(key, start)?;
        if column == self.rows.num_columns() {
            self.rows.add_column(self.options.selects(key), infer_type::tries_dates(key, &self.options));
        }
        if !self.rows.mark(column) && !self.takes_last(column) {
            self.column = column;
            return Err(ParseError::new(self.at, Reason::Repeated));
        }
        Ok((column, value))
    }

    /// Names go through interfaces in which a NUL ends them.
    #[cold]
    fn without_nul(&mut self, start: usize) -> Result<(), ParseError> {
        if !self.scratch.contains(&0) {
            return Ok(());
        }
        if !self.options.lossy {
            return Err(ParseError::new(start, Reason::Nul));
        }
        let name = String::from_utf8_lossy(&self.scratch).replace('\0', "\u{fffd}");
        self.scratch = name.into_bytes();
        Ok(())
    }

    /// The same as `value`, where it is not worth being part of its caller.
    #[inline(never)]
    fn value_apart(&mut self, bytes: &[u8], column: usize, at: usize) -> Result<usize, ParseError> {
        self.value(bytes, column, at)
    }

    /// The same where JSON is kept: numbers that are no integers keep their text.
    #[inline(never)]
    fn value_as_json(&mut self, bytes: &[u8], column: usize, at: usize) -> Result<usize, ParseError> {
        let at = token::blanks(bytes, at);
        let Some(b'-' | b'0'..=b'9') = bytes.get(at) else { return self.value_apart(bytes, column, at) };
        let end = match number::parse(bytes, at) {
            Ok((Number::Float(_), end)) => end,
            // Its text loses nothing.
            Err(fault) if fault.what() == Reason::TooSmall => number::skip(bytes, at)?,
            Ok(_) => return self.value_apart(bytes, column, at),
            Err(fault) => return Err(self.cut(fault, bytes, at)),
        };
        if !self.layout.names().get(column).is_some_and(|name| kept_json::keeps_json(name, &self.options)) {
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
    fn value(&mut self, bytes: &[u8], column: usize, at: usize) -> Result<usize, ParseError> {
        let result = match bytes.get(at) {
            Some(b'"') => self.string(bytes, column, at + 1),
            Some(b'-' | b'0'..=b'9') => self.number(bytes, column, at),
            Some(b'n' | b't' | b'f') => self.word(bytes, column, at),
            Some(b'{' | b'[') => self.nested(bytes, column, at),
            // More white space than the last time.
            Some(b' ' | b'\n' | b'\r' | b'\t') => {
                return self.value_apart(bytes, column, token::blanks(bytes, at));
            }
            Some(_) => Err(token::no_value(bytes, at, Reason::Value)),
            None => Err(ParseError::MORE),
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
    fn cut(&self, fault: ParseError, bytes: &[u8], start: usize) -> ParseError {
        if fault.what() == Reason::More && bytes.len() - start > self.max_value_bytes {
            return ParseError::new(start, Reason::ValueBytes);
        }
        fault
    }

    #[expect(
        clippy::inline_always,
        reason = "part of the loop over a row; a call apart costs a tenth of the speed"
    )]
    #[inline(always)]
    fn string(&mut self, bytes: &[u8], column: usize, start: usize) -> Result<usize, ParseError> {
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
    fn escaped(&mut self, bytes: &[u8], column: usize, start: usize) -> Result<usize, ParseError> {
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
    fn number(&mut self, bytes: &[u8], column: usize, start: usize) -> Result<usize, ParseError> {
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
    fn word(&mut self, bytes: &[u8], column: usize, start: usize) -> Result<usize, ParseError> {
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
    fn nested(&mut self, bytes: &[u8], column: usize, start: usize) -> Result<usize, ParseError> {
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
    pub(super) fn location(&self, byte: u64) -> Location<'_> {
        let in_value = matches!(self.position, Position::Value);
        let in_row = in_value
            || matches!(self.position, Position::AfterValue | Position::FirstKey | Position::NextKey);
        let column = self.layout.names().get(self.column).filter(|_| in_value);
        let row = self.rows_before + self.rows.current() - usize::from(!in_row);
        Location { byte, row, column: column.map(|name| &**name) }
    }

    /// The error that a fault is, unless it is the want of more bytes.
    pub(super) fn error(&self, fault: ParseError, bytes: &[u8], offset: u64) -> Option<Error> {
        let mut location = self.location(offset + fault.at() as u64);
        let limit = match fault.what() {
            Reason::More => return None,
            Reason::Memory => return Some(resources::none_left()),
            Reason::Foreign => return Some(foreign(bytes.get(self.at..).unwrap_or_default())),
            Reason::Depth => format!("values nested deeper than max_depth={}", self.options.max_depth),
            Reason::ValueBytes => format!("a value longer than max_value_bytes={}", self.max_value_bytes),
            Reason::Columns => format!("more than {MAX_COLUMNS} columns"),
            Reason::Sparse => extent::describe(
                self.rows.current() as u64 - 1,
                self.rows.num_columns() as u64,
                self.bytes_before + fault.at() as u64,
            ),
            Reason::Nul => {
                let name = String::from_utf8_lossy(&self.scratch);
                location.column = Some(&name);
                return Some(parse_error::decode_error(&location, Reason::Nul, bytes, fault.at()));
            }
            what => {
                if what == Reason::Repeated {
                    location.column = self.layout.names().get(self.column).map(|name| &**name);
                }
                return Some(parse_error::decode_error(&location, what, bytes, fault.at()));
            }
        };
        Some(Error::limit_exceeded(format!("the answer has {limit} ({})", location.describe())))
    }
}

/// The error of a body that is not an array of rows.
pub(super) fn foreign(bytes: &[u8]) -> Error {
    let opening = shortened(&String::from_utf8_lossy(bytes), parse_error::OPENING);
    Error::decode(format!("the answer is not a JSON array of rows, it begins with {opening:?}"))
}
