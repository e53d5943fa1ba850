//! Parquet, with statistics, dictionaries where text repeats, and row groups that readers can skip.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::batch_writer::BatchWriter;
use super::destination::Destination;
use crate::error::{Error, Result};

/// What a row group takes in memory until it is written, at most.
const GROUP_BYTES: usize = 64 << 20;

#[derive(Debug, Clone)]
pub struct ParquetOptions {
    /// zstd, or nothing.
    pub zstd: bool,
    /// Rows of a row group, at most.
    pub row_group_size: usize,
}

impl Default for ParquetOptions {
    fn default() -> Self {
        Self { zstd: true, row_group_size: 256 << 10 }
    }
}

pub(super) struct ParquetWriter(ArrowWriter<Destination>);

impl ParquetWriter {
    pub(super) fn new(
        schema: &SchemaRef,
        options: &ParquetOptions,
        destination: Destination,
    ) -> Result<Self> {
        let compression =
            if options.zstd { Compression::ZSTD(ZstdLevel::default()) } else { Compression::UNCOMPRESSED };
        let properties = WriterProperties::builder()
            .set_created_by(concat!("converz ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(compression)
            .set_max_row_group_row_count(Some(options.row_group_size.max(1)))
            // Those of pages would be as large as short pages of text.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .build();
        ArrowWriter::try_new(destination, schema.clone(), Some(properties))
            .map(Self)
            .map_err(|error| failed(&error))
    }
}

impl BatchWriter for ParquetWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.0.write(batch).map_err(|error| failed(&error))?;
        if self.0.in_progress_size() >= GROUP_BYTES {
            self.0.flush().map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    fn annotate(&mut self, metadata: &BTreeMap<String, String>) {
        for (key, value) in metadata {
            self.0.append_key_value_metadata(KeyValue::new(key.clone(), value.clone()));
        }
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.0.into_inner().map_err(|error| failed(&error))?.complete()
    }
}

fn failed(error: &ParquetError) -> Error {
    Error::invalid_input(format!("the table cannot be written as Parquet: {error}"))
}
