//! Bad input is refused with a 400 that says what and where, and nothing of it is applied.

use serde_json::json;

use super::client::{Answer, all_calls, all_reps, get, post, request};
use super::start;

/// A refusal with this code whose message has all of these.
#[track_caller]
fn assert_refused(answer: &Answer, code: &str, parts: &[&str]) {
    let (status, own, message) = answer.refusal();
    assert_eq!((status, own.as_str()), (400, code), "{message}");
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
    assert!(message.len() < 1_500, "{message}");
}

#[test]
fn page_sizes_and_numbers() {
    let sandbox = start(5, 2);
    for list in ["calls", "reps"] {
        for bad in [
            "0",
            "-1",
            "1000001",
            "99999999999999999999",
            "ten",
            "1.0",
            "1e3",
            "%2B5",
            "",
            "%205",
            "0x10",
            "٣",
        ] {
            let answer = get(&sandbox, &format!("{list}?n_per_page={bad}"));
            assert_refused(&answer, "invalid_parameter", &["n_per_page", "from 1 to 1000000"]);
        }
        for bad in ["0", "-1", "one", "1.5", "", "1;DROP%20TABLE%20calls"] {
            assert_refused(
                &get(&sandbox, &format!("{list}?page={bad}")),
                "invalid_parameter",
                &["page", "1 or more"],
            );
        }
        assert_eq!(get(&sandbox, &format!("{list}?n_per_page=1000000&page=1")).status, 200);
    }
    for bad in ["2", "true", "yes", "", "-1", "01"] {
        assert_refused(
            &get(&sandbox, &format!("reps?active={bad}")),
            "invalid_parameter",
            &["active", "1 or 0"],
        );
    }
    for bad in ["0", "-1", "36526", "x", ""] {
        assert_refused(
            &get(&sandbox, &format!("report?days={bad}")),
            "invalid_parameter",
            &["days", "from 1 to 36525"],
        );
    }
}

#[test]
fn dates_that_do_not_exist() {
    let sandbox = start(5, 2);
    for bad in [
        "2025-02-29",
        "2025-13-01",
        "2025-00-10",
        "2025-04-31",
        "25-04-01",
        "2025-4-1",
        "20250401",
        "today",
        "",
        "2025-04-01T00:00",
        "2025-04-01'%20OR%20'1'='1",
    ] {
        for name in ["calls?start_date", "calls?end_date", "report?start_date", "report?end_date"] {
            let answer = get(&sandbox, &format!("{name}={bad}"));
            assert_refused(&answer, "invalid_parameter", &[name.split_once('?').unwrap().1, "2025-07-15"]);
        }
    }
    for bad in [
        "2025-02-30+12:00",
        "2025-07-15+25:00",
        "2025-07-15+12:60",
        "2025-07-15",
        "12:00",
        "",
        "2025-07-15T12:00:00Z",
        "2025-07-15T12:00:00%2B02:00",
    ] {
        for name in ["after", "before"] {
            let answer = get(&sandbox, &format!("calls?{name}={bad}"));
            assert_refused(&answer, "invalid_parameter", &[name, "without a zone"]);
        }
    }
}

