//! `ConverzWarning`.

use std::ffi::CString;

use pyo3::intern;
use pyo3::prelude::*;

/// Warns the caller of the method that called us.
pub fn warn(py: Python<'_>, message: &str) -> PyResult<()> {
    let category = py.import(intern!(py, "converz.errors"))?.getattr(intern!(py, "ConverzWarning"))?;
    // A sentence about data may hold a NUL from the data.
    let message = CString::new(message.replace('\0', "\u{fffd}")).unwrap_or_default();
    PyErr::warn(py, &category, &message, 2)
}
