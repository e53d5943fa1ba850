//! Objects and lists within a row: checked, but kept as their text.

use super::parse_error::{ParseError, Reason};
use super::token::{no_value, token, word};
use super::{number, text};

/// What is needed to walk a value without recursion, reused from value to value.
#[derive(Debug, Default)]
pub(super) struct Walker {
    /// The closing bracket of every level that is open.
    open: Vec<u8>,
    /// Whether all strings so far were ASCII.
    ascii: bool,
}

impl Walker {
    /// Where the object or list that begins at `start` ends. `depth` levels may be open in it at once.
    pub(super) fn skip(
        &mut self,
        bytes: &[u8],
        start: usize,
        depth: usize,
        lossy: bool,
    ) -> Result<usize, ParseError> {
        self.open.clear();
        self.ascii = true;
        let end = self.walk(bytes, start, depth, lossy)?;
        // At once, which is faster than string by string: all between them is ASCII.
        if !self.ascii && !lossy {
            text::check_utf8(&bytes[start..end], start)?;
        }
        Ok(end)
    }

    fn walk(&mut self, bytes: &[u8], start: usize, depth: usize, lossy: bool) -> Result<usize, ParseError> {
        let mut at = start;
        loop {
            // A value begins here.
            let byte = token(bytes, &mut at)?;
            at = match byte {
                b'"' => self.string(bytes, at + 1, lossy)?,
                b'-' | b'0'..=b'9' => self.numbers(bytes, at)?,
                b't' | b'f' | b'n' => word(bytes, at)?.1,
                b'{' | b'[' => {
                    if self.open.len() == depth {
                        return Err(ParseError::new(at, Reason::Depth));
                    }
                    let close = if byte == b'{' { b'}' } else { b']' };
                    self.open.push(close);
                    at += 1;
                    if token(bytes, &mut at)? != close {
                        if byte == b'{' {
                            at = self.key(bytes, at, lossy)?;
                        }
                        continue;
                    }
                    self.open.pop();
                    at + 1
                }
                _ => return Err(no_value(bytes, at, Reason::Value)),
            };
            // A value ended here, and perhaps what it is in.
            loop {
                let Some(close) = self.open.last() else { return Ok(at) };
                let byte = token(bytes, &mut at)?;
                if byte == b',' {
                    at += 1;
                    if *close == b'}' {
                        token(bytes, &mut at)?;
                        at = self.key(bytes, at, lossy)?;
                    }
                    break;
                }
                if byte != *close {
                    return Err(ParseError::new(at, Reason::InNested));
                }
                at += 1;
                self.open.pop();
            }
        }
    }

    /// The position after the number at `at`, and after those that follow it in a list.
    #[inline]
    fn numbers(&self, bytes: &[u8], at: usize) -> Result<usize, ParseError> {
        let mut at = number::skip(bytes, at)?;
        if self.open.last() == Some(&b']') {
            while bytes.get(at) == Some(&b',')
                && let Some(end) = number::skip_short(bytes, at + 1)
            {
                at = end;
            }
        }
        Ok(at)
    }

    /// The position after the colon that follows the key at `at`.
    fn key(&mut self, bytes: &[u8], at: usize, lossy: bool) -> Result<usize, ParseError> {
        if bytes.get(at) != Some(&b'"') {
            return Err(ParseError::new(at, Reason::Key));
        }
        let mut at = self.string(bytes, at + 1, lossy)?;
        if token(bytes, &mut at)? != b':' {
            return Err(ParseError::new(at, Reason::Colon));
        }
        Ok(at + 1)
    }

    /// The position after the closing quote of the string whose first character is at `start`.
    #[inline]
    fn string(&mut self, bytes: &[u8], start: usize, lossy: bool) -> Result<usize, ParseError> {
        let run = text::run(bytes, start);
        self.ascii &= run.ascii;
        if bytes.get(run.end) == Some(&b'"') {
            return Ok(run.end + 1);
        }
        let (end, ascii) = text::skip_escapes(bytes, run.end, lossy)?;
        self.ascii &= ascii;
        Ok(end + 1)
    }
}
