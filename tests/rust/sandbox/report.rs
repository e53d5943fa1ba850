//! `GET /report`, against sums over the rows that the lists give.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use serde_json::{Value, json};

use super::client::{all_calls, all_reps, column, get, post};
use super::{start, today};

/// The columns that a group is known by.
type Key = Vec<(&'static str, Value)>;

fn date(row: &Value) -> NaiveDate {
    row["date"].as_str().unwrap().parse().unwrap()
}

/// The groups of conversations by a key, as a report should give them: the key's columns, their number, and
/// the averages of metrics.
fn expected(
    rows: &[Value],
    range: (NaiveDate, NaiveDate),
    key: impl Fn(&Value) -> Key,
    metrics: &[&str],
) -> Vec<Value> {
    let mut groups: BTreeMap<String, (Key, Vec<&Value>)> = BTreeMap::new();
    for row in rows.iter().filter(|row| (range.0..=range.1).contains(&date(row))) {
        let key = key(row);
        // Numbers in order, null last.
        let order = key.iter().map(|(_, value)| match value {
            Value::Null => "~".to_owned(),
            Value::Number(number) => format!("{number:>8}"),
            other => other.to_string(),
        });
        groups.entry(order.collect()).or_insert_with(|| (key, Vec::new())).1.push(row);
    }
    let row = |(key, rows): (Key, Vec<&Value>)| {
        let mut group: serde_json::Map<String, Value> =
            key.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        group.insert("conversations".into(), rows.len().into());
        for metric in metrics {
            let number = |row: &&Value| {
                row[*metric].as_f64().or_else(|| row[*metric].as_bool().map(|one| f64::from(u8::from(one))))
            };
            let numbers: Vec<f64> = rows.iter().filter_map(number).collect();
            let average = (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64);
            group.insert((*metric).into(), json!(average));
        }
        Value::Object(group)
    };
    groups.into_values().map(row).collect()
}

/// Equal but for the last digits of averages, which depend on the order of their sums.
#[track_caller]
fn assert_same(report: &[Value], expected: &[Value]) {
    assert_eq!(report.len(), expected.len(), "{report:?}");
    for (one, other) in report.iter().zip(expected) {
        let (one, other) = (one.as_object().unwrap(), other.as_object().unwrap());
        assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        for (name, value) in one {
            let same = match (value.as_f64(), other[name].as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-9,
                _ => *value == other[name],
            };
            assert!(same, "{name}: {value} is not {}", other[name]);
        }
    }
}

fn ago(days: u64) -> NaiveDate {
    today() - Days::new(days)
}

#[test]
fn without_groups_it_is_one_row_over_the_last_thirty_days() {
    let sandbox = start(500, 8);
    let rows = all_calls(&sandbox);
    let all =
        expected(&rows, (ago(30), today()), |_| vec![], &["csat", "talk_ratio", "resolved", "duration_s"]);
    assert_same(&get(&sandbox, "report?metric=csat,talk_ratio&metric=resolved,duration_s").rows(), &all);
    assert_eq!(get(&sandbox, "report").json(), json!([{"conversations": all[0]["conversations"]}]));
}

#[test]
fn every_dimension_groups() {
    let sandbox = start(800, 8);
    let rows = all_calls(&sandbox);
    let (start, end) = (ago(49), ago(3));
    let range = format!("start_date={start}&end_date={end}&metric=csat,sentiment");
    let check = |groupby: &str, key: &dyn Fn(&Value) -> Key| {
        let report = get(&sandbox, &format!("report?{range}&groupby={groupby}")).rows();
        assert!(report.len() > 1, "{groupby}");
        assert_same(&report, &expected(&rows, (start, end), key, &["csat", "sentiment"]));
    };
    check("date", &|row| vec![("date", row["date"].clone())]);
    for name in ["rep_id", "vendor", "campaign", "subcampaign", "department"] {
        check(name, &|row| vec![(name, row[name].clone())]);
    }
    check("week", &|row| {
        let week = date(row).iso_week();
        vec![("year", week.year().into()), ("week", week.week().into())]
    });
    check("month", &|row| vec![("year", date(row).year().into()), ("month", date(row).month().into())]);
    check("quarter", &|row| {
        vec![("year", date(row).year().into()), ("quarter", (date(row).month0() / 3 + 1).into())]
    });
    // 47 days: the middle one belongs to the earlier half.
    let half = |row: &Value| json!(if (date(row) - start).num_days() < 24 { 1 } else { 2 });
    check("half", &|row| vec![("half", half(row))]);
    check("campaign,half", &|row| vec![("campaign", row["campaign"].clone()), ("half", half(row))]);
    check("month,quarter,vendor,date", &|row| {
        let date = date(row);
        vec![
            ("year", date.year().into()),
            ("month", date.month().into()),
            ("quarter", (date.month0() / 3 + 1).into()),
            ("vendor", row["vendor"].clone()),
            ("date", row["date"].clone()),
        ]
    });
}

#[test]
fn columns_come_in_the_order_asked_for() {
    let sandbox = start(300, 5);
    let report = get(&sandbox, "report?groupby=campaign,%20week&metric=logins,csat");
    let text = String::from_utf8(report.body).unwrap();
    let names = ["campaign", "year", "week", "conversations", "logins", "csat"];
    assert!(names.map(|name| text.find(&format!("\"{name}\":")).unwrap()).is_sorted(), "{text}");
}

#[test]
fn weeks_have_the_year_of_iso_8601() {
    let sandbox = start(10, 2);
    let body = r#"{"call_id":[1,2,3],"date":["2024-12-30","2025-01-05","2024-12-29"]}"#;
    assert_eq!(post(&sandbox, "calls", body).status, 200);
    let range = "start_date=2024-12-01&end_date=2025-01-31";
    let weeks = json!([
        {"year": 2024, "week": 52, "conversations": 1},
        {"year": 2025, "week": 1, "conversations": 2},
    ]);
    assert_eq!(get(&sandbox, &format!("report?groupby=week&{range}")).json(), weeks);
    let months = json!([
        {"year": 2024, "month": 12, "conversations": 2},
        {"year": 2025, "month": 1, "conversations": 1},
    ]);
    assert_eq!(get(&sandbox, &format!("report?groupby=month&{range}")).json(), months);
}

#[test]
fn ranges_are_given_by_dates_or_days() {
    let sandbox = start(600, 5);
    let rows = all_calls(&sandbox);
    let count = |start, end| json!([{"conversations": rows.iter().filter(|row| (start..=end).contains(&date(row))).count()}]);
    let ask = |query: String| get(&sandbox, &format!("report?{query}")).json();
    assert_eq!(ask("days=1".into()), count(today(), today()));
    assert_eq!(ask("days=7".into()), count(ago(6), today()));
    assert_eq!(ask(format!("start_date={}&days=5", ago(20))), count(ago(20), ago(16)));
    assert_eq!(ask(format!("end_date={}&days=5", ago(20))), count(ago(24), ago(20)));
    assert_eq!(ask(format!("start_date={}&end_date={}&days=5", ago(20), ago(10))), count(ago(20), ago(16)));
    assert_eq!(ask(format!("start_date={}&end_date={}&days=5", ago(20), ago(18))), count(ago(20), ago(18)));
    assert_eq!(ask(format!("start_date={}", ago(3))), count(ago(3), today()));
    assert_eq!(ask(format!("end_date={}", ago(3))), count(ago(30), ago(3)));
    assert_eq!(ask(format!("start_date={}&end_date={}", ago(3), ago(4))), json!([{"conversations": 0}]));
    assert_eq!(ask(format!("start_date={}&end_date={}&groupby=date", ago(3), ago(4))), json!([]));
    assert_eq!(ask("start_date=9999-12-30&days=500".into()), json!([{"conversations": 0}]));
    assert_eq!(ask("end_date=0001-01-02&days=500".into()), json!([{"conversations": 0}]));
}

#[test]
fn filters_choose_conversations() {
    let sandbox = start(600, 6);
    let rows = all_calls(&sandbox);
    for (name, value) in [
        ("vendor", "pbx-south"),
        ("campaign", "sales"),
        ("department", "customer care"),
        ("subcampaign", "outage"),
    ] {
        let some: Vec<Value> = rows.iter().filter(|row| row[name] == value).cloned().collect();
        assert!(!some.is_empty());
        let all =
            expected(&some, (ago(59), today()), |row| vec![("rep_id", row["rep_id"].clone())], &["csat"]);
        let query = format!("report?days=60&metric=csat&groupby=rep_id&{name}={}", value.replace(' ', "%20"));
        assert_same(&get(&sandbox, &query).rows(), &all);
    }
    let rep = rows[5]["rep_id"].as_str().unwrap();
    let own = rows.iter().filter(|row| row["rep_id"] == rep).count();
    assert_eq!(
        get(&sandbox, &format!("report?days=60&rep_id={rep},nobody")).json(),
        json!([{"conversations": own}])
    );
}

#[test]
fn booleans_and_spelled_numbers_count_and_texts_do_not() {
    let sandbox = start(6, 2);
    let body = r#"{"call_id":[1,2,3,4,5,6],"score":[true,false,1e1,"7",{"a":1},2]}"#;
    assert_eq!(post(&sandbox, "calls", body).status, 200);
    assert_eq!(
        get(&sandbox, "report?days=60&metric=score").json(),
        json!([{"conversations": 6, "score": 3.25}])
    );
}

#[test]
fn groups_have_whatever_value_was_set() {
    let sandbox = start(6, 2);
    let body = r#"{"call_id":[1,2,3,4,5,6],"campaign":["b",2,{"x":[1]},"a",1,true]}"#;
    assert_eq!(post(&sandbox, "calls", body).status, 200);
    assert_eq!(post(&sandbox, "calls", r#"[{"call_id":6,"campaign":null}]"#).status, 200);
    let groups = get(&sandbox, "report?days=60&groupby=campaign").rows();
    assert_eq!(
        column(&groups, "campaign"),
        [json!(1), json!(2), json!("a"), json!("b"), json!({"x": [1]}), json!(null)]
    );
}

#[test]
fn in_app_activity_is_summed_by_user() {
    let sandbox = start(200, 8);
    let all = "logins,minutes_in_app,exercises_completed";
    let sum = |rows: &[Value], name: &str| rows.iter().map(|row| row[name].as_i64().unwrap()).sum::<i64>();
    let total = get(&sandbox, &format!("report?days=60&metric={all}")).rows();
    assert!(total[0]["logins"].as_i64().unwrap() > 50 && total[0]["minutes_in_app"].as_i64().unwrap() > 500);
    for groupby in
        ["date", "week", "rep_id", "campaign", "department", "half", "vendor", "subcampaign", "rep_id,month"]
    {
        let groups = get(&sandbox, &format!("report?days=60&metric={all}&groupby={groupby}")).rows();
        for name in all.split(',') {
            assert_eq!(sum(&groups, name), total[0][name].as_i64().unwrap(), "{groupby} {name}");
        }
        assert_eq!(sum(&groups, "conversations"), 200);
    }
    // It has the user's campaign, and no vendor.
    let reps = all_reps(&sandbox);
    let by_rep = get(&sandbox, &format!("report?days=60&metric={all}&groupby=rep_id")).rows();
    let campaigns: BTreeMap<&str, &Value> =
        reps.iter().map(|rep| (rep["rep_id"].as_str().unwrap(), &rep["campaign"])).collect();
    let of = |campaign: &str| -> i64 {
        by_rep
            .iter()
            .filter(|row| campaigns[row["rep_id"].as_str().unwrap()] == campaign)
            .map(|row| row["logins"].as_i64().unwrap())
            .sum()
    };
    for row in get(&sandbox, "report?days=60&metric=logins&groupby=campaign").rows() {
        let campaign = row["campaign"].as_str().unwrap();
        assert_eq!(row["logins"], of(campaign));
        let filtered = get(&sandbox, &format!("report?days=60&metric=logins&campaign={campaign}")).rows();
        assert_eq!(filtered[0]["logins"], row["logins"]);
    }
    let vendors = get(&sandbox, "report?days=60&metric=logins&groupby=vendor").rows();
    assert_eq!(
        vendors.last().unwrap(),
        &json!({"vendor": null, "conversations": 0, "logins": total[0]["logins"]})
    );
    assert_eq!(get(&sandbox, "report?days=60&metric=logins&vendor=cloudline").rows()[0]["logins"], 0);
}

#[test]
fn groups_of_activity_alone_appear_only_when_it_is_asked_for() {
    // Without conversations, every group is one of activity alone.
    let sandbox = start(0, 5);
    assert_eq!(get(&sandbox, "report?days=60&groupby=rep_id&metric=csat").json(), json!([]));
    let rows = get(&sandbox, "report?days=60&groupby=rep_id&metric=csat,logins").rows();
    assert!(!rows.is_empty());
    for row in &rows {
        assert_eq!((&row["conversations"], &row["csat"]), (&json!(0), &json!(null)));
        assert!(row["logins"].as_i64().unwrap() > 0);
    }
    assert_eq!(get(&sandbox, "report?metric=csat").json(), json!([{"conversations": 0, "csat": null}]));
}
