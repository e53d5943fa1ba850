//! The room `record`: its files, and what becomes of those that are damaged or made by somebody else.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use converz::error::ErrorKind;
use converz::record::{Asking, Body, Exchange, Rules, Tape, bodies_path, read, write};
use proptest::prelude::*;

fn body(text: &str) -> Body {
    Body::of(text.as_bytes()).unwrap()
}

fn exchange(request: &str, received: &str) -> Exchange {
    Exchange {
        request: request.to_owned(),
        sent: None,
        status: 200,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        received: body(received),
        cut: false,
    }
}

fn tape() -> Tape {
    let update = Exchange {
        sent: Some(body(r#"{"rep_id":["p_aaaaaaaaaaaaaaaa"]}"#)),
        status: 503,
        headers: vec![("retry-after".to_owned(), "2".to_owned())],
        cut: true,
        ..exchange("POST /reps", r#"{"error":"busy","code":"busy"}"#)
    };
    Tape {
        rules: Rules {
            anonymised: true,
            safe: BTreeSet::from(["language".to_owned()]),
            hide: BTreeSet::new(),
            shift_weeks: -3,
        },
        asking: Asking { page_size: 10, ..Asking::default() },
        check: Some("p_bbbbbbbbbbbbbbbb".to_owned()),
        exchanges: vec![exchange("GET /calls?page=1", "[]"), exchange("GET /calls?page=2", "[]"), update],
    }
}

fn written(folder: &Path) -> PathBuf {
    let path = folder.join("of tests.json");
    write(&path, &tape()).unwrap();
    path
}

#[test]
fn what_is_written_is_read_and_the_same_body_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    assert_eq!(read(&path).unwrap(), tape());
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.lines().nth(2).unwrap().contains(r#""request":"GET /calls?page=2""#), "{text}");
    let lone = folder.path().join("lone.json");
    write(&lone, &Tape { exchanges: tape().exchanges[1..].to_vec(), ..tape() }).unwrap();
    assert_eq!(fs::read(bodies_path(&path)).unwrap(), fs::read(bodies_path(&lone)).unwrap());
}

#[test]
fn ends_of_lines_are_those_of_any_system() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace('\n', "\r\n")).unwrap();
    assert_eq!(read(&path).unwrap(), tape());
}

/// Refused as what it is, by the name of its file.
fn refused(path: &Path) -> String {
    let error = read(path).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Recording), "{error}");
    assert!(error.message().contains("of tests.json"), "{error}");
    error.message().to_owned()
}

#[test]
fn every_damage_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    for file in [path.clone(), bodies_path(&path)] {
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            fs::write(&file, &damaged).unwrap();
            refused(&path);
            fs::write(&file, &whole[..at]).unwrap();
            refused(&path);
        }
        fs::write(&file, [whole.as_slice(), b"\n"].concat()).unwrap();
        refused(&path);
        fs::remove_file(&file).unwrap();
        refused(&path);
        fs::create_dir(&file).unwrap();
        refused(&path);
        fs::remove_dir(&file).unwrap();
        fs::write(&file, &whole).unwrap();
    }
    assert_eq!(read(&path).unwrap(), tape());
}

/// A recording whose lines fit together, after `change` of one.
fn forged(folder: &Path, index: usize, change: impl Fn(&str) -> String) -> PathBuf {
    let path = written(folder);
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let changed = change(&lines[index]);
    assert_ne!(lines[index], changed);
    lines[index] = changed;
    let end = lines.pop().unwrap();
    let whole: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let digest = ring::digest::digest(&ring::digest::SHA256, whole.as_bytes());
    let digest = hex(digest.as_ref());
    let mut end: serde_json::Value = serde_json::from_str(&end).unwrap();
    end["lines_sha256"] = digest.into();
    fs::write(&path, format!("{whole}{end}\n")).unwrap();
    path
}

#[test]
fn what_fits_together_is_not_believed_either() {
    let folder = tempfile::tempdir().unwrap();
    for (index, from, to) in [
        (0, "\"converz_recording\":1", "\"converz_recording\":2"),
        (0, "\"shift_weeks\":-3", "\"shift_weeks\":99999999999"),
        (0, "{\"conv", "{\"more\":1,\"conv"),
        (1, "GET /calls?page=1", "DELETE /calls"),
        (1, "GET /calls?page=1", "GET /calls\\u0007"),
        (1, "\"status\":200", "\"status\":99"),
        (1, "\"status\":200", "\"status\":304304"),
        (1, "content-type", "set-cookie"),
        (1, "application/json", "a\\r\\nset-cookie: b"),
        (1, "\"at\":0", "\"at\":18446744073709551615"),
        (1, "\"bytes\":", "\"bytes\":1"),
        (1, "\"size\":2", "\"size\":3"),
        (1, "\"size\":2", "\"size\":1"),
        (1, "\"size\":2", "\"size\":99999999999"),
        (1, "\"sha256\":\"", "\"sha256\":\"0"),
        (2, "\"size\":2", "\"size\":4"),
    ] {
        let path = forged(folder.path(), index, |line| line.replacen(from, to, 1));
        let message = refused(&path);
        assert!(to.contains("recording") || message.contains(&format!("line {}", index + 1)), "{message}");
        assert_eq!(to.contains("recording"), message.contains("version 2"), "{message}");
    }
}

#[test]
fn a_body_that_grows_without_end_is_not_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = "0".repeat(64 << 20);
    let path = folder.path().join("of tests.json");
    write(&path, &Tape { exchanges: vec![exchange("GET /calls", &zeros)], ..tape() }).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    // As large as before, but said to be small.
    let size = format!("\"size\":{}", zeros.len());
    assert!(text.contains(&size));
    let line = text.lines().nth(1).unwrap().replace(&size, "\"size\":10");
    let text = [text.lines().next().unwrap(), &line].map(|line| format!("{line}\n")).concat();
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let digest = hex(digest.as_ref());
    let whole = fs::read_to_string(&path).unwrap();
    let mut end: serde_json::Value = serde_json::from_str(whole.lines().last().unwrap()).unwrap();
    end["lines_sha256"] = digest.into();
    fs::write(&path, format!("{text}{end}\n")).unwrap();
    assert!(refused(&path).contains("line 2"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_are_a_recording_by_chance(lines in any::<Vec<u8>>(), bodies in any::<Vec<u8>>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("of tests.json");
        fs::write(&path, lines).unwrap();
        fs::write(bodies_path(&path), bodies).unwrap();
        refused(&path);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
