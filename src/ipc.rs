//! Tables ↔ Arrow's IPC stream, for pickles and files.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::{Array, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use arrow_ipc::{MessageHeader, root_as_message};
use arrow_schema::{ArrowError, SchemaRef};
use bytes::Bytes;

use crate::error::{Error, Result};
use crate::resources::room_for;
use crate::types::name_with_nul;

/// Rows that no data have, though a damaged count may.
const MAX_ROWS: i64 = 1 << 48;
/// What files begin with.
const HEAD: &[u8] = b"ARROW1";

/// Before the length of a message, but in old streams.
const CONTINUATION: u32 = u32::MAX;

/// The bytes that a column's own rows occupy: columns that were read share the memory of their stream.
pub fn size(column: &dyn Array) -> usize {
    let data = column.to_data();
    data.get_slice_memory_size().unwrap_or_else(|_| data.get_array_memory_size())
}

/// The batches as a stream.
///
/// # Errors
/// A type that cannot be written.
pub fn write(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    // The stream, and what of it is put together before it is written.
    let columns = batches.iter().flat_map(RecordBatch::columns);
    room_for(columns.map(|column| size(column)).sum::<usize>().saturating_mul(3))?;
    let written = || {
        let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
        for batch in batches {
            writer.write(batch)?;
        }
        writer.into_inner()
    };
    written().map_err(|error: ArrowError| match error {
        ArrowError::IoError(text, error) => Error::internal(format!("{text}: {error}")),
        error => Error::invalid_input(format!("the table cannot be written: {error}")).with_source(error),
    })
}

/// The batches of a stream, which share its memory. Everything is checked: the text, offsets and keys of the columns, too.
/// No more memory is asked for than there are bytes.
///
/// # Errors
/// `InvalidInput` if the bytes are no such stream, or are damaged so that it shows.
pub fn read(bytes: Bytes) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    // Columns that are not aligned are copied.
    room_for(bytes.len())?;
    undamaged("stream", || {
        check(&mut &bytes[..], false)?;
        decode(bytes)
    })
}

/// What a reading of foreign bytes gives, whose reason is an error. What arrow makes of a schema that contradicts itself may be
/// a panic.
fn undamaged<T>(what: &str, read: impl FnOnce() -> Result<T, String>) -> Result<T> {
    let read =
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("its parts do not fit together".into()));
    read.map_err(|reason| {
        Error::invalid_input(format!("this is not an Arrow IPC {what}, or it is damaged: {reason}"))
    })
}

fn decode(bytes: Bytes) -> Result<(SchemaRef, Vec<RecordBatch>), String> {
    let decoded = || {
        let mut decoder = StreamDecoder::new();
        let mut buffer = Buffer::from(bytes);
        let mut batches = Vec::new();
        while !buffer.is_empty() {
            batches.extend(decoder.decode(&mut buffer)?);
        }
        decoder.finish()?;
        let schema = decoder.schema().ok_or_else(|| io::Error::other("it has no schema"))?;
        Ok((schema, batches))
    };
    let (schema, batches) = decoded().map_err(|error: ArrowError| error.to_string())?;
    match name_with_nul(schema.fields()) {
        Some(name) => Err(format!("the name {name:?} has a NUL in it")),
        None => Ok((schema, batches)),
    }
}

/// The batches of a file that somebody else wrote: a stream, or one with a table of contents behind it. Its columns may be
/// compressed.
///
/// # Errors
/// As [`read`], and `OutOfMemory` where less is left than the file says that its columns take.
pub fn read_file(mut bytes: Bytes) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    // What is between the head of a file, filled up with zeros, and its table of contents is a stream.
    let head = if bytes.starts_with(HEAD) {
        bytes.iter().skip(HEAD.len()).take_while(|byte| **byte == 0).count() + HEAD.len()
    } else {
        0
    };
    bytes = bytes.slice(head..);
    let mut rest = &bytes[..];
    let inflated = undamaged("file", || check(&mut rest, true))?;
    let end = bytes.len() - rest.len();
    bytes.truncate(end);
    room_for(usize::try_from(inflated).unwrap_or(usize::MAX))?;
    undamaged("file", || decode(bytes))
}

