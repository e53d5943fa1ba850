//! Starting, stopping, and the files it keeps.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use converz::sandbox::{Fault, Options, Sandbox, SandboxError};

use super::client::{all_calls, column, get, post};
use super::{options, start};

/// A folder of the test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("converz-test-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("data.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn stopping_ends_connections_and_frees_the_port() {
    let sandbox = start(2_000, 5);
    let address = sandbox.url().strip_prefix("http://").unwrap().to_owned();
    // An idle connection, and one that reads nothing of a long answer.
    let mut idle = TcpStream::connect(&address).unwrap();
    let mut slow = TcpStream::connect(&address).unwrap();
    let request = format!(
        "GET /api/v1/calls?n_per_page=2000 HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\n\r\n",
        sandbox.api_key()
    );
    slow.write_all(request.as_bytes()).unwrap();
    slow.read_exact(&mut [0]).unwrap();
    sandbox.stop();
    sandbox.stop();
    assert!(matches!(idle.read(&mut [0]), Ok(0) | Err(_)));
    assert!(TcpStream::connect(&address).is_err());
    let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
    let again = Sandbox::start(Options { port, ..options(1, 1) }).unwrap();
    assert_eq!(again.url(), sandbox.url());
    drop(sandbox);
    assert_eq!(get(&again, "calls").rows().len(), 1);
}

#[test]
fn stopping_does_not_wait_for_a_delay() {
    let delay = Duration::from_secs(3_600);
    let sandbox = Sandbox::start(Options {
        faults: vec![Fault { delay: Some(delay), ..Fault::default() }],
        ..options(1, 1)
    })
    .unwrap();
    let mut socket = TcpStream::connect(sandbox.url().strip_prefix("http://").unwrap()).unwrap();
    let request =
        format!("GET /api/v1/calls HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\n\r\n", sandbox.api_key());
    socket.write_all(request.as_bytes()).unwrap();
    sandbox.stop();
    assert!(matches!(socket.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn many_threads_may_stop_it() {
    let sandbox = start(1, 1);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                sandbox.stop();
                assert!(TcpStream::connect(sandbox.url().strip_prefix("http://").unwrap()).is_err());
            });
        }
    });
}

#[test]
fn stopping_goes_on_while_nobody_waits() {
    let sandbox = start(1, 1);
    let address = sandbox.url().strip_prefix("http://").unwrap().to_owned();
    let mut waits = 1;
    while !sandbox.stop_within(Duration::ZERO) {
        waits += 1;
    }
    assert!(waits > 1);
    assert!(TcpStream::connect(address).is_err());
    assert!(sandbox.stop_within(Duration::ZERO));
}

#[test]
fn options_are_shown_without_the_key() {
    let options = Options { api_key: Some("hidden".into()), ..options(7, 5) };
    let shown = format!("{options:?} {options:#?}");
    assert!(shown.contains("calls: 7") && shown.contains("***"), "{shown}");
    assert!(!shown.contains("hidden"), "{shown}");
}

