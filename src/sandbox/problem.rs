//! What a request is refused with: a status, a code for programs and a message for people.

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl Problem {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// A 400: the request cannot work, and nothing of it was applied.
    pub fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "internal_error", message)
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(format!("the sandbox's database failed: {error}"))
    }
}

/// The beginning of a text, quoted, so that no message grows with its request.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// A 400 for a name that stands for nothing.
pub(super) fn unknown<'a>(
    parameter: &str,
    code: &'static str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Problem {
    const NAMED: usize = 60;
    let mut known = known.into_iter();
    let named: Vec<&str> = known.by_ref().take(NAMED).collect();
    let more = if known.next().is_some() { ", …" } else { "" };
    Problem::bad(
        code,
        format!("{parameter} has {}, which is none of: {}{more}", excerpt(name), named.join(", ")),
    )
}
