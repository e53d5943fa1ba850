//! What happens to the data besides what the API can do.

use std::collections::HashSet;

use chrono::NaiveDate;
use converz::sandbox::{Options, Sandbox, SandboxError};
use serde_json::Value;

use super::client::{all_calls, column, get, post};
use super::{options, start, today};

fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["call_id"].as_i64().unwrap()).collect()
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 7, 1).unwrap()
}

fn page(sandbox: &Sandbox, query: &str) -> Vec<i64> {
    ids(&get(sandbox, &format!("calls?columns=call_id&{query}")).rows())
}

#[test]
fn late_conversations_are_like_the_others() {
    let sandbox = start(200, 5);
    let before = all_calls(&sandbox);
    let of_the_day = before.iter().filter(|row| row["date"] == "2025-07-01").count();
    assert_eq!(sandbox.insert_calls(day(), 30, true).unwrap(), (201..=230).collect::<Vec<_>>());
    let after = all_calls(&sandbox);
    assert_eq!(after[..200], before, "the others stay as they are");
    let late = &after[200..];
    assert!(late.iter().all(|row| row["date"] == "2025-07-01"));
    assert!(late.iter().all(|row| row["start_time"].as_str().unwrap().starts_with("2025-07-01 ")));
    assert!(late.iter().all(|row| row["rep_id"].is_string() && row["campaign"].is_string()));
    assert!(late.iter().filter(|row| row["summary"].is_string()).count() > 20);
    let uuids: HashSet<Value> = column(&after, "vendor_call_id").into_iter().collect();
    assert_eq!(uuids.len(), 230);
    let asked = get(&sandbox, "calls?start_date=2025-07-01&end_date=2025-07-01&n_per_page=1000").rows();
    assert_eq!(asked.len(), of_the_day + 30);
    let report = get(&sandbox, "report?start_date=2025-07-01&end_date=2025-07-01").rows();
    assert_eq!(report[0]["conversations"], of_the_day + 30);
    // The same seed makes the same.
    let again = start(200, 5);
    again.insert_calls(day(), 30, true).unwrap();
    assert_eq!(all_calls(&again), after);
    assert_eq!(again.insert_calls(day(), 30, true).unwrap().len(), 30);
    let more = all_calls(&again);
    assert_ne!(more[230]["vendor_call_id"], more[200]["vendor_call_id"]);
}

#[test]
fn deleted_conversations_are_gone_from_every_page_and_their_numbers_stay_free() {
    let sandbox = start(100, 5);
    assert_eq!(sandbox.delete_calls(&[1, 2, 50, 50, 100, 101, -1]).unwrap(), 4);
    let left: Vec<i64> = (3..100).filter(|id| *id != 50).collect();
    for size in [1, 7, 40, 96, 97] {
        let mut all = Vec::new();
        for number in 1.. {
            let rows = page(&sandbox, &format!("n_per_page={size}&page={number}"));
            if rows.is_empty() {
                break;
            }
            all.extend(rows);
        }
        assert_eq!(all, left, "{size}");
    }
    assert_eq!(get(&sandbox, "report?days=60").rows()[0]["conversations"], 96);
    assert_eq!(post(&sandbox, "calls", r#"{"call_id":[50],"campaign":["A"]}"#).status, 400);
    assert_eq!(sandbox.insert_calls(day(), 2, true).unwrap(), [101, 102]);
    assert_eq!(sandbox.delete_calls(&[101, 102]).unwrap(), 2);
    assert_eq!(sandbox.insert_calls(day(), 1, true).unwrap(), [103]);
    assert_eq!(page(&sandbox, "n_per_page=1&page=97"), [103]);
}

#[test]
fn summaries_come_late_as_they_were() {
    // None of them is late already.
    let sandbox = Sandbox::start(Options { story: false, ..options(60, 5) }).unwrap();
    let before = all_calls(&sandbox);
    let with = before.iter().filter(|row| row["summary"].is_string()).count() as u64;
    assert_eq!(sandbox.withhold_summaries(&(1..=60).collect::<Vec<_>>()).unwrap(), with);
    assert!(column(&all_calls(&sandbox), "summary").iter().all(Value::is_null));
    assert_eq!(sandbox.withhold_summaries(&[1, 2, 3]).unwrap(), 0, "they are kept as they were");
    // One that was set meanwhile stays, one of a conversation that is gone does not come back.
    assert_eq!(post(&sandbox, "calls", r#"{"call_id":[1],"summary":["Mine."]}"#).status, 200);
    sandbox.delete_calls(&[2]).unwrap();
    let some = before.iter().filter(|row| row["call_id"].as_i64() <= Some(10) && row["summary"].is_string());
    let some = some.filter(|row| row["call_id"].as_i64() > Some(2)).count() as u64;
    assert_eq!(sandbox.release_summaries(Some(&(1..=10).collect::<Vec<_>>())).unwrap(), some);
    sandbox.release_summaries(None).unwrap();
    let after = all_calls(&sandbox);
    assert_eq!(after[0]["summary"], "Mine.");
    assert_eq!(after[1..], before[2..]);
    assert_eq!(sandbox.release_summaries(None).unwrap(), 0);
    // Conversations that come without theirs.
    let late = sandbox.insert_calls(day(), 30, false).unwrap();
    let summaries = |sandbox: &Sandbox| column(&all_calls(sandbox)[59..], "summary");
    assert!(summaries(&sandbox).iter().all(Value::is_null));
    let came = sandbox.release_summaries(Some(&late)).unwrap();
    assert_eq!(summaries(&sandbox).iter().filter(|summary| summary.is_string()).count() as u64, came);
    assert!(came > 20);
}

#[test]
fn changes_are_kept_in_the_file_and_end_with_the_sandbox() {
    let folder = std::env::temp_dir().join(format!("converz-changes-{:016x}", rand::random::<u64>()));
    std::fs::create_dir(&folder).unwrap();
    let with_path = || Options { path: Some(folder.join("kept.db")), ..options(10, 2) };
    let first = Sandbox::start(with_path()).unwrap();
    first.delete_calls(&[10]).unwrap();
    first.stop();
    let stopped = [
        first.delete_calls(&[1]).unwrap_err(),
        first.insert_calls(today(), 1, true).unwrap_err(),
        first.release_summaries(None).unwrap_err(),
        first.withhold_summaries(&[1]).unwrap_err(),
    ];
    assert!(stopped.iter().all(|error| matches!(error, SandboxError::Stopped)), "{stopped:?}");
    let second = Sandbox::start(with_path()).unwrap();
    assert_eq!(second.insert_calls(today(), 1, true).unwrap(), [11]);
    assert_eq!(page(&second, "n_per_page=100"), (1..10).chain([11]).collect::<Vec<_>>());
    drop(second);
    std::fs::remove_dir_all(&folder).unwrap();
}
