//! JSON as it passes by, with other texts in it: numbers, literals, blanks, structure and the order of keys stay byte for byte.
//!
//! Nothing that is no JSON gets through, since nobody would know what it tells.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error::Result;

/// Says what texts become.
pub trait Replace {
    /// What a text of a column becomes, if that is something else.
    ///
    /// # Errors
    /// A text that must not pass.
    fn text(&mut self, column: Option<&str>, text: &str) -> Result<Option<String>>;

    /// The same of a key within a value.
    ///
    /// # Errors
    /// As [`Self::text`].
    fn key(&mut self, column: &str, key: &str) -> Result<Option<String>>;

    /// The text that a number of a column becomes, if it does not stay.
    ///
    /// # Errors
    /// As [`Self::text`].
    fn number(&mut self, column: Option<&str>, digits: &str) -> Result<Option<String>>;
}

/// Bytes of a text.
const LONGEST_TEXT: usize = 64 << 20;
/// Bytes of a number.
const LONGEST_NUMBER: usize = 4096;
const DEEPEST: usize = 1024;

/// Why the rest does not pass.
#[derive(Debug)]
pub enum Stopped {
    /// It is no JSON, or none that is reasonable.
    NotJson,
    /// A text must not pass.
    Refused(crate::error::Error),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a list, or outside of everything.
    Value,
    /// In an object, before a key.
    Key,
    /// After a key.
    Colon,
    /// After the colon.
    ValueOfKey,
    /// After a value.
    End,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    is_object: bool,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    None,
    Text { escaped: bool },
    Bare,
}

/// Rewrites bytes in any pieces.
pub struct Rewriter<R> {
    replace: R,
    open: Vec<Open>,
    outside: Place,
    token: Token,
    /// The bytes of the token so far, without quotes.
    bytes: Vec<u8>,
    /// The key of the outermost object, and how deep that is.
    column: Option<Arc<str>>,
    depth: Option<usize>,
}

impl<R: Replace> Rewriter<R> {
    pub fn new(replace: R) -> Self {
        Self {
            replace,
            open: Vec::new(),
            outside: Place::Value,
            token: Token::None,
            bytes: Vec::new(),
            column: None,
            depth: None,
        }
    }

    /// What comes is a value of this column, so that no key in it is another.
    pub fn within(replace: R, column: &str) -> Self {
        Self { column: Some(column.into()), depth: Some(0), ..Self::new(replace) }
    }

