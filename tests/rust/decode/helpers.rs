//! What the tests of `decode` share.

use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use converz::decode::{Options, Page, PageDecoder, Unified, unify};
use converz::error::{Error, Result};

pub fn page_in(pieces: &[&[u8]], options: &Options) -> Result<Page> {
    let mut decoder = PageDecoder::new(Arc::new(options.clone()));
    for piece in pieces {
        decoder.push(piece)?;
    }
    decoder.finish()
}

pub fn page(body: &[u8], options: &Options) -> Result<Page> {
    page_in(&[body], options)
}

/// The pages as one table.
pub fn table(bodies: &[&str], options: &Options) -> Result<Unified> {
    let pages = bodies.iter().map(|body| page(body.as_bytes(), options)).collect::<Result<Vec<_>>>()?;
    unify(pages, options, &[], &[])
}

/// The one batch that a small table is.
pub fn only_batch(unified: &Unified) -> RecordBatch {
    arrow_select::concat::concat_batches(&unified.schema, &unified.batches).unwrap()
}

/// Column `column` of rows that have only it, as type and text.
pub fn column_of(values: &[&str], options: &Options) -> (DataType, Vec<Option<String>>) {
    let rows: Vec<String> = values.iter().map(|value| format!("{{\"x\":{value}}}")).collect();
    let unified = table(&[&format!("[{}]", rows.join(","))], options).unwrap();
    let batch = only_batch(&unified);
    (batch.column(0).data_type().clone(), shown(batch.column(0)))
}

pub fn shown(array: &dyn Array) -> Vec<Option<String>> {
    // The formatter knows no zones by name.
    if let DataType::Timestamp(unit, Some(zone)) = array.data_type()
        && &**zone == "UTC"
    {
        let naive = arrow_cast::cast(array, &DataType::Timestamp(*unit, None)).unwrap();
        return shown(&naive).into_iter().map(|text| text.map(|text| text + "Z")).collect();
    }
    let nulls = array.logical_nulls();
    let formatter = ArrayFormatter::try_new(array, &FormatOptions::default()).unwrap();
    let is_null = |row| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
    (0..array.len()).map(|row| (!is_null(row)).then(|| formatter.value(row).to_string())).collect()
}

pub fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields: Vec<Field> =
        columns.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true)).collect();
    Arc::new(Schema::new(fields))
}

pub fn refused(body: &[u8], options: &Options) -> Error {
    page(body, options).err().unwrap_or_else(|| panic!("accepted: {}", String::from_utf8_lossy(body)))
}
