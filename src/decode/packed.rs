//! Pages whose types are not settled as batches of Arrow's, to be written down and read again.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt8Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions,
    UInt8Array, UInt64Array,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, Field, Schema};

use super::bits::Bits;
use super::chunk::Chunk;
use super::data::{Data, Strings, Tag};
use super::page::Page;
use super::raw_batch::RawBatch;
use super::time::Format;
use super::unchecked;
use crate::error::{Error, Result};

/// A batch of a page.
#[derive(Debug, Clone)]
pub struct Packed {
    /// What Arrow can hold of it.
    pub columns: RecordBatch,
    /// What that is.
    pub shape: Shape,
}

/// In which form each column of a batch has its values.
#[derive(Debug, Clone)]
pub struct Shape {
    rows: usize,
    forms: Box<[Form]>,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Null,
    Bool,
    Int,
    Float,
    /// With a column of tags after it.
    Number,
    Time(Format),
    Text,
    Json,
    /// With a column of tags after it.
    Mixed,
}

/// The names of columns.
pub type Names = Arc<[Arc<str>]>;

impl Page {
    /// The names of its columns, and its batches.
    ///
    /// # Errors
    /// Only defects.
    pub fn pack(self) -> Result<(Names, Vec<Packed>)> {
        let batches = self.batches.into_iter().map(pack).collect::<Result<_>>()?;
        Ok((self.names.into(), batches))
    }

    /// A page of one batch that was packed, with the JSON that it is said to have been read from.
    ///
    /// # Errors
    /// `Internal` if the columns are not those of the shape, or their text is none.
    pub fn unpack(names: &[Arc<str>], columns: &RecordBatch, shape: &Shape, bytes: u64) -> Result<Self> {
        let batch =
            unpack(columns, shape).ok_or_else(|| Error::internal("a batch was damaged on the disk"))?;
        Ok(Self { names: names.to_vec(), batches: vec![batch], bytes })
    }
}

impl Shape {
    pub fn num_rows(&self) -> usize {
        self.rows
    }
}

fn pack(batch: RawBatch) -> Result<Packed> {
    let rows = batch.rows;
    let mut forms = Vec::with_capacity(batch.chunks.len());
    let mut columns = Vec::new();
    for chunk in batch.chunks {
        forms.push(pack_chunk(chunk, &mut columns).map_err(|error| defect(&error))?);
    }
    let fields: Vec<Field> =
        columns.iter().map(|column| Field::new("", column.data_type().clone(), true)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let columns = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
        .map_err(|error| defect(&error))?;
    Ok(Packed { columns, shape: Shape { rows, forms: forms.into() } })
}

fn defect(error: &ArrowError) -> Error {
    Error::internal(format!("a batch cannot be packed: {error}"))
}

fn pack_chunk(chunk: Chunk, columns: &mut Vec<ArrayRef>) -> Result<Form, ArrowError> {
    let (data, valid, len) = chunk.into_parts();
    let nulls = valid.map(|bits| NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(bits), 0, len)));
    let tags = |tags: Vec<Tag>| -> ArrayRef {
        Arc::new(tags.into_iter().map(|tag| Some(tag.code())).collect::<UInt8Array>())
    };
    let (form, column): (Form, ArrayRef) = match data {
        Data::Null => return Ok(Form::Null),
        Data::Bool(bits) => {
            let values = BooleanBuffer::new(Buffer::from_vec(bits.into_bytes()), 0, len);
            (Form::Bool, Arc::new(BooleanArray::new(values, nulls)))
        }
        Data::Int(values) => (Form::Int, Arc::new(Int64Array::try_new(values.into(), nulls)?)),
        Data::Float(values) => (Form::Float, Arc::new(Float64Array::try_new(values.into(), nulls)?)),
        Data::Time(values, format) => {
            (Form::Time(format), Arc::new(Int64Array::try_new(values.into(), nulls)?))
        }
        Data::Text(strings) => (Form::Text, Arc::new(unchecked::strings(strings, nulls))),
        Data::Json(strings) => (Form::Json, Arc::new(unchecked::strings(strings, nulls))),
        Data::Number(values, kinds) => {
            columns.push(Arc::new(UInt64Array::try_new(values.into(), nulls)?));
            (Form::Number, tags(kinds))
        }
        Data::Mixed(strings, kinds) => {
            let offsets = OffsetBuffer::new(ScalarBuffer::from(strings.offsets));
            let bytes = Buffer::from_vec(strings.bytes);
            columns.push(Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?));
            (Form::Mixed, tags(kinds))
        }
    };
    columns.push(column);
    Ok(form)
}

