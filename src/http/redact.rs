//! Takes the key, and a proxy's user and password, out of what others wrote before it comes into an error.

use std::error::Error as StdError;
use std::fmt;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine};

use crate::error::{Error, ErrorKind};
use crate::settings::ApiKey;

/// The shortest run of a secret that is masked: what is left when an excerpt ends in the middle of one. Shorter runs
/// would be found in ordinary words.
const SHORTEST: usize = 8;
/// The shortest user name or password that is looked for as a word of its own.
const SHORTEST_WORD: usize = 3;

/// What must not be shown, in every spelling that a service may give it.
#[derive(Default)]
pub(super) struct Secrets {
    runs: Vec<Secret>,
    words: Vec<Secret>,
}

struct Secret {
    bytes: Vec<u8>,
    mask: &'static str,
}

impl Secrets {
    pub fn new(key: &ApiKey, of_proxy: Vec<String>) -> Self {
        let mut secrets = Self::default();
        let key = key.expose();
        if key.len() >= SHORTEST {
            for bytes in spelt_in_base64(key.as_bytes()) {
                secrets.runs.push(Secret { bytes, mask: "[api_key]" });
            }
        }
        for secret in of_proxy {
            let kind = match secret.len() {
                SHORTEST.. => &mut secrets.runs,
                SHORTEST_WORD.. => &mut secrets.words,
                _ => continue,
            };
            kind.push(Secret { bytes: secret.into_bytes(), mask: "[proxy user]" });
        }
        secrets
    }

    /// The text without a run of a secret.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.runs {
            text = mask(&text, secret, |text, at| {
                let runs =
                    (0..=secret.bytes.len() - SHORTEST).map(|from| run(text, at, &secret.bytes[from..]));
                runs.filter(|(count, _)| *count >= SHORTEST).map(|(_, end)| end).max()
            });
        }
        for secret in &self.words {
            text = mask(&text, secret, |text, at| {
                let (count, end) = run(text, at, &secret.bytes);
                let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
                let is_word =
                    is_edge(at.checked_sub(1).map(|before| &text[before])) && is_edge(text.get(end));
                (count == secret.bytes.len() && is_word).then_some(end)
            });
        }
        text
    }

    /// The error without a secret in what it says, which may show a part of a body.
    pub fn redact_error(&self, error: &Error) -> Error {
        let kind = match error.kind() {
            ErrorKind::Status { status, code, message, retry_after } => ErrorKind::Status {
                status: *status,
                code: code.as_deref().map(|code| self.redact(code)),
                message: self.redact(message),
                retry_after: *retry_after,
            },
            ErrorKind::Redirect { location } => ErrorKind::Redirect { location: self.redact(location) },
            other => other.clone(),
        };
        let mut redacted = Error::new(kind, self.redact(error.message()));
        if let Some(request) = error.request() {
            redacted = redacted.with_request(request);
        }
        if let Some(attempt) = error.attempt() {
            redacted = redacted.with_attempt(attempt);
        }
        let Some(source) = error.source() else { return redacted };
        let shown = format!("{source:?}");
        if self.redact(&shown) == shown && chain(source).all(|text| self.redact(&text) == text) {
            return redacted.with_source_of(error);
        }
        match Cause::of(error, self) {
            Some(cause) => redacted.with_source(cause),
            None => redacted,
        }
    }
}

/// What an error and those behind it say.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = String> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn StdError + 'static) = *error;
        error.source()
    })
    .map(ToString::to_string)
}

/// What an error came from, as texts without secrets.
#[derive(Debug)]
struct Cause {
    text: String,
    source: Option<Box<Self>>,
}

