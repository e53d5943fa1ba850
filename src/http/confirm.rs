//! Whether an answer confirms an update. The documentation does not say what a success says, so anything counts as one
//! but what a page in between, an error or a part of the rows would say.

use std::collections::BTreeMap;

use bytes::Bytes;
use memchr::memmem;
use serde::de::IgnoredAny;
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
    let sent = exchange.sent();
    let said =
        deliver(response, exchange, &|| Confirmation { rows, sent: sent.clone(), bytes: Vec::new() }).await?;
    if exchange.was_cut_off() && !said {
        return Err(Failure::cut("its connection ended without a word"));
    }
    Ok(())
}

struct Confirmation {
    rows: usize,
    /// The body of the request.
    sent: Bytes,
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
        judge(text, self.rows, &self.sent).map(|()| text.starts_with(['{', '['])).map_err(|why| match why {
            No::Cut => Error::connection("the answer was cut: its JSON ends too early"),
            No::Said(why) => Error::decode(format!(
                "the answer does not confirm the update: {why}; it begins: {}",
                excerpt(text, SHOWN)
            )),
        })
    }

    fn foresee(mut self, beginning: Bytes) -> Option<Result<bool>> {
        let text = String::from_utf8_lossy(&beginning);
        if !is_page(text.trim_start_matches('\u{feff}').trim_start()) {
            return None;
        }
        Some(self.push(beginning).and_then(|()| self.finish()))
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

fn judge(text: &str, rows: usize, sent: &[u8]) -> std::result::Result<(), No> {
    if text.is_empty() {
        return Ok(());
    }
    if is_page(text) {
        return said("it is a page, perhaps of a sign-in or of something in between");
    }
    let value: &RawValue = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) if error.is_eof() && text.starts_with(['{', '[', '"']) => return Err(No::Cut),
        Err(_) if text.starts_with(['{', '[']) => return said("it is not JSON"),
        Err(_) => return judge_words(text, rows, "it is neither JSON nor words of assent"),
    };
    match text.as_bytes()[0] {
        b'{' => judge_object(value, rows, sent, true),
        b'[' => judge_rows(value, sent),
        b'"' => {
            let words: String = serde_json::from_str(text).unwrap_or_default();
            judge_words(&words, rows, "it is text without words of assent")
        }
        b'f' => said("it says false"),
        _ => Ok(()),
    }
}

fn is_page(text: &str) -> bool {
    text.starts_with('<')
}

fn entries(value: &RawValue) -> Entries<'_> {
    serde_json::from_str(value.get()).unwrap_or_default()
}

/// A name without regard to how it is written: `failed_rows`, `failedRows`, `Failed-Rows`.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// What is left undone, in a name that [`plain`] made.
fn is_refusal(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "error",
        "fault",
        "exception",
        "failed",
        "failure",
        "rejected",
        "rejection",
        "refused",
        "denied",
        "invalid",
        "skipped",
        "notfound",
        "notupdated",
        "unprocessed",
    ];
    // Around the word: how many there are, and of what.
    let core = ["num", "count", "total", "n"].iter().find_map(|how| name.strip_prefix(how)).unwrap_or(name);
    let is_about = |rest: &str| {
        ["", "s", "count", "rows", "rowcount", "records", "ids", "keys", "calls", "reps"].contains(&rest)
    };
    WORDS.iter().any(|word| [name, core].iter().any(|name| name.strip_prefix(word).is_some_and(is_about)))
}

/// What says in one word whether it went well.
fn judge_verdict(name: &str, plain: &str, value: &RawValue) -> std::result::Result<(), No> {
    let bad = match plain {
        "success" | "succeeded" | "successful" | "ok" => !is_truth(value) || value.get() == "\"no\"",
        "status" | "statuscode" | "code" | "outcome" => small(value).as_ref().is_some_and(is_bad_status),
        _ => false,
    };
    if bad { said(&format!("it says {name:?}: {}", excerpt(value.get(), 20))) } else { Ok(()) }
}

fn small(value: &RawValue) -> Option<Value> {
    (value.get().len() <= LOOKED_INTO).then(|| serde_json::from_str(value.get()).ok()).flatten()
}

/// Rows may come back as they are stored, with attributes of any name, and none of those is about the update.
/// A list of what became of each row has nothing else.
fn judge_rows(value: &RawValue, sent: &[u8]) -> std::result::Result<(), No> {
    const BESIDE: [&str; 10] =
        ["id", "key", "row", "index", "message", "detail", "details", "reason", "description", "updated"];
    const VERDICTS: [&str; 8] =
        ["success", "succeeded", "successful", "ok", "status", "statuscode", "code", "outcome"];
    for row in serde_json::from_str::<Vec<&RawValue>>(value.get()).unwrap_or_default() {
        let entries = entries(row);
        if entries.iter().any(|(name, value)| matches!(&*plain(name), "error" | "errors") && is_truth(value))
        {
            return said("it reports an error of a row");
        }
        let is_attribute = |name: &str| {
            let plain = plain(name);
            let is_known = BESIDE.contains(&&*plain) || VERDICTS.contains(&&*plain) || is_refusal(&plain);
            !is_known || memmem::find(sent, format!("\"{name}\":").as_bytes()).is_some()
        };
        let key = if entries.contains_key("call_id") { "call_id" } else { "rep_id" };
        if entries.keys().any(|name| name != key && is_attribute(name)) {
            continue;
        }
        for (name, value) in entries {
            let plain = plain(&name);
            if is_refusal(&plain) && is_truth(value) || plain == "updated" && count(value) == Some(0.0) {
                return said(&format!("it says {name:?}: {} of a row", excerpt(value.get(), 20)));
            }
            judge_verdict(&name, &plain, value)?;
        }
    }
    Ok(())
}

