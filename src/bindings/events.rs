//! What the core's worker threads report → Python's logging, on the thread that waits for the result.

use std::sync::{Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;

use crate::http::{Observer, RequestEvent};
use crate::text;

const DEBUG: u8 = 10;
const WARNING: u8 = 30;

/// Events wait here until the thread that runs the operation looks; the workers never touch Python.
#[derive(Debug, Default)]
pub struct Events(Mutex<Vec<RequestEvent>>);

impl Observer for Events {
    fn request(&self, event: RequestEvent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

impl Events {
    /// Logs what has happened since the last call.
    pub fn log(&self, py: Python<'_>) -> PyResult<()> {
        let events = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if events.is_empty() {
            return Ok(());
        }
        let log = py.import(intern!(py, "converz._runtime.log"))?;
        let logger = log.getattr(intern!(py, "logger"))?;
        for event in events {
            let level = if event.retry_in.is_some() { WARNING } else { DEBUG };
            if logger.call_method1(intern!(py, "isEnabledFor"), (level,))?.is_truthy()? {
                log.call_method1(intern!(py, "tell"), (level, line(&event)))?;
            }
        }
        Ok(())
    }
}

fn line(event: &RequestEvent) -> String {
    let query = if event.query.is_empty() { String::new() } else { format!("?{}", event.query) };
    let outcome = match (&event.status, &event.failure) {
        (Some(status), None) => format!(": {status}"),
        (Some(status), Some(failure)) => format!(": {status}, {failure}"),
        (None, Some(failure)) => format!(": {failure}"),
        (None, None) => String::new(),
    };
    let next = event
        .retry_in
        .map_or_else(String::new, |wait| format!(", next attempt in {:.1} s", wait.as_secs_f64()));
    let line = format!(
        "{} {}{query}{outcome} (attempt {}, {} bytes, {:.0} ms){next}",
        event.operation.method(),
        event.operation.path(),
        event.attempt,
        event.bytes_received,
        event.elapsed.as_secs_f64() * 1000.0
    );
    text::shown(&line).into_owned()
}
