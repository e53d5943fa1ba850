//! The parts of an answer's JSON, taken however odd they are: what is not read is not judged.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::names::plain;

/// The entries of an object, all that have the same name included; none of what is no object.
pub(super) fn entries(value: &RawValue) -> serde_json::Result<Vec<(String, &RawValue)>> {
    if !value.get().starts_with('{') {
        return Ok(Vec::new());
    }
    serde_json::from_str::<Entries>(value.get()).map(|entries| entries.0)
}

/// What a string says; nothing of what is no string.
pub(super) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str::<Text>(value.get()).ok().map(|text| text.0)
}

/// Text that may have half a surrogate pair, which ends no answer: it is shown as a character that is missing.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        from.deserialize_bytes(Reader)
    }
}

struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some((name, value)) = map.next_entry::<Text, &RawValue>()? {
                    entries.push((name.0, value));
                }
                Ok(Entries(entries))
            }
        }
        from.deserialize_map(Reader)
    }
}

/// What was sent: an answer may repeat it.
pub(super) struct Sent {
    pub rows: usize,
    body: Bytes,
    /// Read where an answer has a name that would say something.
    names: OnceCell<HashSet<String>>,
}

impl Sent {
    pub fn new(body: Bytes, rows: usize) -> Self {
        Self { rows, body, names: OnceCell::new() }
    }

    /// Whether an attribute has this name, which [`plain`] made.
    pub fn has(&self, name: &str) -> bool {
        self.names.get_or_init(|| names(&self.body).unwrap_or_default()).contains(name)
    }

    /// Whether an object of an answer has the column by which rows are known, as they were sent.
    pub fn has_key_of(&self, entries: &[(String, &RawValue)]) -> bool {
        key(entries).is_some_and(|(name, _)| self.has(&plain(name)))
    }
}

/// What says which row an object is about.
pub(super) fn key<'a>(entries: &'a [(String, &'a RawValue)]) -> Option<&'a (String, &'a RawValue)> {
    ["callid", "repid"].iter().find_map(|key| entries.iter().find(|(name, _)| plain(name) == *key))
}

fn names(body: &[u8]) -> serde_json::Result<HashSet<String>> {
    let body: &RawValue = serde_json::from_slice(body)?;
    let rows = if body.get().starts_with('[') { serde_json::from_str(body.get())? } else { vec![body] };
    let mut names = HashSet::new();
    for row in rows {
        names.extend(entries(row)?.iter().map(|(name, _)| plain(name)));
    }
    Ok(names)
}
