//! A table of Arrow record batches, as `converz.Table` holds it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType, Field, Schema as ArrowSchema, SchemaRef, TimeUnit};
use arrow_select::concat::concat_batches;
use chrono::NaiveDate;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyByteArray, PyBytes, PyCapsule, PyDict, PyList, PyTuple};
use pyo3_arrow::ffi::{ArrayIterator, to_array_pycapsules, to_schema_pycapsule, to_stream_pycapsule};

use super::beginning::beginning;
use super::columns::{self, Column};
use super::files::Unwritten;
use super::import;
use super::panics::guard;
use super::pickle;
use super::schema::Schema;
use super::to_python::{self, Unfit};
use crate::decode::string_views;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::files::ParquetFile;
use crate::ipc;
use crate::resources::room_for;
use crate::types::{parse_type, type_name};
use crate::widen;

/// Rows between two looks for Ctrl-C.
const BATCH_ROWS: usize = 1 << 18;

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
            return Err(no_column(column));
        }
        Ok(self.batches.iter().map(move |batch| batch.column(column)))
    }
}

fn no_column(column: usize) -> PyErr {
    PyIndexError::new_err(format!("there is no column {column}"))
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
            let columns = |schema: &SchemaRef| -> Vec<_> {
                // What is noted of a column beside its type is no part of it.
                schema
                    .fields()
                    .iter()
                    .map(|field| (field.name().clone(), field.data_type().clone()))
                    .collect()
            };
            if columns(&self.schema) != columns(&other.schema) {
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

    /// 128 bits over the rows, in any order, as hexadecimal digits.
    fn digest(&self, py: Python<'_>) -> PyResult<String> {
        guard(py, || {
            let mut digest = Digest::new(&self.schema);
            for batch in &self.batches {
                // Batches of other libraries may be of any size.
                for start in (0..batch.num_rows()).step_by(BATCH_ROWS) {
                    let rows = batch.slice(start, BATCH_ROWS.min(batch.num_rows() - start));
                    py.detach(|| digest.add(&rows))?;
                    py.check_signals()?;
                }
            }
            Ok(format!("{:032x}", digest.finish()))
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

    /// The columns that the schema names, in its types, which must hold their values; those that are not there are null.
    fn widen(&self, py: Python<'_>, schema: &Schema) -> PyResult<Self> {
        guard(py, || {
            let to = schema.inner();
            let batches: Result<_> =
                py.detach(|| self.batches.iter().map(|batch| widen::widen(batch, to)).collect());
            Ok(Self::new(to.clone(), batches?))
        })
    }

    /// These columns, counted from 0, in this order and under these names.
    fn select(&self, py: Python<'_>, columns: Vec<usize>, names: Vec<String>) -> PyResult<Self> {
        guard(py, || {
            let renamed = |(index, name): (&usize, String)| {
                let field = self.schema.fields().get(*index).ok_or_else(|| no_column(*index))?;
                Ok(Field::clone(field).with_name(name))
            };
            let fields = columns.iter().zip(names).map(renamed).collect::<PyResult<Vec<_>>>()?;
            let schema = Arc::new(ArrowSchema::new_with_metadata(fields, self.schema.metadata().clone()));
            let batches = self.batches.iter().map(|batch| {
                let arrays = columns.iter().map(|index| Arc::clone(batch.column(*index))).collect();
                let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &rows)
            });
            let batches = batches.collect::<Result<_, ArrowError>>().map_err(|error| {
                Error::internal(format!("columns make no table: {error}")).with_source(error)
            })?;
            Ok(Self::new(schema, batches))
        })
    }

    /// The rows of all tables, one after the other: the columns that are named, in these types. Without a type, a column has
    /// the same one wherever it has any.
    #[staticmethod]
    fn concat(
        py: Python<'_>,
        tables: Vec<PyRef<'_, Self>>,
        names: Vec<String>,
        types: Vec<Option<String>>,
    ) -> PyResult<Self> {
        guard(py, || {
            let tables: Vec<Self> = tables.iter().map(|table| Self::clone(table)).collect();
            let wanted = names.iter().zip(types).map(|(name, kind)| match kind {
                None => Ok((name.as_str(), None)),
                Some(kind) => match parse_type(&kind) {
                    Some(data_type) => Ok((name.as_str(), Some(data_type))),
                    None => Err(Error::internal(format!("no type is called {kind:?}"))),
                },
            });
            let wanted = wanted.collect::<Result<Vec<_>, Error>>()?;
            let concatenated = py.detach(|| {
                let schemas: Vec<SchemaRef> = tables.iter().map(|table| Arc::clone(&table.schema)).collect();
                let schema = widen::common_schema(&schemas, &wanted);
                let batches = tables.iter().flat_map(|table| &table.batches);
                let batches: Result<_, Error> = batches.map(|batch| widen::widen(batch, &schema)).collect();
                Ok::<_, Error>(Self::new(schema, batches?))
            });
            Ok(concatenated?)
        })
    }

    /// A column as a stream of Arrow arrays.
    #[pyo3(signature = (column, requested_schema=None))]
    fn column_stream<'py>(
        &self,
        py: Python<'py>,
        column: usize,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        guard(py, || {
            let arrays: Vec<Result<ArrayRef, ArrowError>> =
                self.chunks(column)?.map(|chunk| Ok(Arc::clone(chunk))).collect();
            let field = Arc::clone(&self.schema.fields()[column]);
            Ok(to_stream_pycapsule(py, Box::new(ArrayIterator::new(arrays, field)), requested_schema)?)
        })
    }

    /// A column as one Arrow array, put together if it is in pieces.
    #[pyo3(signature = (column, requested_schema=None))]
    fn column_array<'py>(
        &self,
        py: Python<'py>,
        column: usize,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        guard(py, || {
            let chunks: Vec<&dyn Array> = self.chunks(column)?.map(AsRef::as_ref).collect();
            let field = Arc::clone(&self.schema.fields()[column]);
            let array = Column::of_chunks(field.name(), &field, &chunks)?.into_array();
            Ok(to_array_pycapsules(py, field, &array, requested_schema)?)
        })
    }

    /// A column's schema.
    fn column_schema<'py>(&self, py: Python<'py>, column: usize) -> PyResult<Bound<'py, PyCapsule>> {
        guard(py, || {
            let field = self.schema.fields().get(column).ok_or_else(|| no_column(column))?;
            Ok(to_schema_pycapsule(py, field.as_ref())?)
        })
    }

    /// The table with a column behind the others that has the same date in each row.
    fn dated(&self, py: Python<'_>, name: &str, day: NaiveDate) -> PyResult<Self> {
        guard(py, || {
            let schema = widen::dated_schema(&self.schema, name);
            let days = Date32Type::from_naive_date(day);
            let batches = self.batches.iter().map(|batch| widen::dated(batch, &schema, days));
            let batches = batches.collect::<Result<_>>()?;
            Ok(Self::new(schema, batches))
        })
    }

    /// What was noted in a Parquet file, and its table, with its rows or without.
    #[staticmethod]
    fn read_parquet(py: Python<'_>, path: PathBuf, rows: bool) -> PyResult<(Self, BTreeMap<String, String>)> {
        guard(py, || {
            let (table, metadata) = py.detach(|| {
                let file = ParquetFile::open(&path)?;
                let (schema, metadata) = (file.schema().clone(), file.metadata());
                let batches = if rows { file.rows()? } else { Vec::new() };
                Ok::<_, Error>((Self::new(schema, batches), metadata))
            })?;
            Ok((table, metadata))
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

    /// A column as Python's own values: bool, int, float, str, date and datetime, null as None. Errors count rows from
    /// the table that this one is a part of, which has so many before it.
    #[pyo3(signature = (column, rows_before = 0))]
    fn values<'py>(
        &self,
        py: Python<'py>,
        column: usize,
        rows_before: usize,
    ) -> PyResult<Bound<'py, PyList>> {
        guard(py, || {
            let list = PyList::empty(py);
            for chunk in self.chunks(column)? {
                let before = rows_before + list.len();
                to_python::extend(&list, chunk).map_err(|unfit| match unfit {
                    Unfit::Error(error) => error,
                    Unfit::OutOfRange { row, shown } => Error::invalid_input(format!(
                        "column {:?} has {shown} in row {} (counted from 0), and Python's dates end with the years 1 and \
                         9999: take the table to a library that has such dates (to_polars(), to_arrow(), to_pandas()), \
                         or read with parse_dates=False, which leaves dates as text",
                        self.schema.field(column).name(),
                        before + row,
                    ))
                    .into(),
                })?;
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
            let mut export = Unwritten::new(file, format, options)?.begin(&self.schema)?;
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
