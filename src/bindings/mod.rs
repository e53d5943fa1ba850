//! The only room that knows Python: conversion, errors, signals, fork and the interpreter lock.

#![allow(clippy::needless_pass_by_value, reason = "pyo3 hands arguments over by value")]
#![allow(
    clippy::doc_markdown,
    clippy::doc_link_with_quotes,
    reason = "what pyo3 makes docstrings of is not Markdown"
)]

mod arguments;
mod beginning;
mod client;
mod columns;
mod decode;
mod errors;
mod events;
mod files;
mod foreign;
mod import;
mod new_column;
mod panic_in;
mod panics;
mod pickle;
mod plan;
mod polled_stream;
mod process;
mod progress;
mod python_values;
mod receipt;
mod refusal;
mod runtime;
#[cfg(feature = "sandbox")]
mod sandbox;
mod schema;
mod settings;
mod signals;
mod stream;
mod table;
mod updates;
mod values;
mod warnings;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::resources::Allocator;

/// Everything that this package asks for in memory.
#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// What the Python package is built on; its public names are in `python/converz`.
#[pymodule(name = "_core", gil_used = true)]
mod core {
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::columns::Column;
    #[pymodule_export]
    use super::decode::decode;
    #[pymodule_export]
    use super::panic_in::panic_in;
    #[pymodule_export]
    use super::plan::UpdatePlan;
    #[pymodule_export]
    use super::polled_stream::PolledStream;
    #[cfg(feature = "sandbox")]
    #[pymodule_export]
    use super::sandbox::Sandbox;
    #[pymodule_export]
    use super::schema::Schema;
    #[pymodule_export]
    use super::settings::Secret;
    #[pymodule_export]
    use super::stream::RecordBatchStream;
    #[pymodule_export]
    use super::table::{Batch, Table};
    #[pymodule_export]
    use super::updates::PlannedRequest;

    #[pymodule_init]
    fn init(module: &super::Bound<'_, super::PyModule>) -> super::PyResult<()> {
        use super::PyModuleMethods;
        super::panics::silence();
        module.add("PERSONAL", super::PyTuple::new(module.py(), crate::query::PERSONAL)?)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
