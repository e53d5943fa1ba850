//! The columns that the API documents, with their types and the operations that answer with them.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::query::{Operation, Query};

/// The type of every known column, whichever operation answers with it.
pub fn known_columns() -> SchemaRef {
    let fields = [
        ("call_id", DataType::Int64),
        ("rep_id", DataType::Utf8),
        ("vendor", DataType::Utf8),
        ("vendor_call_id", DataType::Utf8),
        ("campaign", DataType::Utf8),
        ("subcampaign", DataType::Utf8),
        ("department", DataType::Utf8),
        ("name", DataType::Utf8),
        ("gender", DataType::Utf8),
        ("start_time", DataType::Timestamp(TimeUnit::Microsecond, None)),
        ("date", DataType::Date32),
    ];
    Arc::new(Schema::new(fields.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec()))
}

/// The columns that a query asks for by name.
pub(super) fn columns_by_name(operation: Operation, query: &Query) -> Vec<String> {
    let mut columns = named_in(query, naming(operation)).unwrap_or_default();
    columns.extend(named_in(query, "metric").unwrap_or_default());
    let mut seen = HashSet::new();
    columns.retain(|name| seen.insert(name.clone()));
    columns
}

/// The parameter whose columns come without being a metric.
fn naming(operation: Operation) -> &'static str {
    match operation {
        Operation::Report => "groupby",
        _ => "columns",
    }
}

/// The columns of a result without rows of which nothing more is known: those that were asked for by name, and the known
/// ones unless others were asked for instead.
pub fn columns_without_rows(operation: Operation, query: &Query) -> Vec<String> {
    let named = columns_by_name(operation, query);
    if named_in(query, naming(operation)).is_some() {
        return named;
    }
    let known: &[&str] = match operation {
        Operation::Calls | Operation::UpdateCalls => &[
            "call_id",
            "rep_id",
            "vendor",
            "vendor_call_id",
            "campaign",
            "subcampaign",
            "department",
            "start_time",
        ],
        Operation::Reps | Operation::UpdateReps => &["rep_id", "name", "gender", "campaign", "department"],
        Operation::Report => &[],
    };
    let mut columns: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
    columns.extend(named.into_iter().filter(|name| !known.contains(&name.as_str())));
    columns
}

/// The names in a parameter that separates them with commas.
pub(super) fn named_in(query: &Query, parameter: &str) -> Option<Vec<String>> {
    let (_, value) = query.pairs().iter().find(|(name, _)| *name == parameter)?;
    Some(value.split(',').map(|name| name.trim().to_owned()).collect())
}
