//! A table of Arrow record batches, as `converz.Table` holds it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef, TimeUnit};
use arrow_select::concat::concat_batches;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyByteArray, PyBytes, PyCapsule, PyDict, PyList, PyTuple};
use pyo3_arrow::ffi::{ArrayIterator, to_array_pycapsules, to_schema_pycapsule, to_stream_pycapsule};

use super::beginning::beginning;
use super::columns::{self, Column};
use super::files::Export;
use super::import;
use super::panics::guard;
use super::pickle;
use super::schema::Schema;
use super::values;
use crate::decode::string_views;
use crate::error::Error;
use crate::ipc;
use crate::resources::room_for;
use crate::types::type_name;

#[pyclass(frozen, module = "converz._core", name = "Table")]
#[derive(Debug, Clone)]
pub struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The rows from `offset` on, without copying.
    fn sliced(&self, mut offset: usize, mut length: usize) -> Vec<RecordBatch> {
        let mut batches = Vec::new();
        for batch in &self.batches {
            if length == 0 {
                break;
            }
            if offset >= batch.num_rows() {
                offset -= batch.num_rows();
                continue;
            }
            let rows = length.min(batch.num_rows() - offset);
            batches.push(batch.slice(offset, rows));
            offset = 0;
            length -= rows;
        }
        batches
    }

    fn chunks(&self, column: usize) -> PyResult<impl Iterator<Item = &ArrayRef>> {
        if column >= self.schema.fields().len() {
            return Err(PyIndexError::new_err(format!("there is no column {column}")));
        }
        Ok(self.batches.iter().map(move |batch| batch.column(column)))
    }
}

#[pymethods]
impl Table {
    /// Takes a table, a batch or a stream of any library that speaks the Arrow `PyCapsule` interface.
    #[staticmethod]
    fn from_arrow(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = data.py();
        guard(py, || {
            let (schema, batches) = import::table(data)?;
            Ok(Self::new(schema, batches))
        })
    }

    /// A table of columns of the same length.
    #[staticmethod]
    fn from_columns(py: Python<'_>, names: Vec<String>, columns: Vec<Py<Column>>) -> PyResult<Self> {
        guard(py, || {
            let (schema, batches) = columns::beside(&names, &columns)?;
            Ok(Self::new(schema, batches))
        })
    }

    /// The column of a table that has just this one, under another name.
    fn to_column(&self, py: Python<'_>, name: &str) -> PyResult<Column> {
        guard(py, || {
            let [field] = self.schema.fields().as_ref() else {
                return Err(
                    Error::invalid_input(format!("frame[{name:?}] is a table and not a column")).into()
                );
            };
            let chunks: Vec<&dyn Array> = self.batches.iter().map(|batch| batch.column(0).as_ref()).collect();
            Ok(Column::of_chunks(name, field, &chunks)?)
        })
    }

    /// Whether both have the same columns with the same values, however they are cut into batches.
    fn equals(&self, py: Python<'_>, other: &Self) -> PyResult<bool> {
        guard(py, || {
            if self.schema.fields() != other.schema.fields() {
                return Ok(false);
            }
            // The tables are put together, each in one piece.
            room_for(self.nbytes().saturating_add(other.nbytes()))?;
            let same = py.detach(|| {
                Ok(concat_batches(&self.schema, &self.batches)?
                    == concat_batches(&self.schema, &other.batches)?)
            });
            Ok(same.map_err(|error: ArrowError| {
                Error::internal(format!("the tables cannot be compared: {error}")).with_source(error)
            })?)
        })
    }

    #[getter(schema)]
    fn py_schema(&self) -> Schema {
        Schema::new(self.schema.clone())
    }

    #[getter]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The bytes that the columns occupy.
    #[getter]
    fn nbytes(&self) -> usize {
        self.batches.iter().flat_map(RecordBatch::columns).map(|column| ipc::size(column)).sum()
    }

    fn slice(&self, py: Python<'_>, offset: usize, length: usize) -> PyResult<Self> {
        guard(py, || Ok(Self::new(self.schema.clone(), self.sliced(offset, length))))
    }

    /// The same table with strings as polars holds them.
    fn with_string_views(&self, py: Python<'_>) -> PyResult<Self> {
        guard(py, || {
            let (schema, batches) = py.detach(|| string_views(&self.schema, self.batches.clone()))?;
            Ok(Self::new(schema, batches))
        })
    }