    /// Adds to `out` what some bytes become. After an error nothing may follow.
    ///
    /// # Errors
    /// What must not pass. What is in `out` may.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Stopped> {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            match self.token {
                Token::Text { escaped: true } => {
                    self.bytes.push(byte);
                    self.token = Token::Text { escaped: false };
                    rest = &rest[1..];
                }
                Token::Text { escaped: false } => {
                    let end = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                    if self.bytes.len() + end > LONGEST_TEXT {
                        return Err(Stopped::NotJson);
                    }
                    self.bytes.extend_from_slice(&rest[..end]);
                    rest = &rest[end..];
                    match rest.first() {
                        Some(b'"') => {
                            self.end_of_text(out)?;
                            rest = &rest[1..];
                        }
                        Some(_) => {
                            self.bytes.push(b'\\');
                            self.token = Token::Text { escaped: true };
                            rest = &rest[1..];
                        }
                        None => {}
                    }
                }
                Token::Bare if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.') => {
                    if self.bytes.len() == LONGEST_NUMBER {
                        return Err(Stopped::NotJson);
                    }
                    self.bytes.push(byte);
                    rest = &rest[1..];
                }
                Token::Bare => self.end_of_bare(out)?,
                Token::None => {
                    self.between(byte, out)?;
                    rest = &rest[1..];
                }
            }
        }
        Ok(())
    }

    /// Whether nothing but blanks has come.
    pub fn is_fresh(&self) -> bool {
        self.token == Token::None && self.open.is_empty() && self.outside == Place::Value
    }

    /// The bytes have ended.
    ///
    /// # Errors
    /// The middle of something.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Stopped> {
        if self.token == Token::Bare {
            self.end_of_bare(out)?;
        }
        let is_whole = self.token == Token::None && self.open.is_empty() && self.outside == Place::End;
        if is_whole { Ok(()) } else { Err(Stopped::NotJson) }
    }

    fn place(&mut self) -> &mut Place {
        match self.open.last_mut() {
            Some(open) => &mut open.place,
            None => &mut self.outside,
        }
    }

    fn expect(&mut self, places: &[Place], next: Place) -> Result<(), Stopped> {
        let place = self.place();
        if !places.contains(place) {
            return Err(Stopped::NotJson);
        }
        *place = next;
        Ok(())
    }

    fn between(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), Stopped> {
        const VALUE: &[Place] = &[Place::Value, Place::ValueOfKey];
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'{' | b'[' => {
                self.expect(VALUE, Place::End)?;
                if self.open.len() == DEEPEST {
                    return Err(Stopped::NotJson);
                }
                let is_object = byte == b'{';
                self.open.push(Open { is_object, place: if is_object { Place::Key } else { Place::Value } });
                if is_object && self.depth.is_none() {
                    self.depth = Some(self.open.len());
                }
            }
            b'}' | b']' => {
                // A comma before it is tolerated: it tells nothing.
                let open = self.open.pop().ok_or(Stopped::NotJson)?;
                if open.is_object != (byte == b'}') || matches!(open.place, Place::Colon | Place::ValueOfKey)
                {
                    return Err(Stopped::NotJson);
                }
                if self.depth.is_some_and(|depth| depth > self.open.len()) {
                    (self.depth, self.column) = (None, None);
                }
            }
            b',' => {
                let is_object = self.open.last().ok_or(Stopped::NotJson)?.is_object;
                self.expect(&[Place::End], if is_object { Place::Key } else { Place::Value })?;
            }
            b':' => self.expect(&[Place::Colon], Place::ValueOfKey)?,
            b'"' => {
                self.token = Token::Text { escaped: false };
                self.bytes.clear();
                return Ok(());
            }
            b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.expect(VALUE, Place::End)?;
                self.token = Token::Bare;
                self.bytes.clear();
                self.bytes.push(byte);
                return Ok(());
            }
            _ => return Err(Stopped::NotJson),
        }
        out.push(byte);
        Ok(())
    }

    fn end_of_text(&mut self, out: &mut Vec<u8>) -> Result<(), Stopped> {
        self.token = Token::None;
        let is_key = *self.place() == Place::Key;
        let column = self.column.clone();
        let text = unescaped(&self.bytes);
        let replaced = if is_key {
            let is_column = self.depth == Some(self.open.len());
            if is_column {
                self.column = Some(text.as_ref().into());
                Ok(None)
            } else {
                self.replace.key(column.as_deref().unwrap_or_default(), &text)
            }
        } else {
            self.replace.text(column.as_deref(), &text)
        };
        if let Some(text) = replaced.map_err(Stopped::Refused)? {
            quote(&text, out);
        } else {
            out.push(b'"');
            out.extend_from_slice(&self.bytes);
            out.push(b'"');
        }
        if is_key {
            self.expect(&[Place::Key], Place::Colon)
        } else {
            self.expect(&[Place::Value, Place::ValueOfKey], Place::End)
        }
    }

    fn end_of_bare(&mut self, out: &mut Vec<u8>) -> Result<(), Stopped> {
        const LITERALS: [&[u8]; 6] = [b"true", b"false", b"null", b"NaN", b"Infinity", b"-Infinity"];
        self.token = Token::None;
        if !LITERALS.contains(&self.bytes.as_slice()) {
            let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
            let starts = matches!(self.bytes[0], b'-' | b'0'..=b'9');
            if !starts || !self.bytes.iter().all(is_number) {
                return Err(Stopped::NotJson);
            }
            let digits = String::from_utf8_lossy(&self.bytes);
            let replaced = self.replace.number(self.column.as_deref(), &digits).map_err(Stopped::Refused)?;
            if let Some(text) = replaced {
                quote(&text, out);
                return Ok(());
            }
        }
        out.extend_from_slice(&self.bytes);
        Ok(())
    }
}

