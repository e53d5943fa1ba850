//! A table on its way into a file, whatever the format.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::batch_writer::BatchWriter;
use super::compression::Compression;
use super::csv::{CsvOptions, CsvRows};
use super::destination::Destination;
use super::ipc::IpcWriter;
use super::ndjson::NdjsonRows;
use super::parquet::{ParquetOptions, ParquetWriter};
use super::text::TextWriter;
use crate::error::{Error, Result};

/// What a file is written as.
#[derive(Debug, Clone)]
pub enum Format {
    Parquet(ParquetOptions),
    Csv(CsvOptions, Compression),
    Ndjson(Compression),
    /// Arrow's own file format, its buffers compressed with zstd or not at all.
    Ipc {
        zstd: bool,
    },
}

/// Batches of one schema on their way into a file. Dropped before [`FileWriter::finish`], it leaves no file.
pub struct FileWriter {
    schema: SchemaRef,
    batches: Box<dyn BatchWriter>,
    destination: super::destination::Name,
}

impl FileWriter {
    /// # Errors
    /// `InvalidInput` for columns that the format cannot hold, before anything is written; `Io` for a destination that
    /// cannot be written to.
    pub fn new(schema: &SchemaRef, format: Format, destination: Destination) -> Result<Self> {
        check_names(schema)?;
        let name = destination.name();
        let batches = open(schema, format, destination).map_err(|error| name.explain(error))?;
        Ok(Self { schema: schema.clone(), batches, destination: name })
    }

    /// # Errors
    /// `InvalidInput` for a value that the format cannot hold, by column and row; `Io`.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.schema_ref().fields() != self.schema.fields() {
            return Err(Error::internal("a batch has another schema than the file"));
        }
        self.batches.write(batch).map_err(|error| self.destination.explain(error))
    }

    /// Adds what readers find beside the rows: of the formats only Parquet has a place for that.
    pub fn annotate(&mut self, metadata: &BTreeMap<String, String>) {
        self.batches.annotate(metadata);
    }

    /// Completes the file, which appears under its name.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(self) -> Result<()> {
        let Self { batches, destination, .. } = self;
        batches.finish().map_err(|error| destination.explain(error))
    }
}

fn open(schema: &SchemaRef, format: Format, destination: Destination) -> Result<Box<dyn BatchWriter>> {
    Ok(match format {
        Format::Parquet(options) => Box::new(ParquetWriter::new(schema, &options, destination)?),
        Format::Ipc { zstd } => Box::new(IpcWriter::new(schema, zstd, destination)?),
        Format::Csv(options, compression) => {
            let rows = CsvRows::new(schema, options)?;
            Box::new(TextWriter::new(schema, rows, compression.over(destination)?))
        }
        Format::Ndjson(compression) => {
            let rows = NdjsonRows::new(schema)?;
            Box::new(TextWriter::new(schema, rows, compression.over(destination)?))
        }
    })
}

/// No format can hold two columns of the same name so that its readers know what to make of them.
fn check_names(schema: &SchemaRef) -> Result<()> {
    let mut names = std::collections::HashSet::new();
    match schema.fields().iter().find(|field| !names.insert(field.name())) {
        None => Ok(()),
        Some(field) => Err(Error::invalid_input(format!(
            "the table has several columns named {:?}: rename them before writing a file",
            field.name()
        ))),
    }
}
