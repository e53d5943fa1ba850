//! The query string: names and values, checked and typed.

use chrono::NaiveDate;

use crate::sandbox::calendar;
use crate::sandbox::problem::{Problem, excerpt, unknown};

/// The parameters of one request, all of them known ones.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub fn parse(query: &str, known: &[&str]) -> Result<Self, Problem> {
        let mut pairs = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if !known.contains(&name.as_str()) {
                return Err(unknown("the query", "unknown_parameter", &name, known.iter().copied()));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that may come once.
    fn scalar(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Problem::bad("repeated_parameter", format!("{name} is given more than once")));
        }
        Ok(first)
    }

    /// A whole number from 1 to `most`; one beyond 64 bits counts as the largest.
    pub fn positive(&self, name: &str, most: u64) -> Result<Option<u64>, Problem> {
        let Some(text) = self.scalar(name)? else { return Ok(None) };
        let refuse = || {
            let allowed = if most == u64::MAX { "1 or more".to_owned() } else { format!("from 1 to {most}") };
            invalid(name, text, &format!("a whole number, {allowed}"))
        };
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refuse());
        }
        let number = text.parse().unwrap_or(u64::MAX);
        if number == 0 || number > most { Err(refuse()) } else { Ok(Some(number)) }
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.scalar(name)? {
            None => Ok(None),
            Some("1") => Ok(Some(true)),
            Some("0") => Ok(Some(false)),
            Some(text) => Err(invalid(name, text, "1 or 0")),
        }
    }

    pub fn date(&self, name: &str) -> Result<Option<NaiveDate>, Problem> {
        let Some(text) = self.scalar(name)? else { return Ok(None) };
        calendar::parse_date(text)
            .map(Some)
            .ok_or_else(|| invalid(name, text, "a date that exists, as 2025-07-15"))
    }

    pub fn date_time(&self, name: &str) -> Result<Option<String>, Problem> {
        let Some(text) = self.scalar(name)? else { return Ok(None) };
        let expected = "a time that exists, without a zone, as 2025-07-15 12:00";
        calendar::parse_date_time(text).map(Some).ok_or_else(|| invalid(name, text, expected))
    }

    /// An array: repeated, comma separated, or both.
    pub fn array(&self, name: &str) -> Result<Vec<String>, Problem> {
        let mut values = Vec::new();
        for value in self.all(name).flat_map(|value| value.split(',')) {
            if value.is_empty() {
                return Err(empty(name));
            }
            if !values.iter().any(|known| known == value) {
                values.push(value.to_owned());
            }
        }
        Ok(values)
    }

    /// An array in a string parameter: comma separated only.
    pub fn list(&self, name: &str) -> Result<Vec<String>, Problem> {
        self.scalar(name)?;
        self.array(name)
    }

    /// A list of names of ours: blanks around them don't count, and none comes twice.
    pub fn names(&self, name: &str) -> Result<Vec<String>, Problem> {
        let Some(text) = self.scalar(name)? else { return Ok(Vec::new()) };
        self.unique_names(name, text.split(','))
    }

    /// An array of names of ours, in either form.
    pub fn name_array(&self, name: &str) -> Result<Vec<String>, Problem> {
        self.unique_names(name, self.all(name).flat_map(|value| value.split(',')))
    }

    #[allow(clippy::unused_self)]
    fn unique_names<'a>(
        &self,
        name: &str,
        given: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<String>, Problem> {
        let mut names: Vec<String> = Vec::new();
        for value in given.map(|value| value.trim_matches(' ')) {
            if value.is_empty() {
                return Err(empty(name));
            }
            if names.iter().any(|known| known == value) {
                return Err(Problem::bad(
                    "repeated_value",
                    format!("{name} has {} more than once", excerpt(value)),
                ));
            }
            names.push(value.to_owned());
        }
        Ok(names)
    }

    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }
}

pub(super) fn invalid(name: &str, value: &str, expected: &str) -> Problem {
    Problem::bad("invalid_parameter", format!("{name} is {}: it must be {expected}", excerpt(value)))
}

fn empty(name: &str) -> Problem {
    Problem::bad("invalid_parameter", format!("{name} has an empty value: leave it out instead"))
}

/// Percent-encoding, and `+` for a blank.
fn decode(text: &str) -> Result<String, Problem> {
    let refuse = || {
        Problem::bad(
            "invalid_query",
            format!("the query has {}, which is no percent-encoded UTF-8", excerpt(text)),
        )
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit().ok_or_else(refuse)?, digit().ok_or_else(refuse)?);
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| refuse())
}
