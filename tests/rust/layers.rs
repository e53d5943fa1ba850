//! No room of `src` knows what it must not: neither other rooms nor foreign crates. The files within a room form no
//! circles.

mod circles;
mod entries;
mod words;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use words::words;

const ARROW: &[&str] = &["arrow*"];
const PYTHON: &[&str] = &["pyo3*"];
const HTTP: &[&str] = &["reqwest", "hyper*", "http", "http_body*", "axum", "tower*"];
const TOKIO: &[&str] = &["tokio*"];

struct Room {
    name: &'static str,
    /// The other rooms that it may use.
    uses: &'static [&'static str],
    /// Crates that it must never name; a star stands for any ending.
    never: &'static [&'static [&'static str]],
}

const ROOMS: &[Room] = &[
    Room { name: "text", uses: &[], never: &[ARROW, HTTP, TOKIO, PYTHON] },
    // A schema is part of one error.
    Room { name: "error", uses: &["text"], never: &[HTTP, TOKIO, PYTHON] },
    Room { name: "resources", uses: &["error"], never: &[ARROW, HTTP, PYTHON] },
    Room { name: "types", uses: &[], never: &[HTTP, TOKIO, PYTHON] },
    Room { name: "settings", uses: &["error"], never: &[ARROW, HTTP, TOKIO, PYTHON] },
    Room { name: "query", uses: &["error"], never: &[ARROW, HTTP, TOKIO, PYTHON] },
    Room { name: "decode", uses: &["error", "types", "resources", "text"], never: &[HTTP, TOKIO, PYTHON] },
    Room { name: "encode", uses: &["error", "types", "resources", "text"], never: &[HTTP, TOKIO, PYTHON] },
    Room { name: "describe", uses: &["error", "encode", "types", "text"], never: &[HTTP, TOKIO, PYTHON] },
    Room { name: "digest", uses: &["error", "types"], never: &[HTTP, TOKIO, PYTHON] },
    Room { name: "widen", uses: &["error", "types", "digest"], never: &[HTTP, TOKIO, PYTHON] },
    Room { name: "ipc", uses: &["error", "types", "resources"], never: &[HTTP, TOKIO, PYTHON] },
    Room { name: "spool", uses: &["error", "resources"], never: &[HTTP, TOKIO, PYTHON] },
    Room { name: "files", uses: &["error", "encode", "types"], never: &[HTTP, TOKIO, PYTHON] },
    Room { name: "http", uses: &["error", "settings", "query", "resources"], never: &[ARROW, PYTHON] },
    Room {
        name: "fetch",
        uses: &["error", "settings", "query", "http", "decode", "spool", "resources", "text"],
        never: &[PYTHON],
    },
    Room {
        name: "update",
        uses: &[
            "error",
            "types",
            "settings",
            "query",
            "http",
            "encode",
            "decode",
            "fetch",
            "resources",
            "text",
        ],
        never: &[PYTHON],
    },
    Room {
        name: "bindings",
        uses: &[
            "error",
            "types",
            "settings",
            "query",
            "http",
            "encode",
            "decode",
            "fetch",
            "files",
            "describe",
            "digest",
            "widen",
            "update",
            "ipc",
            "record",
            "anonymise",
            "sandbox",
            "resources",
            "text",
        ],
        never: &[],
    },
    Room {
        name: "record",
        uses: &["error", "settings", "query", "http", "resources"],
        never: &[ARROW, PYTHON],
    },
    Room {
        name: "anonymise",
        uses: &["error", "record", "types", "ipc", "resources", "text"],
        never: &[HTTP, TOKIO, PYTHON],
    },
    Room { name: "sandbox", uses: &[], never: &[ARROW, PYTHON] },
];

/// What a room's source names that it must not.
fn violations(room: &Room, source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let words = words(source);
    for (index, word) in words.iter().enumerate() {
        let before = |back: usize| index.checked_sub(back).map_or("", |at| words[at].as_str());
        let after = |ahead: usize| words.get(index + ahead).map_or("", String::as_str);
        if word == "crate" && after(1) == "::" {
            let used = first_names(&words[index + 2..]);
            found.extend(used.into_iter().filter(|used| is_foreign_room(room, used)));
        } else if word == "super" && after(1) == "::" && before(1) == "::" && before(2) == "super" {
            // Two levels up and more may lead out of the room.
            let used = first_names(&words[index + 2..]);
            found.extend(used.into_iter().filter(|used| is_foreign_room(room, used)));
        }
        // The first name of a path, or of a whole import.
        let begins = before(1) != "::" && before(1) != ".";
        if begins && (after(1) == "::" || matches!(before(1), "use" | "crate_name")) {
            let named = |pattern: &&&str| match pattern.strip_suffix('*') {
                Some(start) => word.starts_with(start),
                None => word == **pattern,
            };
            if room.never.iter().copied().flatten().any(|pattern| named(&pattern)) {
                found.insert(word.clone());
            }
        }
    }
    found
}

fn is_foreign_room(room: &Room, name: &str) -> bool {
    let is_room = ROOMS.iter().any(|room| room.name == name);
    is_room && name != room.name && !room.uses.contains(&name)
}