fn judge_object(value: &RawValue, rows: usize, sent: &[u8], outermost: bool) -> std::result::Result<(), No> {
    for (name, value) in entries(value) {
        let plain = plain(&name);
        if is_refusal(&plain) && is_truth(value) {
            return said(&format!("it has {name:?}"));
        }
        judge_verdict(&name, &plain, value)?;
        match &*plain {
            "updated" | "updatedrows" | "updatedcount" | "rowsupdated" | "numupdated" => {
                let Some(updated) = count(value) else { continue };
                if updated < rows as f64 {
                    return said(&format!("it says that {updated} of {rows} rows were updated"));
                }
                if !updated.is_finite() {
                    return said(&format!(
                        "it says {name:?}: {}, which is no number of rows",
                        excerpt(value.get(), 20)
                    ));
                }
            }
            "data" | "result" | "results" | "response" | "rows" | "items" | "records" | "calls" | "reps"
                if outermost =>
            {
                if value.get().starts_with('[') {
                    judge_rows(value, sent)?;
                } else {
                    judge_object(value, rows, sent, false)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a value says something, rather than that there is nothing.
fn is_truth(value: &RawValue) -> bool {
    let text = value.get().trim_matches('"').trim();
    let is_nothing = ["", "null", "none", "false"].iter().any(|no| text.eq_ignore_ascii_case(no));
    let is_empty = text.strip_prefix(['[', '{']).is_some_and(|rest| rest.trim_start().len() == 1);
    !is_nothing && !is_empty && text.parse() != Ok(0.0)
}

fn is_bad_status(value: &Value) -> bool {
    let number = |status: u64| (300..600).contains(&status);
    match value {
        Value::Number(status) => status.as_u64().is_some_and(number),
        Value::String(status) => {
            let words = ["partial", "partialsuccess", "incomplete", "aborted", "fail"];
            let word = plain(status);
            words.contains(&&*word) || is_refusal(&word) || status.parse().is_ok_and(number)
        }
        _ => false,
    }
}

/// How many rows a value speaks of, if it does.
fn count(value: &RawValue) -> Option<f64> {
    let text = value.get();
    match text.as_bytes().first()? {
        b'f' => Some(0.0),
        b'[' => Some(serde_json::from_str::<Vec<IgnoredAny>>(text).ok()?.len() as f64),
        b'{' => {
            // Of one kind of rows or another, of which only one was sent.
            let named = |name: &str| {
                ["count", "rows", "total", "number", "n", "calls", "reps", "updated"].contains(&name)
            };
            let counts = entries(value).into_iter().filter(|(name, _)| named(&plain(name)));
            counts.filter_map(|(_, count)| digits(count.get())).reduce(f64::max)
        }
        _ => digits(text),
    }
}

/// Also beyond what a number can be.
fn digits(text: &str) -> Option<f64> {
    let text = text.trim_matches('"').trim();
    match text.to_ascii_lowercase().as_str() {
        "no" | "none" | "false" => Some(0.0),
        // Words to Rust, not to a service.
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') => text.parse().ok(),
        _ => None,
    }
}

/// Of text, only words of assent confirm.
fn judge_words(text: &str, rows: usize, else_why: &str) -> std::result::Result<(), No> {
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
        return said(else_why);
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
        refusal_of(text, br#"[{"call_id":1,"campaign":"A"},{"call_id":2,"campaign":"B"}]"#)
    }

    fn refusal_of(text: &str, sent: &'static [u8]) -> Option<String> {
        let sink = Confirmation { rows: 2, sent: Bytes::from_static(sent), bytes: text.as_bytes().to_vec() };
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
    fn a_list_is_counted_however_long_it_is() {
        let answer = format!(r#"{{"updated":["{}"]}}"#, "x".repeat(2 * LOOKED_INTO));
        assert!(refusal(&answer).unwrap().contains("1 of 2 rows"));
    }

    #[test]
    fn what_ends_too_early_was_cut() {
        let whole = r#"{"updated":2,"rows":[{"note":"x"}]}"#;
        for length in 1..whole.len() {
            let sink =
                Confirmation { rows: 2, sent: Bytes::new(), bytes: whole.as_bytes()[..length].to_vec() };
            let error = sink.finish().unwrap_err();
            assert!(matches!(error.kind(), crate::error::ErrorKind::Connection), "{length}: {error:?}");
        }
    }
}
