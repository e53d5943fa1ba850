//! What is read: an operation, its query, and how the answer is taken.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_schema::SchemaRef;

use super::known_columns::{columns_by_name, columns_without_rows, known_columns, named_in};
use super::progress::Progress;
use super::shapes::Shapes;
use crate::decode::Options;
use crate::query::{Operation, Query};
use crate::settings::Settings;

/// Bytes of a query that every server takes: the least that common ones allow a whole request line is 4 KiB.
pub(super) const LONGEST: usize = 3_500;

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
    /// The only columns that the result may have; none: those that the query's `columns`, its `metric` and `pinned`
    /// name, or all that arrive if it has no `columns`.
    pub select: Option<Vec<String>>,
    /// Keep the JSON of each value (see [`Options::json`]).
    pub json: bool,
    /// Columns that are pinned as strings only because they had no value where types were settled.
    pub undecided: Vec<String>,
    /// Where the columns of a result without rows are remembered; none: they are not asked for.
    pub shapes: Option<Arc<Shapes>>,
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
            selected: self.selected().map(Arc::new),
        }
    }

    /// The columns that belong to the result, if not all do. A service may answer with others all the same.
    fn selected(&self) -> Option<HashSet<String>> {
        if let Some(select) = &self.select {
            return Some(select.iter().cloned().collect());
        }
        let pinned = self.pinned.fields().iter().map(|field| field.name().clone());
        Some(self.named()?.into_iter().chain(pinned).collect())
    }

    /// The columns that the user asks for by name, if not for all.
    pub(super) fn named(&self) -> Option<Vec<String>> {
        if self.select.is_some() {
            return None;
        }
        let mut named = named_in(&self.query, "columns")?;
        named.extend(named_in(&self.query, "metric").unwrap_or_default());
        Some(named)
    }

    /// The columns of a result without rows, as far as the query and the documentation tell.
    pub(super) fn columns_without_rows(&self) -> Vec<String> {
        self.and_pinned(columns_without_rows(self.operation, &self.query))
    }

    /// The columns that the query and `pinned` name, wherever they do.
    pub(super) fn columns_by_name(&self) -> Vec<String> {
        self.and_pinned(columns_by_name(self.operation, &self.query))
    }

    /// Columns that are asked for only to tell rows apart.
    pub(super) fn only_ours(key: &str, key_is_ours: bool, options: &Options) -> Vec<String> {
        if key_is_ours && !options.selects(key) { vec![key.to_owned()] } else { Vec::new() }
    }

    fn and_pinned(&self, mut columns: Vec<String>) -> Vec<String> {
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
