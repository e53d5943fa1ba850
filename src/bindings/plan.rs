//! `converz.UpdatePlan` below its signatures.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::changes::UpdateChanges;
use super::operation::{Operation, Pending, Step};
use super::panics::guard;
use super::table::Table;
use crate::update::{Changes, Plan, Planned};

#[pyclass(frozen, module = "converz._core", name = "UpdatePlan")]
pub struct UpdatePlan {
    plan: Arc<Plan>,
    requests: u64,
}

impl UpdatePlan {
    pub fn new(planned: Planned) -> Self {
        Self { plan: Arc::new(planned.plan), requests: planned.requests }
    }

    /// The plan itself, for work away from Python.
    pub fn inner(&self) -> Arc<Plan> {
        Arc::clone(&self.plan)
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
                    dict.set_item("json_text", column.json_text)?;
                    Ok(dict)
                })
                .collect()
        })
    }

    /// Where values would become of another kind, each a dict.
    #[getter]
    fn types<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        guard(py, || {
            self.plan
                .types()
                .iter()
                .map(|change| {
                    let stored: Vec<String> = change.stored.iter().map(ToString::to_string).collect();
                    let dict = PyDict::new(py);
                    dict.set_item("column", &change.column)?;
                    dict.set_item("stored", stored.join(" and "))?;
                    dict.set_item("new", change.new.to_string())?;
                    dict.set_item("cells", change.cells)?;
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

    /// The cells that change, without the rest of the plan.
    fn to_changes(&self, py: Python<'_>) -> PyResult<Pending> {
        guard(py, || {
            let plan = self.inner();
            let changes = Operation::work(
                move || Changes::of(&plan),
                |py, changes| Step::over(py, UpdateChanges::new(changes)),
            );
            Ok(Pending::new(changes))
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