#[test]
fn unknown_names() {
    let sandbox = start(5, 2);
    assert_refused(
        &get(&sandbox, "calls?columns=call_id,nope"),
        "unknown_column",
        &["columns", "\"nope\"", "start_time"],
    );
    assert_refused(
        &get(&sandbox, "calls?metric=nope"),
        "unknown_metric",
        &["metric", "\"nope\"", "talk_ratio"],
    );
    assert_refused(&get(&sandbox, "calls?metric=campaign"), "unknown_metric", &["\"campaign\""]);
    assert_refused(&get(&sandbox, "calls?metric=logins"), "unknown_metric", &["\"logins\""]);
    assert_refused(
        &get(&sandbox, "report?metric=csat,nope"),
        "unknown_metric",
        &["\"nope\"", "csat", "logins"],
    );
    for bad in ["nope", "year", "call_id", "Date", "date,nope", "date;campaign"] {
        assert_refused(
            &get(&sandbox, &format!("report?groupby={bad}")),
            "unknown_groupby",
            &["groupby", "half"],
        );
    }
    for bad in ["week,month", "quarter,week"] {
        assert_refused(
            &get(&sandbox, &format!("report?groupby={bad}")),
            "invalid_parameter",
            &["groupby", bad],
        );
    }
    for bad in [
        "calls?limit=5",
        "calls?groupby=date",
        "reps?columns=name",
        "report?page=1",
        "calls?N_PER_PAGE=3",
        "calls?=1",
    ] {
        let name = bad.split(['?', '=']).nth(1).unwrap();
        assert_refused(&get(&sandbox, bad), "unknown_parameter", &[&format!("{name:?}")]);
    }
    assert_refused(
        &request(&sandbox, "POST", "/api/v1/calls?dry_run=1", &[], b"[]"),
        "unknown_parameter",
        &["dry_run"],
    );
}

#[test]
fn repeated_and_empty_parameters() {
    let sandbox = start(5, 2);
    for name in [
        "n_per_page=1",
        "page=1",
        "start_date=2025-01-01",
        "after=2025-01-01+00:00",
        "metric=csat",
        "vendor_call_id=x",
        "columns=call_id",
    ] {
        let answer = get(&sandbox, &format!("calls?{name}&{name}"));
        assert_refused(&answer, "repeated_parameter", &[name.split_once('=').unwrap().0, "more than once"]);
    }
    assert_refused(&get(&sandbox, "reps?active=1&active=1"), "repeated_parameter", &["active"]);
    assert_refused(&get(&sandbox, "report?groupby=date&groupby=half"), "repeated_parameter", &["groupby"]);
    assert_refused(&get(&sandbox, "report?days=3&days=3"), "repeated_parameter", &["days"]);
    for bad in [
        "calls?columns=call_id,call_id",
        "calls?metric=csat,csat",
        "report?metric=csat&metric=csat",
        "report?groupby=date,date",
    ] {
        assert_refused(&get(&sandbox, bad), "repeated_value", &["more than once"]);
    }
    for name in
        ["rep_id", "vendor", "campaign", "subcampaign", "department", "vendor_call_id", "columns", "metric"]
    {
        for bad in ["", ",", "a,", ",a", "a,,b"] {
            assert_refused(
                &get(&sandbox, &format!("calls?{name}={bad}")),
                "invalid_parameter",
                &[name, "empty"],
            );
        }
        assert_refused(&get(&sandbox, &format!("calls?{name}")), "invalid_parameter", &[name, "empty"]);
    }
    assert_refused(&get(&sandbox, "report?groupby="), "invalid_parameter", &["groupby", "empty"]);
}

#[test]
fn queries_that_are_no_text() {
    let sandbox = start(5, 2);
    for bad in ["rep_id=%ff", "rep_id=%zz", "rep_id=%4", "rep_id=%", "%ff=1", "rep_id=%ed%a0%80"] {
        assert_refused(&get(&sandbox, &format!("calls?{bad}")), "invalid_query", &["UTF-8"]);
    }
}

