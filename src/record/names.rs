//! How what passes by is renamed: answers, questions as a recording has them, and questions as the service must get them.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::dates;
use super::pseudonym::{Pseudonyms, has_pseudonym, is_pseudonym, unknown_pseudonym};
use super::rewriter::{Replace, Rewriter, Stopped};
use super::rules::{Rules, Treatment};
use crate::error::{Error, ErrorKind, Result};

/// The parameters whose values are those of columns.
const FILTERS: [&str; 6] = ["rep_id", "vendor_call_id", "vendor", "campaign", "subcampaign", "department"];
/// Of which several values stand in one.
const JOINED: &str = "vendor_call_id";
const DATES: [&str; 4] = ["start_date", "end_date", "after", "before"];
/// Characters of an error's code, which programs go by.
const LONGEST_CODE: usize = 64;

/// The rules of a recording, and its names if the secret is known.
#[derive(Debug, Clone)]
pub struct Names {
    pub rules: Arc<Rules>,
    pseudonyms: Option<Arc<Mutex<Pseudonyms>>>,
}

impl Names {
    pub fn new(rules: Rules, pseudonyms: Option<Pseudonyms>) -> Self {
        Self { rules: Arc::new(rules), pseudonyms: pseudonyms.map(|names| Arc::new(Mutex::new(names))) }
    }

    /// Whether names can be given.
    pub fn has_secret(&self) -> bool {
        self.pseudonyms.is_some()
    }

    fn lock(&self) -> Option<MutexGuard<'_, Pseudonyms>> {
        self.pseudonyms.as_ref().map(|names| names.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What tells the secret from others.
    pub fn check(&self) -> Option<String> {
        self.lock().map(|names| names.check())
    }

    /// Answers on their way to whoever asked, and into the recording.
    pub fn of_answer(&self, status: u16) -> Rewriter<Answered> {
        Rewriter::new(Answered { names: self.clone(), is_error: status >= 400 })
    }

    /// The same of values that are rows already.
    pub fn of_rows(&self) -> Answered {
        Answered { names: self.clone(), is_error: false }
    }

    /// A short text of an answer, such as a tag that names its content.
    pub fn of_text(&self, text: &str) -> String {
        match self.lock() {
            Some(names) if self.rules.anonymised => names.of(text),
            _ => text.to_owned(),
        }
    }

    /// A parameter as the recording has it.
    pub fn asked(&self, name: &str, value: &str) -> String {
        self.parts(name, value, |part| self.named(name, part).map_or(part.into(), Cow::Owned))
    }

    /// A body as the recording has it.
    ///
    /// # Errors
    /// One that is no JSON.
    pub fn asked_body(&self, body: &[u8]) -> Result<Vec<u8>> {
        rewritten(Asked(self.clone()), body)
    }

    /// A parameter as the service must get it.
    ///
    /// # Errors
    /// A pseudonym that stands for nothing that was read.
    pub fn sent(&self, name: &str, value: &str) -> Result<String> {
        if DATES.contains(&name) {
            return Ok(self.moved_back(value).unwrap_or_else(|| value.to_owned()));
        }
        let mut refused = None;
        let sent = self.parts(name, value, |part| match self.meant(part) {
            Ok(text) => text.map_or(part.into(), Cow::Owned),
            Err(error) => {
                refused = Some(error);
                part.into()
            }
        });
        refused.map_or(Ok(sent), Err)
    }

    /// A body as the service must get it.
    ///
    /// # Errors
    /// As [`Self::sent`], and one that is no JSON.
    pub fn sent_body(&self, body: &[u8]) -> Result<Vec<u8>> {
        rewritten(Sent(self.clone()), body)
    }

    fn parts<'a>(
        &self,
        name: &str,
        value: &'a str,
        mut change: impl FnMut(&'a str) -> Cow<'a, str>,
    ) -> String {
        if !self.rules.anonymised || !FILTERS.contains(&name) {
            return value.to_owned();
        }
        let several = if name == JOINED { value.split(',').collect() } else { vec![value] };
        several.into_iter().map(&mut change).collect::<Vec<_>>().join(",")
    }

    /// The name of a text that somebody asks with; those that are names already stay.
    fn named(&self, column: &str, text: &str) -> Option<String> {
        if is_pseudonym(text) {
            return None;
        }
        let unmoved = Rules { shift_weeks: 0, ..Rules::clone(&self.rules) };
        unmoved.text(Some(column), text, &mut *self.lock()?)
    }

    /// What a text stands for that somebody asks with, if for another one.
    fn meant(&self, text: &str) -> Result<Option<String>> {
        if !self.rules.anonymised || !has_pseudonym(text) {
            return Ok(None);
        }
        let known = self.lock().and_then(|names| names.text_of(text).map(str::to_owned));
        known.map(Some).ok_or_else(|| unknown_pseudonym(text))
    }

    fn moved_back(&self, text: &str) -> Option<String> {
        (self.rules.shift_weeks != 0).then(|| dates::shifted(text, -self.rules.shift_weeks)).flatten()
    }
}

fn rewritten(replace: impl Replace, body: &[u8]) -> Result<Vec<u8>> {
    let (mut rewriter, mut out) = (Rewriter::new(replace), Vec::with_capacity(body.len()));
    let done = rewriter.push(body, &mut out).and_then(|()| rewriter.finish(&mut out));
    match done {
        Ok(()) => Ok(out),
        Err(Stopped::Refused(error)) => Err(error),
        Err(Stopped::NotJson) => {
            Err(Error::new(ErrorKind::Recording, "the body of the update is no JSON, and cannot be recorded"))
        }
    }
}

/// Renames what the service answers.
#[derive(Debug, Clone)]
pub struct Answered {
    names: Names,
    is_error: bool,
}

impl Replace for Answered {
    fn text(&mut self, column: Option<&str>, text: &str) -> Result<Option<String>> {
        if self.is_error && column == Some("code") && is_code(text) {
            return Ok(None);
        }
        let Some(mut names) = self.names.lock() else { return Ok(None) };
        Ok(self.names.rules.text(column, text, &mut names))
    }

