//! The only room that knows Python: conversion, errors, signals, fork and the interpreter lock.

#![allow(clippy::needless_pass_by_value, reason = "pyo3 hands arguments over by value")]
#![allow(
    clippy::doc_markdown,
    clippy::doc_link_with_quotes,
    reason = "what pyo3 makes docstrings of is not Markdown"
)]

mod anonymised;
mod arguments;
mod beginning;
mod changes;
mod client;
mod columns;
mod decode;
mod errors;
mod events;
mod files;
mod foreign;
mod from_python;
mod heaps;
mod import;
mod mailbox;
mod new_column;
mod operation;
mod panic_in;
mod panics;
mod pickle;
mod plan;
mod polled_stream;
mod process;
mod progress;
mod reading;
mod receipt;
mod recording;
mod refusal;
mod runtime;
#[cfg(feature = "sandbox")]
mod sandbox;
mod schema;
mod settings;
mod short_text;
mod signals;
mod stream;
mod table;
mod to_python;
mod types_argument;
mod updates;
mod warnings;
mod windows;

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
    use super::anonymised::anonymised;
    #[pymodule_export]
    use super::changes::{RecordedUpdate, UpdateChanges};
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::columns::Column;
    #[pymodule_export]
    use super::decode::decode;
    #[pymodule_export]
    use super::heaps::share_heaps;
    #[pymodule_export]
    use super::mailbox::{Mailbox, stop_waking};
    #[pymodule_export]
    use super::operation::Pending;
    #[pymodule_export]
    use super::panic_in::panic_in;
    #[pymodule_export]
    use super::plan::UpdatePlan;
    #[pymodule_export]
    use super::polled_stream::PolledStream;
    #[pymodule_export]
    use super::reading::read_file;
    #[pymodule_export]
    use super::recording::Recording;
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
    #[pymodule_export]
    use super::windows::WindowReads;

    #[pymodule_init]
    fn init(module: &super::Bound<'_, super::PyModule>) -> super::PyResult<()> {
        use super::PyModuleMethods;
        super::panics::silence();
        module.add("PERSONAL", super::PyTuple::new(module.py(), crate::query::PERSONAL)?)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
