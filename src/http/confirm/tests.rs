use std::fmt::Write as _;

use super::*;

fn refusal(text: &str) -> Option<String> {
    refusal_of(text, br#"[{"call_id":1,"campaign":"A"},{"call_id":2,"campaign":"B"}]"#)
}

fn refusal_of(text: &str, sent: &'static [u8]) -> Option<String> {
    refusal_of_rows(text, sent, 2)
}

fn refusal_of_rows(text: &str, sent: &[u8], rows: usize) -> Option<String> {
    let sent = Bytes::copy_from_slice(sent);
    let sink = Confirmation { rows, sent, bytes: text.as_bytes().to_vec() };
    sink.finish().err().map(|error| error.message().to_owned())
}

#[test]
fn what_says_nothing_against_it_is_a_confirmation() {
    for text in [
        "",
        " \r\n",
        "\u{feff}{}",
        "{}",
        "[]",
        "null",
        "true",
        "2",
        "0",
        r#"{"updated":2}"#,
        r#"{"updated":3}"#,
        r#"{"updated":2.0}"#,
        r#"{"updated":"2"}"#,
        r#"{"updated":true}"#,
        r#"{"updated":null}"#,
        r#"{"updated":"2025-07-01 12:00:00"}"#,
        r#"{"updated":[1,2]}"#,
        r#"{"updated":{"calls":2,"reps":0}}"#,
        r#"{"updated":{"1":true,"2":true}}"#,
        r#"{"updated":{"by":"import","n":2}}"#,
        r#"{"updated":"infinitely often"}"#,
        r#"{"rejected":[],"skipped":0,"failed_rows":0.0,"n_errors":"0","invalid":null}"#,
        r#"{"errorless":true,"failsafe":1,"warnings":["campaign B is new"],"notes":"none failed"}"#,
        r#"{"rows":[{"call_id":1,"campaign":"A","status":"failed"}]}"#,
        r#"[{"call_id":1,"status":"ok"},{"call_id":2,"status":"unchanged","message":"as it was"}]"#,
        r#"{"error":null,"errors":[],"failed":0,"success":true,"status":"ok"}"#,
        r#"{"error":"","errors":{ },"fault":false,"ok":1,"status":200}"#,
        r#"{"message":"a maintenance is planned for Sunday"}"#,
        r#"{"data":{"updated":2}}"#,
        r#"[{"call_id":1,"rep_id":"r1","status":"failed"},{"call_id":2,"rep_id":"r2","error":null}]"#,
        "OK",
        "ok.",
        r#""OK""#,
        "Success!",
        "2 rows updated",
        "All rows were successfully updated.",
        r#"{"updated":2,"errors":{"count":0}}"#,
        r#"{"errors":{"calls":[],"reps":[]}}"#,
        r#"{"errors":{"calls":0,"reps":0},"failed":{"count":0,"rows":[]}}"#,
        r#"{"error":{"code":0,"message":""}}"#,
        r#"{"error":{"code":0,"message":"OK"},"error_message":"ok","errorCode":0}"#,
        r#"{"errors":[null,null],"failed":[false,false],"invalid":["",""],"skipped":[[],{}]}"#,
        r#"{"errors":"no errors"}"#,
        r#"{"errors":"No errors."}"#,
        r#"{"errors":"no"}"#,
        r#"{"errors":"n/a"}"#,
        r#"{"errors":"none","failed":"None","has_errors":false,"error_message":null,"unknown_ids":[]}"#,
        r#"{"updated":{"campaign":2,"n":1}}"#,
        r#"{"affected":0}"#,
        r#"{"n_updated":2,"rows_affected":2,"updated_at":1}"#,
        r#"{"updated":"2 rows"}"#,
        r#"{"updated":"2/2"}"#,
        r#"{"updated":"1,000"}"#,
        r#"{"updated":"07/01/2025"}"#,
        r#"{"updated":"1 minute ago"}"#,
        r#"{"result":"ok","state":"done","detail":"as it was","message":"Success"}"#,
        r#"{"result":404,"state":1}"#,
        r#"{"success":[0],"data":["error",null,7]}"#,
        r#"{"\ud800":1,"updated":2,"updated":2}"#,
        "Updated 2 calls",
        "2 conversations updated",
        "Accepted",
        "200 OK",
    ] {
        assert_eq!(refusal(text), None, "{text}");
    }
}

#[test]
fn what_speaks_of_anything_else_is_not_a_confirmation() {
    for (text, why) in [
        ("<!DOCTYPE html><title>Sign in</title>", "it is a page"),
        (" \n<html>", "it is a page"),
        ("\u{feff}<?xml version='1.0'?>", "it is a page"),
        (r#"{"error":"no"}"#, r#"it has "error""#),
        (r#"{"Error":{"code":7}}"#, r#"it has "Error""#),
        (r#"{"errors":[{"row":1}]}"#, r#"it has "errors""#),
        (r#"{"updated":2,"failed":1}"#, r#"it has "failed""#),
        (r#"{"success":false}"#, r#"it says "success": false"#),
        (r#"{"ok":0}"#, r#"it says "ok": 0"#),
        (r#"{"ok":"no"}"#, r#"it says "ok": "no""#),
        (r#"{"status":"error","message":"x"}"#, r#"it says "status": "error""#),
        (r#"{"status":503}"#, r#"it says "status": 503"#),
        (r#"{"statusCode":"401"}"#, r#"it says "statusCode": "401""#),
        (r#"{"updated":0}"#, "0 of 2 rows"),
        (r#"{"updated":1}"#, "1 of 2 rows"),
        (r#"{"updated":-1}"#, "-1 of 2 rows"),
        (r#"{"updated":1.9}"#, "1.9 of 2 rows"),
        (r#"{"updated":"1"}"#, "1 of 2 rows"),
        (r#"{"updated":false}"#, "0 of 2 rows"),
        (r#"{"updated":[7]}"#, "1 of 2 rows"),
        (r#"{"result":{"updated":1}}"#, "1 of 2 rows"),
        (r#"[{"call_id":1},{"call_id":2,"error":"locked"}]"#, "an error of a row"),
        (r#"[{"call_id":1,"status":"error"}]"#, r#"it says "status": "error""#),
        (r#"[{"call_id":1,"ok":true},{"call_id":2,"ok":false}]"#, r#"it says "ok": false"#),
        (r#"[{"call_id":1,"code":404,"message":"no such call"}]"#, r#"it says "code": 404"#),
        (r#"{"results":[{"id":1,"status":"rejected","reason":"locked"}]}"#, r#""status": "rejected""#),
        (r#"{"rejected":[1]}"#, r#"it has "rejected""#),
        (r#"{"updated":2,"failedRows":1}"#, r#"it has "failedRows""#),
        (r#"{"n_errors":1}"#, r#"it has "n_errors""#),
        (r#"{"status":"not found"}"#, r#""status": "not found""#),
        (r#"{"updated":{"count":0}}"#, "0 of 2 rows"),
        (r#"{"updated":{"calls":1}}"#, "1 of 2 rows"),
        (r#"{"rowsUpdated":1}"#, "1 of 2 rows"),
        (r#"{"updated":"none"}"#, "0 of 2 rows"),
        (r#"{"updated":1e400}"#, "1e400, which is no number of rows"),
        ("false", "it says false"),
        ("Service Unavailable", "it is neither JSON nor words of assent"),
        (r#""we are down for maintenance""#, "it is text without words of assent"),
        (r#""ERROR""#, "it is text without words of assent"),
        ("not updated", "it is neither JSON nor words of assent"),
        ("1 row updated", "1 of 2 rows"),
        (r#"{"error":"down","\ud800":1}"#, r#"it has "error""#),
        (r#"{"updated":0,"\ud800":1}"#, "0 of 2 rows"),
        (r#"[{"call_id":1,"error":"locked","a\udc00":1}]"#, "an error of a row"),
        (r#"{"data":{"error":"down","\ud800":1}}"#, r#"it has "error""#),
        (r#"{"updated":{"count":0,"\ud800":1}}"#, "0 of 2 rows"),
        (r#"{"errors":{"\ud800":"x"}}"#, r#"it has "errors""#),
        (r#"{"error":"\ud800"}"#, r#"it has "error""#),
        (r#"{"status":"error\ud800"}"#, r#"it says "status""#),
        (r#"{"err\u006fr":"down"}"#, r#"it has "error""#),
        (r#"{"error":"down","error":null}"#, r#"it has "error""#),
        (r#"{"error":null,"error":"down"}"#, r#"it has "error""#),
        (r#"{"updated":0,"updated":2}"#, "0 of 2 rows"),
        (r#"{"status":"error","status":"ok"}"#, r#"it says "status": "error""#),
        (r#"[{"call_id":1,"error":"locked","error":null}]"#, "an error of a row"),
        (r#"[{"callId":1,"status":"error"}]"#, r#"it says "status": "error""#),
        (r#"{"errors":[null,"locked"]}"#, r#"it has "errors""#),
        (r#"{"failed_rows":[0]}"#, r#"it has "failed_rows""#),
        (r#"{"failed_ids":["none"]}"#, r#"it has "failed_ids""#),
        (r#"{"errors":[{"row":0}]}"#, r#"it has "errors""#),
        (r#"{"error":{"row":0}}"#, r#"it has "error""#),
        (r#"{"errors":{"calls":[0]}}"#, r#"it has "errors""#),
        (r#"{"error":{"code":0,"message":"down"}}"#, r#"it has "error""#),
        (r#"{"error":[[[[[[[[[[]]]]]]]]]]}"#, r#"it has "error""#),
        (r#"{"errors":"not found"}"#, r#"it has "errors""#),
        (r#"{"error":"no rows"}"#, r#"it has "error""#),
        (r#"{"result":"failed"}"#, r#"it says "result": "failed""#),
        (r#"{"result":"error"}"#, r#"it says "result": "error""#),
        (r#"{"state":"failed"}"#, r#"it says "state": "failed""#),
        (r#"{"success":"failed"}"#, r#"it says "success": "failed""#),
        (r#"{"status":"unauthorized"}"#, r#"it says "status": "unauthorized""#),
        (r#"{"detail":"Not found."}"#, r#"it says "detail": "Not found.""#),
        (r#"{"message":"Forbidden"}"#, r#"it says "message": "Forbidden""#),
        (r#"{"results":[{"call_id":1,"result":"failed"}]}"#, r#"it says "result": "failed""#),
        (r#"{"error_message":"x"}"#, r#"it has "error_message""#),
        (r#"{"errorMessage":"x"}"#, r#"it has "errorMessage""#),
        (r#"{"error_code":7}"#, r#"it has "error_code""#),
        (r#"{"has_errors":true}"#, r#"it has "has_errors""#),
        (r#"{"failed_updates":3}"#, r#"it has "failed_updates""#),
        (r#"{"unknown_ids":[1]}"#, r#"it has "unknown_ids""#),
        (r#"{"n_updated":0}"#, "0 of 2 rows"),
        (r#"{"rows_affected":0}"#, "0 of 2 rows"),
        (r#"{"updated":"0 rows"}"#, "0 of 2 rows"),
        (r#"{"updated":"1 of 2 calls"}"#, "1 of 2 rows"),
        (r#"{"updated":"0/1000"}"#, "0 of 2 rows"),
        ("0 OK", "0 of 2 rows"),
        ("Updated 1 conversation.", "1 of 2 rows"),
        ("{updated: 2}", "it is not JSON"),
        ("{}{}", "it is not JSON"),
    ] {
        let told = refusal(text).expect(text);
        assert!(told.contains(why), "{text}: {told}");
    }
}

#[test]
fn an_attribute_that_was_sent_is_no_verdict() {
    let answer = r#"[{"call_id":1,"status":"failed"}]"#;
    assert_eq!(refusal_of(answer, br#"{"call_id":[1],"status":["failed"]}"#), None);
    assert!(refusal_of(answer, br#"{"call_id":[1],"note":["status: none"]}"#).is_some());
    assert!(refusal_of(answer, br#"{"call_id":[1],"note":["\"status\":"]}"#).is_some());
}

#[test]
fn numbers_in_words_are_counts_or_a_status() {
    for (text, confirms) in [
        ("200 OK", true),
        ("OK (200)", true),
        ("201: accepted", true),
        ("200", true),
        ("200 rows updated", false),
        ("updated: 200", false),
        ("1,000 rows updated", true),
        ("1.000 rows updated", true),
        ("1'000 rows updated", true),
        ("1\u{a0}000 rows updated", true),
        ("All 1,000 of 1,000 reps were updated.", true),
        ("999 of 1,000 rows updated", false),
        ("1,00 rows updated", false),
        ("Updated 1000 calls", true),
        ("1000 conversations updated", true),
        ("Updated 1000 users", true),
        ("99999999999999999999 rows updated", true),
        (r#"{"updated":"1,000 rows"}"#, true),
        (r#"{"updated":"999/1000"}"#, false),
        (r#"{"updated":"0/1000"}"#, false),
    ] {
        assert_eq!(refusal_of_rows(text, b"", 1000).is_none(), confirms, "{text}");
    }
}

/// Attributes of users that are named as an answer names what went wrong.
const OWN: [(&str, &str); 24] = [
    ("skipped", "1"),
    ("invalid", "true"),
    ("rejected", "[1]"),
    ("refused", "\"yes\""),
    ("denied", "true"),
    ("n_errors", "3"),
    ("error_count", "3"),
    ("failed_rows", "3"),
    ("failed", "true"),
    ("not_found", "true"),
    ("error", "\"E42\""),
    ("errors", "[\"E42\"]"),
    ("Status", "\"failed\""),
    ("code", "404"),
    ("result", "\"failed\""),
    ("state", "\"failed\""),
    ("success", "false"),
    ("ok", "0"),
    ("updated", "0"),
    ("n_updated", "0"),
    ("data", "{\"error\":\"x\"}"),
    ("calls", "[{\"error\":\"x\"}]"),
    ("err\\\"or", "true"),
    ("n", "0"),
];

/// What was sent, and how many rows, as services may repeat it.
fn shapes(row: &str, columns: &str) -> Vec<(String, String, usize)> {
    let mut shapes = Vec::new();
    for (sent, rows) in [(row, 1), (columns, 2), (&*format!("[{row},{row}]"), 2)] {
        for echo in [row.to_owned(), columns.to_owned(), format!("[{row},{row}]")] {
            if rows == 1 || echo != row {
                shapes.push((sent.to_owned(), echo, rows));
            }
        }
    }
    shapes
}

#[test]
fn what_repeats_what_was_sent_confirms() {
    let mut attributes: Vec<Vec<(&str, &str)>> = OWN.iter().map(|own| vec![*own]).collect();
    attributes.push(OWN.to_vec());
    attributes.push([&[("campaign", "\"A\"")], &OWN[..]].concat());
    for key in ["call_id", "rep_id"] {
        for attributes in &attributes {
            let mut row = format!("{{\"{key}\":1");
            let mut columns = format!("{{\"{key}\":[1,2]");
            for (name, value) in attributes {
                write!(row, ",\"{name}\":{value}").unwrap();
                write!(columns, ",\"{name}\":[{value},{value}]").unwrap();
            }
            let (row, columns) = (row + "}", columns + "}");
            for (sent, echo, rows) in shapes(&row, &columns) {
                // Also as it is written elsewhere.
                for echo in [&echo, &echo.replace("Status", "status").replace("_id", "Id")] {
                    for answer in [
                        echo.clone(),
                        format!("{{\"data\":{echo}}}"),
                        format!("{{\"status\":\"ok\",\"calls\":{echo}}}"),
                        format!("{{\"updated\":2,\"rows\":{echo}}}"),
                        format!("{{\"updated\":2,\"result\":{echo},\"errors\":[]}}"),
                    ] {
                        assert_eq!(refusal_of_rows(&answer, sent.as_bytes(), rows), None, "{sent}: {answer}");
                    }
                    let failed = format!("{{\"updated\":2,\"rows\":{echo},\"unprocessed\":1}}");
                    assert!(refusal_of_rows(&failed, sent.as_bytes(), rows).is_some(), "{failed}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_repetition_may_refuse_in_the_words_of_attributes() {
    let sent = br#"[{"call_id":1,"error":"E1","status":"x"},{"call_id":2,"error":"E2","status":"x"}]"#;
    for answer in [
        r#"{"error":"down","code":"later"}"#,
        r#"{"data":{"status":"failed"}}"#,
        r#"{"call_id":2,"error":"unknown"}"#,
        r#"[{"id":1,"error":"locked"}]"#,
        r#"{"call_id":[1,2],"error":["E1","E2"],"updated":1}"#,
        r#"[{"call_id":1,"errors":["locked"]}]"#,
    ] {
        assert!(refusal_of(answer, sent).is_some(), "{answer}");
    }
}

#[test]
fn a_list_is_counted_however_long_it_is() {
    let answer = format!(r#"{{"updated":["{}"]}}"#, "x".repeat(32 << 10));
    assert!(refusal(&answer).unwrap().contains("1 of 2 rows"));
}

#[test]
fn what_ends_too_early_was_cut() {
    let whole = r#"{"updated":2,"rows":[{"note":"x"}]}"#;
    for length in 1..whole.len() {
        let sink = Confirmation { rows: 2, sent: Bytes::new(), bytes: whole.as_bytes()[..length].to_vec() };
        let error = sink.finish().unwrap_err();
        assert!(matches!(error.kind(), crate::error::ErrorKind::Connection), "{length}: {error:?}");
    }
}