    /// The batches, each a `RecordBatch`.
    fn to_batches(&self, py: Python<'_>) -> PyResult<Vec<Batch>> {
        guard(py, || Ok(self.batches.iter().cloned().map(Batch).collect()))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        guard(py, || Ok(to_schema_pycapsule(py, self.schema.as_ref())?))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        guard(py, || {
            let field = Arc::new(Field::new_struct("", self.schema.fields().clone(), false));
            let arrays: Vec<Result<ArrayRef, ArrowError>> = self
                .batches
                .iter()
                .map(|batch| Ok(Arc::new(arrow_array::StructArray::from(batch.clone())) as ArrayRef))
                .collect();
            Ok(to_stream_pycapsule(py, Box::new(ArrayIterator::new(arrays, field)), requested_schema)?)
        })
    }

    /// The rows from `offset` on, in the first `columns` columns, as the text that a person reads, null as None: a list
    /// a row. Of a text, the first `longest` characters.
    fn cells(
        &self,
        py: Python<'_>,
        offset: usize,
        length: usize,
        columns: usize,
        longest: usize,
    ) -> PyResult<Vec<Vec<Option<String>>>> {
        guard(py, || {
            let options = FormatOptions::new()
                .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
                .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f%:z"));
            let mut rows = Vec::new();
            for batch in self.sliced(offset, length) {
                let formatters = batch
                    .columns()
                    .iter()
                    .take(columns)
                    .map(|column| ArrayFormatter::try_new(column, &options))
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| PyTypeError::new_err(error.to_string()))?;
                for row in 0..batch.num_rows() {
                    rows.push(
                        formatters
                            .iter()
                            .zip(batch.columns())
                            .map(|(formatter, column)| {
                                let null = column.is_null(row) || *column.data_type() == DataType::Null;
                                (!null).then(|| beginning(&formatter.value(row), longest))
                            })
                            .collect(),
                    );
                }
            }
            Ok(rows)
        })
    }

    /// A column of fixed width as its values in native byte order (a null is 0, a bool one byte), and, if one
    /// is null, a byte a row that is 1 for null.
    fn fixed_width<'py>(
        &self,
        py: Python<'py>,
        column: usize,
    ) -> PyResult<(Bound<'py, PyByteArray>, Option<Bound<'py, PyByteArray>>)> {
        guard(py, || {
            let chunks: Vec<&ArrayRef> = self.chunks(column)?.collect();
            let mask = null_mask(py, &chunks)?;
            macro_rules! values {
                ($kind:ty) => {
                    primitive_bytes::<$kind>(py, &chunks)?
                };
            }
            let values = match self.schema.field(column).data_type() {
                DataType::Boolean => {
                    room_for(2 * chunks.iter().map(Array::len).sum::<usize>())?;
                    let bytes: Vec<u8> = chunks
                        .iter()
                        .flat_map(|chunk| {
                            chunk.as_boolean().iter().map(|value| u8::from(value == Some(true)))
                        })
                        .collect();
                    PyByteArray::new(py, &bytes)
                }
                DataType::Int8 => values!(Int8Type),
                DataType::Int16 => values!(Int16Type),
                DataType::Int32 => values!(Int32Type),
                DataType::Int64 => values!(Int64Type),
                DataType::UInt8 => values!(UInt8Type),
                DataType::UInt16 => values!(UInt16Type),
                DataType::UInt32 => values!(UInt32Type),
                DataType::UInt64 => values!(UInt64Type),
                DataType::Float32 => values!(Float32Type),
                DataType::Float64 => values!(Float64Type),
                DataType::Date32 => values!(Date32Type),
                DataType::Timestamp(TimeUnit::Second, _) => values!(TimestampSecondType),
                DataType::Timestamp(TimeUnit::Millisecond, _) => values!(TimestampMillisecondType),
                DataType::Timestamp(TimeUnit::Microsecond, _) => values!(TimestampMicrosecondType),
                DataType::Timestamp(TimeUnit::Nanosecond, _) => values!(TimestampNanosecondType),
                other => {
                    return Err(PyTypeError::new_err(format!(
                        "a column of {} has no fixed width",
                        type_name(other)
                    )));
                }
            };
            Ok((values, mask))
        })
    }

    /// A column as Python's own values: bool, int, float, str, date and datetime, null as None.
    fn values<'py>(&self, py: Python<'py>, column: usize) -> PyResult<Bound<'py, PyList>> {
        guard(py, || {
            let list = PyList::empty(py);
            for chunk in self.chunks(column)? {
                values::extend(&list, chunk)?;
            }
            Ok(list)
        })
    }

    /// Writes the table into a file of some format.
    fn write_file(
        &self,
        file: &Bound<'_, PyAny>,
        format: &str,
        options: &Bound<'_, PyDict>,
        metadata: BTreeMap<String, String>,
    ) -> PyResult<()> {
        let py = file.py();
        guard(py, || {
            let mut export = Export::new(file, format, options, &self.schema)?;
            for batch in &self.batches {
                export.write(py, batch)?;
            }
            export.finish(py, &metadata)
        })
    }

    /// The table as an Arrow IPC stream, for pickling.
    fn to_ipc<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        guard(py, || pickle::to_ipc(py, &self.schema, &self.batches))
    }

    #[staticmethod]
    fn from_ipc(py: Python<'_>, bytes: PyBackedBytes) -> PyResult<Self> {
        guard(py, || {
            let (schema, batches) = pickle::from_ipc(py, bytes)?;
            Ok(Self::new(schema, batches))
        })
    }
}