#[test]
fn sql_is_only_ever_data() {
    let sandbox = start(20, 3);
    let before = (all_calls(&sandbox), all_reps(&sandbox));
    let attacks =
        ["' OR '1'='1", "x'; DROP TABLE calls; --", "\" OR 1=1 --", "') UNION SELECT 1 --", "%", "_", "\0"];
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    for attack in attacks {
        let encoded = encode(attack);
        for name in ["rep_id", "vendor", "campaign", "subcampaign", "department", "vendor_call_id"] {
            assert_eq!(get(&sandbox, &format!("calls?{name}={encoded}")).json(), json!([]));
        }
        assert_eq!(get(&sandbox, &format!("report?groupby=campaign&campaign={encoded}")).json(), json!([]));
        for bad in ["calls?columns", "calls?metric", "report?metric", "report?groupby"] {
            assert_eq!(get(&sandbox, &format!("{bad}={encoded}")).status, 400);
        }
        let name = serde_json::to_string(attack).unwrap();
        if attack != "_" {
            for body in [format!("{{\"call_id\":[1],{name}:[1]}}"), format!("[{{\"call_id\":1,{name}:1}}]")] {
                assert_refused(
                    &post(&sandbox, "calls", &body),
                    "invalid_name",
                    &["the name of an attribute"],
                );
            }
        }
    }
    for name in [
        "campaign\\\" = 'x', rep_id",
        "campaign = 'x' WHERE 1=1 --",
        "campaign;",
        "camp\\u0000aign",
        "",
        " ",
        "a--b",
    ] {
        let answer = post(&sandbox, "calls", &format!("{{\"call_id\":[1],\"{name}\":[1]}}"));
        assert_refused(&answer, "invalid_name", &[]);
    }
    assert_eq!((all_calls(&sandbox), all_reps(&sandbox)), before);
    // As a value it is stored, to the letter.
    let value = json!("x'; DROP TABLE calls; -- \" \u{0} \\ é 💬");
    assert_eq!(post(&sandbox, "calls", &json!([{"call_id": 1, "note": value}]).to_string()).status, 200);
    assert_eq!(get(&sandbox, "calls?n_per_page=1&columns=note").json(), json!([{"note": value}]));
}

