//! One value, as JSON and as `SQLite` has it. A column has no type in `SQLite`; a value keeps its own:
//! INTEGER, REAL and TEXT are those of JSON, NULL is null, and a BLOB is the JSON text of whatever `SQLite` has
//! no type for: booleans, objects, lists, and numbers that would not come back as they were written.

use std::borrow::Cow;

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) enum Cell<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(Cow<'a, str>),
    /// JSON text.
    Raw(&'a str),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Raw(text) => ValueRef::Blob(text.as_bytes()),
        }))
    }
}

/// The key of a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::sandbox) enum Key<'a> {
    Call(i64),
    Rep(Cow<'a, str>),
}

impl ToSql for Key<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Call(id) => id.to_sql(),
            Self::Rep(id) => id.to_sql(),
        }
    }
}

impl std::fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Call(id) => write!(f, "{id}"),
            Self::Rep(id) => f.write_str(&crate::sandbox::problem::excerpt(id)),
        }
    }
}

/// Writes a stored value as JSON.
pub(super) fn write_json(value: ValueRef, out: &mut Vec<u8>) {
    // Writing to memory does not fail, and the database only holds finite numbers and UTF-8.
    let _ = match value {
        ValueRef::Null => {
            out.extend_from_slice(b"null");
            Ok(())
        }
        ValueRef::Integer(value) => serde_json::to_writer(out, &value),
        ValueRef::Real(value) => serde_json::to_writer(out, &value),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => serde_json::to_writer(out, text),
            Err(_) => serde_json::to_writer(out, &String::from_utf8_lossy(text)),
        },
        ValueRef::Blob(json) => {
            out.extend_from_slice(json);
            Ok(())
        }
    };
}

/// The number that a value is, 1 and 0 for booleans.
pub(super) fn number(value: ValueRef) -> Option<f64> {
    match value {
        ValueRef::Integer(integer) => Some(integer as f64),
        ValueRef::Real(real) => Some(real),
        ValueRef::Blob(b"true") => Some(1.0),
        ValueRef::Blob(b"false") => Some(0.0),
        ValueRef::Blob(json) => std::str::from_utf8(json).ok()?.parse().ok(),
        ValueRef::Null | ValueRef::Text(_) => None,
    }
}

/// Writes bytes that are the same for the same value and differ for any other.
pub(super) fn write_key(value: ValueRef, out: &mut Vec<u8>) {
    let mut write = |kind, bytes: &[u8]| {
        out.push(kind);
        out.extend_from_slice(&bytes.len().to_ne_bytes());
        out.extend_from_slice(bytes);
    };
    match value {
        ValueRef::Null => write(0, &[]),
        ValueRef::Integer(integer) => write(1, &integer.to_ne_bytes()),
        ValueRef::Real(real) => write(2, &real.to_ne_bytes()),
        ValueRef::Text(text) => write(3, text),
        ValueRef::Blob(json) => write(4, json),
    }
}
