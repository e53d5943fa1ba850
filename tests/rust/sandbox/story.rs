//! What happens besides every day: each thing when it should, and nothing of it where no story was asked for.

use converz::sandbox::{Options, Sandbox};
use serde_json::Value;

use super::client::{all_reps, get};
use super::options;

// Today is Wednesday, 16 July 2025.
const TRAINING: &str = "2025-06-16";
const LAUNCH: &str = "2025-06-23";
const OUTAGE: &str = "2025-07-01";
const LATE: &str = "2025-07-11";

fn centre(story: bool) -> Sandbox {
    Sandbox::start(Options { days: 90, story, ..options(9_000, 60) }).unwrap()
}

fn calls(sandbox: &Sandbox) -> Vec<Value> {
    get(sandbox, "calls?n_per_page=1000000&metric=silence_s,csat,resolved").rows()
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

fn share(rows: &[&Value], condition: impl Fn(&Value) -> bool) -> f64 {
    assert!(rows.len() > 30, "{}", rows.len());
    rows.iter().filter(|row| condition(row)).count() as f64 / rows.len() as f64
}

#[test]
fn there_is_an_outage() {
    let all = calls(&centre(true));
    let of = |day: &str| all.iter().filter(|row| row["date"] == day).collect::<Vec<_>>();
    let usual = (of("2025-06-24").len() + of("2025-07-08").len()) as f64 / 2.0;
    assert!(of(OUTAGE).len() as f64 > 2.0 * usual);
    assert!(share(&of(OUTAGE), |row| row["campaign"] == "support") > 0.5);
    let resolved = |rows: &[&Value]| share(rows, |row| row["resolved"] == true);
    assert!(resolved(&of(OUTAGE)) < resolved(&of("2025-07-08")) - 0.1);
}

#[test]
fn a_campaign_starts() {
    let all = calls(&centre(true));
    let sales: Vec<&Value> = all.iter().filter(|row| row["department"] == "sales").collect();
    let (since, before): (Vec<&Value>, Vec<&Value>) =
        sales.iter().partition(|row| text(row, "date") >= LAUNCH);
    assert!(before.iter().all(|row| row["campaign"] == "sales"));
    assert!((0.4..0.6).contains(&share(&since, |row| row["campaign"] == "fibre")));
    assert!(all.iter().all(|row| row["campaign"] != "fibre" || row["department"] == "sales"));
}

#[test]
fn who_was_trained_gets_better_and_practises_more() {
    let sandbox = centre(true);
    let all = calls(&sandbox);
    let reps = all_reps(&sandbox);
    let was_trained = |rep: &str| reps.iter().any(|row| row["rep_id"] == rep && !row["trained_on"].is_null());
    let trained = reps.iter().filter(|row| was_trained(text(row, "rep_id"))).count();
    assert!((5..15).contains(&trained), "{trained}");
    assert!(reps.iter().all(|row| row["trained_on"].is_null() || row["trained_on"] == TRAINING));
    let gain = |wanted: bool, better: &dyn Fn(&Value) -> bool| {
        let of: Vec<&Value> = all.iter().filter(|row| was_trained(text(row, "rep_id")) == wanted).collect();
        let (since, before): (Vec<&Value>, Vec<&Value>) =
            of.into_iter().partition(|row| text(row, "date") >= TRAINING);
        share(&since, better) - share(&before, better)
    };
    let resolved = |row: &Value| row["resolved"] == true;
    assert!(gain(true, &resolved) > 0.08, "{}", gain(true, &resolved));
    assert!(gain(false, &resolved).abs() < 0.05, "{}", gain(false, &resolved));
    let activity = get(&sandbox, "report?days=90&groupby=date,rep_id&metric=minutes_in_app").rows();
    let minutes = |since: bool| {
        activity
            .iter()
            .filter(|row| was_trained(text(row, "rep_id")) && (text(row, "date") >= TRAINING) == since)
            .filter_map(|row| row["minutes_in_app"].as_f64())
            .sum::<f64>()
    };
    // 31 days since, 59 before.
    assert!(minutes(true) / 31.0 > 1.2 * minutes(false) / 59.0);
}

#[test]
fn summaries_are_late_and_come() {
    let sandbox = centre(true);
    let without = |days: &[&str]| {
        let all = calls(&sandbox);
        let of: Vec<&Value> = all.iter().filter(|row| days.contains(&text(row, "date"))).collect();
        share(&of, |row| row["summary"].is_null())
    };
    assert!((without(&[LATE]) - 1.0).abs() < 1e-9);
    assert!((0.7..0.95).contains(&without(&["2025-07-15", "2025-07-16"])));
    assert!(without(&["2025-07-10", "2025-07-12", "2025-07-14"]) < 0.1);
    assert!(sandbox.release_summaries(None).unwrap() > 150);
    assert!(without(&[LATE]) < 0.1 && without(&["2025-07-15", "2025-07-16"]) < 0.1);
}

#[test]
fn a_vendor_has_no_silence() {
    let all = calls(&centre(true));
    assert!(all.iter().all(|row| row["silence_s"].is_null() == (row["vendor"] == "cloudline")));
}

#[test]
fn nothing_happens_without_a_story() {
    let sandbox = centre(false);
    let all = calls(&sandbox);
    assert!(all.iter().all(|row| row["campaign"] != "fibre" && row["silence_s"].is_u64()));
    assert!(all_reps(&sandbox).iter().all(|row| row.get("trained_on").is_none()));
    assert_eq!(sandbox.release_summaries(None).unwrap(), 0);
}

#[test]
fn a_short_past_has_the_part_of_the_story_that_falls_into_it() {
    for days in [1, 7, 20, 40] {
        let sandbox = Sandbox::start(Options { days, ..options(400, 6) }).unwrap();
        assert_eq!(calls(&sandbox).len(), 400);
    }
}

#[test]
fn calls_that_come_late_are_of_the_same_story() {
    let sandbox = centre(true);
    let launch = LAUNCH.parse().unwrap();
    let late = sandbox.insert_calls(launch, 300, true).unwrap();
    let added: Vec<Value> = calls(&sandbox)
        .into_iter()
        .filter(|row| row["call_id"].as_i64().is_some_and(|id| late.contains(&id)))
        .collect();
    assert!(added.iter().any(|row| row["campaign"] == "fibre"));
    assert!(added.iter().all(|row| row["silence_s"].is_null() == (row["vendor"] == "cloudline")));
}
