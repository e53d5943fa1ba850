//! What is read: an operation, its query, and how the answer is taken.

use std::sync::Arc;

use arrow_schema::SchemaRef;

use super::known_columns::{columns_without_rows, known_columns, named_in};
use super::progress::Progress;
use crate::decode::Options;
use crate::query::{Operation, Query};
use crate::settings::Settings;

/// What is read.
#[derive(Debug, Clone)]
pub struct ReadSpec {
    /// One of those that read.
    pub operation: Operation,
    /// Without paging parameters.
    pub query: Query,
    /// Rows of the result; a report has no limit.
    pub limit: Option<u64>,
    /// Columns whose type the user pins.
    pub pinned: SchemaRef,
    pub parse_dates: bool,
    /// Keep the JSON of each value (see [`Options::json`]).
    pub json: bool,
    pub progress: Option<Arc<dyn Progress>>,
}

impl ReadSpec {
    pub(super) fn options(&self, settings: &Settings) -> Options {
        Options {
            max_depth: settings.max_depth,
            max_value_bytes: settings.max_value_bytes,
            lossy: settings.lossy,
            parse_dates: self.parse_dates,
            json: self.json,
            pinned: Arc::clone(&self.pinned),
            known: known_columns(),
            key: self.operation.key(),
        }
    }

    /// The columns of a result without rows.
    pub(super) fn columns_without_rows(&self) -> Vec<String> {
        let mut columns = columns_without_rows(self.operation, &self.query);
        for field in self.pinned.fields() {
            if !columns.contains(field.name()) {
                columns.push(field.name().clone());
            }
        }
        columns
    }

    /// The query with the key among its `columns`, and whether that is only for us.
    pub(super) fn query_with_key(&self, key: &str) -> (Query, bool) {
        if named_in(&self.query, "columns").is_none_or(|columns| columns.iter().any(|name| name == key)) {
            return (self.query.clone(), false);
        }
        let query = self.query.pairs().iter().fold(Query::default(), |query, (name, value)| match *name {
            "columns" => query.with(name, format!("{value},{key}")),
            _ => query.with(name, value.as_str()),
        });
        (query, true)
    }
}
