//! Which files of a room use which others, and where they do so in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::sources;
use super::words::words;

/// The circles that may stay, each with its reason. Files are named below `src`.
const ALLOWED: &[(&[&str], &str)] = &[
    (&["encode/cells_of_field.rs", "encode/nested.rs"], "values hold values: the recursion of nested types"),
    (&["digest/cells.rs", "digest/nested.rs"], "values hold values: the recursion of nested types"),
];

/// A module, as the names that lead to it from the crate's root.
type Module = Vec<String>;

struct File {
    name: String,
    module: Module,
    words: Vec<String>,
}

impl File {
    fn new(name: &str, source: &str) -> Self {
        let mut module: Module = name.trim_end_matches(".rs").split('/').map(ToOwned::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        Self { name: name.to_owned(), module, words: words(source) }
    }
}

/// A path that a file names, made absolute; `alias` is what an import calls it.
struct Named {
    path: Module,
    alias: Option<String>,
    /// Whether the file hands it on under its own name (`pub use`).
    exported: bool,
}

/// Every path of a file that leads into this crate.
fn named(file: &File, modules: &BTreeSet<&Module>) -> Vec<Named> {
    let words = &file.words;
    let word = |index: usize| words.get(index).map_or("", String::as_str);
    let mut found = Vec::new();
    // Modules within the file, and at which depth of braces each began.
    let mut inner: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    let mut index = 0;
    while index < words.len() {
        let scope = || {
            let mut scope = file.module.clone();
            scope.extend(inner.iter().map(|(name, _)| name.clone()));
            scope
        };
        match word(index) {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inner.pop_if(|(_, began)| *began == depth);
            }
            "mod" if word(index + 2) == "{" => {
                inner.push((word(index + 1).to_owned(), depth));
                depth += 1;
                index += 3;
                continue;
            }
            "use" => {
                let exported = matches!(word(index.wrapping_sub(1)), "pub" | ")");
                let mut paths = Vec::new();
                index = tree(words, index + 1, &[], &mut paths);
                for (path, alias) in paths {
                    if let Some(path) = absolute(&scope(), &path, modules) {
                        found.push(Named { path, alias: Some(alias), exported });
                    }
                }
                continue;
            }
            // The beginning of a path.
            _ if word(index + 1) == "::" && !matches!(word(index.wrapping_sub(1)), "::" | ".") => {
                let mut path = vec![word(index).to_owned()];
                while word(index + 1) == "::" && is_name(word(index + 2)) {
                    path.push(word(index + 2).to_owned());
                    index += 2;
                }
                if let Some(path) = absolute(&scope(), &path, modules) {
                    found.push(Named { path, alias: None, exported: false });
                }
            }
            _ => {}
        }
        index += 1;
    }
    found
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The paths of an import from `index` on, each with the name that it gets, and where it ends.
fn tree(words: &[String], mut index: usize, before: &[String], paths: &mut Vec<(Module, String)>) -> usize {
    let word = |index: usize| words.get(index).map_or("", String::as_str);
    let mut path = before.to_vec();
    loop {
        match word(index) {
            "{" => {
                index += 1;
                while !matches!(word(index), "}" | "") {
                    index = tree(words, index, &path, paths);
                    index += usize::from(word(index) == ",");
                }
                return index + 1;
            }
            "::" => {}
            "*" => {
                path.push("*".to_owned());
                paths.push((path, "*".to_owned()));
                return index + 1;
            }
            name if is_name(name) => path.push(name.to_owned()),
            _ => return index + 1,
        }
        index += 1;
        if word(index) == "::" || word(index - 1) == "::" {
            continue;
        }
        // `use a::{self}` is `a` itself.
        path.pop_if(|last| last == "self" && !before.is_empty());
        let mut alias = path.last().cloned().unwrap_or_default();
        if word(index) == "as" {
            word(index + 1).clone_into(&mut alias);
            index += 2;
        }
        paths.push((path, alias));
        return index;
    }
}

/// Where a path leads that stands in `scope`, if that is in this crate.
fn absolute(scope: &Module, path: &[String], modules: &BTreeSet<&Module>) -> Option<Module> {
    let (first, rest) = path.split_first()?;
    let mut base = match first.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => scope.clone(),
        // A module that the file declares itself.
        child => {
            let module = [scope.as_slice(), &[child.to_owned()]].concat();
            if !modules.contains(&module) {
                return None;
            }
            module
        }
    };
    if first == "super" {
        base.pop();
    }
    for name in rest {
        if name == "super" {
            base.pop();
        } else {
            base.push(name.clone());
        }
    }
    Some(base)
}

