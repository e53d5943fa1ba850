//! A panic for the tests.

use pyo3::prelude::*;

use super::panics::guard;
use super::runtime::{wait, wait_for_work};
use crate::error::Error;

/// Panics in a call, in a task that Python waits for, or in the work of one. For the tests: no input is known that does.
#[pyfunction]
pub fn panic_in(py: Python<'_>, place: &str) -> PyResult<()> {
    guard(py, || {
        let outcome = match place {
            "call" => Ok(Err(defect())),
            "task" => wait(py, async { Err(defect()) }, |_| Ok(())),
            "work" => wait_for_work(py, || Err(defect())),
            other => Ok(Err(Error::invalid_input(format!(
                "place={other:?} is not \"call\", \"task\" or \"work\""
            )))),
        };
        Ok(outcome??)
    })
}

fn defect() -> Error {
    panic!("as the tests want it")
}
