//! What cannot go wrong in comparing, unless this library is at fault.

use crate::error::Error;

pub(super) fn defect(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("stored values could not be compared: {error}"))
}
