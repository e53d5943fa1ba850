//! Tables as the bytes of an Arrow IPC stream, as pickles hold them.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::ipc;

pub fn to_ipc<'py>(
    py: Python<'py>,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = py.detach(|| ipc::write(schema, batches))?;
    PyBytes::new_with(py, bytes.len(), |memory| {
        memory.copy_from_slice(&bytes);
        Ok(())
    })
}

pub fn from_ipc(py: Python<'_>, bytes: PyBackedBytes) -> PyResult<(SchemaRef, Vec<RecordBatch>)> {
    Ok(py.detach(|| ipc::read(Bytes::from_owner(bytes)))?)
}
