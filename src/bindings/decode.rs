//! The decoder by itself, for benchmarks and tests that have a body and no service.

use std::sync::Arc;

use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use super::panics::guard;
use super::table::Table;
use crate::decode::{Cutting, Options, ParallelDecoder, unify};
use crate::fetch::known_columns;

/// As a connection delivers them.
const WINDOW: usize = 256 << 10;

/// Decodes one page, as `Client.calls` would.
#[pyfunction]
#[pyo3(signature = (body, *, parse_dates=true))]
pub fn decode(py: Python<'_>, body: PyBackedBytes, parse_dates: bool) -> PyResult<Table> {
    guard(py, || {
        let options =
            Options { parse_dates, known: known_columns(), key: Some("call_id"), ..Options::default() };
        let options = Arc::new(options);
        let body = Bytes::from_owner(body);
        let unified = py.detach(|| {
            let mut decoder = ParallelDecoder::new(&options, Cutting::default());
            for start in (0..body.len()).step_by(WINDOW) {
                decoder.push(&body.slice(start..body.len().min(start + WINDOW)))?;
            }
            unify(vec![decoder.finish()?], &options, &[], &[])
        })?;
        Ok(Table::new(unified.schema, unified.batches))
    })
}