/// One batch of a table or a stream.
///
/// Example:
///     >>> import converz
///     >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
///     ...     with sandbox.client().stream_reps() as stream:
///     ...         batch = next(stream)
///     >>> batch.num_rows, batch.column_names[:2]
///     (5, ['rep_id', 'name'])
#[pyclass(frozen, module = "converz", name = "RecordBatch")]
#[derive(Debug, Clone)]
pub struct Batch(pub RecordBatch);

#[pymethods]
impl Batch {
    /// The names and types of the columns.
    #[getter]
    fn schema(&self) -> Schema {
        Schema::new(self.0.schema())
    }

    /// The number of rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    /// The names of the columns, in order.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.0.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("RecordBatch({} rows, {} columns)", self.0.num_rows(), self.0.num_columns())
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        guard(py, || Ok(to_schema_pycapsule(py, self.0.schema().as_ref())?))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        guard(py, || {
            let field = Arc::new(Field::new_struct("", self.0.schema().fields().clone(), false));
            let array = arrow_array::StructArray::from(self.0.clone());
            Ok(to_array_pycapsules(py, field, &array, requested_schema)?)
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        guard(py, || {
            let batch = &slf.get().0;
            let bytes = pickle::to_ipc(py, &batch.schema(), std::slice::from_ref(batch))?;
            Ok((slf.get_type().getattr("_from_ipc")?, (bytes,)))
        })
    }

    #[staticmethod]
    fn _from_ipc(py: Python<'_>, bytes: PyBackedBytes) -> PyResult<Self> {
        guard(py, || {
            let (_, batches) = pickle::from_ipc(py, bytes)?;
            let batch = batches.into_iter().next();
            Ok(batch.map(Self).ok_or_else(|| Error::invalid_input("this is not a pickled batch"))?)
        })
    }
}

fn null_mask<'py>(py: Python<'py>, chunks: &[&ArrayRef]) -> PyResult<Option<Bound<'py, PyByteArray>>> {
    if chunks.iter().all(|chunk| chunk.null_count() == 0) {
        return Ok(None);
    }
    let rows = chunks.iter().copied().map(Array::len).sum();
    let mask = PyByteArray::new_with(py, rows, |bytes| {
        let mut start = 0;
        for chunk in chunks {
            if let Some(nulls) = chunk.nulls().filter(|nulls| nulls.null_count() > 0) {
                for (byte, valid) in bytes[start..].iter_mut().zip(nulls) {
                    *byte = u8::from(!valid);
                }
            }
            start += chunk.len();
        }
        Ok(())
    })?;
    Ok(Some(mask))
}

fn primitive_bytes<'py, T: ArrowPrimitiveType>(
    py: Python<'py>,
    chunks: &[&ArrayRef],
) -> PyResult<Bound<'py, PyByteArray>> {
    let width = size_of::<T::Native>();
    let rows: usize = chunks.iter().map(Array::len).sum();
    PyByteArray::new_with(py, rows * width, |bytes| {
        let mut start = 0;
        for chunk in chunks {
            let values = chunk.as_primitive::<T>().values().inner().as_slice();
            bytes[start..start + values.len()].copy_from_slice(values);
            start += values.len();
        }
        Ok(())
    })
}