/// Whether every length is one that the bytes have room for. What is left is behind the end of the stream. Says how many bytes
/// compressed columns become.
fn check(rest: &mut &[u8], may_be_compressed: bool) -> Result<u64, String> {
    let mut inflated = 0_u64;
    while !rest.is_empty() {
        let mut size = take_number(rest)?;
        if size == CONTINUATION {
            size = take_number(rest)?;
        }
        if size == 0 {
            break;
        }
        let message = root_as_message(take(rest, i64::from(size))?)
            .map_err(|error| error.to_string().trim().to_owned())?;
        let body = take(rest, message.bodyLength())?;
        let batch = match message.header_type() {
            MessageHeader::RecordBatch => message.header_as_record_batch().ok_or("a batch is missing")?,
            MessageHeader::DictionaryBatch => {
                let dictionary = message.header_as_dictionary_batch().and_then(|it| it.data());
                dictionary.ok_or("a dictionary is missing")?
            }
            _ => continue,
        };
        check_batch(batch, body, may_be_compressed)?;
        if batch.compression().is_some() {
            inflated = inflated.saturating_add(inflated_size(batch, body)?);
        }
    }
    Ok(inflated)
}

fn take<'a>(rest: &mut &'a [u8], length: i64) -> Result<&'a [u8], String> {
    let taken = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (taken, others) = taken
        .ok_or_else(|| format!("a part of it is {length} bytes long, of which there are {}", rest.len()))?;
    *rest = others;
    Ok(taken)
}

fn take_number(rest: &mut &[u8]) -> Result<u32, String> {
    let bytes = take(rest, 4)?;
    bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)).ok_or_else(|| "it has no length".to_owned())
}

fn check_batch(
    batch: arrow_ipc::RecordBatch<'_>,
    body: &[u8],
    may_be_compressed: bool,
) -> Result<(), String> {
    let body = i64::try_from(body.len()).unwrap_or(i64::MAX);
    let rows = batch.length();
    if !(0..=MAX_ROWS).contains(&rows) {
        return Err(format!("a batch has {rows} rows"));
    }
    // Nothing that was written here is compressed, and few bytes may be many then.
    if batch.compression().is_some() && !may_be_compressed {
        return Err("it is compressed".to_owned());
    }
    for node in batch.nodes().into_iter().flatten() {
        if !(0..=MAX_ROWS).contains(&node.length()) || !(0..=node.length()).contains(&node.null_count()) {
            return Err(format!("of {} values {} are null", node.length(), node.null_count()));
        }
    }
    for buffer in batch.buffers().into_iter().flatten() {
        let (start, length) = (buffer.offset(), buffer.length());
        if start < 0 || length < 0 || start.checked_add(length).is_none_or(|end| end > body) {
            return Err(format!("a buffer is {length} bytes from byte {start} of {body}"));
        }
    }
    Ok(())
}

/// What the buffers of a batch say that they become, each in its first bytes; −1 is one that is as it is.
fn inflated_size(batch: arrow_ipc::RecordBatch<'_>, body: &[u8]) -> Result<u64, String> {
    let mut size = 0_u64;
    for buffer in batch.buffers().into_iter().flatten().filter(|buffer| buffer.length() > 0) {
        let start = usize::try_from(buffer.offset()).unwrap_or(usize::MAX);
        let says =
            body.get(start..).and_then(|bytes| bytes.first_chunk().map(|bytes| i64::from_le_bytes(*bytes)));
        match says {
            Some(-1) => {}
            Some(says) if says >= 0 => size = size.saturating_add(says.unsigned_abs()),
            _ => return Err("a buffer does not say how large it is".to_owned()),
        }
    }
    Ok(size)
}
