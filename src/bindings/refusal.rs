//! What an argument is refused with: its name, the value that was passed, and what is allowed.

use pyo3::prelude::*;

use crate::error::Error;
use crate::text::shortened;

/// Characters of a value that are shown.
const SHOWN: usize = 80;

/// The error of an argument that is not what it must be.
pub fn refuse(name: &str, value: &Bound<'_, PyAny>, allowed: &str) -> Error {
    Error::invalid_input(is_not(name, value, allowed))
}

/// The same of a setting.
pub fn refuse_setting(name: &str, value: &Bound<'_, PyAny>, allowed: &str) -> Error {
    Error::configuration(is_not(name, value, allowed))
}

fn is_not(name: &str, value: &Bound<'_, PyAny>, allowed: &str) -> String {
    format!("{name}={} is not {allowed}", shown(value))
}

/// A value as an error shows it: on one line, however it draws itself, and not longer than a line has room for.
pub fn shown(value: &Bound<'_, PyAny>) -> String {
    let drawn = value
        .repr()
        .map_or_else(|_| value.get_type().to_string(), |drawn| drawn.to_string_lossy().into_owned());
    // Blanks in a row on one line are part of a text.
    if !drawn.contains(['\n', '\r']) {
        return shortened(&drawn, SHOWN);
    }
    shortened(&drawn.split_whitespace().collect::<Vec<_>>().join(" "), SHOWN)
}
