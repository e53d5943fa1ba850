//! The made-up data: always the same, and such that plots of them are worth looking at.

use std::collections::{BTreeMap, HashSet};

use chrono::{Datelike, NaiveDate};
use converz::sandbox::{Options, Sandbox};
use serde_json::Value;

use super::client::{all_calls, all_reps, column, get};
use super::options;

/// FNV-1a: a hash that stays the same.
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}

fn fingerprint(options: Options) -> u64 {
    let sandbox = Sandbox::start(options).unwrap();
    let metrics = "talk_ratio,interruptions,silence_s,sentiment,csat,resolved";
    let mut all = get(&sandbox, &format!("calls?n_per_page=1000000&metric={metrics}")).body;
    all.extend(get(&sandbox, "reps?n_per_page=1000000").body);
    all.extend(
        get(&sandbox, "report?days=60&groupby=date,rep_id&metric=logins,minutes_in_app,exercises_completed")
            .body,
    );
    hash(&all)
}

#[test]
fn the_same_seed_and_day_give_the_same_data_for_ever() {
    // A change of this number is a change of everybody's data: it belongs into the changelog.
    let plain = Options { story: false, ..options(500, 20) };
    assert_eq!(fingerprint(plain.clone()), 10_492_234_007_323_350_503);
    assert_ne!(fingerprint(plain.clone()), fingerprint(Options { seed: 1, ..plain }));
    assert_eq!(fingerprint(options(500, 20)), 13_845_708_513_749_552_377);
}

/// Enough for shares to be stable; the data are always the same, so nothing here depends on luck.
fn centre() -> (Vec<Value>, Vec<Value>) {
    let sandbox = Sandbox::start(Options { days: 365, story: false, ..options(12_000, 100) }).unwrap();
    (all_calls(&sandbox), all_reps(&sandbox))
}

fn count(rows: &[Value], condition: impl Fn(&Value) -> bool) -> f64 {
    rows.iter().filter(|row| condition(row)).count() as f64
}

