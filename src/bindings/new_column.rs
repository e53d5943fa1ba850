//! `on_new_column=` of a stream.

use pyo3::prelude::*;

use super::refusal::refuse;
use crate::decode::OnNewColumn;

pub fn extract(value: &Bound<'_, PyAny>) -> PyResult<OnNewColumn> {
    match value.extract::<String>().as_deref() {
        Ok("error") => Ok(OnNewColumn::Error),
        Ok("ignore") => Ok(OnNewColumn::Ignore),
        _ => Err(refuse("on_new_column", value, "\"error\" or \"ignore\"").into()),
    }
}
