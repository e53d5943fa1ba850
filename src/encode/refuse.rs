//! How a refusal names what is wrong: the first few, and how many more there are.

use std::fmt::Display;

use crate::error::{Error, Result};

/// More would hide the message behind them.
const SHOWN: usize = 10;

/// `1, 2, 3 and 4 more`.
pub(super) fn shown<T: Display>(all: impl IntoIterator<Item = T>) -> String {
    let mut all = all.into_iter();
    let first: Vec<String> = all.by_ref().take(SHOWN).map(|one| one.to_string()).collect();
    match all.count() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Everything that is wrong, in one message.
///
/// # Errors
/// If anything is.
pub(super) fn refuse(wrong: &[String]) -> Result<()> {
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid_input(wrong.join("; "))) }
}
