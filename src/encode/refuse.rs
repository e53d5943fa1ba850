//! How a refusal names what is wrong: the first few, and how many more there are.

use std::fmt::Display;

use arrow_array::ArrayRef;
use arrow_cast::display::array_value_to_string;

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

/// A value as a message shows it.
pub(super) fn shown_value(array: &ArrayRef, row: usize) -> String {
    let text = array_value_to_string(array, row).ok().filter(|text| !text.is_empty());
    text.unwrap_or_else(|| "null".to_owned())
}

/// Everything that is wrong, in one message.
///
/// # Errors
/// If anything is.
pub(super) fn refuse(wrong: &[String]) -> Result<()> {
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid_input(wrong.join("; "))) }
}
