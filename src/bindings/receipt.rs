//! The core's receipt → the fields of `converz.Receipt`.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::fetch::{End, Receipt};

pub fn receipt_dict<'py>(py: Python<'py>, receipt: &Receipt) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("requests", receipt.requests)?;
    dict.set_item("retries", receipt.retries)?;
    dict.set_item("pages", receipt.pages)?;
    dict.set_item("rows", receipt.rows)?;
    dict.set_item("repeated_keys", receipt.repeated_keys)?;
    dict.set_item("end", receipt.end.map(end_name))?;
    dict.set_item("bytes_received", receipt.bytes_received)?;
    dict.set_item("bytes_decoded", receipt.bytes_decoded)?;
    dict.set_item("seconds", receipt.seconds)?;
    dict.set_item("columns", PyTuple::new(py, &receipt.columns)?)?;
    dict.set_item("query", PyTuple::new(py, receipt.query.pairs())?)?;
    Ok(dict)
}

fn end_name(end: End) -> &'static str {
    match end {
        End::Empty => "empty",
        End::Refused => "refused",
        End::Repeated => "repeated",
        End::Short => "short",
        End::Limit => "limit",
        End::Whole => "whole",
    }
}
