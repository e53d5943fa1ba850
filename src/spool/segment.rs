//! A batch as bytes: an Arrow IPC stream of its own, since each may have its own columns.

use std::io::Cursor;

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_ipc::{CompressionType, MetadataVersion};
use arrow_schema::ArrowError;
use twox_hash::XxHash3_128;

use crate::error::{Error, Result};
use crate::resources;

/// Buffers begin at multiples of so many bytes. More would help nobody: they are compressed.
const ALIGNMENT: usize = 8;

/// Higher levels save a tenth of the disk and take twice the time.
const FASTEST: i32 = 1;

/// Where in the file a batch is, and what its bytes are.
#[derive(Debug, Clone)]
pub struct Segment {
    pub(super) start: u64,
    pub(super) length: usize,
    checksum: u128,
    /// Bytes of the batch in memory.
    memory: usize,
}

/// Appends the batch to the bytes, and describes what will be at `start` of a file.
pub(super) fn write(batch: &RecordBatch, start: u64, bytes: &mut Vec<u8>) -> Result<Segment> {
    let memory = batch.get_array_memory_size();
    // The compressed buffers, and the message that they are put together to.
    resources::room_for(memory.saturating_mul(2))?;
    let mut written = || {
        let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)?
            .try_with_compression(Some(CompressionType::ZSTD))?
            .try_with_compression_level(Some(FASTEST))?;
        let mut writer = StreamWriter::try_new_with_options(&mut *bytes, batch.schema_ref(), options)?;
        writer.write(batch)?;
        writer.finish()
    };
    written().map_err(|error: ArrowError| {
        Error::internal(format!("a batch cannot be written down: {error}")).with_source(error)
    })?;
    Ok(Segment { start, length: bytes.len(), checksum: XxHash3_128::oneshot(bytes), memory })
}

/// The batch of these bytes; nothing if they are not those that were written.
pub(super) fn read(segment: &Segment, bytes: &[u8]) -> Result<Option<RecordBatch>> {
    if XxHash3_128::oneshot(bytes) != segment.checksum {
        return Ok(None);
    }
    resources::room_for(segment.memory)?;
    let read = || StreamReader::try_new(Cursor::new(bytes), None)?.next().transpose();
    read().map_err(|error: ArrowError| {
        Error::internal(format!("a batch cannot be read again: {error}")).with_source(error)
    })
}
