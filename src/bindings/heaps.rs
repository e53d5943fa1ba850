//! The memory of a process of our own.

use pyo3::prelude::*;

use super::panics::guard;
use crate::resources;

/// Has threads share what they give back, as suits a command: for the process of somebody else that is not ours to decide.
#[pyfunction]
pub fn share_heaps(py: Python<'_>) -> PyResult<()> {
    guard(py, || {
        resources::share_heaps();
        Ok(())
    })
}
