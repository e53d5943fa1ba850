//! `GET /calls` and `GET /reps`: every parameter, in every form.

use serde_json::{Value, json};

use super::client::{all_calls, all_reps, column, get, post};
use super::start;

const COLUMNS: [&str; 13] = [
    "call_id",
    "rep_id",
    "vendor",
    "vendor_call_id",
    "department",
    "campaign",
    "subcampaign",
    "start_time",
    "date",
    "duration_s",
    "direction",
    "language",
    "summary",
];

fn keys(row: &Value) -> Vec<String> {
    row.as_object().unwrap().keys().cloned().collect()
}

fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["call_id"].as_i64().unwrap()).collect()
}

/// The `call_id`s of all conversations that a condition holds for.
fn matching(rows: &[Value], condition: impl Fn(&Value) -> bool) -> Vec<i64> {
    ids(&rows.iter().filter(|row| condition(row)).cloned().collect::<Vec<_>>())
}

#[test]
fn a_page_has_ten_rows_by_default_and_all_but_the_metrics() {
    let sandbox = start(25, 5);
    let answer = get(&sandbox, "calls");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(ids(&answer.rows()), (1..=10).collect::<Vec<_>>());
    let mut expected = COLUMNS.map(str::to_owned);
    expected.sort();
    assert_eq!(keys(&answer.rows()[0]), expected);
    let text = String::from_utf8(answer.body).unwrap();
    let places = COLUMNS.map(|name| text.find(&format!("\"{name}\":")).unwrap());
    assert!(places.is_sorted(), "columns come in the order of the documentation");
    assert_eq!(get(&sandbox, "reps").rows().len(), 5);
}

#[test]
fn pages_partition_the_rows_in_order() {
    let sandbox = start(103, 23);
    for size in [1, 7, 50, 103, 104, 1_000_000] {
        let mut all = Vec::new();
        for page in 1.. {
            let rows = get(&sandbox, &format!("calls?n_per_page={size}&page={page}&columns=call_id")).rows();
            if rows.is_empty() {
                break;
            }
            all.extend(ids(&rows));
        }
        assert_eq!(all, (1..=103).collect::<Vec<_>>(), "{size}");
    }
    let mut reps = Vec::new();
    for page in 1..=4 {
        reps.extend(column(&get(&sandbox, &format!("reps?n_per_page=6&page={page}")).rows(), "rep_id"));
    }
    assert_eq!(reps, column(&all_reps(&sandbox), "rep_id"));
    assert!(reps.is_sorted_by_key(|id| id.as_str().unwrap().to_owned()));
    for beyond in ["page=12", "page=9223372036854775808", "page=99999999999999999999999"] {
        assert_eq!(get(&sandbox, &format!("calls?{beyond}")).json(), json!([]));
    }
}

#[test]
fn filtered_pages_partition_too() {
    let sandbox = start(200, 10);
    let expected = matching(&all_calls(&sandbox), |row| row["campaign"] == "service");
    assert!(expected.len() > 20);
    let mut all = Vec::new();
    for page in 1..=expected.len().div_ceil(9) {
        all.extend(ids(&get(&sandbox, &format!("calls?campaign=service&n_per_page=9&page={page}")).rows()));
    }
    assert_eq!(all, expected);
}

#[test]
fn arrays_are_repeated_or_comma_separated() {
    let sandbox = start(300, 12);
    let rows = all_calls(&sandbox);
    for name in ["rep_id", "vendor", "campaign", "subcampaign", "department"] {
        let mut values: Vec<String> =
            column(&rows, name).iter().filter_map(|value| Some(value.as_str()?.to_owned())).collect();
        values.sort();
        values.dedup();
        let (a, b) = (values[0].replace(' ', "%20"), values[1].replace(' ', "+"));
        let one = matching(&rows, |row| row[name] == values[0]);
        let both = matching(&rows, |row| row[name] == values[0] || row[name] == values[1]);
        assert!(!one.is_empty() && both.len() > one.len());
        let ask = |query: String| ids(&get(&sandbox, &format!("calls?n_per_page=1000&{query}")).rows());
        assert_eq!(ask(format!("{name}={a}")), one);
        assert_eq!(ask(format!("{name}={a}&{name}={b}")), both);
        assert_eq!(ask(format!("{name}={a},{b}")), both);
        assert_eq!(ask(format!("{name}={a},{b}&{name}={b},nobody")), both);
        assert_eq!(ask(format!("{name}=nobody")), Vec::<i64>::new());
    }
    let reps = all_reps(&sandbox);
    let (a, b) = (reps[0]["rep_id"].as_str().unwrap(), reps[3]["rep_id"].as_str().unwrap());
    for query in [format!("rep_id={a}&rep_id={b}"), format!("rep_id={b},{a}")] {
        assert_eq!(column(&get(&sandbox, &format!("reps?{query}")).rows(), "rep_id"), [a, b]);
    }
    let wanted: Vec<&Value> = reps.iter().filter(|rep| rep["department"] == "customer care").collect();
    assert!(!wanted.is_empty() && wanted.len() < reps.len());
    assert_eq!(
        get(&sandbox, "reps?n_per_page=99&department=customer%20care").rows().iter().collect::<Vec<_>>(),
        wanted
    );
}

#[test]
fn filters_hold_together() {
    let sandbox = start(400, 10);
    let rows = all_calls(&sandbox);
    let expected = matching(&rows, |row| row["campaign"] == "sales" && row["vendor"] == "pbx-north");
    assert!(!expected.is_empty());
    assert_eq!(ids(&get(&sandbox, "calls?n_per_page=999&campaign=sales&vendor=pbx-north").rows()), expected);
}

