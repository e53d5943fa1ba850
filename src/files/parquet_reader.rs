//! A Parquet file read back: what was noted in it, its schema, and its rows.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

use super::destination::io_error;
use crate::error::{Error, Result};

/// A file whose end was read.
#[derive(Debug)]
pub struct ParquetFile<R: ChunkReader = File> {
    reader: ParquetRecordBatchReaderBuilder<R>,
    /// What it is called in errors.
    name: String,
}

impl ParquetFile {
    /// # Errors
    /// A file that cannot be opened, or is not one of Parquet.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| io_error(&error, Some(path)))?;
        Self::new(file, path.display().to_string())
    }
}

impl<R: ChunkReader + 'static> ParquetFile<R> {
    /// # Errors
    /// Bytes that are not of Parquet.
    pub fn new(bytes: R, name: String) -> Result<Self> {
        let reader =
            ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|error| damaged(&name, &error))?;
        Ok(Self { reader, name })
    }

    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        self.reader.schema()
    }

    /// Names and values that were noted in the file.
    #[must_use]
    pub fn metadata(&self) -> BTreeMap<String, String> {
        let pairs = self.reader.metadata().file_metadata().key_value_metadata();
        let pairs = pairs.into_iter().flatten();
        pairs.filter_map(|pair| Some((pair.key.clone(), pair.value.clone()?))).collect()
    }

    /// # Errors
    /// Rows that cannot be read.
    pub fn rows(self) -> Result<Vec<RecordBatch>> {
        let Self { reader, name } = self;
        let rows = reader.build().map_err(|error| damaged(&name, &error))?;
        rows.collect::<Result<_, _>>().map_err(|error| {
            Error::invalid_input(format!("the rows of {name} cannot be read: {error}")).with_source(error)
        })
    }
}

fn damaged(name: &str, error: &ParquetError) -> Error {
    Error::invalid_input(format!("{name} is not a Parquet file that can be read: {error}"))
}
