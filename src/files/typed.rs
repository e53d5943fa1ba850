//! Columns of text as what the text says, where somebody says what that is.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};

use crate::error::{Error, Result};

/// # Errors
/// A name that no column has, and the first cell that does not say a value of its type.
pub fn typed(batch: &RecordBatch, types: &Schema) -> Result<RecordBatch> {
    let schema = batch.schema();
    if let Some(field) = types.fields().iter().find(|field| schema.index_of(field.name()).is_err()) {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        return Err(Error::invalid_input(format!(
            "there is no column {:?}, for which a type was given; there are {}",
            field.name(),
            names.join(", ")
        )));
    }
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        let to = types.field_with_name(field.name()).map_or(field.data_type(), Field::data_type);
        arrays.push(column(field, array, to)?);
        fields.push(Field::new(field.name(), to.clone(), true));
    }
    RecordBatch::try_new(std::sync::Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Error::internal(format!("the columns do not make a table: {error}")))
}

fn column(field: &Field, array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    if to == field.data_type() {
        return Ok(array.clone());
    }
    let refused = |error: String| Error::invalid_input(format!("column {:?}: {error}", field.name()));
    let cast = cast(array, to).map_err(|error| refused(error.to_string()))?;
    let misfit = (0..array.len()).find(|row| array.is_valid(*row) && cast.is_null(*row));
    match misfit {
        Some(row) => {
            let text: String = array.as_string::<i32>().value(row).chars().take(80).collect();
            let to = crate::types::type_name(to);
            Err(refused(format!("row {row} is {text:?}, which is no {to}")))
        }
        None => Ok(cast),
    }
}
