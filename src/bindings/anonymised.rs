//! `converz.anonymise` below its signature.

use pyo3::prelude::*;

use super::panics::guard;
use super::runtime::wait_for_work;
use super::settings::Secret;
use super::table::Table;
use crate::anonymise::anonymised as replaced;
use crate::record::{Names, Pseudonyms, Rules};

/// A table as a recording with these rules has it.
#[pyfunction]
#[pyo3(signature = (table, *, secret, safe, hide, shift_weeks))]
pub fn anonymised(
    py: Python<'_>,
    table: &Bound<'_, Table>,
    secret: &Secret,
    safe: Vec<String>,
    hide: Vec<String>,
    shift_weeks: i64,
) -> PyResult<Table> {
    guard(py, || {
        let pseudonyms = match secret.take("secret")? {
            Some(secret) => Pseudonyms::new(&secret)?,
            None => Pseudonyms::of_chance()?,
        };
        let rules = Rules {
            anonymised: true,
            safe: safe.into_iter().collect(),
            hide: hide.into_iter().collect(),
            shift_weeks,
        };
        let names = Names::new(rules, Some(pseudonyms.forgetful()));
        let table = table.get().clone();
        let work = move || replaced(table.schema(), table.batches(), &names);
        let (schema, batches) = wait_for_work(py, work)??;
        Ok(Table::new(schema, batches))
    })
}
