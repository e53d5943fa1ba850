//! `converz.Schema`: the names and types of a table's columns.

use std::sync::Arc;

use arrow_schema::{DataType, Field, SchemaRef, TimeUnit};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict};
use pyo3_arrow::PySchema;
use pyo3_arrow::ffi::to_schema_pycapsule;

use super::errors::to_py_err;
use super::panics::guard;
use super::table::Table;
use crate::decode::type_name;
use crate::error::Error;

/// The names and types of a table's columns, in order.
///
/// Example:
///     >>> import converz
///     >>> schema = converz.Schema({"call_id": "int64", "start_time": "timestamp[us]"})
///     >>> schema["start_time"], "csat" in schema
///     ('timestamp[us]', False)
#[pyclass(frozen, module = "converz", name = "Schema")]
#[derive(Debug, Clone)]
pub struct Schema(SchemaRef);

impl Schema {
    pub fn new(schema: SchemaRef) -> Self {
        Self(schema)
    }

    pub fn inner(&self) -> &SchemaRef {
        &self.0
    }
}

#[pymethods]
impl Schema {
    /// A schema of a dict of names to Arrow type names, or of anything with ``__arrow_c_schema__``.
    #[new]
    fn py_new(schema: &Bound<'_, PyAny>) -> PyResult<Self> {
        guard(schema.py(), || Ok(Self(extract(schema)?)))
    }

    /// The columns' names.
    #[getter]
    fn names(&self) -> Vec<&str> {
        self.0.fields().iter().map(|field| field.name().as_str()).collect()
    }

    /// The columns' types, as Arrow names them.
    #[getter]
    fn types(&self) -> Vec<String> {
        self.0.fields().iter().map(|field| type_name(field.data_type())).collect()
    }

    /// The columns' names, so that `dict(schema)` works.
    fn keys(&self) -> Vec<&str> {
        self.names()
    }

    fn __len__(&self) -> usize {
        self.0.fields().len()
    }

    fn __contains__(&self, name: &str) -> bool {
        self.0.field_with_name(name).is_ok()
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let names = self.names().into_pyobject(py)?;
        Ok(names.try_iter()?.into_any().unbind())
    }

    fn __getitem__(&self, name: &str) -> PyResult<String> {
        let field = self.0.field_with_name(name).map_err(|_| PyKeyError::new_err(name.to_owned()))?;
        Ok(type_name(field.data_type()))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0.fields() == self.0.fields())
    }

    fn __repr__(&self) -> String {
        let fields: Vec<String> = self
            .0
            .fields()
            .iter()
            .map(|field| format!("{:?}: {:?}", field.name(), type_name(field.data_type())))
            .collect();
        format!("Schema({{{}}})", fields.join(", "))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.0.as_ref())?)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let table = Table::new(Arc::clone(slf.get().inner()), Vec::new());
        Ok((slf.get_type().getattr("_from_ipc")?, (table.to_ipc(slf.py())?,)))
    }

    #[staticmethod]
    fn _from_ipc(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        Table::from_ipc(py, bytes).map(|table| Self(Arc::clone(table.schema())))
    }
}

/// The `schema=` of a user: a dict of names to Arrow type names, or anything with `__arrow_c_schema__`.
pub fn extract(schema: &Bound<'_, PyAny>) -> PyResult<SchemaRef> {
    let py = schema.py();
    if let Ok(own) = schema.cast::<Schema>() {
        return Ok(own.get().0.clone());
    }
    // Before dicts, since polars' schema is one too.
    if schema.hasattr("__arrow_c_schema__")? {
        let schema = schema.extract::<PySchema>()?.into_inner();
        // Metadata and "not null" are the other library's; columns of answers can always be null.
        let fields: Vec<Field> = schema
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), field.data_type().clone(), true))
            .collect();
        return Ok(Arc::new(arrow_schema::Schema::new(fields)));
    }
    if let Ok(dict) = schema.cast::<PyDict>() {
        let mut fields = Vec::with_capacity(dict.len());
        for (name, kind) in dict {
            let (Ok(name), Ok(kind)) = (name.extract::<String>(), kind.str()?.extract::<String>()) else {
                return Err(to_py_err(
                    py,
                    &Error::invalid_input(format!("schema has the key {}: names are strings", name.repr()?)),
                ));
            };
            let Some(data_type) = parse_type(&kind) else {
                return Err(to_py_err(
                    py,
                    &Error::invalid_input(format!(
                        "schema[{name:?}]={kind:?} is not an Arrow type that a column can have: {TYPE_NAMES}"
                    )),
                ));
            };
            fields.push(Field::new(name, data_type, true));
        }
        return Ok(Arc::new(arrow_schema::Schema::new(fields)));
    }
    Err(to_py_err(
        py,
        &Error::invalid_input(format!(
            "schema={} is neither a dict of names to Arrow type names nor an object with __arrow_c_schema__",
            shown(schema)?
        )),
    ))
}

/// On one line, however the object draws itself.
fn shown(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let repr = value.repr()?.to_string();
    let words: Vec<&str> = repr.split_whitespace().collect();
    Ok(words.join(" ").chars().take(80).collect())
}

const TYPE_NAMES: &str = "bool, int8 to int64, uint8 to uint64, float32, float64, string, large_string, \
                          string_view, date32, date64, timestamp[us], timestamp[us, UTC] (or s, ms, ns), \
                          dictionary[int32, string], null";

pub fn parse_type(name: &str) -> Option<DataType> {
    let name = name.trim();
    Some(match name {
        "null" => DataType::Null,
        "bool" | "boolean" => DataType::Boolean,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" => DataType::Int64,
        "uint8" => DataType::UInt8,
        "uint16" => DataType::UInt16,
        "uint32" => DataType::UInt32,
        "uint64" => DataType::UInt64,
        "float32" | "float" => DataType::Float32,
        "float64" | "double" => DataType::Float64,
        "string" | "utf8" => DataType::Utf8,
        "large_string" | "large_utf8" => DataType::LargeUtf8,
        "string_view" => DataType::Utf8View,
        "date32" | "date32[day]" => DataType::Date32,
        "date64" | "date64[ms]" => DataType::Date64,
        _ => {
            if let Some(inside) = name.strip_prefix("dictionary[").and_then(|rest| rest.strip_suffix(']')) {
                let (keys, values) = inside.split_once(',')?;
                let types = (Box::new(parse_type(keys)?), Box::new(parse_type(values)?));
                return types.0.is_dictionary_key_type().then_some(DataType::Dictionary(types.0, types.1));
            }
            let inside = name.strip_prefix("timestamp[")?.strip_suffix(']')?;
            let (unit, zone) = match inside.split_once(',') {
                Some((unit, zone)) => (unit, Some(zone.trim().trim_start_matches("tz="))),
                None => (inside, None),
            };
            let unit = match unit.trim() {
                "s" => TimeUnit::Second,
                "ms" => TimeUnit::Millisecond,
                "us" => TimeUnit::Microsecond,
                "ns" => TimeUnit::Nanosecond,
                _ => return None,
            };
            DataType::Timestamp(unit, zone.map(Into::into))
        }
    })
}