impl<R> fmt::Debug for Rewriter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rewriter").field("open", &self.open.len()).finish_non_exhaustive()
    }
}

fn quote(text: &str, out: &mut Vec<u8>) {
    let value = serde_json::Value::from(text).to_string();
    out.extend_from_slice(value.as_bytes());
}

/// A text as it is meant. What cannot be read has at least a spelling of its own.
fn unescaped(bytes: &[u8]) -> Cow<'_, str> {
    if !bytes.contains(&b'\\') {
        return String::from_utf8_lossy(bytes);
    }
    let quoted = [b"\"", bytes, b"\""].concat();
    match serde_json::from_slice::<String>(&quoted) {
        Ok(text) => Cow::Owned(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts every text in brackets with its column.
    struct Mark;

    impl Replace for Mark {
        fn text(&mut self, column: Option<&str>, text: &str) -> Result<Option<String>> {
            Ok(Some(format!("{}[{text}]", column.unwrap_or("-"))))
        }

        fn key(&mut self, column: &str, key: &str) -> Result<Option<String>> {
            Ok(Some(format!("{column}.{key}")))
        }

        fn number(&mut self, column: Option<&str>, digits: &str) -> Result<Option<String>> {
            Ok((column == Some("id")).then(|| format!("no {digits}")))
        }
    }

    fn rewritten(text: &str, piece: usize) -> Result<String, ()> {
        let (mut rewriter, mut out) = (Rewriter::new(Mark), Vec::new());
        for piece in text.as_bytes().chunks(piece) {
            rewriter.push(piece, &mut out).map_err(drop)?;
        }
        rewriter.finish(&mut out).map_err(drop)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn texts_change_in_every_split_and_nothing_else() {
        for (text, seen) in [
            (r#" [ {"a" : "x", "b":1.50e+3,"c":null } ]"#, r#" [ {"a" : "a[x]", "b":1.50e+3,"c":null } ]"#),
            (r#"{"id":[7,"q"],"n":[true,-0]}"#, r#"{"id":["no 7","id[q]"],"n":[true,-0]}"#),
            (
                r#"[{"o":{"k":["v",{"z":1}]},"e":"é\n"}]"#,
                r#"[{"o":{"o.k":["o[v]",{"o.z":1}]},"e":"e[é\n]"}]"#,
            ),
            (r#""just \"this\"""#, r#""-[just \"this\"]""#),
            ("[]", "[]"),
            ("12", "12"),
            (r#"[{"a":"\ud800"}]"#, r#"[{"a":"a[\\ud800]"}]"#),
        ] {
            for piece in 1..=text.len() {
                assert_eq!(rewritten(text, piece).as_deref(), Ok(seen), "{text} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_value_of_a_column_has_no_columns_of_its_own() {
        let (mut rewriter, mut out) = (Rewriter::within(Mark, "id"), Vec::new());
        rewriter.push(br#"[{"k":"v"},{"z":[7]}]"#, &mut out).unwrap();
        rewriter.finish(&mut out).unwrap();
        assert_eq!(out, br#"[{"id.k":"id[v]"},{"id.z":["no 7"]}]"#);
    }

    #[test]
    fn what_is_no_json_does_not_pass() {
        for text in [
            "<p>Kees</p>",
            "Kees",
            "[1 Kees]",
            "{Kees:1}",
            "[\"a\" \"b\"]",
            "[1,2",
            "{\"a\":}",
            "{\"a\" 1}",
            "]",
            "[1}",
            "",
            "\"Kees",
            "{1:2}",
            "[1]x",
            "1 2",
            "{\"a\":1 \"b\":2}",
            "nul",
            "-Kees",
            ",",
        ] {
            assert!(rewritten(text, 3).is_err(), "{text}");
        }
        assert!(rewritten(&"[".repeat(DEEPEST + 1), 9).is_err());
    }
}
