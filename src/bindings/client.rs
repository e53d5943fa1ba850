//! `converz.Client` below its signatures: the operations, each run on the runtime while Python waits.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_schema::Schema as ArrowSchema;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyDictMethods};

use super::arguments::{self, Arguments};
use super::events::Events;
use super::panics::guard;
use super::plan::UpdatePlan;
use super::polled_stream::PolledStream;
use super::process::Owned;
use super::progress::Pages;
use super::receipt::receipt_dict;
use super::runtime::{Task, wait};
use super::settings::{self, Secret};
use super::stream::RecordBatchStream;
use super::table::Table;
use super::updates::{self, PlannedRequest};
use super::warnings::warn;
use super::{new_column, schema};
use crate::error::Error;
use crate::fetch::{Fetched, ReadSpec, Stream, read_all};
use crate::http::Http;
use crate::query::Operation;
use crate::settings::Settings;
use crate::update;

type Connection = Owned<(Http, Arc<Events>)>;

#[pyclass(frozen, module = "converz._core", name = "Client")]
#[derive(Debug)]
pub struct Client {
    settings: Arc<Settings>,
    /// The arguments of `__init__` without the key and the proxy's user and password, for pickling.
    arguments: Py<PyDict>,
    key_from_environment: bool,
    /// The connections of one process, and where they report to: a child of `fork` must not share its parent's sockets.
    connection: Mutex<Option<Connection>>,
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (base_url, api_key, proxy, **settings))]
    fn new(
        py: Python<'_>,
        base_url: &Bound<'_, Secret>,
        api_key: &Bound<'_, Secret>,
        proxy: &Bound<'_, Secret>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        guard(py, || {
            let arguments = settings.map_or_else(|| Ok(PyDict::new(py)), PyDictMethods::copy)?;
            let (settings, key_from_environment) =
                settings::build(base_url.get(), api_key.get(), proxy.get(), &arguments)?;
            arguments.set_item("base_url", settings.base_url.as_str())?;
            arguments.set_item("proxy", settings.shown_proxy())?;
            let client = Self {
                settings: Arc::new(settings),
                arguments: arguments.unbind(),
                key_from_environment,
                connection: Mutex::new(None),
            };
            // A CA file that cannot be read, say, is found now and not at the first request.
            client.connection(py)?;
            Ok(client)
        })
    }

    /// Its arguments are a dict, which breaks the cycle that it is part of.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.arguments)
    }

    #[getter]
    fn settings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guard(py, || {
            let shown = settings::show(py, &self.settings)?;
            // It is used up when the base URL is checked.
            shown.set_item("allow_http", self.arguments.bind(py).get_item("allow_http")?)?;
            Ok(shown)
        })
    }

    #[getter]
    fn key_from_environment(&self) -> bool {
        self.key_from_environment
    }

    #[getter]
    fn proxy_has_user(&self) -> bool {
        let has_user = |proxy: &url::Url| !proxy.username().is_empty() || proxy.password().is_some();
        self.settings.proxy.as_ref().is_some_and(has_user)
    }

    #[getter]
    fn pickled_settings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guard(py, || self.arguments.bind(py).copy())
    }

    #[pyo3(signature = (operation, query, limit, schema, parse_dates, report))]
    fn read<'py>(
        &self,
        operation: Operation,
        query: &Bound<'py, PyDict>,
        limit: Option<&Bound<'py, PyAny>>,
        schema: Option<&Bound<'py, PyAny>>,
        parse_dates: &Bound<'_, PyAny>,
        report: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Table, Bound<'py, PyDict>)> {
        let py = query.py();
        guard(py, || {
            let fetched = self.fetch(py, spec(operation, query, limit, schema, parse_dates)?, report)?;
            for warning in &fetched.column_warnings {
                warn(py, &warning.text)?;
            }
            Ok((Table::new(fetched.schema, fetched.batches), receipt_dict(py, &fetched.receipt)?))
        })
    }

    #[pyo3(signature = (operation, query, limit, schema, parse_dates, on_new_column, report))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a stream, from one place")]
    fn stream<'py>(
        &self,
        operation: Operation,
        query: &Bound<'py, PyDict>,
        limit: Option<&Bound<'py, PyAny>>,
        schema: Option<&Bound<'py, PyAny>>,
        parse_dates: &Bound<'_, PyAny>,
        on_new_column: &Bound<'py, PyAny>,
        report: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<RecordBatchStream> {
        let py = query.py();
        guard(py, || {
            let spec = spec(operation, query, limit, schema, parse_dates)?;
            let pages = Pages::new(report);
            let (opening, events) = self.opening(py, spec, &pages, on_new_column)?;
            let opened = wait(py, opening, |py| {
                events.log(py)?;
                pages.report(py)
            })?;
            let stream = opened?;
            for warning in stream.column_warnings() {
                warn(py, &warning.text)?;
            }
            Ok(RecordBatchStream::new(stream, events, pages))
        })
    }

    /// Reads a few rows to see what columns come, with what there is to say of each by name.
    #[pyo3(signature = (operation, query, limit, parse_dates))]
    fn probe<'py>(
        &self,
        operation: Operation,
        query: &Bound<'py, PyDict>,
        limit: &Bound<'py, PyAny>,
        parse_dates: &Bound<'_, PyAny>,
    ) -> PyResult<(Table, Vec<(String, String)>)> {
        let py = query.py();
        guard(py, || {
            let spec = spec(operation, query, Some(limit), None, parse_dates)?;
            let fetched = self.fetch(py, spec, None)?;
            let warnings = fetched.column_warnings.into_iter().map(|warning| (warning.column, warning.text));
            Ok((Table::new(fetched.schema, fetched.batches), warnings.collect()))
        })
    }

    /// Begins to open a stream of the columns that `schema` names, and does not wait for it.
    #[pyo3(signature = (operation, query, limit, schema, on_new_column, watch))]
    fn poll_stream<'py>(
        &self,
        operation: Operation,
        query: &Bound<'py, PyDict>,
        limit: Option<&Bound<'py, PyAny>>,
        schema: Option<&Bound<'py, PyAny>>,
        on_new_column: &Bound<'py, PyAny>,
        watch: bool,
    ) -> PyResult<PolledStream> {
        let py = query.py();
        guard(py, || {
            let mut spec = spec(operation, query, limit, schema, PyBool::new(py, true).as_any())?;
            spec.select = Some(spec.pinned.fields().iter().map(|field| field.name().clone()).collect());
            let (opening, events) = self.opening(py, spec, &Pages::new(None), on_new_column)?;
            Ok(PolledStream::new(py, Task::spawn(opening)?, events, watch))
        })
    }

    #[pyo3(signature = (operation, table, nulls, report))]
    fn update<'py>(
        &self,
        py: Python<'py>,
        operation: Operation,
        table: &Bound<'py, Table>,
        nulls: &Bound<'py, PyAny>,
        report: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        guard(py, || {
            let frame = updates::frame(py, operation, table.get(), nulls)?;
            updates::warn_about(py, &frame)?;
            let update = updates::settle(py, &self.settings, frame)?;
            let (http, events) = self.connection(py)?;
            updates::run(py, http, Arc::clone(&self.settings), &events, update, report)
        })
    }

    /// Reads what is stored of the table's rows and compares; nothing is changed.
    #[pyo3(signature = (operation, table, nulls, range, report))]
    fn plan<'py>(
        &self,
        operation: Operation,
        table: &Bound<'py, Table>,
        nulls: &Bound<'py, PyAny>,
        range: &Bound<'py, PyDict>,
        report: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<UpdatePlan> {
        let py = range.py();
        guard(py, || {
            let frame = updates::frame(py, operation, table.get(), nulls)?;
            let range = Arguments(range).range(operation)?;
            let pages = Pages::new(report);
            let progress = pages.listener();
            let (http, events) = self.connection(py)?;
            let settings = Arc::clone(&self.settings);
            let planned = wait(
                py,
                async move { update::plan_update(&http, &settings, frame, range, Some(progress)).await },
                |py| {
                    events.log(py)?;
                    pages.report(py)
                },
            )?;
            let planned = planned?;
            for warning in &planned.warnings {
                warn(py, warning)?;
            }
            Ok(UpdatePlan::new(planned))
        })
    }

    /// Sends what a plan changes, or what undoes it.
    #[pyo3(signature = (plan, undo, report))]
    fn carry_out<'py>(
        &self,
        py: Python<'py>,
        plan: &Bound<'py, UpdatePlan>,
        undo: bool,
        report: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        guard(py, || {
            let Some(frame) = plan.get().frame(py, undo)? else { return Ok(None) };
            let update = updates::settle(py, &self.settings, frame)?;
            let (http, events) = self.connection(py)?;
            updates::run(py, http, Arc::clone(&self.settings), &events, update, report).map(Some)
        })
    }

    #[pyo3(signature = (operation, table, nulls))]
    fn dry_run(
        &self,
        py: Python<'_>,
        operation: Operation,
        table: &Bound<'_, Table>,
        nulls: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<PlannedRequest>> {
        guard(py, || {
            let frame = updates::frame(py, operation, table.get(), nulls)?;
            updates::warn_about(py, &frame)?;
            Ok(updates::dry_run(updates::settle(py, &self.settings, frame)?))
        })
    }
}

