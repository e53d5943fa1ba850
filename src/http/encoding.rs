//! The encodings of a body that are asked for, and no other.

use http::header::{CONTENT_ENCODING, HeaderMap};

use super::redact::excerpt;
use crate::error::{Error, Result};

/// What `Accept-Encoding` says.
pub(super) const ACCEPTED: &str = "zstd, gzip";

/// What services write where nothing is encoded: other words for nothing, and kinds of text. The body is then read as it
/// is, and refused by what it says if it is no JSON after all.
const NOTHING: [&str; 19] = [
    "identity",
    "none",
    "no",
    "null",
    "off",
    "raw",
    "plain",
    "text",
    "json",
    "application/json",
    "binary",
    "7bit",
    "8bit",
    "ascii",
    "us-ascii",
    "utf-8",
    "utf8",
    "charset=utf-8",
    "aws-chunked",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    /// # Errors
    /// An encoding that was not asked for, or several on top of one another.
    pub fn of(headers: &HeaderMap) -> Result<Self> {
        let mut named = Vec::new();
        for value in headers.get_all(CONTENT_ENCODING) {
            let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            let codings = value.split(',').map(|coding| coding.trim().trim_matches('"'));
            named.extend(codings.filter(|it| !it.is_empty() && !NOTHING.contains(it)).map(str::to_owned));
        }
        match named.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => Ok(Self::Identity),
            ["gzip" | "x-gzip"] => Ok(Self::Gzip),
            ["zstd"] => Ok(Self::Zstd),
            _ => Err(Error::decode(format!(
                "the answer has an encoding nobody asked for: {} (only one of {ACCEPTED} was)",
                excerpt(&named.join(", "), 100)
            ))),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Option<Encoding> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, value.parse().unwrap());
        }
        Encoding::of(&headers).ok()
    }

    #[test]
    fn only_one_of_those_asked_for_is_taken() {
        assert_eq!(of(&[]), Some(Encoding::Identity));
        assert_eq!(of(&["identity"]), Some(Encoding::Identity));
        assert_eq!(of(&["GZip"]), Some(Encoding::Gzip));
        assert_eq!(of(&["x-gzip"]), Some(Encoding::Gzip));
        assert_eq!(of(&["identity, zstd"]), Some(Encoding::Zstd));
        for nothing in NOTHING {
            assert_eq!(of(&[&nothing.to_uppercase()]), Some(Encoding::Identity), "{nothing}");
            assert_eq!(of(&[&format!("\"{nothing}\", gzip")]), Some(Encoding::Gzip), "{nothing}");
        }
        for values in [&["br"][..], &["deflate"], &["gzip, gzip"], &["gzip", "zstd"], &["gzip;q=1"]] {
            assert_eq!(of(values), None, "{values:?}");
        }
    }
}
