//! The core's error → the exceptions of `converz.errors`.

use pyo3::intern;
use pyo3::prelude::*;

use super::schema::Schema;
use crate::error::{Error, ErrorKind, Result};

/// The exception that `error` is in Python. It may be what a signal's handler raises meanwhile.
pub fn to_py_err(py: Python<'_>, error: &Error) -> PyErr {
    try_to_py_err(py, error).unwrap_or_else(|failure| failure)
}

/// The exception that `error` is in Python.
///
/// # Errors
/// What a signal's handler raises meanwhile.
pub fn try_to_py_err(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    build(py, error).map(PyErr::from_value)
}

/// The name of the exception class that `error` is in Python.
pub fn class_name(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Configuration => "ConfigurationError",
        ErrorKind::InvalidInput => "InvalidInputError",
        ErrorKind::Connection => "APIConnectionError",
        ErrorKind::Timeout => "APITimeoutError",
        ErrorKind::Status { status, .. } => match status {
            400 => "BadRequestError",
            401 => "AuthenticationError",
            403 => "PermissionDeniedError",
            404 => "NotFoundError",
            409 => "ConflictError",
            422 => "UnprocessableEntityError",
            429 => "RateLimitError",
            500..=599 => "ServerError",
            _ => "APIStatusError",
        },
        ErrorKind::Redirect { .. } => "RedirectError",
        ErrorKind::Decode => "DecodeError",
        ErrorKind::LimitExceeded => "LimitExceededError",
        ErrorKind::Paging => "PagingError",
        ErrorKind::SchemaDrift { .. } => "SchemaDriftError",
        ErrorKind::Update(_) => "UpdateError",
        ErrorKind::OutOfMemory => "OutOfMemoryError",
        ErrorKind::Internal => "ConverzError",
    }
}

fn build<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let class = py.import(intern!(py, "converz.errors"))?.getattr(class_name(error))?;
    let exception = class.call1((error.to_string(),))?;
    exception.setattr(intern!(py, "request"), error.request())?;
    exception.setattr(intern!(py, "attempts"), error.attempt())?;
    match error.kind() {
        ErrorKind::Status { status, code, message, retry_after } => {
            exception.setattr(intern!(py, "status_code"), status)?;
            exception.setattr(intern!(py, "code"), code.as_deref())?;
            exception.setattr(intern!(py, "message"), message)?;
            exception.setattr(intern!(py, "retry_after"), retry_after.map(|wait| wait.as_secs_f64()))?;
        }
        ErrorKind::Redirect { location } => exception.setattr(intern!(py, "location"), location)?,
        ErrorKind::SchemaDrift { column, schema } => {
            exception.setattr(intern!(py, "column"), column)?;
            exception.setattr(intern!(py, "schema"), Schema::new(schema.clone()))?;
        }
        ErrorKind::Update(failure) => {
            let pairs = |ranges: &[std::ops::Range<usize>]| -> Vec<(usize, usize)> {
                ranges.iter().map(|range| (range.start, range.end)).collect()
            };
            exception.setattr(intern!(py, "committed"), pairs(&failure.committed))?;
            exception.setattr(intern!(py, "in_doubt"), pairs(&failure.in_doubt))?;
            exception.setattr(intern!(py, "unsent"), pairs(&failure.unsent))?;
            let cause = try_to_py_err(py, &failure.cause)?;
            exception.setattr(intern!(py, "__cause__"), cause.value(py))?;
        }
        _ => {}
    }
    Ok(exception)
}

/// The value, or the exception that the error is.
pub fn or_raise<T>(py: Python<'_>, result: Result<T>) -> PyResult<T> {
    result.map_err(|error| to_py_err(py, &error))
}