/// For each file, the others that it uses.
fn graph(files: &[File]) -> BTreeMap<&str, BTreeSet<&str>> {
    let modules: BTreeSet<&Module> = files.iter().map(|file| &file.module).collect();
    let named: Vec<Vec<Named>> = files.iter().map(|file| named(file, &modules)).collect();
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (file, named_here) in files.iter().zip(&named) {
        let used = graph.entry(&file.name).or_default();
        // What a folder's module hands on is not used by it.
        let is_folder = modules.iter().any(|other| other.starts_with(&file.module) && **other != file.module);
        for path in named_here.iter().filter(|path| !(path.exported && is_folder)) {
            used.extend(homes(files, &named, &path.path, 0).into_iter().filter(|home| *home != file.name));
        }
    }
    graph
}

/// The files in which what a path names is written: behind what modules hand on.
fn homes<'a>(files: &'a [File], named: &[Vec<Named>], path: &[String], hops: usize) -> BTreeSet<&'a str> {
    let Some((index, file)) = files
        .iter()
        .enumerate()
        .filter(|(_, file)| path.starts_with(&file.module))
        .max_by_key(|(_, file)| file.module.len())
    else {
        return BTreeSet::new();
    };
    let rest = &path[file.module.len()..];
    let handed_on = |name: &str| {
        named[index]
            .iter()
            .filter(|other| other.exported)
            .filter(|other| name == "*" || other.alias.as_deref() == Some(name))
            .map(|other| other.path.as_slice())
            .collect::<Vec<_>>()
    };
    let mut found = BTreeSet::new();
    if let Some((name, behind)) = rest.split_first().filter(|_| hops < 8) {
        for target in handed_on(name) {
            found.extend(homes(files, named, &[target, behind].concat(), hops + 1));
        }
    }
    if found.is_empty() || rest.first().is_some_and(|name| name == "*") {
        found.insert(&file.name);
    }
    found
}

/// The largest sets of files of which each leads to each other one.
fn circles(graph: &BTreeMap<&str, BTreeSet<&str>>) -> BTreeSet<Vec<String>> {
    let reachable = |from: &str| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = graph.get(from).into_iter().flatten().copied().collect();
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend(graph.get(next).into_iter().flatten());
            }
        }
        seen
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = graph.keys().map(|file| (*file, reachable(file))).collect();
    reached
        .iter()
        .filter(|(file, seen)| seen.contains(**file))
        .map(|(file, seen)| {
            seen.iter().filter(|other| reached[**other].contains(file)).map(ToString::to_string).collect()
        })
        .collect()
}

fn circles_of(files: &[(&str, &str)]) -> BTreeSet<Vec<String>> {
    let files: Vec<File> = files.iter().map(|(name, source)| File::new(name, source)).collect();
    circles(&graph(&files))
}

