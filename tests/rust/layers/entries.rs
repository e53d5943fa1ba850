//! Whatever Python calls is guarded against panics.

use std::path::Path;

use super::sources;
use super::words::words;

/// Methods that hand out what an object holds, and cannot fail.
const PLAIN: [&str; 8] =
    ["__len__", "__contains__", "__eq__", "__repr__", "__traverse__", "__clear__", "keys", "let_go"];

/// Entries that must not be guarded, each with its reason.
const UNGUARDED: [(&str, &str); 1] =
    [("bindings/settings.rs: new", "an error, be it of a panic, would show the frame that has the secret")];

/// The entries of a source that a panic would leave: those that neither begin with `guard` nor only hand out what an
/// object holds.
fn unguarded(source: &str) -> Vec<String> {
    let words = words(source);
    let word = |index: usize| words.get(index).map_or("", String::as_str);
    let mut found = Vec::new();
    // The depth of braces, and that within a block of methods.
    let (mut depth, mut methods) = (0, None);
    let (mut is_entry, mut is_getter) = (false, false);
    let mut index = 0;
    while index < words.len() {
        match word(index) {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if methods == Some(depth + 1) {
                    methods = None;
                }
            }
            "#" if word(index + 1) == "[" => match word(index + 2) {
                "pymethods" => methods = Some(depth + 1),
                "pyfunction" => is_entry = true,
                "getter" => is_getter = true,
                _ => {}
            },
            "fn" if is_entry || methods == Some(depth) => {
                let name = word(index + 1);
                let begin = index + words[index..].iter().position(|word| word == "{").unwrap();
                let end = begin + size(&words[begin..]);
                let can_fail = words[index..begin].iter().any(|word| word == "PyResult");
                let is_plain = !can_fail && (is_getter || PLAIN.contains(&name));
                if !is_plain && !words[begin..end].iter().any(|word| word == "guard") {
                    found.push(name.to_owned());
                }
                (is_entry, is_getter) = (false, false);
                index = end;
                continue;
            }
            _ => {}
        }
        index += 1;
    }
    found
}

/// How many words a block has.
fn size(words: &[String]) -> usize {
    let mut depth = 0;
    for (index, word) in words.iter().enumerate() {
        depth += i32::from(word == "{") - i32::from(word == "}");
        if depth == 0 {
            return index + 1;
        }
    }
    words.len()
}

#[test]
fn every_entry_is_guarded_against_panics() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut entries = 0;
    let mut found = Vec::new();
    for file in sources(&src.join("bindings")) {
        let source = std::fs::read_to_string(&file).unwrap();
        entries += source.matches("guard(").count();
        let name = file.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
        found.extend(unguarded(&source).into_iter().map(|entry| format!("{name}: {entry}")));
    }
    assert!(entries > 40, "{entries} guards are too few to be all of them");
    let expected: Vec<&str> = UNGUARDED.iter().map(|(entry, _)| *entry).collect();
    assert_eq!(found, expected, "call `guard` in them");
}

#[test]
fn an_entry_without_a_guard_is_found() {
    for (source, entries) in [
        ("#[pymethods] impl A { fn f(&self) -> B { self.g() } }", vec!["f"]),
        ("#[pymethods] impl A { #[getter] fn f(&self) -> PyResult<B> { self.g() } }", vec!["f"]),
        (
            "#[pymethods] impl A { #[staticmethod] pub fn f(x: B) -> A { if x { y } else { z } } fn g() { guard() } }",
            vec!["f"],
        ),
        ("#[pyfunction] #[pyo3(signature = (a))] pub fn f(a: A) -> PyResult<B> { g(a) }", vec!["f"]),
        (
            "#[pymethods] impl A { #[getter] fn f(&self) -> B { self.f } fn __len__(&self) -> usize { 1 } }",
            vec![],
        ),
        ("#[pymethods] impl A { fn f(&self) -> PyResult<B> { guard(py, || self.g()) } }", vec![]),
        (
            "#[pymethods] impl A { #[getter] fn a(&self) -> B { self.b } } impl A { fn f(&self) { self.g() } }",
            vec![],
        ),
        ("fn f() { g() } impl A { fn f(&self) -> PyResult<B> { self.g() } }", vec![]),
    ] {
        assert_eq!(unguarded(source), entries, "{source}");
    }
}
