//! Arrow's own file format.

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::{ArrowError, SchemaRef};

use super::batch_writer::BatchWriter;
use super::destination::Destination;
use crate::error::{Error, Result};

pub(super) struct IpcWriter(FileWriter<Destination>);

impl IpcWriter {
    pub(super) fn new(schema: &SchemaRef, zstd: bool, destination: Destination) -> Result<Self> {
        let options = IpcWriteOptions::default()
            .try_with_compression(zstd.then_some(CompressionType::ZSTD))
            .map_err(|error| failed(&error))?;
        FileWriter::try_new_with_options(destination, schema, options)
            .map(Self)
            .map_err(|error| failed(&error))
    }
}

impl BatchWriter for IpcWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.0.write(batch).map_err(|error| failed(&error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.0.into_inner().map_err(|error| failed(&error))?.complete()
    }
}

fn failed(error: &ArrowError) -> Error {
    Error::invalid_input(format!("the table cannot be written as Arrow IPC: {error}"))
}