#[test]
fn files_form_no_circle_but_those_with_a_reason() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files: Vec<File> = sources(&src)
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
            File::new(&name, &std::fs::read_to_string(path).unwrap())
        })
        .filter(|file| file.name != "lib.rs")
        .collect();
    let graph = graph(&files);
    assert!(graph.values().map(BTreeSet::len).sum::<usize>() > files.len(), "next to no use was found");
    let allowed: BTreeSet<Vec<String>> = ALLOWED
        .iter()
        .map(|(files, reason)| {
            assert!(!reason.is_empty());
            files.iter().map(ToString::to_string).collect()
        })
        .collect();
    let found = circles(&graph);
    let mut told = String::new();
    for circle in found.difference(&allowed) {
        told += "\nin a circle:";
        for file in circle {
            let used = graph[file.as_str()].iter().filter(|used| circle.contains(&used.to_string()));
            let used: Vec<&str> = used.copied().collect();
            told.extend(["\n  ", file, " uses ", &used.join(", ")]);
        }
    }
    assert!(told.is_empty(), "files use each other{told}");
    let gone: Vec<_> = allowed.difference(&found).collect();
    assert!(gone.is_empty(), "{gone:?} are no circles any more");
}

#[test]
fn circles_are_found_however_a_path_is_written() {
    for (a, b) in [
        ("use super::b::B;", "use super::a::A;"),
        ("use super::{b::B, c};", "use crate::room::a::{A, Other as O};"),
        ("fn f() { super::b::g(1); }", "fn g() -> crate::room::a::A {}"),
        ("use super::b;", "use super::a as other;"),
        ("use super::b::*;", "use super::{a::{self}};"),
        ("mod tests { use super::super::b::B; }", "use super::{c::{C}, a::A};"),
        // By what the folder's module hands on.
        ("use super::B;", "use super::a::A;"),
        ("use super::{C, Renamed};", "use crate::room::a::A;"),
        ("use crate::room::*;", "use super::a::A;"),
        ("fn f(x: super::B) {}", "fn g(x: crate::room::A) {}"),
    ] {
        let files = [
            (
                "room/mod.rs",
                "mod a; mod b; mod c; pub use a::A; pub(crate) use b::{B, B as Renamed}; pub use c::C;",
            ),
            ("room/a.rs", a),
            ("room/b.rs", b),
            ("room/c.rs", "pub struct C;"),
        ];
        let circle = vec!["room/a.rs".to_owned(), "room/b.rs".to_owned()];
        assert_eq!(circles_of(&files), BTreeSet::from([circle]), "{a} and {b}");
    }
}

#[test]
fn a_circle_may_be_long_or_lead_through_the_module_of_a_folder() {
    let files = [
        ("room/mod.rs", "mod a; use a::run; struct Shared; mod deep;"),
        ("room/a.rs", "use super::Shared;"),
        ("room/deep/mod.rs", "mod x; mod y; mod z;"),
        ("room/deep/x.rs", "use super::y::Y;"),
        ("room/deep/y.rs", "fn f() { use super::z; }"),
        ("room/deep/z.rs", "type X = super::super::deep::x::X;"),
    ];
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let found = BTreeSet::from([
        names(&["room/a.rs", "room/mod.rs"]),
        names(&["room/deep/x.rs", "room/deep/y.rs", "room/deep/z.rs"]),
    ]);
    assert_eq!(circles_of(&files), found);
}

#[test]
fn what_only_looks_like_a_circle_is_none() {
    for (a, b) in [
        ("use super::b::B;", "//! See [`super::a`].\nfn f() { g(\"super::a::A\") }"),
        ("use super::b::B;", "mod tests { use super::*; use super::B; }"),
        ("use super::b::B;", "use super::C; use other::a::A; use std::a;"),
        ("use super::b::B;", "fn f() { x.super_a(); a::A; } mod a {}"),
        ("pub use self::tests::T; mod tests { use super::super::C; }", "use super::a::A;"),
        ("use super::Plain; use super::b::B;", "use super::Plain;"),
    ] {
        let files = [
            (
                "room/mod.rs",
                "mod a; mod b; mod c; pub use a::A; pub use b::B; pub use c::C; pub struct Plain;",
            ),
            ("room/a.rs", a),
            ("room/b.rs", b),
            ("room/c.rs", "pub struct C;"),
        ];
        assert_eq!(circles_of(&files), BTreeSet::new(), "{a} and {b}");
    }
}
