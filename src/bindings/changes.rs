//! The cells that an update changes, below `converz.UpdatePlan` and `converz.UpdateResult`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use super::operation::{Operation, Step};
use super::panics::guard;
use super::table::Table;
use crate::error::Error;
use crate::update::{Changes, Recorded};

#[pyclass(frozen, module = "converz._core", name = "UpdateChanges")]
pub struct UpdateChanges(Arc<Changes>);

impl UpdateChanges {
    pub fn new(changes: Changes) -> Self {
        Self(Arc::new(changes))
    }

    /// The changes themselves, for work away from Python.
    pub fn inner(&self) -> Arc<Changes> {
        Arc::clone(&self.0)
    }
}

#[pymethods]
impl UpdateChanges {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// The first cells that change, or all: the key, `column`, and as JSON text `old` and `new`.
    #[pyo3(signature = (limit=None))]
    fn table(&self, py: Python<'_>, limit: Option<usize>) -> PyResult<Table> {
        guard(py, || {
            let batch = py.detach(|| self.0.to_batch(limit.unwrap_or(usize::MAX)))?;
            Ok(Table::new(batch.schema(), vec![batch]))
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        guard(py, || {
            let changes = &slf.get().0;
            let bytes = py.detach(|| changes.to_bytes())?;
            Ok((slf.get_type().getattr("_from_bytes")?, (PyBytes::new(py, &bytes),)))
        })
    }

    #[staticmethod]
    fn _from_bytes(py: Python<'_>, bytes: PyBackedBytes) -> PyResult<Self> {
        guard(py, || Ok(Self::new(py.detach(|| Changes::from_bytes(&bytes))?)))
    }
}

/// A journal that is read, which nobody else may use until it is closed.
#[pyclass(frozen, module = "converz._core", name = "RecordedUpdate")]
pub struct RecordedUpdate(Mutex<Option<Recorded>>);

impl RecordedUpdate {
    /// Opens a journal of an update of a service.
    pub fn open(path: PathBuf, base_url: String) -> Operation {
        let open = move || {
            let recorded = Recorded::open(&path)?;
            if recorded.base_url == base_url {
                return Ok(recorded);
            }
            Err(Error::invalid_input(format!(
                "journal={:?} is of an update of {}, and this client is of {base_url}: undo it with a client of that \
                 service",
                path.to_string_lossy(),
                recorded.base_url
            )))
        };
        Operation::work(open, |py, recorded| Step::over(py, Self(Mutex::new(Some(recorded)))))
    }

    fn with<T>(&self, body: impl FnOnce(&mut Recorded) -> Result<T, Error>) -> PyResult<T> {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recorded = recorded.as_mut().ok_or_else(|| Error::internal("the journal is closed"))?;
        Ok(body(recorded)?)
    }
}

#[pymethods]
impl RecordedUpdate {
    /// The cells that were written, and those of which that is not known.
    #[getter]
    fn changes(&self, py: Python<'_>) -> PyResult<UpdateChanges> {
        guard(py, || self.with(|recorded| Ok(UpdateChanges::new(recorded.changes.clone()))))
    }

    /// Whether they were put back.
    #[getter]
    fn undone(&self, py: Python<'_>) -> PyResult<bool> {
        guard(py, || self.with(|recorded| Ok(recorded.undone)))
    }

    /// Notes that they were put back.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || self.with(Recorded::finish))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
            Ok(())
        })
    }
}
