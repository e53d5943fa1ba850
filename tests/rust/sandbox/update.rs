//! Updates: what is set comes back as it was set, whole or not at all, while others read.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::client::{all_calls, all_reps, column, get, post};
use super::start;

#[test]
fn both_forms_set_attributes_of_both_kinds_of_rows() {
    let sandbox = start(5, 3);
    let reps = column(&all_reps(&sandbox), "rep_id");
    let columnar = post(&sandbox, "calls", r#"{"call_id":[1,2],"campaign":["A","B"]}"#);
    assert_eq!(columnar.json(), json!({"updated": 2}));
    let row_wise = post(&sandbox, "calls", r#"[{"call_id":3,"campaign":"A"},{"call_id":4,"campaign":"B"}]"#);
    assert_eq!(row_wise.json(), json!({"updated": 2}));
    assert_eq!(column(&all_calls(&sandbox)[..4], "campaign"), ["A", "B", "A", "B"]);
    assert_eq!(get(&sandbox, "calls?campaign=A").rows().len(), 2);

    assert_eq!(
        post(&sandbox, "reps", &json!({"rep_id": [reps[2], reps[0]], "gender": ["f", "x"]}).to_string())
            .status,
        200
    );
    assert_eq!(
        post(&sandbox, "reps", &json!([{"rep_id": reps[1], "gender": "y", "level": 3}]).to_string()).status,
        200
    );
    assert_eq!(column(&all_reps(&sandbox), "gender"), ["x", "y", "f"]);
    assert_eq!(column(&all_reps(&sandbox), "level"), [json!(null), json!(3), json!(null)]);
}

#[test]
fn values_come_back_as_they_were_set() {
    let sandbox = start(40, 2);
    let values = [
        "true",
        "false",
        "0",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "123456789012345678901234567890",
        "-0",
        "0.0",
        "-0.0",
        "1.0",
        "0.1",
        "1.10",
        "1e5",
        "1E-5",
        "5e-324",
        "1.7976931348623157e308",
        "\"\"",
        "\"12\"",
        "\"true\"",
        "\"null\"",
        "\"é💬\"",
        "{}",
        "[]",
        "[1,2.50,\"x\",null,[true]]",
        "{\"a\":{\"b\":[1e5]},\"c\":\"\\u00e9\"}",
    ];
    let ids: Vec<String> = (1..=values.len()).map(|id| id.to_string()).collect();
    for name in ["new", "campaign"] {
        let body = format!("{{\"call_id\":[{}],\"{name}\":[{}]}}", ids.join(","), values.join(","));
        assert_eq!(post(&sandbox, "calls", &body).status, 200);
        let answer = get(&sandbox, &format!("calls?n_per_page={}&columns={name}", values.len()));
        let rows: Vec<String> = values.iter().map(|value| format!("{{\"{name}\":{value}}}")).collect();
        assert_eq!(String::from_utf8(answer.body).unwrap(), format!("[{}]", rows.join(",")));
    }
}

#[test]
fn a_new_attribute_is_a_column_of_every_row_and_a_metric() {
    let sandbox = start(4, 2);
    assert_eq!(post(&sandbox, "calls", r#"{"call_id":[2,3],"NPS score.1":[7,9]}"#).status, 200);
    let expected = [json!(null), json!(7), json!(9), json!(null)];
    assert_eq!(column(&all_calls(&sandbox), "NPS score.1"), expected);
    assert_eq!(column(&get(&sandbox, "calls?columns=NPS%20score.1,call_id").rows(), "NPS score.1"), expected);
    assert_eq!(
        column(&get(&sandbox, "calls?columns=call_id&metric=NPS+score.1").rows(), "NPS score.1"),
        expected
    );
    let all = "report?start_date=2000-01-01&metric=NPS+score.1";
    assert_eq!(get(&sandbox, all).json(), json!([{"conversations": 4, "NPS score.1": 8.0}]));
    // It belongs to conversations only.
    assert!(all_reps(&sandbox)[0].get("NPS score.1").is_none());
    assert_eq!(
        post(
            &sandbox,
            "reps",
            &json!([{"rep_id": all_reps(&sandbox)[0]["rep_id"], "NPS score.1": 1}]).to_string()
        )
        .status,
        200
    );
    assert_eq!(column(&all_calls(&sandbox), "NPS score.1"), expected);
    // A column of nulls that change nothing adds nothing; an explicit null does.
    assert_eq!(post(&sandbox, "calls", r#"{"call_id":[1],"nothing":[null]}"#).json(), json!({"updated": 1}));
    assert_eq!(get(&sandbox, "calls?columns=nothing").status, 400);
    assert_eq!(post(&sandbox, "calls", r#"[{"call_id":1,"nothing":null}]"#).json(), json!({"updated": 1}));
    assert_eq!(column(&get(&sandbox, "calls?columns=nothing").rows(), "nothing"), vec![json!(null); 4]);
}

#[test]
fn attributes_have_a_limit() {
    let sandbox = start(1, 1);
    let columns: Vec<String> = (0..1_900).map(|number| format!("\"a{number}\":[{number}]")).collect();
    assert_eq!(post(&sandbox, "calls", &format!("{{\"call_id\":[1],{}}}", columns.join(","))).status, 200);
    let (status, code, message) = post(&sandbox, "calls", r#"{"call_id":[1],"a5":[0],"more":[1]}"#).refusal();
    assert_eq!((status, code.as_str()), (400, "too_many_attributes"));
    assert!(message.contains("\"more\""));
    let row = &all_calls(&sandbox)[0];
    assert_eq!((row["a5"].as_i64(), row["a1899"].as_i64()), (Some(5), Some(1_899)));
}

#[test]
fn nothing_of_a_refused_update_is_applied() {
    let sandbox = start(50, 2);
    let before = all_calls(&sandbox);
    let body = r#"{"call_id":[1,2,51],"campaign":["A","B","C"],"brand_new":[1,2,3]}"#;
    assert_eq!(post(&sandbox, "calls", body).refusal().1, "unknown_id");
    assert_eq!(all_calls(&sandbox), before);
    assert_eq!(get(&sandbox, "calls?columns=brand_new").refusal().1, "unknown_column");
    assert_eq!(post(&sandbox, "calls", r#"{"call_id":[1],"brand_new":[1]}"#).status, 200);
}

#[test]
fn times_are_stored_in_one_form() {
    let sandbox = start(5, 2);
    let body = r#"[{"call_id":1,"start_time":"2024-02-29T08:05","date":"2024-02-29"},{"call_id":2,"start_time":"2024-02-29 08:05:06.789","date":null}]"#;
    assert_eq!(post(&sandbox, "calls", body).status, 200);
    let rows = get(&sandbox, "calls?columns=start_time,date&n_per_page=2").json();
    let expected = json!([
        {"start_time": "2024-02-29 08:05:00", "date": "2024-02-29"},
        {"start_time": "2024-02-29 08:05:06.789", "date": null},
    ]);
    assert_eq!(rows, expected);
    assert_eq!(get(&sandbox, "calls?start_date=2024-02-29&end_date=2024-02-29").rows().len(), 1);
    let whole = "report?start_date=0001-01-01&end_date=9999-12-31";
    assert_eq!(get(&sandbox, whole).json(), json!([{"conversations": 4}]));
}

#[test]
fn a_body_of_forty_megabytes_is_fine() {
    let sandbox = start(100_000, 20);
    let text = "x".repeat(370);
    let rows: Vec<String> =
        (1..=100_000).map(|id| format!("{{\"call_id\":{id},\"campaign\":\"{text}\"}}")).collect();
    let body = format!("[{}]", rows.join(","));
    assert!(body.len() > 40_000_000);
    assert_eq!(post(&sandbox, "calls", &body).json(), json!({"updated": 100_000}));
    assert_eq!(
        get(&sandbox, "calls?page=100000&n_per_page=1&columns=campaign").json(),
        json!([{"campaign": text}])
    );
}

#[test]
fn readers_see_an_update_whole_or_not_at_all() {
    let sandbox = start(1_500, 3);
    let ids: Vec<i64> = (1..=1_500).collect();
    let set = |version: i64| {
        let body = json!({"call_id": ids, "version": vec![version; ids.len()]}).to_string();
        assert_eq!(post(&sandbox, "calls", &body).status, 200);
    };
    set(0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut last, mut reads) = (0, 0);
                    while !done.load(Ordering::Relaxed) || reads == 0 {
                        let rows = get(&sandbox, "calls?n_per_page=1500").rows();
                        let versions = column(&rows, "version");
                        assert_eq!(versions.len(), 1_500);
                        assert!(
                            versions.iter().all(|version| *version == versions[0]),
                            "a page of two states"
                        );
                        let version = versions[0].as_i64().unwrap();
                        assert!(version >= last);
                        (last, reads) = (version, reads + 1);
                    }
                })
            })
            .collect();
        (1..=8).for_each(set);
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn writers_wait_for_each_other() {
    let sandbox = start(400, 3);
    std::thread::scope(|scope| {
        for part in 0..4_i64 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for round in 0..5 {
                    let ids: Vec<i64> = (1 + part * 100..=100 + part * 100).collect();
                    let body = json!({"call_id": ids, format!("by_{part}_{round}"): vec![round; 100], "last": vec![part; 100]});
                    assert_eq!(post(sandbox, "calls", &body.to_string()).status, 200);
                }
            });
        }
    });
    let rows = all_calls(&sandbox);
    for (index, row) in rows.iter().enumerate() {
        let part = index / 100;
        assert_eq!(row["last"], part);
        assert_eq!(
            (0..5).map(|round| row[format!("by_{part}_{round}")].clone()).collect::<Vec<Value>>(),
            [0, 1, 2, 3, 4]
        );
    }
}
