//! Objects and lists within a row: checked, but kept as their text.

use super::parse_error::{ParseError, Reason};
use super::token::{blanks, no_value, word};
use super::{number, text};

/// What is needed to walk a value without recursion, reused from value to value.
#[derive(Debug, Default)]
pub(super) struct Walker {
    /// The closing bracket of every level that is open.
    open: Vec<u8>,
    scratch: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    CommaOrEnd,
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
        let mut at = start;
        let mut expect = Expect::Value;
        loop {
            at = blanks(bytes, at);
            let byte = *bytes.get(at).ok_or(ParseError::MORE)?;
            expect = match (expect, byte) {
                (Expect::Value | Expect::ValueOrEnd, b'{' | b'[') => {
                    if self.open.len() == depth {
                        return Err(ParseError::new(at, Reason::Depth));
                    }
                    self.open.push(if byte == b'{' { b'}' } else { b']' });
                    at += 1;
                    if byte == b'{' { Expect::KeyOrEnd } else { Expect::ValueOrEnd }
                }
                (Expect::Value | Expect::ValueOrEnd, b'"') => {
                    at = self.string(bytes, at + 1, lossy)?;
                    Expect::CommaOrEnd
                }
                (Expect::Value | Expect::ValueOrEnd, b'-' | b'0'..=b'9') => {
                    at = number::skip(bytes, at)?;
                    Expect::CommaOrEnd
                }
                (Expect::Value | Expect::ValueOrEnd, b't' | b'f' | b'n') => {
                    at = word(bytes, at)?.1;
                    Expect::CommaOrEnd
                }
                (Expect::Key | Expect::KeyOrEnd, b'"') => {
                    at = blanks(bytes, self.string(bytes, at + 1, lossy)?);
                    if *bytes.get(at).ok_or(ParseError::MORE)? != b':' {
                        return Err(ParseError::new(at, Reason::Colon));
                    }
                    at += 1;
                    Expect::Value
                }
                (Expect::CommaOrEnd, b',') => {
                    at += 1;
                    if self.open.last() == Some(&b'}') { Expect::Key } else { Expect::Value }
                }
                (Expect::CommaOrEnd | Expect::KeyOrEnd | Expect::ValueOrEnd, _)
                    if self.open.last() == Some(&byte) =>
                {
                    at += 1;
                    self.open.pop();
                    if self.open.is_empty() {
                        return Ok(at);
                    }
                    Expect::CommaOrEnd
                }
                (Expect::CommaOrEnd, _) => {
                    return Err(ParseError::new(at, Reason::InNested));
                }
                (Expect::Key | Expect::KeyOrEnd, _) => {
                    return Err(ParseError::new(at, Reason::Key));
                }
                (Expect::Value | Expect::ValueOrEnd, _) => return Err(no_value(bytes, at, Reason::Value)),
            };
        }
    }

    /// The position after the closing quote of the string whose first character is at `start`.
    fn string(&mut self, bytes: &[u8], start: usize, lossy: bool) -> Result<usize, ParseError> {
        let run = text::run(bytes, start);
        if bytes.get(run.end) == Some(&b'"') && run.ascii {
            return Ok(run.end + 1);
        }
        self.scratch.clear();
        Ok(text::unescape(bytes, start, lossy, &mut self.scratch)? + 1)
    }
}
