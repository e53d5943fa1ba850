//! The columns that the API documents, with their types and the operations that answer with them.

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

/// The columns of a result without rows: those that were asked for by name, or else the known ones.
pub fn columns_without_rows(operation: Operation, query: &Query) -> Vec<String> {
    let named = match operation {
        Operation::Report => "groupby",
        _ => "columns",
    };
    if let Some(columns) = named_in(query, named) {
        return columns;
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
    known.iter().map(|name| (*name).to_owned()).collect()
}

/// The names in a parameter that separates them with commas.
pub(super) fn named_in(query: &Query, parameter: &str) -> Option<Vec<String>> {
    let (_, value) = query.pairs().iter().find(|(name, _)| *name == parameter)?;
    Some(value.split(',').map(|name| name.trim().to_owned()).collect())
}
