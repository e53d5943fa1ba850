//! What a frame's columns are called, and whether its batches are what they claim to be.

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use hashbrown::HashSet;

use super::key::KeyColumn;
use super::refuse::shown;
use super::valid::validate;
use crate::error::{Error, Result};
use crate::text::quoted;

/// The place of the key, and of the attributes.
pub(super) fn check_names(schema: &Schema, key: KeyColumn) -> Result<(usize, Vec<usize>)> {
    let mut seen = HashSet::new();
    let mut twice: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .filter(|name| !seen.insert(*name))
        .collect();
    twice.dedup();
    if !twice.is_empty() {
        let names = shown(twice.iter().map(|name| quoted(name)));
        return Err(Error::invalid_input(format!("the frame has more than one column {names}")));
    }
    if seen.contains("") {
        return Err(Error::invalid_input("the frame has a column without a name: an attribute needs one"));
    }
    if schema.fields().is_empty() {
        return Err(Error::invalid_input(format!(
            "the frame has no columns: it needs {:?}, which says what to update, and one column an attribute",
            key.name()
        )));
    }
    let Ok(key_index) = schema.index_of(key.name()) else {
        return Err(Error::invalid_input(format!(
            "the frame has no column {:?}, which says what to update; its columns are {}",
            key.name(),
            shown(schema.fields().iter().map(|field| quoted(field.name())))
        )));
    };
    let attributes: Vec<usize> = (0..schema.fields().len())
        .filter(|index| *index != key_index && !is_pandas_index(schema.field(*index).name()))
        .collect();
    if attributes.is_empty() {
        return Err(Error::invalid_input(format!(
            "the frame has no column beside {:?}: there is nothing to update",
            key.name()
        )));
    }
    Ok((key_index, attributes))
}

/// What pyarrow calls a pandas index without a name, which any filtered frame has; it is not an attribute.
fn is_pandas_index(name: &str) -> bool {
    name.strip_prefix("__index_level_")
        .and_then(|rest| rest.strip_suffix("__"))
        .is_some_and(|level| !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit()))
}

pub(super) fn check_batches(schema: &Schema, batches: &[RecordBatch]) -> Result<()> {
    for batch in batches {
        let own = batch.schema();
        let agrees = own.fields().len() == schema.fields().len()
            && own
                .fields()
                .iter()
                .zip(schema.fields())
                .all(|(own, field)| own.name() == field.name() && own.data_type() == field.data_type());
        if !agrees {
            return Err(Error::invalid_input("the frame's batches do not all have its columns and types"));
        }
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            validate(array).map_err(|error| {
                Error::invalid_input(format!(
                    "column {} is not valid Arrow data: {error}",
                    quoted(field.name())
                ))
            })?;
        }
    }
    Ok(())
}
