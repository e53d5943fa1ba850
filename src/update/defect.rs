//! What cannot go wrong in comparing, unless this library is at fault.

use arrow_schema::ArrowError;

use crate::error::Error;

pub(super) fn defect(error: ArrowError) -> Error {
    Error::internal(format!("stored values could not be compared: {error}")).with_source(error)
}
