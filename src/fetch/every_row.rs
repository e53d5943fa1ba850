//! Every row of what is asked for, however that has to be read.

use super::in_parts::read_in_parts;
use super::read::{Fetched, read_pages, read_report, redact_warnings};
use super::spec::{LONGEST, ReadSpec};
use crate::error::{Error, Result};
use crate::http::Http;
use crate::query::Operation;
use crate::settings::Settings;

/// Reads every row.
///
/// # Errors
/// Those of a page, `Paging` where pages do not make up a result, `SchemaDrift` where a pinned type does not fit.
pub async fn read_all(http: &Http, settings: &Settings, spec: ReadSpec) -> Result<Fetched> {
    let fetched = match spec.operation {
        Operation::Calls | Operation::Reps => {
            let parts = spec.query.cut(LONGEST);
            if parts.len() > 1 && spec.limit != Some(0) {
                read_in_parts(http, settings, spec, parts).await
            } else {
                read_pages(http, settings, spec).await
            }
        }
        Operation::Report => read_report(http, settings, spec).await,
        Operation::UpdateCalls | Operation::UpdateReps => {
            Err(Error::internal(format!("{:?} does not read", spec.operation)))
        }
    };
    let mut fetched = fetched.map_err(|error| http.redact_error(&error))?;
    redact_warnings(&mut fetched.column_warnings, http);
    Ok(fetched)
}