    fn key(&mut self, column: &str, key: &str) -> Result<Option<String>> {
        let is_told =
            matches!(self.names.rules.treatment(Some(column)), Treatment::Told | Treatment::Sorting);
        let mut names = self.names.lock();
        Ok(names.as_mut().filter(|_| !is_told && !key.is_empty()).map(|names| names.note(key)))
    }

    fn number(&mut self, column: Option<&str>, digits: &str) -> Result<Option<String>> {
        let is_hidden = self.names.rules.treatment(column) == Treatment::Hidden;
        let mut names = self.names.lock();
        Ok(names.as_mut().filter(|_| is_hidden).map(|names| names.note(digits)))
    }
}

fn is_code(text: &str) -> bool {
    text.len() <= LONGEST_CODE
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-' | b'.'))
}

/// Renames what somebody asks with, for the recording.
struct Asked(Names);

impl Replace for Asked {
    fn text(&mut self, column: Option<&str>, text: &str) -> Result<Option<String>> {
        Ok(if self.0.rules.anonymised { self.0.named(column.unwrap_or_default(), text) } else { None })
    }

    fn key(&mut self, column: &str, key: &str) -> Result<Option<String>> {
        self.0.of_rows().key(column, key).map(|name| name.filter(|_| !is_pseudonym(key)))
    }

    fn number(&mut self, column: Option<&str>, digits: &str) -> Result<Option<String>> {
        self.0.of_rows().number(column, digits)
    }
}

/// Puts what names stand for in their place.
struct Sent(Names);

impl Replace for Sent {
    fn text(&mut self, column: Option<&str>, text: &str) -> Result<Option<String>> {
        if let Some(meant) = self.0.meant(text)? {
            return Ok(Some(meant));
        }
        let moves = !matches!(self.0.rules.treatment(column), Treatment::Hidden | Treatment::Sorting);
        Ok(if moves { self.0.moved_back(text) } else { None })
    }

