//! What the names in an answer are about, in whatever way they are written.

/// A name without regard to how it is written: `failed_rows`, `failedRows`, `Failed-Rows`.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

// The functions below take names that `plain` made.

/// What is left undone.
pub(super) fn is_refusal(name: &str) -> bool {
    const WORDS: [&str; 16] = [
        "error",
        "err",
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
        "unknown",
        "notfound",
        "notupdated",
        "unprocessed",
    ];
    // Around the word: that or how many there are, of what, and what is said of it.
    const BEFORE: [&str; 6] = ["", "num", "count", "total", "n", "has"];
    const BEHIND: [&str; 19] = [
        "",
        "s",
        "count",
        "total",
        "rows",
        "rowcount",
        "records",
        "ids",
        "keys",
        "calls",
        "reps",
        "updates",
        "message",
        "msg",
        "code",
        "type",
        "reason",
        "description",
        "details",
    ];
    let is_about = |name: &str| {
        WORDS.iter().any(|word| name.strip_prefix(word).is_some_and(|behind| BEHIND.contains(&behind)))
    };
    BEFORE.iter().any(|before| name.strip_prefix(before).is_some_and(is_about))
}

/// How many rows were updated.
pub(super) fn is_updated(name: &str) -> bool {
    const WORDS: [&str; 2] = ["rowsaffected", "affectedrows"];
    const BEFORE: [&str; 6] = ["", "n", "num", "total", "count", "rows"];
    const BEHIND: [&str; 4] = ["", "rows", "count", "total"];
    let is_about = |name: &str| name.strip_prefix("updated").is_some_and(|behind| BEHIND.contains(&behind));
    WORDS.contains(&name) || BEFORE.iter().any(|before| name.strip_prefix(before).is_some_and(is_about))
}

/// Whether it went well.
pub(super) fn is_success(name: &str) -> bool {
    ["success", "succeeded", "successful", "ok"].contains(&name)
}

/// How it went, in a word or a number.
pub(super) fn is_status(name: &str) -> bool {
    ["status", "statuscode", "code", "outcome"].contains(&name)
}

/// How it went, if it is a word: a number may be of anything.
pub(super) fn is_outcome(name: &str) -> bool {
    is_status(name) || ["result", "state", "message", "detail"].contains(&name)
}

/// Stands beside what became of a row.
pub(super) fn is_beside_outcome(name: &str) -> bool {
    ["id", "key", "row", "index", "message", "detail", "details", "reason", "description", "updated"]
        .contains(&name)
}

/// How many there are, where the object says of what.
pub(super) fn is_count(name: &str) -> bool {
    ["count", "rows", "total", "number", "n", "calls", "reps", "updated"].contains(&name)
}

/// What a number or a word tells of an error; a number of another name may be which row it is, the first being 0.
pub(super) fn tells(name: &str) -> bool {
    is_count(name) || is_status(name) || is_outcome(name) || is_refusal(name)
}

/// What may hold rows, or what became of them.
pub(super) fn is_wrapper(name: &str) -> bool {
    ["data", "result", "results", "response", "rows", "items", "records", "calls", "reps"].contains(&name)
}
