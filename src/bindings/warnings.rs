//! `ConverzWarning`.

use std::ffi::CString;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;

use crate::text;

/// Warns whoever called the package: theirs is the line that is shown.
pub fn warn(py: Python<'_>, message: &str) -> PyResult<()> {
    let category = py.import(intern!(py, "converz.errors"))?.getattr(intern!(py, "ConverzWarning"))?;
    // A sentence about data may hold anything from the data, a NUL among it.
    let message = CString::new(text::shown(message).into_owned()).unwrap_or_default();
    match PyErr::warn(py, &category, &message, caller(py).unwrap_or(1)) {
        // Showing it failed, and not whoever made an error of it.
        Err(error) if error.is_instance_of::<PyValueError>(py) && is_stderr_closed(py) => Ok(()),
        warned => warned,
    }
}

/// Python writes a warning to a standard error that was closed, and fails.
fn is_stderr_closed(py: Python<'_>) -> bool {
    let closed =
        || py.import(intern!(py, "sys"))?.getattr(intern!(py, "stderr"))?.getattr(intern!(py, "closed"));
    closed().is_ok_and(|closed| closed.is_truthy().unwrap_or(false))
}

/// How many frames up the one is that is not the package's own, counted from 1.
fn caller(py: Python<'_>) -> PyResult<i32> {
    let mut frame = py.import(intern!(py, "sys"))?.call_method0(intern!(py, "_getframe"))?;
    let mut level = 1;
    while is_own(&frame)? {
        frame = frame.getattr(intern!(py, "f_back"))?;
        if frame.is_none() {
            break;
        }
        level += 1;
    }
    Ok(level)
}

fn is_own(frame: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = frame.py();
    let globals = frame.getattr(intern!(py, "f_globals"))?;
    let name = globals.call_method1(intern!(py, "get"), (intern!(py, "__name__"), ""))?;
    let name: String = name.extract()?;
    Ok(name == "converz" || name.starts_with("converz."))
}