#[test]
fn sandboxes_are_independent() {
    let (one, other) = (start(3, 1), start(4, 1));
    assert_ne!((one.url(), one.api_key()), (other.url(), other.api_key()));
    assert_eq!(post(&one, "calls", r#"{"call_id":[1],"campaign":["A"]}"#).status, 200);
    assert_ne!(all_calls(&other)[0]["campaign"], "A");
    one.stop();
    assert_eq!(all_calls(&other).len(), 4);
}

#[test]
fn a_file_keeps_updates() {
    let folder = Folder::new("keeps");
    let with_path = |calls| Options { path: Some(folder.file()), ..options(calls, 3) };
    let first = Sandbox::start(with_path(20)).unwrap();
    assert_eq!(post(&first, "calls", r#"{"call_id":[2],"campaign":["A"],"new":[true]}"#).status, 200);
    let rows = all_calls(&first);
    first.stop();
    // What shaped the data is ignored where there are some, the day of today included.
    let second = Sandbox::start(Options { today: None, seed: 9, ..with_path(5) }).unwrap();
    assert_eq!(all_calls(&second), rows);
    assert_eq!(column(&rows, "new")[1], true);
    assert_eq!(get(&second, "report?days=60").rows()[0]["conversations"], 20);
    // Two at once on the same file see each other's updates.
    let third = Sandbox::start(with_path(20)).unwrap();
    assert_eq!(post(&third, "calls", r#"{"call_id":[3],"campaign":["C"]}"#).status, 200);
    assert_eq!(all_calls(&second)[2]["campaign"], "C");
    drop((second, third));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "nothing but the database is left");
}

#[test]
fn an_empty_file_becomes_a_database() {
    let folder = Folder::new("empty");
    fs::write(folder.file(), "").unwrap();
    let sandbox = Sandbox::start(Options { path: Some(folder.file()), ..options(3, 1) }).unwrap();
    assert_eq!(all_calls(&sandbox).len(), 3);
}

#[test]
fn a_file_that_is_something_else_is_refused_and_left_alone() {
    let folder = Folder::new("refused");
    let foreign = foreign_database();
    for content in [b"hello".to_vec(), vec![0; 4096], foreign] {
        fs::write(folder.file(), &content).unwrap();
        let error = Sandbox::start(Options { path: Some(folder.file()), ..options(3, 1) }).unwrap_err();
        assert!(matches!(error, SandboxError::NotASandbox { .. }), "{error}");
        assert!(error.to_string().contains("data.db") && error.to_string().contains("choose another path"));
        assert_eq!(fs::read(folder.file()).unwrap(), content);
    }
    let error = Sandbox::start(Options { path: Some(folder.0.clone()), ..options(3, 1) }).unwrap_err();
    assert!(matches!(error, SandboxError::NotASandbox { .. }), "{error}");
    let error = Sandbox::start(Options { path: Some(folder.0.join("no/such/folder.db")), ..options(3, 1) })
        .unwrap_err();
    assert!(error.to_string().contains("folder.db"), "{error}");
}

/// The header of an empty database of `SQLite`, of no application in particular.
fn foreign_database() -> Vec<u8> {
    let mut page = vec![0; 4096];
    page[..16].copy_from_slice(b"SQLite format 3\0");
    page[16..24].copy_from_slice(&[0x10, 0, 1, 1, 0, 64, 32, 32]);
    page[28..32].copy_from_slice(&1_u32.to_be_bytes());
    page[44..48].copy_from_slice(&4_u32.to_be_bytes());
    page[56..60].copy_from_slice(&1_u32.to_be_bytes());
    page[100..108].copy_from_slice(&[13, 0, 0, 0, 0, 0x10, 0, 0]);
    page
}

#[test]
fn options_that_cannot_work_are_refused() {
    let refused = |options: Options| match Sandbox::start(options) {
        Err(SandboxError::InvalidOption(message)) => message,
        other => panic!("{other:?}"),
    };
    assert!(refused(options(1, 0)).contains("reps is 0"));
    assert!(refused(Options { days: 0, ..options(1, 1) }).contains("days is 0"));
    assert!(refused(Options { days: 3_661, ..options(1, 1) }).contains("3660"));
    assert!(refused(options(1_000_000_001, 1)).contains("calls is 1000000001"));
    assert!(refused(options(1, 1_000_001)).contains("reps is 1000001"));
    assert!(
        refused(Options { today: chrono::NaiveDate::from_ymd_opt(1800, 1, 1), ..options(1, 1) })
            .contains("1800-01-01")
    );
    for key in ["", "a b", "é", "a\n"] {
        assert!(refused(Options { api_key: Some(key.into()), ..options(1, 1) }).contains("api_key"));
    }
    let first = start(1, 1);
    let port = first.url().rsplit_once(':').unwrap().1.parse().unwrap();
    let error = Sandbox::start(Options { port, ..options(1, 1) }).unwrap_err();
    assert!(
        matches!(&error, SandboxError::Io { .. }) && error.to_string().contains(&port.to_string()),
        "{error}"
    );
}

#[test]
fn the_least_of_everything_works() {
    assert!(all_calls(&start(0, 0)).is_empty());
    let sandbox = Sandbox::start(Options { days: 1, api_key: Some("k".into()), ..options(7, 1) }).unwrap();
    assert_eq!(column(&all_calls(&sandbox), "date"), ["2025-07-16"; 7]);
    assert_eq!(sandbox.api_key(), "k");
    is_shareable(&sandbox);
    assert!(!format!("{sandbox:?}").contains("\"k\""));
}

fn is_shareable<T: Send + Sync>(_: &T) {}