/// Nothing if something does not fit together.
fn unpack(columns: &RecordBatch, shape: &Shape) -> Option<RawBatch> {
    let mut columns = columns.columns().iter();
    let mut next = || columns.next().filter(|column| column.len() == shape.rows);
    let mut chunks = Vec::with_capacity(shape.forms.len());
    for form in &shape.forms {
        let (column, data) = match form {
            Form::Null => {
                chunks.push(Chunk::nulls(shape.rows));
                continue;
            }
            Form::Bool => {
                let column = next()?;
                (column, Data::Bool(bits(column.as_boolean_opt()?.values())))
            }
            Form::Int => {
                let column = next()?;
                (column, Data::Int(column.as_primitive_opt::<Int64Type>()?.values().to_vec()))
            }
            Form::Time(format) => {
                let column = next()?;
                (column, Data::Time(column.as_primitive_opt::<Int64Type>()?.values().to_vec(), *format))
            }
            Form::Float => {
                let column = next()?;
                (column, Data::Float(column.as_primitive_opt::<Float64Type>()?.values().to_vec()))
            }
            Form::Number => {
                let column = next()?;
                let values = column.as_primitive_opt::<UInt64Type>()?.values().to_vec();
                (column, Data::Number(values, tags(next()?)?))
            }
            Form::Text | Form::Json => {
                let column = next()?;
                // Arrow has checked that it is text.
                let array = column.as_string_opt::<i32>()?;
                let strings = strings(array.offsets(), array.values())?;
                (column, if matches!(form, Form::Text) { Data::Text(strings) } else { Data::Json(strings) })
            }
            Form::Mixed => {
                let column = next()?;
                let array = column.as_binary_opt::<i32>()?;
                let strings = strings(array.offsets(), array.values())?;
                let tags = tags(next()?)?;
                let fit = tags.iter().enumerate().all(|(row, tag)| {
                    let bytes = strings.get(row);
                    match tag {
                        _ if column.is_null(row) => bytes.is_empty(),
                        Tag::Bool => bytes.len() == 1,
                        Tag::Int | Tag::UInt | Tag::Float => bytes.len() == size_of::<u64>(),
                        Tag::Big | Tag::Text | Tag::Json => simdutf8::basic::from_utf8(bytes).is_ok(),
                    }
                });
                if !fit {
                    return None;
                }
                (column, Data::Mixed(strings, tags))
            }
        };
        let valid = column.nulls().map(|nulls| bits(nulls.inner())).unwrap_or_default();
        chunks.push(Chunk::from_parts(data, valid, shape.rows));
    }
    Some(RawBatch { rows: shape.rows, chunks })
}

fn bits(values: &BooleanBuffer) -> Bits {
    let mut bits = Bits::default();
    bits.reserve(values.len());
    values.iter().for_each(|bit| bits.push(bit));
    bits
}

fn tags(column: &ArrayRef) -> Option<Vec<Tag>> {
    column.as_primitive_opt::<UInt8Type>()?.values().iter().map(|code| Tag::of(*code)).collect()
}

fn strings(offsets: &OffsetBuffer<i32>, bytes: &Buffer) -> Option<Strings> {
    (offsets.first() == Some(&0)).then(|| Strings { offsets: offsets.to_vec(), bytes: bytes.to_vec() })
}
