//! The core's error → the exceptions of `converz.errors`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::intern;
use pyo3::prelude::*;

use super::schema::Schema;
use crate::error::{Error, ErrorKind};

/// The exception that `error` is in Python.
pub fn to_py_err(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error).map_or_else(|failure| failure, PyErr::from_value)
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
            let cause = to_py_err(py, &failure.cause);
            exception.setattr(intern!(py, "__cause__"), cause.value(py))?;
        }
        _ => {}
    }
    Ok(exception)
}

/// Runs `body`, and turns its error, or a panic, into an exception.
pub fn guard<T>(py: Python<'_>, body: impl FnOnce() -> Result<T, Error>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(to_py_err(py, &error)),
        Err(panic) => Err(to_py_err(py, &panic_error(panic.as_ref()))),
    }
}

/// A panic is a defect of this library, but it must reach Python as an error like any other.
pub fn panic_error(panic: &(dyn std::any::Any + Send)) -> Error {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Error::internal(format!("a defect of converz: {message}"))
}
