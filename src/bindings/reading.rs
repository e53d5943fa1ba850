//! Files of tables, as the command line reads them for an update.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{FieldRef, Schema as ArrowSchema, SchemaRef};
use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use super::panics::guard;
use super::refusal::refuse;
use super::schema;
use super::table::Table;
use crate::decode::{Cutting, Options, ParallelDecoder, unify};
use crate::error::{Error, Result};
use crate::fetch::known_columns;
use crate::files::{ParquetFile, decompressed, read_csv, typed};
use crate::ipc;

/// Reads the bytes of a file: "csv", whose cells are the text that is written, "ndjson", "parquet" or "arrow". Text may be
/// compressed, and is what `types` says; of CSV, `key` is what a column of this name is known to be.
#[pyfunction]
#[pyo3(signature = (data, format, *, key, separator=",", types=None))]
pub fn read_file(
    py: Python<'_>,
    data: PyBackedBytes,
    format: &Bound<'_, PyAny>,
    key: &str,
    separator: &str,
    types: Option<&Bound<'_, PyAny>>,
) -> PyResult<Table> {
    guard(py, || {
        let types = types.map_or_else(|| Ok(Arc::new(ArrowSchema::empty())), schema::extract)?;
        let &[separator] = separator.as_bytes() else {
            return Err(Error::invalid_input(format!(
                "separator={separator:?} is not one character, such as a comma or a semicolon"
            ))
            .into());
        };
        let data = Bytes::from_owner(data);
        let name: String = format.extract()?;
        let (schema, batches) = match name.as_str() {
            "csv" => py.detach(|| csv(data, separator, key, &types))?,
            "ndjson" => py.detach(|| ndjson(data, types))?,
            "parquet" => py.detach(|| parquet(data))?,
            "arrow" => py.detach(|| ipc::read_file(data))?,
            _ => return Err(refuse("format", format, "\"csv\", \"ndjson\", \"parquet\" or \"arrow\"").into()),
        };
        Ok(Table::new(schema, batches))
    })
}

type Rows = (SchemaRef, Vec<RecordBatch>);

fn csv(data: Bytes, separator: u8, key: &str, types: &ArrowSchema) -> Result<Rows> {
    let text = read_csv(&decompressed(data)?, separator)?;
    let known = known_columns();
    // The key is what it is known to be, if it is there and nothing else is said of it.
    let key = known.fields().iter().find(|field| {
        field.name() == key && text.schema().index_of(key).is_ok() && types.index_of(key).is_err()
    });
    let fields: Vec<FieldRef> = types.fields().iter().chain(key).cloned().collect();
    let rows = typed(&text, &ArrowSchema::new(fields))?;
    Ok((rows.schema(), vec![rows]))
}

fn parquet(data: Bytes) -> Result<Rows> {
    let file = ParquetFile::new(data, "it".to_owned())?;
    Ok((file.schema().clone(), file.rows()?))
}

/// A line an object is an array without its commas.
fn ndjson(data: Bytes, types: SchemaRef) -> Result<Rows> {
    let text = decompressed(data)?;
    let mut array = vec![b'['];
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        if array.len() > 1 {
            array.push(b',');
        }
        array.extend_from_slice(line);
    }
    array.push(b']');
    // Text stays text: a date would be written in another form than it has.
    let options = Options {
        parse_dates: false,
        known: known_columns(),
        pinned: types,
        key: Some("call_id"),
        ..Options::default()
    };
    let options = Arc::new(options);
    let mut decoder = ParallelDecoder::new(&options, Cutting::default());
    let page = decoder.push(&Bytes::from(array)).and_then(|()| decoder.finish()).map_err(of_a_file)?;
    let unified = unify(vec![page], &options, &[], &[])?;
    Ok((unified.schema, unified.batches))
}

/// The decoder speaks of the answers of a service, which has no part in a file.
fn of_a_file(error: Error) -> Error {
    let said = [
        ("the answer is not the JSON that was asked for", "it is not NDJSON, which has an object a line"),
        (", so the fault is the service's, which has to write null instead", ": write null instead"),
    ];
    let message =
        said.iter().fold(error.message().to_owned(), |text, (answer, file)| text.replacen(answer, file, 1));
    Error::new(error.kind().clone(), message)
}
