//! The core's progress → a Python function, on the thread that waits for the result.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;

use crate::fetch::{Progress, SoFar};

/// The latest that a read told, until the thread that runs the operation looks. Workers hold it, so it
/// holds nothing of Python.
#[derive(Debug, Default)]
struct Latest(Mutex<Option<SoFar>>);

impl Progress for Latest {
    fn page(&self, so_far: SoFar) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(so_far);
    }
}

/// A function that is told of progress, and what to tell it.
#[derive(Debug)]
pub struct Pages {
    latest: Arc<Latest>,
    report: Option<Py<PyAny>>,
}

impl Pages {
    pub fn new(report: Option<&Bound<'_, PyAny>>) -> Self {
        Self { latest: Arc::default(), report: report.map(|report| report.clone().unbind()) }
    }

    /// What the core tells its progress to.
    pub fn listener(&self) -> Arc<dyn Progress> {
        self.latest.clone()
    }

    /// Calls the function with rows and bytes so far, if they have changed.
    pub fn report(&self, py: Python<'_>) -> PyResult<()> {
        let latest = self.latest.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(latest), Some(report)) = (latest, &self.report) {
            report.call1(py, (latest.rows, latest.bytes_received))?;
        }
        Ok(())
    }
}
