//! `converz.UpdatePlan` below its signatures.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::panics::guard;
use super::table::Table;
use crate::encode::UpdateFrame;
use crate::update::{Plan, Planned};

#[pyclass(frozen, module = "converz._core", name = "UpdatePlan")]
pub struct UpdatePlan {
    plan: Plan,
    requests: u64,
}

impl UpdatePlan {
    pub fn new(planned: Planned) -> Self {
        Self { plan: planned.plan, requests: planned.requests }
    }

    /// The frame of what changes, or of what undoes it; none if nothing does.
    pub fn frame(&self, py: Python<'_>, undo: bool) -> PyResult<Option<UpdateFrame>> {
        Ok(py.detach(|| if undo { self.plan.undo() } else { self.plan.apply() })?)
    }
}

#[pymethods]
impl UpdatePlan {
    /// Rows of the frame.
    #[getter]
    fn rows(&self) -> usize {
        self.plan.frame().num_rows()
    }

    /// Stored rows that were read.
    #[getter]
    fn rows_read(&self) -> usize {
        self.plan.rows_read()
    }

    /// Requests that reading took.
    #[getter]
    fn requests(&self) -> u64 {
        self.requests
    }

    /// The attributes of the frame, each a dict of counts.
    #[getter]
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        guard(py, || {
            self.plan
                .columns()
                .iter()
                .map(|column| {
                    let dict = PyDict::new(py);
                    dict.set_item("name", &column.name)?;
                    dict.set_item("changed", column.changed)?;
                    dict.set_item("cleared", column.cleared)?;
                    dict.set_item("same", column.same)?;
                    dict.set_item("seen", column.seen)?;
                    dict.set_item("nearest", column.nearest.as_deref())?;
                    Ok(dict)
                })
                .collect()
        })
    }

    /// The first cells that change, or all: the key, `column`, and as JSON text `old` and `new`.
    #[pyo3(signature = (limit=None))]
    fn changes(&self, py: Python<'_>, limit: Option<usize>) -> PyResult<Table> {
        guard(py, || {
            let batch = py.detach(|| self.plan.changes_batch(limit.unwrap_or(usize::MAX)))?;
            Ok(Table::new(batch.schema(), vec![batch]))
        })
    }

    /// The rows of the frame whose keys were not found.
    fn not_found(&self, py: Python<'_>) -> PyResult<Table> {
        guard(py, || {
            let frame = self.plan.frame();
            Ok(Table::new(frame.schema().clone(), frame.rows(self.plan.not_found())))
        })
    }
}
