//! `types=` of a stream.

use pyo3::prelude::*;

use super::refusal::refuse;

/// What settles the types of a stream's columns.
#[derive(Debug, Clone, Copy)]
pub enum Types {
    FirstPage,
    Whole,
}

pub fn extract(value: &Bound<'_, PyAny>) -> PyResult<Types> {
    match value.extract::<String>().as_deref() {
        Ok("first_page") => Ok(Types::FirstPage),
        Ok("whole") => Ok(Types::Whole),
        _ => Err(refuse("types", value, "\"first_page\" or \"whole\"").into()),
    }
}