#[test]
fn vendor_call_ids_are_comma_separated() {
    let sandbox = start(30, 3);
    let uuids = column(&all_calls(&sandbox), "vendor_call_id");
    let query = format!("calls?vendor_call_id={},{}", uuids[3].as_str().unwrap(), uuids[1].as_str().unwrap());
    assert_eq!(ids(&get(&sandbox, &query).rows()), [2, 4]);
}

#[test]
fn dates_and_times_are_inclusive() {
    let sandbox = start(400, 10);
    let rows = all_calls(&sandbox);
    let ask = |query: &str| ids(&get(&sandbox, &format!("calls?n_per_page=999&{query}")).rows());
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let by = |name: &'static str, least: &str, most: &str| {
        matching(&rows, |row| (least..=most).contains(&text(row, name).as_str()))
    };
    let range = ask("start_date=2025-06-10&end_date=2025-06-20");
    assert!(range.len() > 20);
    assert_eq!(range, by("date", "2025-06-10", "2025-06-20"));
    assert_eq!(ask("start_date=2025-07-01"), by("date", "2025-07-01", "9"));
    assert_eq!(ask("end_date=2025-05-25"), by("date", "", "2025-05-25"));
    let exact = text(&rows[200], "start_time");
    let encoded = exact.replace(' ', "+");
    assert_eq!(ask(&format!("after={encoded}")), by("start_time", &exact, "9"));
    assert_eq!(ask(&format!("before={encoded}")), by("start_time", "", &exact));
    assert_eq!(ask(&format!("after={encoded}&before={}", exact.replace(' ', "T"))), [201]);
    assert_eq!(
        ask("after=2025-06-16%2012:00&before=2025-06-16T13:30:00"),
        by("start_time", "2025-06-16 12:00:00", "2025-06-16 13:30:00")
    );
    assert_eq!(ask("start_date=2025-07-02&end_date=2025-07-01"), Vec::<i64>::new());
}

#[test]
fn stored_fractions_are_within_the_times_they_belong_to() {
    let sandbox = start(10, 2);
    let body = r#"{"call_id":[1,2,3,4],"start_time":["2020-01-01 12:00:00.000","2020-01-01T12:00","2020-01-01 12:00:00.5","2020-01-01 12:00:00.500001"]}"#;
    assert_eq!(post(&sandbox, "calls", body).status, 200);
    let between = |after: &str, before: &str| {
        ids(&get(&sandbox, &format!("calls?after={after}&before={before}")).rows())
    };
    assert_eq!(between("2020-01-01+12:00", "2021-01-01+00:00"), [1, 2, 3, 4]);
    assert_eq!(between("2020-01-01+12:00:00.000", "2020-01-01+12:00"), [1, 2]);
    assert_eq!(between("2019-01-01+12:00", "2020-01-01+12:00:00.50"), [1, 2, 3]);
    assert_eq!(between("2020-01-01+12:00:00.500", "2021-01-01+00:00"), [3, 4]);
}

#[test]
fn columns_come_in_the_order_asked_for_and_metrics_after_them() {
    let sandbox = start(12, 3);
    let text = |query: &str| String::from_utf8(get(&sandbox, query).body).unwrap();
    let rows = all_calls(&sandbox);
    let (date, id) = (&rows[0]["date"], &rows[0]["rep_id"]);
    assert_eq!(
        text("calls?columns=date,%20rep_id&n_per_page=1"),
        format!("[{{\"date\":{date},\"rep_id\":{id}}}]")
    );
    let (csat, ratio) = (&rows[0]["csat"], &rows[0]["talk_ratio"]);
    let expected = format!("[{{\"call_id\":1,\"talk_ratio\":{ratio},\"csat\":{csat}}}]");
    assert_eq!(text("calls?columns=call_id&metric=talk_ratio,csat&n_per_page=1"), expected);
    assert_eq!(text("calls?columns=call_id,talk_ratio&metric=csat,talk_ratio&n_per_page=1"), expected);
    let row = &get(&sandbox, "calls?n_per_page=1&metric=resolved").rows()[0];
    assert_eq!(row.as_object().unwrap().len(), COLUMNS.len() + 1);
    assert!(row["resolved"].is_boolean());
}

#[test]
fn only_active_or_only_inactive_users() {
    let sandbox = start(0, 60);
    let all = all_reps(&sandbox);
    for active in [0, 1] {
        let expected: Vec<&Value> = all.iter().filter(|rep| rep["active"] == active).collect();
        assert!(!expected.is_empty());
        let rows = get(&sandbox, &format!("reps?n_per_page=99&active={active}")).rows();
        assert_eq!(rows.iter().collect::<Vec<_>>(), expected);
    }
    let id = &all[0]["rep_id"];
    for (value, expected) in [("true", 1), ("0", 0), ("false", 0), ("1", 1)] {
        assert_eq!(
            post(&sandbox, "reps", &format!("{{\"rep_id\":[{id}],\"active\":[{value}]}}")).status,
            200
        );
        let query = format!("reps?rep_id={}&active={expected}", id.as_str().unwrap());
        assert_eq!(get(&sandbox, &query).rows().len(), 1, "{value}");
    }
}

#[test]
fn a_long_page_is_complete() {
    let sandbox = start(3_000, 20);
    let answer = get(&sandbox, "calls?n_per_page=3000");
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert!(answer.body.len() > 1_000_000);
    assert_eq!(ids(&answer.rows()), (1..=3000).collect::<Vec<_>>());
    assert!(get(&sandbox, "calls").header("content-length").is_some());
}
