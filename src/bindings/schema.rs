//! `converz.Schema`: the names and types of a table's columns.

use std::sync::Arc;

use arrow_schema::{Field, FieldRef, SchemaRef};
use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyCapsule, PyDict};
use pyo3_arrow::ffi::to_schema_pycapsule;

use super::import;
use super::panics::guard;
use super::pickle::{from_ipc, to_ipc};
use super::refusal::{refuse, shown};
use crate::error::Error;
use crate::text::quoted;
use crate::types::{is_json_text, name_with_nul, parse_type, type_name};

/// The most columns that a schema's text has.
const SHOWN: usize = 100;

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

    /// The columns whose cells are all JSON text: lists, objects and whatever else has no type of its own.
    ///
    /// Updates send them as the JSON that they are. pandas and polars do not keep that mark of a column: pass these names
    /// as ``json_columns`` there.
    #[getter]
    fn json_columns(&self) -> Vec<&str> {
        let fields = self.0.fields().iter().filter(|field| is_json_text(field));
        fields.map(|field| field.name().as_str()).collect()
    }

    fn _repr_html_<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, || {
            let show = py.import(intern!(py, "converz._show.html"))?;
            show.call_method1(intern!(py, "html_schema"), (self.names(), self.types()))
        })
    }

    /// The columns' names, so that `dict(schema)` works.
    ///
    /// Example:
    ///     >>> import converz
    ///     >>> schema = converz.Schema({"call_id": "int64", "campaign": "string"})
    ///     >>> schema.keys(), dict(schema)["campaign"]
    ///     (['call_id', 'campaign'], 'string')
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
        guard(py, || {
            let names = self.names().into_pyobject(py)?;
            Ok(names.try_iter()?.into_any().unbind())
        })
    }

    fn __getitem__(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        guard(py, || {
            let field = self.0.field_with_name(name).map_err(|_| PyKeyError::new_err(name.to_owned()))?;
            Ok(type_name(field.data_type()))
        })
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let columns = |schema: &Self| -> Vec<_> {
            // What is noted of a column beside its type is no part of it.
            let fields = schema.0.fields().iter();
            fields
                .map(|field| (field.name().clone(), field.data_type().clone(), field.is_nullable()))
                .collect()
        };
        other.cast::<Self>().is_ok_and(|other| columns(other.get()) == columns(self))
    }

    fn __repr__(&self) -> String {
        let fields = self.0.fields();
        let pair =
            |field: &FieldRef| format!("{}: {}", quoted(field.name()), quoted(&type_name(field.data_type())));
        let mut shown: Vec<String> = fields.iter().take(SHOWN).map(pair).collect();
        if fields.len() > SHOWN {
            shown.push(format!("… {} more", fields.len() - SHOWN));
        }
        format!("Schema({{{}}})", shown.join(", "))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        guard(py, || Ok(to_schema_pycapsule(py, self.0.as_ref())?))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        guard(py, || Ok((slf.get_type().getattr("_from_ipc")?, (to_ipc(py, slf.get().inner(), &[])?,))))
    }

    #[staticmethod]
    fn _from_ipc(py: Python<'_>, bytes: PyBackedBytes) -> PyResult<Self> {
        guard(py, || Ok(Self(from_ipc(py, bytes)?.0)))
    }
}

/// The `schema=` of a user: a dict of names to Arrow type names, or anything with `__arrow_c_schema__`.
pub fn extract(schema: &Bound<'_, PyAny>) -> PyResult<SchemaRef> {
    if let Ok(own) = schema.cast::<Schema>() {
        return Ok(own.get().0.clone());
    }
    // Before dicts, since polars' schema is one too.
    if schema.hasattr("__arrow_c_schema__")? {
        let schema = import::schema(schema)?;
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
                return Err(Error::invalid_input(format!(
                    "schema has the key {}: names are strings",
                    shown(&name)
                ))
                .into());
            };
            let Some(data_type) = parse_type(&kind) else {
                return Err(Error::invalid_input(format!(
                    "schema[{}]={} is not an Arrow type that a column can have: {TYPE_NAMES}",
                    quoted(&name),
                    quoted(&kind)
                ))
                .into());
            };
            fields.push(Field::new(name, data_type, true));
        }
        let schema = arrow_schema::Schema::new(fields);
        if let Some(name) = name_with_nul(schema.fields()) {
            return Err(Error::invalid_input(format!(
                "schema has the name {}: a name with a NUL in it is none that Arrow's libraries can hold",
                quoted(name)
            ))
            .into());
        }
        return Ok(Arc::new(schema));
    }
    Err(refuse("schema", schema, "a dict of names to Arrow type names or an object with __arrow_c_schema__")
        .into())
}

const TYPE_NAMES: &str = "bool, int8 to int64, uint8 to uint64, float32, float64, string, large_string, \
                          string_view, date32, date64, timestamp[us], timestamp[us, UTC] (or s, ms, ns), \
                          dictionary[int32, string], null";
