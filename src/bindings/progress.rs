//! The core's progress → a Python function, on the thread that waits for the result.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use crate::fetch::{Progress, SoFar};

/// What a read told page by page, until the thread that runs the operation looks. Workers hold it, so it
/// holds nothing of Python.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<SoFar>>);

impl Progress for Told {
    fn page(&self, so_far: SoFar) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(so_far);
    }
}

/// A function that is told of progress, and what to tell it.
#[derive(Debug)]
pub struct Pages {
    told: Arc<Told>,
    /// Locked for no longer than it takes to look.
    report: Mutex<Option<Py<PyAny>>>,
}

impl Pages {
    pub fn new(report: Option<&Bound<'_, PyAny>>) -> Self {
        Self { told: Arc::default(), report: Mutex::new(report.map(|report| report.clone().unbind())) }
    }

    /// What the core tells its progress to.
    pub fn listener(&self) -> Arc<dyn Progress> {
        self.told.clone()
    }

    fn function<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.as_ref().map(|report| report.bind(py).clone())
    }

    /// The function, which is told nothing more.
    pub fn take(&self) -> Option<Py<PyAny>> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Shows the function to the collector of cycles.
    pub fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.report.try_lock() {
            Ok(report) => visit.call(&*report),
            // Then it is in use.
            Err(_) => Ok(()),
        }
    }

    /// Calls the function with rows and bytes so far, once a page.
    pub fn report(&self, py: Python<'_>) -> PyResult<()> {
        let told = std::mem::take(&mut *self.told.0.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(report) = self.function(py) {
            for so_far in told {
                report.call1((so_far.rows, so_far.bytes_received))?;
            }
        }
        Ok(())
    }

    /// Closes the display, wherever a stream ended.
    pub fn end(&self, py: Python<'_>) -> PyResult<()> {
        if let Some(report) = self.function(py) {
            report.call_method0(intern!(py, "close"))?;
        }
        Ok(())
    }
}