fn mean(rows: &[Value], name: &str, condition: impl Fn(&Value) -> bool) -> f64 {
    let number =
        |row: &Value| row[name].as_f64().or_else(|| row[name].as_bool().map(|one| f64::from(u8::from(one))));
    let numbers: Vec<f64> = rows.iter().filter(|row| condition(row)).filter_map(number).collect();
    assert!(numbers.len() > 50, "{name}");
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

#[test]
fn it_looks_like_a_contact_centre() {
    let (calls, reps) = centre();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let date = |row: &Value| text(row, "date").parse::<NaiveDate>().unwrap();
    let hour = |row: &Value| text(row, "start_time")[11..13].parse::<u32>().unwrap();

    // Time: in order, office hours, a lunch dip, weekdays, seasons.
    assert!(calls.is_sorted_by_key(|row| text(row, "start_time")));
    assert!(
        calls.iter().all(
            |row| text(row, "start_time").starts_with(&text(row, "date")) && (8..20).contains(&hour(row))
        )
    );
    let at = |wanted: u32| count(&calls, |row| hour(row) == wanted);
    assert!(at(10) > 1.5 * at(12) && at(14) > 1.3 * at(12) && at(12) > 3.0 * at(19));
    let weekday = |wanted: u32| count(&calls, |row| date(row).weekday().num_days_from_monday() == wanted);
    assert!(weekday(0) > weekday(3) && weekday(3) > 2.0 * weekday(5) && weekday(5) > 2.0 * weekday(6));
    let month = |wanted: u32| count(&calls, |row| date(row).month() == wanted);
    assert!(month(12) > 1.2 * month(8));

    // Users: ids like `kees500`, part of them active, hired over time, who only work while they are hired.
    let ids: HashSet<String> = reps.iter().map(|rep| text(rep, "rep_id")).collect();
    assert_eq!(ids.len(), 100);
    assert!(reps.iter().all(|rep| text(rep, "rep_id").starts_with(&text(rep, "name").to_lowercase())));
    let inactive = count(&reps, |rep| rep["active"] == 0);
    assert!((3.0..25.0).contains(&inactive), "{inactive}");
    let hired: BTreeMap<String, NaiveDate> =
        reps.iter().map(|rep| (text(rep, "rep_id"), text(rep, "hired_on").parse().unwrap())).collect();
    assert!(hired.values().map(Datelike::year).collect::<HashSet<_>>().len() >= 4);
    assert!(calls.iter().all(|row| hired[&text(row, "rep_id")] <= date(row)));

    // Agents differ.
    let mut by_rep: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in &calls {
        by_rep.entry(text(row, "rep_id")).or_default().push(row.clone());
    }
    let mut moods: Vec<f64> = by_rep
        .values()
        .filter(|rows| rows.len() > 60)
        .map(|rows| mean(rows, "sentiment", |_| true))
        .collect();
    moods.sort_by(f64::total_cmp);
    assert!(moods.len() > 40 && moods[moods.len() * 9 / 10] - moods[moods.len() / 10] > 0.25);

    // Campaigns differ, and have subcampaigns of their own.
    let campaign = |name: &'static str| move |row: &Value| row["campaign"] == name;
    assert!(
        mean(&calls, "duration_s", campaign("support"))
            > 1.4 * mean(&calls, "duration_s", campaign("service"))
    );
    assert!(mean(&calls, "csat", campaign("sales")) > mean(&calls, "csat", campaign("retention")) + 0.3);
    assert!(
        mean(&calls, "talk_ratio", campaign("sales"))
            > mean(&calls, "talk_ratio", campaign("support")) + 0.05
    );
    let pairs: HashSet<(String, String)> =
        calls.iter().map(|row| (text(row, "subcampaign"), text(row, "campaign"))).collect();
    assert!(pairs.iter().filter(|(subcampaign, _)| !subcampaign.is_empty()).count() == 11);

    // Metrics hang together and stay in their ranges.
    let resolved = |wanted: bool| move |row: &Value| row["resolved"] == wanted;
    assert!(mean(&calls, "csat", resolved(true)) > mean(&calls, "csat", resolved(false)) + 0.8);
    assert!(mean(&calls, "sentiment", resolved(true)) > mean(&calls, "sentiment", resolved(false)) + 0.1);
    assert!(
        mean(&calls, "interruptions", |row| row["sentiment"].as_f64() < Some(-0.3))
            > mean(&calls, "interruptions", |row| row["sentiment"].as_f64() > Some(0.3))
    );
    for row in &calls {
        assert!((-1.0..=1.0).contains(&row["sentiment"].as_f64().unwrap()));
        assert!((0.0..=1.0).contains(&row["talk_ratio"].as_f64().unwrap()));
        assert!(row["csat"].is_null() || (1..=5).contains(&row["csat"].as_i64().unwrap()));
        assert!(row["silence_s"].as_u64().unwrap() <= row["duration_s"].as_u64().unwrap());
        assert!(row["interruptions"].is_u64() && row["resolved"].is_boolean());
        assert!(["inbound", "outbound"].contains(&&*text(row, "direction")));
    }

    // Nulls where the documentation has them, and nowhere else.
    let nulls = |name: &str| count(&calls, |row| row[name].is_null()) / calls.len() as f64;
    assert!(
        (0.02..0.1).contains(&nulls("subcampaign"))
            && (0.02..0.1).contains(&nulls("summary"))
            && (0.5..0.8).contains(&nulls("csat"))
    );
    for name in [
        "rep_id",
        "vendor",
        "vendor_call_id",
        "department",
        "campaign",
        "start_time",
        "date",
        "duration_s",
        "language",
    ] {
        assert!(!calls.iter().any(|row| row[name].is_null()), "{name}");
    }

    // Summaries are varied prose; call ids of vendors are UUIDs, each its own.
    let summaries: HashSet<String> = calls.iter().map(|row| text(row, "summary")).collect();
    assert!(summaries.len() as f64 > 0.9 * calls.len() as f64, "{}", summaries.len());
    for summary in summaries.iter().filter(|summary| !summary.is_empty()) {
        assert!(
            (60..700).contains(&summary.len()) && summary.ends_with('.') && !summary.contains(".."),
            "{summary}"
        );
        assert!(summary.starts_with(|first: char| first.is_uppercase()) && !summary.contains("  "));
    }
    let uuids: HashSet<Value> = column(&calls, "vendor_call_id").into_iter().collect();
    assert_eq!(uuids.len(), calls.len());
    assert!(uuids.iter().all(|uuid| {
        uuid.as_str()
            .is_some_and(|uuid| uuid.len() == 36 && &uuid[14..15] == "4" && "89ab".contains(&uuid[19..20]))
    }));
}

#[test]
fn the_days_end_today() {
    let sandbox = Sandbox::start(Options { days: 10, ..options(2_000, 20) }).unwrap();
    let dates: HashSet<Value> = column(&all_calls(&sandbox), "date").into_iter().collect();
    assert_eq!(dates.len(), 10);
    assert!(dates.contains(&"2025-07-16".into()) && dates.contains(&"2025-07-07".into()));
    let real = Sandbox::start(Options { calls: 500, ..Options::default() }).unwrap();
    assert!(
        get(&real, "report").rows()[0]["conversations"].as_i64().unwrap() > 50,
        "the default range has data"
    );
}
