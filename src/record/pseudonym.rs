//! Names for what must not be told: the same for the same text, and to nobody else's guess without the secret.

use std::collections::HashMap;
use std::fmt;

use ring::hmac;

use crate::error::{Error, ErrorKind, Result};

/// What every pseudonym begins with.
const MARK: &str = "p_";
/// Characters after it, of five bits each: a million texts have two of the same name once in 10¹² recordings.
const LENGTH: usize = 16;
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// A secret that is shorter can be found by trying.
const SHORTEST_SECRET: usize = 16;
/// Bytes of texts that are kept to be told from their pseudonyms.
const MOST_KNOWN: usize = 256 << 20;

/// A secret, and what was named with it.
pub struct Pseudonyms {
    key: hmac::Key,
    /// The texts that have been named, by their names.
    known: HashMap<String, String>,
    known_bytes: usize,
    most_known: usize,
}

impl Pseudonyms {
    /// # Errors
    /// A secret that is too short.
    pub fn new(secret: &str) -> Result<Self> {
        if secret.len() < SHORTEST_SECRET {
            // Not shown, nor how long it is.
            return Err(Error::configuration(format!(
                "secret is too short to keep a name from being guessed: pass at least {SHORTEST_SECRET} characters, such as \
                 secrets.token_hex() makes"
            )));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Ok(Self { key, known: HashMap::new(), known_bytes: 0, most_known: MOST_KNOWN })
    }

    /// Names by a secret that nobody will know.
    ///
    /// # Errors
    /// None that is known.
    pub fn of_chance() -> Result<Self> {
        Self::new(&format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>()))
    }

    /// The same names, where none is to be told from its text again.
    #[must_use]
    pub fn forgetful(self) -> Self {
        Self { known: HashMap::new(), most_known: 0, ..self }
    }

    /// The name of a text.
    pub fn of(&self, text: &str) -> String {
        let tag = hmac::sign(&self.key, &[b"text:", text.as_bytes()].concat());
        spelt(tag.as_ref())
    }

    /// The name of a text, which [`Self::text_of`] tells from now on.
    pub fn note(&mut self, text: &str) -> String {
        let name = self.of(text);
        if self.most_known == 0 {
            return name;
        }
        if !self.known.contains_key(&name) && self.known_bytes + text.len() <= self.most_known {
            self.known_bytes += text.len();
            self.known.insert(name.clone(), text.to_owned());
        }
        name
    }

    /// The text that has been named so.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(String::as_str)
    }

    /// What tells whether another secret is this one, without telling it.
    pub fn check(&self) -> String {
        spelt(hmac::sign(&self.key, b"check").as_ref())
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(…)")
    }
}

fn spelt(tag: &[u8]) -> String {
    let mut text = MARK.to_owned();
    let (mut bits, mut count) = (0u32, 0);
    let mut bytes = tag.iter();
    while text.len() < MARK.len() + LENGTH {
        if count < 5 {
            bits = (bits << 8) | u32::from(bytes.next().copied().unwrap_or_default());
            count += 8;
        }
        count -= 5;
        let digit = (bits >> count) & 31;
        text.push(char::from(DIGITS[digit as usize]));
    }
    text
}

/// Whether a text looks like a pseudonym.
pub fn is_pseudonym(text: &str) -> bool {
    text.strip_prefix(MARK).is_some_and(|rest| rest.len() == LENGTH && rest.bytes().all(is_digit))
}

/// Whether there is a pseudonym somewhere in a text.
pub fn has_pseudonym(text: &str) -> bool {
    text.match_indices(MARK).any(|(at, _)| {
        let rest = &text.as_bytes()[at + MARK.len()..];
        rest.get(..LENGTH).is_some_and(|rest| rest.iter().copied().all(is_digit))
    })
}

fn is_digit(byte: u8) -> bool {
    DIGITS.contains(&byte)
}

/// A pseudonym of which nobody knows here what it stands for, on its way to the service.
pub fn unknown_pseudonym(text: &str) -> Error {
    let shown: String = text.chars().take(80).collect();
    Error::new(
        ErrorKind::Recording,
        format!(
            "the pseudonym {shown:?} is of another run, and what it stands for is not in the recording: read the rows that \
             have it in this run first, or pass the value itself. Nothing was sent"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of the tests";

    #[test]
    fn a_name_is_the_same_for_the_same_text_and_secret() {
        let names = Pseudonyms::new(SECRET).unwrap();
        assert_eq!(names.of("kees500"), Pseudonyms::new(SECRET).unwrap().of("kees500"));
        assert_ne!(names.of("kees500"), names.of("kees501"));
        assert_ne!(names.of("kees500"), Pseudonyms::new("another secret of them").unwrap().of("kees500"));
        assert_ne!(names.of("check"), names.check());
        assert!(is_pseudonym(&names.of("")), "{}", names.of(""));
    }

    #[test]
    fn only_what_was_noted_is_told() {
        let mut names = Pseudonyms::new(SECRET).unwrap();
        let name = names.note("kees500");
        assert_eq!(names.text_of(&name), Some("kees500"));
        assert_eq!(names.text_of(&names.of("cas501")), None);
        assert!(!format!("{names:?}").contains("kees"));
    }

    #[test]
    fn nothing_is_told_where_nothing_is_kept() {
        let mut names = Pseudonyms::new(SECRET).unwrap().forgetful();
        let name = names.note("kees500");
        assert_eq!(name, Pseudonyms::new(SECRET).unwrap().of("kees500"));
        assert_eq!(names.text_of(&name), None);
    }

    #[test]
    fn a_pseudonym_is_found_in_the_middle() {
        let name = Pseudonyms::new(SECRET).unwrap().of("kees500");
        assert!(has_pseudonym(&format!("ask {name}é again")));
        assert!(!has_pseudonym("p_short, map_of_things_that_are_none é"));
    }

    #[test]
    fn a_short_secret_is_refused_and_not_shown() {
        let error = Pseudonyms::new("short-one").unwrap_err();
        assert!(!error.to_string().contains("short-one"), "{error}");
    }
}
