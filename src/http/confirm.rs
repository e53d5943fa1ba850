//! Whether an answer confirms an update. The documentation does not say what a success says, so anything counts as one
//! but what a page in between, an error or a part of the rows would say.

mod names;
mod no;
mod parts;
mod values;
mod words;

use bytes::Bytes;
use serde_json::value::RawValue;

use self::names::{
    is_beside_outcome, is_outcome, is_refusal, is_status, is_success, is_updated, is_wrapper, plain,
};
use self::no::{No, said};
use self::parts::{Sent, entries, key};
use self::values::{count, is_assent, is_bad_status, is_bad_word, is_something};
use self::words::judge_words;
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
        judge(text, &Sent::new(self.sent, self.rows)).map(|()| text.starts_with(['{', '['])).map_err(|why| {
            match why {
                No::Cut => Error::connection("the answer was cut: its JSON ends too early"),
                No::Said(why) => Error::decode(format!(
                    "the answer does not confirm the update: {why}; it begins: {}",
                    excerpt(text, SHOWN)
                )),
            }
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

/// `text` is trimmed.
fn judge(text: &str, sent: &Sent) -> std::result::Result<(), No> {
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
        Err(_) => return judge_words(text, sent.rows, "it is neither JSON nor words of assent"),
    };
    match text.as_bytes()[0] {
        b'{' => judge_object(value, sent, true),
        b'[' => judge_rows(value, sent),
        b'"' => {
            let words = parts::text(value).unwrap_or_default();
            judge_words(&words, sent.rows, "it is text without words of assent")
        }
        b'f' => said("it says false"),
        _ => Ok(()),
    }
}

fn is_page(text: &str) -> bool {
    text.starts_with('<')
}

fn split(value: &RawValue) -> std::result::Result<Vec<(String, &RawValue)>, No> {
    entries(value).map_err(|error| No::Said(format!("it has an object that cannot be read ({error})")))
}

/// What says by itself whether it went well.
fn judge_verdict(name: &str, plain: &str, value: &RawValue) -> std::result::Result<(), No> {
    let is_bad = is_success(plain) && (!is_something(value) || is_bad_word(value))
        || is_outcome(plain) && is_bad_word(value)
        || is_status(plain) && is_bad_status(value);
    if is_bad { said(&format!("it says {name:?}: {}", excerpt(value.get(), 20))) } else { Ok(()) }
}

/// Whether something was left undone.
fn reports_trouble(plain: &str, value: &RawValue) -> bool {
    // The message of the documented error, however short.
    let is_message = |text: &str| plain == "error" && text == "no";
    let says_trouble = || match parts::text(value) {
        Some(text) => is_message(&text) || is_something(value) && !is_assent(&text),
        None => is_something(value),
    };
    is_refusal(plain) && says_trouble()
}

/// Rows may come back as they are stored, with attributes of any name, and none of those is about the update.
/// A list of what became of each row has nothing else.
fn judge_rows(value: &RawValue, sent: &Sent) -> std::result::Result<(), No> {
    let rows: Vec<&RawValue> = serde_json::from_str(value.get())
        .map_err(|error| No::Said(format!("it has a list that cannot be read ({error})")))?;
    for row in rows {
        judge_row(&split(row)?, sent)?;
    }
    Ok(())
}

fn judge_row(entries: &[(String, &RawValue)], sent: &Sent) -> std::result::Result<(), No> {
    let key = key(entries).map(|(name, _)| name);
    let mut has_attributes = false;
    for (name, value) in entries.iter().filter(|(name, _)| Some(name) != key) {
        let plain = plain(name);
        let is_known =
            is_beside_outcome(&plain) || is_success(&plain) || is_outcome(&plain) || is_refusal(&plain);
        if !is_known || sent.has(&plain) && sent.has_key_of(entries) {
            has_attributes = true;
        } else if matches!(&*plain, "error" | "errors") && reports_trouble(&plain, value) {
            return said("it reports an error of a row");
        }
    }
    if has_attributes {
        return Ok(());
    }
    for (name, value) in entries {
        let plain = plain(name);
        if reports_trouble(&plain, value) || plain == "updated" && count(value, sent) == Some(0.0) {
            return said(&format!("it says {name:?}: {} of a row", excerpt(value.get(), 20)));
        }
        judge_verdict(name, &plain, value)?;
    }
    Ok(())
}

fn judge_object(value: &RawValue, sent: &Sent, outermost: bool) -> std::result::Result<(), No> {
    let entries = split(value)?;
    // What was sent, either way: columns, or the only row.
    let is_whole = sent.rows == 1 || key(&entries).is_some_and(|(_, keys)| keys.get().starts_with('['));
    let repeats = is_whole && sent.has_key_of(&entries);
    for (name, value) in &entries {
        let plain = plain(name);
        if repeats && sent.has(&plain) {
            continue;
        }
        if reports_trouble(&plain, value) {
            return said(&format!("it has {name:?}"));
        }
        judge_verdict(name, &plain, value)?;
        if is_updated(&plain) {
            judge_count(name, value, sent)?;
        } else if is_wrapper(&plain) && outermost {
            if value.get().starts_with('[') {
                judge_rows(value, sent)?;
            } else {
                judge_object(value, sent, false)?;
            }
        }
    }
    Ok(())
}

fn judge_count(name: &str, value: &RawValue, sent: &Sent) -> std::result::Result<(), No> {
    match count(value, sent) {
        Some(updated) if updated < sent.rows as f64 => {
            said(&format!("it says that {updated} of {} rows were updated", sent.rows))
        }
        Some(updated) if !updated.is_finite() => {
            said(&format!("it says {name:?}: {}, which is no number of rows", excerpt(value.get(), 20)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
