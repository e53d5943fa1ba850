//! `on_new_column=` of a stream.

use pyo3::prelude::*;

use super::errors::to_py_err;
use crate::decode::OnNewColumn;
use crate::error::Error;

pub fn extract(value: &Bound<'_, PyAny>) -> PyResult<OnNewColumn> {
    match value.extract::<String>().as_deref() {
        Ok("error") => Ok(OnNewColumn::Error),
        Ok("ignore") => Ok(OnNewColumn::Ignore),
        _ => Err(to_py_err(
            value.py(),
            &Error::invalid_input(format!("on_new_column={} is not \"error\" or \"ignore\"", value.repr()?)),
        )),
    }
}