/// The names a path goes on with: one, or those at the top of a braced list.
fn first_names(words: &[String]) -> Vec<String> {
    if words.first().is_none_or(|word| word != "{") {
        return words.first().cloned().into_iter().collect();
    }
    let mut names = Vec::new();
    let mut depth = 0;
    let mut previous = "";
    for word in words {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if depth == 1 && matches!(previous, "{" | ",") => names.push(word.clone()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        previous = word;
    }
    names
}

fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.flat_map(|entry| sources(&entry.expect("an entry").path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files
}

#[test]
fn no_room_knows_what_it_must_not() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = BTreeSet::new();
    for room in ROOMS {
        let files = [sources(&src.join(room.name)), sources(&src.join(format!("{}.rs", room.name)))].concat();
        assert!(!files.is_empty(), "the room {} is not there", room.name);
        for file in files {
            let found = violations(room, &std::fs::read_to_string(&file).unwrap());
            assert!(
                found.is_empty(),
                "{} names {found:?}, which {} must not know",
                file.display(),
                room.name
            );
            checked.insert(file);
        }
    }
    let unchecked: Vec<PathBuf> = sources(&src)
        .into_iter()
        .filter(|file| !checked.contains(file) && *file != src.join("lib.rs"))
        .collect();
    assert!(unchecked.is_empty(), "{unchecked:?} belong to no room");
}

fn room(name: &str) -> &'static Room {
    ROOMS.iter().find(|room| room.name == name).unwrap()
}

#[test]
fn the_check_finds_what_it_is_for() {
    for (name, source, found) in [
        ("decode", "use tokio::sync::mpsc;", "tokio"),
        ("decode", "use tokio as t;", "tokio"),
        ("decode", "#[tokio::test] fn f() {}", "tokio"),
        ("decode", "fn f() { reqwest::get(1); }", "reqwest"),
        ("decode", "use crate::http::Http;", "http"),
        ("decode", "use crate::{error::Error, http::{Http, Cost}};", "http"),
        ("decode", "use {std::fmt, pyo3::prelude};", "pyo3"),
        ("decode", "fn f() -> crate::fetch::Page {}", "fetch"),
        ("decode", "use super::super::http::Http;", "http"),
        ("decode", "use pyo3_arrow::PyTable;", "pyo3_arrow"),
        ("decode", "const Q: char = '\"'; use tokio::x;", "tokio"),
        ("decode", "const Q: &str = \"\\\"\"; use tokio::x;", "tokio"),
        ("decode", "const Q: &str = r#\"\"\"#; use tokio::x;", "tokio"),
        ("decode", "impl<'a> X<'a> {} use tokio::x;", "tokio"),
        ("http", "use arrow_array::RecordBatch;", "arrow_array"),
        ("http", "use crate::decode;", "decode"),
        ("sandbox", "use crate::error::Error;", "error"),
        ("sandbox", "use crate::query::Operation;", "query"),
        ("query", "use arrow_schema::Schema;", "arrow_schema"),
        ("query", "use http::Uri;", "http"),
        ("error", "use crate::settings::Settings;", "settings"),
        ("update", "use crate::sandbox::Sandbox;", "sandbox"),
        ("fetch", "Python::attach(|py| pyo3::ffi::x());", "pyo3"),
    ] {
        let expected = BTreeSet::from([found.to_owned()]);
        assert_eq!(violations(room(name), source), expected, "{name}: {source}");
    }
}

#[test]
fn the_check_lets_pass_what_is_allowed() {
    for (name, source) in [
        ("decode", "use crate::error::{Error, Result}; use crate::decode::tokio;"),
        (
            "decode",
            "//! Knows no tokio::sync.\n/* reqwest::x */ fn f() { x(\"crate::http\", r#\"pyo3::x\"#) }",
        ),
        ("decode", "fn f(tokio: X) { self.tokio.x(); a::tokio::b(); }"),
        ("http", "use super::super::retry; use crate::settings::Settings; use tokio::time;"),
        ("sandbox", "use crate::sandbox::store; use axum::http::HeaderMap; use axum::{http::Uri};"),
        ("error", "use arrow_schema::SchemaRef;"),
        ("bindings", "use crate::{http, fetch, sandbox}; use pyo3::prelude::*;"),
    ] {
        assert_eq!(violations(room(name), source), BTreeSet::new(), "{name}: {source}");
    }
}

/// The few files that may say `unsafe`, each for what its first lines say.
const UNSAFE: &[&str] = &[
    "bindings/foreign.rs",
    "bindings/import.rs",
    "bindings/signals.rs",
    "decode/unchecked.rs",
    "resources/allocator.rs",
    "sandbox/forking.rs",
];

#[test]
fn unsafe_code_is_in_the_files_that_are_named_for_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let library = std::fs::read_to_string(src.join("lib.rs")).unwrap();
    assert!(library.contains("#![deny(unsafe_code)]"));
    let mut found = BTreeSet::new();
    for file in sources(&src) {
        let source = std::fs::read_to_string(&file).unwrap();
        // The lint's name, where something is allowed, and the keyword.
        if file != src.join("lib.rs") && words(&source).iter().any(|word| word.starts_with("unsafe")) {
            found.insert(file.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/"));
        }
    }
    assert_eq!(found, UNSAFE.iter().map(ToString::to_string).collect::<BTreeSet<_>>());
}
