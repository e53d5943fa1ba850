//! The core's progress → a Python function, on the thread that waits for the result.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;

use crate::fetch::{Progress, SoFar};

/// What a read told page by page, until the thread that runs the operation looks.
#[derive(Debug)]
pub struct Pages {
    told: Mutex<Vec<SoFar>>,
    report: Option<Py<PyAny>>,
}

impl Pages {
    pub fn new(report: Option<&Bound<'_, PyAny>>) -> Arc<Self> {
        Arc::new(Self { told: Mutex::default(), report: report.map(|report| report.clone().unbind()) })
    }

    /// Calls the function with rows and bytes so far, once a page.
    pub fn report(&self, py: Python<'_>) -> PyResult<()> {
        let told = std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(report) = &self.report {
            for so_far in told {
                report.call1(py, (so_far.rows, so_far.bytes_received))?;
            }
        }
        Ok(())
    }

    /// Closes the display, wherever a stream ended.
    pub fn end(&self, py: Python<'_>) -> PyResult<()> {
        if let Some(report) = &self.report {
            report.call_method0(py, intern!(py, "close"))?;
        }
        Ok(())
    }
}

impl Progress for Pages {
    fn page(&self, so_far: SoFar) {
        if self.report.is_some() {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).push(so_far);
        }
    }
}
