//! Strings as views, the way polars holds them.

use std::iter::zip;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};
use arrow_data::{ByteView, MAX_INLINE_VIEW_LEN};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::side_by_side::side_by_side;
use super::unchecked;
use crate::error::{Error, Result};
use crate::resources;

/// A column of a batch.
enum Column {
    /// The text, if a view refers to it, and the nulls.
    Strings(Option<Buffer>, Option<NullBuffer>),
    Other(ArrayRef),
}

/// The same batches with views in place of strings. The text is shared, unless every string of a column fits into its
/// view, so that it can go. The views of a column are in one piece of memory.
///
/// # Errors
/// `Internal` if the batches are not of that schema, `InvalidInput` if a column from elsewhere has broken offsets.
pub fn string_views(schema: &Schema, batches: Vec<RecordBatch>) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    if batches.iter().any(|batch| batch.num_columns() != schema.fields().len()) {
        return Err(Error::internal("batches have other columns than their schema"));
    }
    let rows: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
    // The views of a column are in one piece, however many rows there are.
    let strings = schema.fields().iter().filter(|field| field.data_type() == &DataType::Utf8).count();
    resources::room_for(rows.iter().sum::<usize>() * size_of::<u128>() * strings)?;
    let (fields, mut views): (Vec<_>, Vec<_>) = schema
        .fields()
        .iter()
        .map(|field| {
            if field.data_type() == &DataType::Utf8 {
                let field = Field::clone(field).with_data_type(DataType::Utf8View);
                (Arc::new(field), Some(unchecked::zeros(rows.iter().sum())))
            } else {
                (Arc::clone(field), None)
            }
        })
        .unzip();
    let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    let parts = parts(&mut views, &rows);
    let filled = side_by_side(zip(batches, parts).collect(), |(batch, parts)| {
        let columns = zip(batch.columns(), parts).zip(schema.fields());
        columns.map(|((column, views), field)| fill(field.name(), column, views)).collect::<Result<Vec<_>>>()
    });
    let views: Vec<Buffer> = views.into_iter().map(Option::unwrap_or_default).map(Buffer::from_vec).collect();
    let mut start = 0;
    let batches = zip(filled, rows).map(|(columns, rows)| {
        let array = |(column, views): (Column, &Buffer)| match column {
            Column::Strings(text, nulls) => {
                Arc::new(unchecked::views(ScalarBuffer::new(views.clone(), start, rows), text, nulls))
            }
            Column::Other(array) => array,
        };
        let columns = zip(columns?, &views).map(array).collect();
        start += rows;
        let rows = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &rows).map_err(|error| {
            Error::internal(format!("views of a batch do not match: {error}")).with_source(error)
        })
    });
    let batches = batches.collect::<Result<_>>()?;
    Ok((schema, batches))
}

/// For each batch, its part of each column that has views.
fn parts<'a>(columns: &'a mut [Option<Vec<u128>>], rows: &[usize]) -> Vec<Vec<Option<&'a mut [u128]>>> {
    let mut parts: Vec<Vec<_>> = rows.iter().map(|_| Vec::with_capacity(columns.len())).collect();
    for column in columns {
        let mut rest = column.as_deref_mut();
        for (part, rows) in zip(&mut parts, rows) {
            let (first, others) = rest.map(|views| views.split_at_mut(*rows)).unzip();
            part.push(first);
            rest = others;
        }
    }
    parts
}

/// Makes a column's views, if it has any. Those of nulls stay zero, whatever is below them.
fn fill(name: &str, column: &ArrayRef, views: Option<&mut [u128]>) -> Result<Column> {
    let (Some(strings), Some(views)) = (column.as_string_opt::<i32>(), views) else {
        return Ok(Column::Other(Arc::clone(column)));
    };
    let (text, nulls) = (strings.values(), strings.nulls());
    let mut any_long = false;
    for (row, (bounds, view)) in zip(strings.value_offsets().windows(2), views).enumerate() {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            continue;
        }
        // Negative ones are beyond any text.
        let (start, end) = (bounds[0].cast_unsigned(), bounds[1].cast_unsigned());
        if start > end || end as usize > text.len() {
            return Err(Error::invalid_input(format!(
                "column {name:?} is not valid Arrow data: the string in row {row} of a batch is said to be from byte \
                 {start} to {end} of {}",
                text.len()
            )));
        }
        let (rest, length) = (text.get(start as usize..).unwrap_or_default(), end - start);
        *view = if length <= MAX_INLINE_VIEW_LEN {
            inline(rest, length)
        } else {
            any_long = true;
            let prefix = rest.first_chunk().copied().map_or(0, u32::from_le_bytes);
            ByteView { length, prefix, buffer_index: 0, offset: start }.as_u128()
        };
    }
    Ok(Column::Strings(any_long.then(|| text.clone()), nulls.cloned()))
}

/// A view that holds the first `length` bytes itself.
fn inline(bytes: &[u8], length: u32) -> u128 {
    /// By length: the bytes that are the string's.
    const MASKS: [u128; MAX_INLINE_VIEW_LEN as usize + 1] = {
        let mut masks = [0; MAX_INLINE_VIEW_LEN as usize + 1];
        let mut length = 0;
        while length < masks.len() {
            masks[length] = (1 << (8 * length)) - 1;
            length += 1;
        }
        masks
    };
    let block = match bytes.first_chunk() {
        Some(block) => u128::from_le_bytes(*block),
        // At the end of the text there are fewer.
        None => bytes.iter().rev().fold(0, |block, byte| block << 8 | u128::from(*byte)),
    };
    (block & MASKS[length as usize]) << 32 | u128::from(length)
}