#[test]
fn bodies_that_are_no_update() {
    let sandbox = start(20, 3);
    let before = (all_calls(&sandbox), all_reps(&sandbox));
    let deep = format!("[{{\"call_id\":1,\"a\":{}1{}}}]", "[".repeat(65), "]".repeat(65));
    let deeper = format!("[{{\"call_id\":1,\"a\":{}", "[".repeat(1_000_000));
    let deepest = "[".repeat(1_000_000);
    let cases: &[(&str, &str, &[&str])] = &[
        ("", "empty_body", &["empty"]),
        (" \n", "empty_body", &["empty"]),
        ("[]", "empty_body", &["no rows"]),
        ("{}", "empty_body", &["no rows"]),
        (r#"{"call_id":[],"campaign":[]}"#, "empty_body", &["no rows"]),
        (r#"{"call_id":[1,2]}"#, "empty_body", &["nothing to set"]),
        (r#"[{"call_id":1}]"#, "empty_body", &["nothing to set"]),
        ("1", "invalid_body", &["object of columns or a list of rows"]),
        ("null", "invalid_body", &["list of rows"]),
        ("call_id=1", "invalid_body", &["list of rows"]),
        (r#"{"call_id":[1],"campaign":["A"]"#, "invalid_json", &["EOF", "line 1 column 31"]),
        (r#"{"call_id":[1],"campaign":["A"]} x"#, "invalid_json", &["trailing characters"]),
        (r#"[{"call_id":1,"campaign":'A'}]"#, "invalid_json", &["line 1 column 26"]),
        (r#"[{"call_id":1,"campaign":NaN}]"#, "invalid_json", &["column"]),
        (r#"[{"call_id":1,"campaign":01}]"#, "invalid_json", &["column"]),
        (r#"[{"call_id":1,"campaign":"A"},]"#, "invalid_json", &["trailing comma"]),
        ("[{\"call_id\":1,\"campaign\":\"a\nb\"}]", "invalid_json", &["control character"]),
        ("[{\"call_id\":1,\"campaign\":\"\\ud800\"}]", "invalid_value", &["row 1, \"campaign\""]),
        (r#"[{"call_id":1,"a":1e999}]"#, "invalid_value", &["row 1, \"a\"", "1e999"]),
        (r#"[{"call_id":1,"a":[1e999]}]"#, "invalid_value", &["row 1, \"a\""]),
        // Ragged.
        (
            r#"{"call_id":[1,2],"campaign":["A"]}"#,
            "unequal_columns",
            &["\"campaign\" has 1", "\"call_id\" has 2"],
        ),
        (r#"{"call_id":[1],"campaign":["A","B"]}"#, "unequal_columns", &["\"campaign\" has 2"]),
        (r#"{"call_id":[],"campaign":["A"]}"#, "unequal_columns", &["\"campaign\" has 1"]),
        (r#"{"call_id":1,"campaign":"A"}"#, "invalid_body", &["the column \"call_id\" to be a list"]),
        (
            r#"{"call_id":[1],"campaign":{"0":"A"}}"#,
            "invalid_body",
            &["the column \"campaign\" to be a list"],
        ),
        (r#"{"call_id":[1],"campaign":null}"#, "invalid_body", &["the column \"campaign\" to be a list"]),
        (r#"[{"call_id":1,"campaign":"A"},[2,"B"]]"#, "invalid_body", &["row 2 to be an object"]),
        (r#"[{"call_id":1,"campaign":"A"},null]"#, "invalid_body", &["row 2 to be an object"]),
        (r"[1,2]", "invalid_body", &["row 1 to be an object"]),
        (r#"[{"call_id":1,"campaign":"A"},{"campaign":"B"}]"#, "missing_key", &["row 2 has no call_id"]),
        (r#"[{"call_id":1,"campaign":"A"},{}]"#, "missing_key", &["row 2 has no call_id"]),
        (r#"{"campaign":["A"]}"#, "missing_key", &["row 1 has no call_id"]),
        (r#"{"rep_id":["x"],"campaign":["A"]}"#, "missing_key", &["row 1 has no call_id"]),
        // Keys.
        (r#"{"call_id":[1,2,1],"campaign":["A","B","C"]}"#, "repeated_key", &["rows 1 and 3", "call_id: 1"]),
        (r#"[{"call_id":2,"a":1},{"call_id":2,"a":1}]"#, "repeated_key", &["rows 1 and 2", "call_id: 2"]),
        (r#"[{"call_id":1,"a":1,"a":2}]"#, "duplicate_name", &["row 1 has \"a\" twice"]),
        (
            r#"[{"call_id":1,"a":1},{"a":2,"call_id":3,"\u0061":2}]"#,
            "duplicate_name",
            &["row 2 has \"a\" twice"],
        ),
        (r#"[{"call_id":1,"call_id":1,"a":2}]"#, "duplicate_name", &["row 1 has \"call_id\" twice"]),
        (r#"{"call_id":[1],"a":[1],"a":[2]}"#, "duplicate_name", &["column \"a\" twice"]),
        (
            r#"[{"call_id":1,"a":{"b":[{"c":1,"c":2}]}}]"#,
            "invalid_value",
            &["row 1, \"a\"", "\"c\" comes twice"],
        ),
        (r#"{"call_id":[1.5],"a":[1]}"#, "invalid_key", &["row 1, call_id: \"1.5\" must be an integer"]),
        (r#"{"call_id":[1,1.0],"a":[1,2]}"#, "repeated_key", &["rows 1 and 2"]),
        (r#"{"call_id":[9007199254740993.0],"a":[1]}"#, "invalid_key", &["row 1"]),
        (r#"{"call_id":[1,"2"],"a":[1,2]}"#, "invalid_key", &["row 2", "must be an integer"]),
        (r#"{"call_id":[null],"a":[1]}"#, "invalid_key", &["row 1"]),
        (r#"{"call_id":[true],"a":[1]}"#, "invalid_key", &["row 1"]),
        (r#"{"call_id":[[1]],"a":[1]}"#, "invalid_key", &["row 1"]),
        (r#"{"call_id":[1e0],"a":[1]}"#, "invalid_key", &["row 1"]),
        (r#"{"call_id":[99999999999999999999],"a":[1]}"#, "invalid_key", &["row 1"]),
        (r#"{"call_id":[1,21,0,-3],"campaign":["A","B","C","D"]}"#, "unknown_id", &["3 of 4", "21, 0, -3"]),
        // Times.
        (r#"{"call_id":[1,2],"date":["2025-01-01","2025-02-30"]}"#, "invalid_value", &["row 2, date"]),
        (r#"{"call_id":[1],"date":[20250101]}"#, "invalid_value", &["row 1, date"]),
        (r#"[{"call_id":1,"start_time":"2025-01-01"}]"#, "invalid_value", &["row 1, start_time"]),
        (r#"[{"call_id":1,"start_time":"2025-01-01 10:00:00Z"}]"#, "invalid_value", &["row 1, start_time"]),
        // Depth.
        (&deep, "too_deep", &["row 1, \"a\"", "64 levels"]),
        (&deeper, "invalid_json", &["EOF"]),
        (&deepest, "invalid_body", &["row 1 to be an object"]),
    ];
    for (body, code, parts) in cases {
        assert_refused(&post(&sandbox, "calls", body), code, parts);
    }
    let cases: &[(&str, &str, &[&str])] = &[
        (r#"{"rep_id":[1],"gender":["m"]}"#, "invalid_key", &["row 1, rep_id: \"1\" must be a string"]),
        (r#"{"rep_id":["nobody"],"gender":["m"]}"#, "unknown_id", &["1 of 1", "rep_id", "nobody"]),
        (r#"[{"rep_id":"nobody","gender":"m"},{"rep_id":"nobody"}]"#, "repeated_key", &["rows 1 and 2"]),
        (r#"{"call_id":[1],"gender":["m"]}"#, "missing_key", &["rep_id"]),
    ];
    for (body, code, parts) in cases {
        assert_refused(&post(&sandbox, "reps", body), code, parts);
    }
    assert_eq!((all_calls(&sandbox), all_reps(&sandbox)), before);
}

#[test]
fn bodies_that_are_no_text() {
    let sandbox = start(5, 2);
    let body = b"[{\"call_id\":1,\"campaign\":\"\xff\"}]";
    let answer = request(&sandbox, "POST", "/api/v1/calls", &["content-type: application/json"], body);
    assert_refused(&answer, "invalid_json", &["byte 26"]);
    for (header, code) in [
        ("content-type: text/plain", "unsupported_media_type"),
        ("content-type: application/x-www-form-urlencoded", "unsupported_media_type"),
        ("content-encoding: gzip", "unsupported_encoding"),
    ] {
        let (status, own, _) = request(&sandbox, "POST", "/api/v1/calls", &[header], b"[]").refusal();
        assert_eq!((status, own.as_str()), (415, code));
    }
    for header in ["content-type: Application/JSON; charset=utf-8", "accept: */*"] {
        assert_eq!(
            request(&sandbox, "POST", "/api/v1/calls", &[header], b"[{\"call_id\":1,\"a\":1}]").status,
            200
        );
    }
}

#[test]
fn a_hundred_thousand_rows_are_the_most() {
    let sandbox = start(5, 2);
    let ids = |rows: usize| (1..=rows).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let values = |rows: usize| vec!["1"; rows].join(",");
    let columnar = |rows| format!("{{\"call_id\":[{}],\"a\":[{}]}}", ids(rows), values(rows));
    assert_refused(&post(&sandbox, "calls", &columnar(100_001)), "too_many_rows", &["100000"]);
    // One row less gets as far as the keys.
    assert_refused(
        &post(&sandbox, "calls", &columnar(100_000)),
        "unknown_id",
        &["99995 of 100000", "6, 7,", "15, …"],
    );
    let rows = vec!["{\"call_id\":1,\"a\":1}"; 100_001].join(",");
    assert_refused(&post(&sandbox, "calls", &format!("[{rows}]")), "too_many_rows", &["100000"]);
}

#[test]
fn very_large_bodies_are_refused_unread() {
    let sandbox = start(5, 2);
    let request_head = format!("content-length: {}", 300 * 1024 * 1024);
    let answer = request(&sandbox, "POST", "/api/v1/calls", &[&request_head], b"");
    let (status, code, message) = answer.refusal();
    assert_eq!((status, code.as_str()), (413, "body_too_large"));
    assert!(message.contains("256 MiB"));
}
