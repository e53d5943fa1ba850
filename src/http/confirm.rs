//! Whether an answer confirms an update. The documentation does not say what a success says, so anything counts as one
//! but what a page in between, an error or a part of the rows would say.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

use super::body_sink::BodySink;
use super::deliver::deliver;
use super::exchange::{Exchange, Response};
use super::failure::Failure;
use super::redact::excerpt;
use crate::error::{Error, Result};

/// The longest answer that is judged: one that repeats what was sent is the longest to expect.
const LONGEST: usize = 64 << 20;
/// Characters that are shown of an answer.
const SHOWN: usize = 200;
/// Bytes of a value that is looked into.
const LOOKED_INTO: usize = 16 << 10;

/// Reads an answer to its end, since one that was cut may be one that was not meant, and judges it.
pub(super) async fn confirm(
    response: Response,
    rows: usize,
    exchange: &mut Exchange<'_>,
) -> std::result::Result<(), Failure> {
    let said = deliver(response, exchange, &|| Confirmation { rows, bytes: Vec::new() }).await?;
    if exchange.was_cut_off() && !said {
        return Err(Failure::cut("its connection ended without a word"));
    }
    Ok(())
}

struct Confirmation {
    rows: usize,
    bytes: Vec<u8>,
}

impl BodySink for Confirmation {
    /// Whether the answer is a complete object or array.
    type Output = bool;

    fn push(&mut self, window: Bytes) -> Result<()> {
        if self.bytes.len() + window.len() > LONGEST {
            return Err(Error::limit_exceeded(format!(
                "the answer to an update is larger than {LONGEST} bytes, so it is not known what it says"
            )));
        }
        self.bytes.extend_from_slice(&window);
        Ok(())
    }

    fn finish(self) -> Result<bool> {
        let text = String::from_utf8_lossy(&self.bytes);
        let text = text.trim_start_matches('\u{feff}').trim();
        judge(text, self.rows).map(|()| text.starts_with(['{', '['])).map_err(|why| match why {
            No::Cut => Error::connection("the answer was cut: its JSON ends too early"),
            No::Said(why) => Error::decode(format!(
                "the answer does not confirm the update: {why}; it begins: {}",
                excerpt(text, SHOWN)
            )),
        })
    }
}

enum No {
    Cut,
    Said(String),
}

fn said(why: &str) -> std::result::Result<(), No> {
    Err(No::Said(why.to_owned()))
}

type Entries<'a> = BTreeMap<String, &'a RawValue>;

fn judge(text: &str, rows: usize) -> std::result::Result<(), No> {
    if text.is_empty() {
        return Ok(());
    }
    if text.starts_with('<') {
        return said("it is a page, perhaps of a sign-in or of something in between");
    }
    let value: &RawValue = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) if error.is_eof() && text.starts_with(['{', '[', '"']) => return Err(No::Cut),
        Err(_) if text.starts_with(['{', '[']) => return said("it is not JSON"),
        Err(_) => return judge_words(text, rows),
    };
    match text.as_bytes()[0] {
        b'{' => judge_object(value, rows, true),
        b'[' => {
            for row in serde_json::from_str::<Vec<&RawValue>>(text).unwrap_or_default() {
                // Rows may come back, whose attributes may have any name: only errors are looked for.
                if entries(row).iter().any(|(name, value)| is_error(name) && is_truth(value)) {
                    return said("it reports an error of a row");
                }
            }
            Ok(())
        }
        b'"' => judge_words(&serde_json::from_str::<String>(text).unwrap_or_default(), rows),
        b'f' => said("it says false"),
        _ => Ok(()),
    }
}

fn entries(value: &RawValue) -> Entries<'_> {
    serde_json::from_str(value.get()).unwrap_or_default()
}