impl Client {
    /// Reads, and says what there is to say of the read.
    fn fetch<'py>(
        &self,
        py: Python<'py>,
        mut spec: ReadSpec,
        report: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Fetched> {
        let pages = Pages::new(report);
        spec.progress = Some(pages.listener());
        let (http, events) = self.connection(py)?;
        let settings = Arc::clone(&self.settings);
        let fetched = wait(py, async move { read_all(&http, &settings, spec).await }, |py| {
            events.log(py)?;
            pages.report(py)
        })?;
        let fetched = fetched?;
        for warning in &fetched.warnings {
            warn(py, warning)?;
        }
        Ok(fetched)
    }

    /// The opening of a stream, and where its requests report to.
    fn opening(
        &self,
        py: Python<'_>,
        mut spec: ReadSpec,
        pages: &Pages,
        on_new_column: &Bound<'_, PyAny>,
    ) -> PyResult<(impl Future<Output = Result<Stream, Error>> + Send + use<>, Arc<Events>)> {
        let on_new_column = new_column::extract(on_new_column)?;
        spec.progress = Some(pages.listener());
        let (http, events) = self.connection(py)?;
        let settings = Arc::clone(&self.settings);
        Ok((async move { Stream::open(&http, &settings, spec, on_new_column).await }, events))
    }

    /// The connections of this process, and where they report to.
    pub fn connection(&self, _: Python<'_>) -> PyResult<(Http, Arc<Events>)> {
        // Locked only while attached, like the runtime's.
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = slot.as_ref().and_then(Owned::get) {
            return Ok(own.clone());
        }
        let events = Arc::new(Events::default());
        let http = Http::new(Arc::clone(&self.settings), events.clone())?;
        *slot = Some(Owned::new((http.clone(), Arc::clone(&events))));
        Ok((http, events))
    }
}

/// What a read asks for; a stream is of calls or of reps.
fn spec(
    operation: Operation,
    query: &Bound<'_, PyDict>,
    limit: Option<&Bound<'_, PyAny>>,
    schema: Option<&Bound<'_, PyAny>>,
    parse_dates: &Bound<'_, PyAny>,
) -> PyResult<ReadSpec> {
    Ok(ReadSpec {
        operation,
        query: Arguments(query).query(operation)?,
        limit: arguments::limit(limit)?,
        pinned: schema.map_or_else(|| Ok(Arc::new(ArrowSchema::empty())), schema::extract)?,
        parse_dates: arguments::parse_dates(parse_dates)?,
        select: None,
        json: false,
        progress: None,
    })
}