    fn key(&mut self, _: &str, key: &str) -> Result<Option<String>> {
        self.0.meant(key)
    }

    fn number(&mut self, _: Option<&str>, _: &str) -> Result<Option<String>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(shift_weeks: i64) -> Names {
        let rules = Rules { anonymised: true, shift_weeks, ..Rules::default() };
        Names::new(rules, Some(Pseudonyms::new("a secret of the tests").unwrap()))
    }

    fn answered(names: &Names, status: u16, body: &str) -> String {
        let (mut rewriter, mut out) = (names.of_answer(status), Vec::new());
        rewriter.push(body.as_bytes(), &mut out).unwrap();
        rewriter.finish(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_was_answered_can_be_asked_and_written_with() {
        let names = names(2);
        let body = r#"[{"rep_id":"kees500","hired_on":"2025-07-01","note":"tall","n":3}]"#;
        let seen = answered(&names, 200, body);
        assert!(!seen.contains("kees") && !seen.contains("tall") && seen.contains("2025-07-15"), "{seen}");
        assert_eq!(names.sent_body(seen.as_bytes()).unwrap(), body.as_bytes());
        assert_eq!(names.asked_body(seen.as_bytes()).unwrap(), seen.as_bytes());
        let rep = names.asked("rep_id", "kees500");
        assert!(seen.contains(&rep));
        assert_eq!(names.asked("rep_id", &rep), rep);
        assert_eq!(names.sent("rep_id", &rep).unwrap(), "kees500");
        assert_eq!(names.sent("start_date", "2025-07-15").unwrap(), "2025-07-01");
        assert_eq!(names.asked("start_date", "2025-07-15"), "2025-07-15");
        assert_eq!(names.asked("campaign", "sales"), "sales");
    }

    #[test]
    fn ids_that_are_numbers_are_texts_from_then_on() {
        let names = names(0);
        let seen = answered(&names, 200, r#"[{"vendor_call_id":316123,"duration":12}]"#);
        let id = names.asked("vendor_call_id", "316123");
        assert_eq!(seen, format!(r#"[{{"vendor_call_id":"{id}","duration":12}}]"#));
        let both = names.asked("vendor_call_id", "316123,abc");
        assert_eq!(both, format!("{id},{}", names.asked("vendor_call_id", "abc")));
        assert_eq!(names.sent("vendor_call_id", &both).unwrap(), "316123,abc");
    }

    #[test]
    fn a_name_of_another_run_is_never_sent() {
        let earlier = names(0).asked("rep_id", "kees500");
        let body = format!(r#"[{{"rep_id":"{earlier}","team":"red"}}]"#);
        for error in
            [names(0).sent("rep_id", &earlier).unwrap_err(), names(0).sent_body(body.as_bytes()).unwrap_err()]
        {
            assert!(matches!(error.kind(), ErrorKind::Recording), "{error}");
        }
        let within = format!(r#"[{{"rep_id":"kees500","note":"see {earlier}."}}]"#);
        assert!(names(0).sent_body(within.as_bytes()).is_err());
    }

    #[test]
    fn codes_of_errors_stay_and_their_words_do_not() {
        let seen = answered(&names(0), 400, r#"{"error":"no kees500","code":"unknown_id"}"#);
        assert!(seen.contains("unknown_id") && !seen.contains("kees"), "{seen}");
        let seen = answered(&names(0), 400, r#"{"error":"no","code":"kees500"}"#);
        assert!(!seen.contains("kees"), "{seen}");
        assert!(!answered(&names(0), 200, r#"{"code":"unknown_id"}"#).contains("unknown_id"));
    }

    #[test]
    fn keys_within_values_are_hidden_like_values() {
        let seen = answered(&names(0), 200, r#"[{"scores":{"kees500":1}}]"#);
        assert!(!seen.contains("kees") && seen.contains("scores"), "{seen}");
    }
}
