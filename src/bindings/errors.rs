//! The core's error → the exceptions of `converz.errors`.

use std::path::Path;

use arrow_schema::SchemaRef;
use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::{Error, ErrorKind};
use crate::ipc;

/// An error of the core is raised wherever `?` or `into` meets it. If building its exception fails, because a signal's
/// handler raises meanwhile, what that raises takes its place.
impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        Python::attach(|py| exception(py, &error).unwrap_or_else(|raised| raised))
    }
}

/// The exception that `error` is in Python.
///
/// # Errors
/// What a signal's handler raises meanwhile.
pub fn exception(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
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
        ErrorKind::Recording => "RecordingError",
        ErrorKind::SchemaDrift { .. } => "SchemaDriftError",
        ErrorKind::Update(_) => "UpdateError",
        ErrorKind::OutOfMemory => "OutOfMemoryError",
        ErrorKind::Io { .. } => "OSError",
        ErrorKind::Internal => "ConverzError",
    }
}

fn build<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    if let ErrorKind::Io { os_code, path, advice } = error.kind() {
        return Ok(os_error(error, *os_code, path.as_deref(), advice.as_deref())
            .into_value(py)
            .into_bound(py)
            .into_any());
    }
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
            exception.setattr(intern!(py, "schema"), schema_object(py, schema)?)?;
        }
        ErrorKind::Update(failure) => {
            let pairs = |ranges: &[std::ops::Range<usize>]| -> Vec<(usize, usize)> {
                ranges.iter().map(|range| (range.start, range.end)).collect()
            };
            exception.setattr(intern!(py, "committed"), pairs(&failure.committed))?;
            exception.setattr(intern!(py, "in_doubt"), pairs(&failure.in_doubt))?;
            exception.setattr(intern!(py, "unsent"), pairs(&failure.unsent))?;
            let cause = self::exception(py, &failure.cause)?;
            exception.setattr(intern!(py, "__cause__"), cause.value(py))?;
        }
        _ => {}
    }
    Ok(exception)
}

/// The schema as Python has it, in the way in which one is unpickled: schemas raise errors, so they cannot be known here.
fn schema_object<'py>(py: Python<'py>, schema: &SchemaRef) -> PyResult<Bound<'py, PyAny>> {
    let bytes = PyBytes::new(py, &ipc::write(schema, &[])?);
    let class = py.import(intern!(py, "converz._core"))?.getattr(intern!(py, "Schema"))?;
    class.call_method1(intern!(py, "_from_ipc"), (bytes,))
}

/// Python finds the subclass of OSError by the number.
fn os_error(error: &Error, os_code: Option<i32>, path: Option<&Path>, advice: Option<&str>) -> PyErr {
    let Some(code) = os_code else { return PyOSError::new_err(error.to_string()) };
    let text = std::io::Error::from_raw_os_error(code).to_string();
    let text = text.rsplit_once(" (os error").map_or(text.as_str(), |(text, _)| text);
    let text = advice.map_or_else(|| text.to_owned(), |advice| format!("{text}; {advice}"));
    match path {
        Some(path) => PyOSError::new_err((code, text, path.as_os_str().to_owned())),
        None => PyOSError::new_err((code, text)),
    }
}