fn is_error(name: &str) -> bool {
    ["error", "errors"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn judge_object(value: &RawValue, rows: usize, outermost: bool) -> std::result::Result<(), No> {
    for (name, value) in entries(value) {
        let small =
            if value.get().len() <= LOOKED_INTO { serde_json::from_str(value.get()).ok() } else { None };
        match name.to_ascii_lowercase().as_str() {
            "error" | "errors" | "fault" | "exception" | "failed" | "failures" if is_truth(value) => {
                return said(&format!("it has {name:?}"));
            }
            "success" | "succeeded" | "ok" if !is_truth(value) || value.get() == "\"no\"" => {
                return said(&format!("it says {name:?}: {}", excerpt(value.get(), 20)));
            }
            "status" | "statuscode" | "status_code" | "code" if small.as_ref().is_some_and(is_bad_status) => {
                return said(&format!("it says {name:?}: {}", excerpt(value.get(), 20)));
            }
            "updated" => {
                if let Some(updated) = small.as_ref().and_then(count).filter(|updated| *updated < rows as f64)
                {
                    return said(&format!("it says that {updated} of {rows} rows were updated"));
                }
            }
            "data" | "result" | "response" if outermost => judge_object(value, rows, false)?,
            _ => {}
        }
    }
    Ok(())
}

/// Whether a value says something, rather than that there is nothing.
fn is_truth(value: &RawValue) -> bool {
    let text = value.get().trim_matches('"').trim();
    let is_nothing = ["", "null", "none", "false", "0"].iter().any(|no| text.eq_ignore_ascii_case(no));
    let is_empty = text.strip_prefix(['[', '{']).is_some_and(|rest| rest.trim_start().len() == 1);
    !is_nothing && !is_empty
}

fn is_bad_status(value: &Value) -> bool {
    let number = |status: u64| (300..600).contains(&status);
    match value {
        Value::Number(status) => status.as_u64().is_some_and(number),
        Value::String(status) => {
            let words = ["error", "fail", "failed", "failure", "rejected", "denied", "partial"];
            words.iter().any(|word| status.eq_ignore_ascii_case(word)) || status.parse().is_ok_and(number)
        }
        _ => false,
    }
}

/// How many rows a value speaks of, if it does.
fn count(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(false) => Some(0.0),
        Value::Number(number) => number.as_f64(),
        Value::String(digits) => digits.trim().parse().ok(),
        Value::Array(rows) => Some(rows.len() as f64),
        Value::Null | Value::Bool(true) | Value::Object(_) => None,
    }
}

/// Text that is not JSON: only words of assent confirm.
fn judge_words(text: &str, rows: usize) -> std::result::Result<(), No> {
    const ASSENT: [&str; 11] = [
        "ok",
        "okay",
        "success",
        "successful",
        "successfully",
        "done",
        "updated",
        "saved",
        "written",
        "completed",
        "true",
    ];
    const BESIDE: [&str; 8] = ["rows", "row", "records", "record", "all", "were", "was", "update"];
    let words = || {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_lowercase)
    };
    let number = |word: &String| word.parse::<u64>().ok();
    let assents = words().any(|word| ASSENT.contains(&word.as_str()))
        && words().take(12).all(|word| {
            ASSENT.contains(&word.as_str()) || BESIDE.contains(&word.as_str()) || number(&word).is_some()
        })
        && words().count() <= 12;
    if !assents {
        return said("it is not JSON");
    }
    match words().find_map(|word| number(&word)).filter(|updated| *updated < rows as u64) {
        Some(updated) => said(&format!("it says that {updated} of {rows} rows were updated")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<String> {
        let sink = Confirmation { rows: 2, bytes: text.as_bytes().to_vec() };
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
            r#"{"updated":{"calls":0}}"#,
            r#"{"error":null,"errors":[],"failed":0,"success":true,"status":"ok"}"#,
            r#"{"error":"","errors":{ },"fault":false,"ok":1,"status":200}"#,
            r#"{"message":"a maintenance is planned for Sunday"}"#,
            r#"{"data":{"updated":2}}"#,
            r#"[{"call_id":1,"status":"failed"},{"call_id":2,"error":null}]"#,
            "OK",
            "ok.",
            r#""OK""#,
            "Success!",
            "2 rows updated",
            "All rows were successfully updated.",
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
            ("false", "it says false"),
            ("Service Unavailable", "it is not JSON"),
            (r#""we are down for maintenance""#, "it is not JSON"),
            ("not updated", "it is not JSON"),
            ("1 row updated", "1 of 2 rows"),
            ("{updated: 2}", "it is not JSON"),
            ("{}{}", "it is not JSON"),
        ] {
            let told = refusal(text).expect(text);
            assert!(told.contains(why), "{text}: {told}");
        }
    }

    #[test]
    fn what_ends_too_early_was_cut() {
        let whole = r#"{"updated":2,"rows":[{"note":"x"}]}"#;
        for length in 1..whole.len() {
            let sink = Confirmation { rows: 2, bytes: whole.as_bytes()[..length].to_vec() };
            let error = sink.finish().unwrap_err();
            assert!(matches!(error.kind(), crate::error::ErrorKind::Connection), "{length}: {error:?}");
        }
    }
}
