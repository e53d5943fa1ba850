//! Strings as views, the way polars holds them.

use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, StringViewArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::side_by_side::side_by_side;
use crate::error::{Error, Result};

/// Strings up to this length are in the view itself.
const INLINE: i32 = 12;

/// The same batches with views in place of strings. Their text is shared, unless every string of a column fits into
/// its view, so that it can go.
///
/// # Errors
/// `Internal` if the batches are not of one schema.
pub fn string_views(schema: &Schema, batches: Vec<RecordBatch>) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let fields = schema.fields().iter().map(|field| {
        if field.data_type() == &DataType::Utf8 {
            Arc::new(Field::clone(field).with_data_type(DataType::Utf8View))
        } else {
            Arc::clone(field)
        }
    });
    let schema = Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()));
    let batches = side_by_side(batches, |batch| {
        let columns = batch.columns().iter().map(view).collect();
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &rows)
            .map_err(|error| Error::internal(format!("views of a batch do not match: {error}")))
    });
    Ok((schema, batches.into_iter().collect::<Result<_>>()?))
}

fn view(column: &ArrayRef) -> ArrayRef {
    let Some(strings) = column.as_string_opt::<i32>() else { return Arc::clone(column) };
    Arc::new(if longest(strings) > INLINE { StringViewArray::from(strings) } else { inline(strings) })
}

fn longest(strings: &StringArray) -> i32 {
    strings.value_offsets().windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

fn inline(strings: &StringArray) -> StringViewArray {
    let mut views = StringViewBuilder::with_capacity(strings.len());
    views.extend(strings.iter());
    views.finish()
}
