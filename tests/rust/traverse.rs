//! Every class of Python's that holds a Python object shows it to Python's collector of cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A struct or an enum: what its fields say, and whether it is a class.
struct Type {
    body: String,
    is_class: bool,
}

/// The types of a source. Attributes, comments and `where` clauses of ours are simple enough to be read by line.
fn types(source: &str) -> BTreeMap<String, Type> {
    let mut types = BTreeMap::new();
    let mut is_class = false;
    let mut lines = source.lines().map(str::trim).filter(|line| !line.starts_with("//")).peekable();
    while let Some(line) = lines.next() {
        is_class |= line.starts_with("#[pyclass");
        let bare = line.trim_start_matches("pub ").trim_start_matches("pub(super) ");
        let Some(rest) = bare.strip_prefix("struct ").or_else(|| bare.strip_prefix("enum ")) else {
            is_class &= line.starts_with("#[") || line.is_empty();
            continue;
        };
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        let mut body = rest[name.len()..].to_owned();
        while !body.contains(';') && body.matches('{').count() != body.matches('}').count() {
            body.push_str(lines.next().unwrap_or("}"));
            body.push(' ');
        }
        types.insert(name, Type { body, is_class: std::mem::take(&mut is_class) });
    }
    types
}

fn names(body: &str) -> BTreeSet<&str> {
    body.split(|c: char| !c.is_alphanumeric() && c != '_').collect()
}

/// The classes that hold a Python object, in whatever they hold.
fn holders(types: &BTreeMap<String, Type>) -> BTreeSet<String> {
    let mut holders: BTreeSet<String> = ["Py", "PyErr", "PyObject", "Bound"].map(String::from).into();
    loop {
        let more: Vec<String> = types
            .iter()
            .filter(|(name, one)| {
                !holders.contains(*name) && names(&one.body).iter().any(|name| holders.contains(*name))
            })
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        holders.extend(more);
    }
    holders.retain(|name| types.get(name).is_some_and(|one| one.is_class));
    holders
}

/// The classes of `holders` that have no `__traverse__`.
fn forgotten(sources: &[String]) -> BTreeSet<String> {
    // A name may stand for different types in different files (`State`): each is looked at with its own file's.
    let all: BTreeMap<String, Type> = sources.iter().flat_map(|source| types(source)).collect();
    let mut forgotten = BTreeSet::new();
    for source in sources {
        let own = types(source);
        let mut known = own;
        for (name, one) in &all {
            known
                .entry(name.clone())
                .or_insert_with(|| Type { body: one.body.clone(), is_class: one.is_class });
        }
        let here: BTreeSet<String> = types(source).into_keys().collect();
        for class in holders(&known) {
            let methods = source.split("#[pymethods]").skip(1);
            let of_class = |part: &&str| part.trim_start().starts_with(&format!("impl {class} {{"));
            if here.contains(&class)
                && !methods.into_iter().filter(of_class).any(|part| part.contains("fn __traverse__"))
            {
                forgotten.insert(class);
            }
        }
    }
    forgotten
}

#[test]
fn every_class_that_holds_a_python_object_shows_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bindings");
    let sources: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    assert_eq!(forgotten(&sources), BTreeSet::new());
    let all: BTreeMap<String, Type> = sources.iter().flat_map(|source| types(source)).collect();
    // Those that are known to; if this fails, nothing was read.
    for class in ["Client", "RecordBatchStream", "PolledStream"] {
        assert!(all[class].is_class, "{class}");
    }
    assert!(holders(&all).contains("Client"));
    assert!(holders(&all).contains("RecordBatchStream"));
}

#[test]
fn a_forgotten_class_is_found() {
    let held = "struct Shared {\n report: Mutex<Option<Py<PyAny>>>,\n}\n";
    let class =
        "/// Text.\n#[pyclass(frozen)]\n#[derive(Debug)]\npub struct Stream {\n shared: Arc<Shared>,\n}\n";
    let methods = "#[pymethods]\nimpl Stream {\n fn __len__(&self) -> usize { 0 }\n}\n";
    let traverse = "#[pymethods]\nimpl Stream {\n fn __traverse__(&self) {}\n}\n";
    let one = BTreeSet::from(["Stream".to_owned()]);
    assert_eq!(forgotten(&[format!("{class}{methods}"), held.to_owned()]), one);
    assert_eq!(forgotten(&[format!("{class}{methods}{traverse}"), held.to_owned()]), BTreeSet::new());
    let plain = "#[pyclass]\npub struct Plain {\n rows: usize,\n}\n";
    assert_eq!(forgotten(&[plain.to_owned(), held.to_owned()]), BTreeSet::new());
    let tuple = "#[pyclass]\npub struct Tuple(pub Py<PyAny>);\n";
    assert_eq!(forgotten(&[tuple.to_owned()]), BTreeSet::from(["Tuple".to_owned()]));
}