impl Cause {
    fn of(error: &dyn StdError, secrets: &Secrets) -> Option<Self> {
        let source = error.source()?;
        Some(Self {
            text: secrets.redact(&source.to_string()),
            source: Self::of(source, secrets).map(Box::new),
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// A secret itself, and what of it is the same wherever it stands in something that is encoded.
fn spelt_in_base64(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut spelt = vec![secret.to_vec()];
    for shift in 0..3 {
        let shifted = [&vec![0; shift][..], secret].concat();
        // Characters that hold bits of what stands before or behind it.
        let (first, last) = ((shift * 8).div_ceil(6), shifted.len() * 8 / 6);
        for encoded in [BASE64_STANDARD.encode(&shifted), BASE64_URL_SAFE.encode(&shifted)] {
            let inner = encoded.as_bytes()[first..last].to_vec();
            if inner.len() >= SHORTEST && !spelt.contains(&inner) {
                spelt.push(inner);
            }
        }
    }
    spelt
}

/// The text with a mask for what `find` says ends somewhere, from where it is asked.
fn mask(text: &str, secret: &Secret, find: impl Fn(&[u8], usize) -> Option<usize>) -> String {
    let bytes = text.as_bytes();
    let mut shown = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if let Some(end) = find(bytes, at) {
            shown.extend_from_slice(secret.mask.as_bytes());
            at = end;
        } else {
            shown.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&shown).into_owned()
}

/// How many bytes of a secret a text spells from a place on, and where that ends.
fn run(text: &[u8], at: usize, secret: &[u8]) -> (usize, usize) {
    let mut ends = vec![at];
    for (count, byte) in secret.iter().enumerate() {
        let mut next: Vec<usize> = Vec::new();
        for end in &ends {
            spellings(&text[*end..], *byte, |length| next.push(end + length));
        }
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return (count, ends[ends.len() - 1]);
        }
        ends = next;
    }
    (secret.len(), ends[ends.len() - 1])
}

/// The lengths of the spellings of a byte that a text begins with: as it is, as addresses, JSON, program texts and HTML
/// spell it, and those spelt once more.
fn spellings(text: &[u8], byte: u8, mut found: impl FnMut(usize)) {
    let Some(&first) = text.first() else { return };
    if first == byte {
        found(1);
    }
    match first {
        // A form's plus, read as the blank that it would have been.
        b' ' if byte == b'+' => found(1),
        b'%' => {
            // A percent sign that is spelt itself may go on with what looks like the rest of it, so each end counts.
            let mut at = 1;
            loop {
                if hex(&text[at..]) == Some(byte) {
                    found(at + 2);
                }
                if !text[at..].starts_with(b"25") {
                    break;
                }
                at += 2;
            }
        }
        b'\\' => {
            let slashes = text.iter().take_while(|byte| **byte == b'\\').count();
            let rest = &text[slashes..];
            if byte == b'\\' {
                [2, 4, 8].into_iter().filter(|length| *length <= slashes).for_each(&mut found);
            } else if rest.first() == Some(&byte) && !byte.is_ascii_alphanumeric() {
                found(slashes + 1);
            }
            if let Some(digits) = rest.strip_prefix(b"u00").filter(|digits| hex(digits) == Some(byte)) {
                found(text.len() - digits.len() + 2);
            }
            if let Some(digits) = rest.strip_prefix(b"x").filter(|digits| hex(digits) == Some(byte)) {
                found(text.len() - digits.len() + 2);
            }
        }
        b'&' => {
            let mut at = 1;
            while let Some((named, length)) = entity(&text[at..]) {
                if named == byte {
                    found(at + length);
                }
                if named != b'&' {
                    break;
                }
                at += length;
            }
        }
        _ => {}
    }
}

/// Two hexadecimal digits.
fn hex(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(0)? << 4 | digit(1)?).ok()
}

/// The byte that HTML names behind an ampersand, and how long its name is.
fn entity(text: &[u8]) -> Option<(u8, usize)> {
    let end = text.iter().take(10).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&text[..end]).ok()?;
    let byte = match name {
        "amp" => b'&',
        "lt" => b'<',
        "gt" => b'>',
        "quot" => b'"',
        "apos" => b'\'',
        _ => {
            let number = name.strip_prefix('#')?;
            match number.strip_prefix(['x', 'X']) {
                Some(digits) => u8::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            }
        }
    };
    Some((byte, end + 1))
}

/// The beginning of a text from outside, on one line.
pub(super) fn excerpt(text: &str, most: usize) -> String {
    let mut shown = String::new();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    for word in words {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(word);
        if shown.len() > 4 * most {
            break;
        }
    }
    match shown.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use proptest::prelude::*;

    use super::*;

    fn secrets(key: &str) -> Secrets {
        Secrets::new(&ApiKey::new(key).unwrap(), Vec::new())
    }

    #[test]
    fn the_key_is_found_in_every_spelling() {
        let secrets = secrets(r#"canary/+"<\key"#);
        for spelling in [
            r#"canary/+"<\key"#,
            r#"canary/+\"<\\key"#,
            r#"canary\/+\"<\\key"#,
            r#"canary\\\/+\\\"<\\\\key"#,
            r"canary\u002f\u002B\u0022\u003c\u005ckey",
            r"canary\x2f\x2b\x22\x3c\x5ckey",
            "canary%2F%2B%22%3C%5Ckey",
            "%63%61%6e%61%72%79%2f%2b%22%3c%5c%6b%65%79",
            "canary%252F%252B%2522%253C%255Ckey",
            r#"canary/ "<\key"#,
            r"canary/+&quot;&lt;\key",
            r"canary/+&amp;quot;&amp;lt;\key",
            r"canary&#47;&#x2B;&#34;&#x3c;&#92;key",
        ] {
            assert_eq!(secrets.redact(&format!("a {spelling}, b")), "a [api_key], b", "{spelling}");
        }
        let error = secrets.redact_error(&Error::decode(r#"it says canary/+"<\key"#));
        assert_eq!(error.message(), "it says [api_key]");
    }

    #[test]
    fn sources_are_kept_but_for_what_is_secret_in_them() {
        let secrets = secrets("canary-canary");
        let from =
            |text: &str| secrets.redact_error(&Error::decode("no").with_source(io::Error::other(text)));
        let plain = from("it broke");
        assert!(plain.source().unwrap().is::<io::Error>(), "{plain:?}");
        let told = from("it broke at canary-canary");
        assert_eq!(told.source().unwrap().to_string(), "it broke at [api_key]");
        assert!(!format!("{told:?}").contains("canary"), "{told:?}");
    }

    #[test]
    fn keys_of_signs_that_spell_others_are_found() {
        let secrets = secrets(r"%25&amp;\\&%!");
        for spelling in [
            r"%25&amp;\\&%!",
            r"%25&amp;\\\\&%!",
            "%2525%26amp%3B%5C%5C%26%25%21",
            "%252525%2526amp%253B%255C%255C%2526%2525%2521",
            r"%25&amp;amp;\\&amp;%!",
            r"%25&amp;amp;amp;\\&amp;amp;%!",
        ] {
            assert_eq!(secrets.redact(&format!("a {spelling}, b")), "a [api_key], b", "{spelling}");
        }
    }

    #[test]
    fn short_keys_would_be_found_in_words() {
        assert_eq!(secrets("k").redact("a key"), "a key");
    }

    #[test]
    fn what_is_encoded_with_others_is_found() {
        let secrets = secrets("canary-0123456789");
        for before in ["", "a", "ab", "user:"] {
            for after in ["", "x", "yz"] {
                let encoded = BASE64_STANDARD.encode(format!("{before}canary-0123456789{after}"));
                let shown = secrets.redact(&format!("Basic {encoded}"));
                assert!(shown.contains("[api_key]") && shown.len() < 30, "{before} {after}: {shown}");
            }
        }
    }

    #[test]
    fn the_user_of_a_proxy_is_found() {
        let key = ApiKey::new("k").unwrap();
        let of_proxy = ["jdoe", "pa55word", "amRvZTpwYTU1d29yZA=="].map(str::to_owned);
        let secrets = Secrets::new(&key, of_proxy.to_vec());
        let shown = secrets.redact("user=jdoe&pass=pa55word, not jdoes; Basic amRvZTpwYTU1d29yZA== 'jdoe'");
        assert_eq!(
            shown,
            "user=[proxy user]&pass=[proxy user], not jdoes; Basic [proxy user] '[proxy user]'"
        );
    }

    proptest! {
        #[test]
        fn no_run_of_a_key_is_left_wherever_a_text_is_cut(
            key in "[!-~]{8,60}",
            before in "[ -~]{0,30}",
            from in 0..200_usize,
            to in 0..400_usize,
            spelling in 0..6,
        ) {
            let secrets = secrets(&key);
            let text = match spelling {
                0 => key.clone(),
                1 => serde_json::to_string(&key).unwrap(),
                2 => url::form_urlencoded::byte_serialize(key.as_bytes()).collect(),
                3 => format!("{key:?}"),
                4 => key.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat(),
                _ => key.bytes().map(|byte| format!("\\u{byte:04X}")).collect::<Vec<_>>().concat(),
            };
            let text = format!("{before}{text}{text} and {text}");
            let cut = &text[from.min(text.len())..(from + to).min(text.len())];
            let shown = secrets.redact(cut);
            let plain = |text: &str| match spelling {
                1 => text.replace("\\\"", "\"").replace("\\\\", "\\"),
                _ => text.to_owned(),
            };
            for run in key.as_bytes().windows(SHORTEST) {
                let run = std::str::from_utf8(run).unwrap();
                // Unless the mask itself holds the run.
                if !"[api_key]".contains(run) {
                    prop_assert!(!shown.contains(run), "{run} of {key} in {shown}");
                    prop_assert!(!plain(&shown).contains(run), "{run} of {key} in {shown}");
                }
            }
        }
    }

    #[test]
    fn excerpts_are_short_and_on_one_line() {
        assert_eq!(excerpt(" a\r\n\tb\u{1b}[31m  c ", 200), "a b [31m c");
        assert_eq!(excerpt(&"ä".repeat(300), 200).chars().count(), 201);
        assert_eq!(excerpt("", 200), "");
    }
}
