//! The core's progress → a Python function, on the thread that waits for the result.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;

use crate::fetch::{Progress, SoFar};

/// The latest that a read told, until the thread that runs the operation looks.
#[derive(Debug)]
pub struct Pages {
    latest: Mutex<Option<SoFar>>,
    report: Option<Py<PyAny>>,
}

impl Pages {
    pub fn new(report: Option<&Bound<'_, PyAny>>) -> Arc<Self> {
        Arc::new(Self { latest: Mutex::new(None), report: report.map(|report| report.clone().unbind()) })
    }

    /// Calls the function with rows and bytes so far, if they have changed.
    pub fn report(&self, py: Python<'_>) -> PyResult<()> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(latest), Some(report)) = (latest, &self.report) {
            report.call1(py, (latest.rows, latest.bytes_received))?;
        }
        Ok(())
    }
}

impl Progress for Pages {
    fn page(&self, so_far: SoFar) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(so_far);
    }
}
