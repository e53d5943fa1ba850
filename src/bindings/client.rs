//! `converz.Client` below its signatures: the operations, each run on the runtime while Python waits.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_schema::Schema as ArrowSchema;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyDictMethods};

use super::arguments::{self, Arguments};
use super::changes::{RecordedUpdate, UpdateChanges};
use super::events::Events;
use super::operation::{Operation as Running, Pending, Step};
use super::panics::guard;
use super::plan::UpdatePlan;
use super::polled_stream::PolledStream;
use super::process::Owned;
use super::progress::Pages;
use super::receipt::receipt_dict;
use super::runtime::Task;
use super::settings::{self, KeyFrom, Secret};
use super::stream::RecordBatchStream;
use super::table::Table;
use super::types_argument::Types;
use super::updates::{self, Sending};
use super::warnings::warn;
use super::windows::WindowReads;
use super::{new_column, schema, types_argument};
use crate::encode::UpdateFrame;
use crate::error::Error;
use crate::fetch::{self, Fetched, ReadSpec, Shapes, Stream, Window, read_all};
use crate::http::Http;
use crate::query::Operation;
use crate::settings::Settings;
use crate::update::{self, Changes, Direction};

/// Rows of the largest page that the API has.
const LARGEST_PAGE: u32 = 1_000_000;

/// The connections of one process, where they report to, and what their answers have shown.
#[derive(Debug, Clone)]
struct Connection {
    http: Http,
    events: Arc<Events>,
    shapes: Arc<Shapes>,
}

#[pyclass(frozen, module = "converz._core", name = "Client")]
#[derive(Debug)]
pub struct Client {
    settings: Arc<Settings>,
    /// The arguments of `__init__` without the key and the proxy's user and password, for pickling.
    arguments: Py<PyDict>,
    key_from: KeyFrom,
    /// A child of `fork` must not share its parent's sockets.
    connection: Mutex<Option<Owned<Connection>>>,
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
            let (settings, key_from) =
                settings::build(base_url.get(), api_key.get(), proxy.get(), &arguments)?;
            arguments.set_item("base_url", settings.base_url.as_str())?;
            arguments.set_item("proxy", settings.shown_proxy())?;
            let client = Self {
                settings: Arc::new(settings),
                arguments: arguments.unbind(),
                key_from,
                connection: Mutex::new(None),
            };
            // A CA file that cannot be read, say, is found now and not at the first request.
            if let KeyFrom::Function(_) = client.key_from {
                // Only when a connection is made is it time for the key.
                Http::new(Arc::clone(&client.settings), Arc::new(Events::default()))?;
            } else {
                client.connection(py)?;
            }
            Ok(client)
        })
    }

    /// Its arguments are a dict, which breaks the cycle that it is part of; a function does so by itself.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let KeyFrom::Function(function) = &self.key_from {
            visit.call(function)?;
        }
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
        matches!(self.key_from, KeyFrom::Environment)
    }

    /// The function that returns the key.
    #[getter]
    fn key_function(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        match &self.key_from {
            KeyFrom::Function(function) => Some(function.clone_ref(py)),
            KeyFrom::Argument | KeyFrom::Environment => None,
        }
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

    /// Closes the connections that nothing uses. What comes next connects anew.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || {
            let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(connection);
            Ok(())
        })
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
    ) -> PyResult<Pending> {
        let py = query.py();
        guard(py, || {
            let spec = spec(operation, query, limit, schema, parse_dates)?;
            self.fetch(py, spec, report, |py, fetched| {
                for warning in &fetched.column_warnings {
                    warn(py, &warning.text)?;
                }
                Step::over(
                    py,
                    (Table::new(fetched.schema, fetched.batches), receipt_dict(py, &fetched.receipt)?),
                )
            })
        })
    }

    #[pyo3(signature = (operation, query, limit, schema, parse_dates, types, on_new_column, by_day, report))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a stream, from one place")]
    fn stream<'py>(
        &self,
        operation: Operation,
        query: &Bound<'py, PyDict>,
        limit: Option<&Bound<'py, PyAny>>,
        schema: Option<&Bound<'py, PyAny>>,
        parse_dates: &Bound<'_, PyAny>,
        types: &Bound<'py, PyAny>,
        on_new_column: &Bound<'py, PyAny>,
        by_day: &Bound<'py, PyAny>,
        report: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Pending> {
        let py = query.py();
        guard(py, || {
            let mut spec = spec(operation, query, limit, schema, parse_dates)?;
            let mut windows = None;
            if arguments::by_day(by_day)? {
                let (days, filters) = Arguments(query).by_day()?;
                (windows, spec.query) = (Some(days), filters);
            }
            let pages = Arc::new(Pages::new(report));
            let types = types_argument::extract(types)?;
            let (opening, events) = self.opening(py, spec, windows, &pages, types, on_new_column)?;
            let tick = telling(&events, &pages);
            let open = move |py: Python<'_>, mut stream: Stream| {
                for warning in stream.take_column_warnings() {
                    warn(py, &warning.text)?;
                }
                Step::over(py, RecordBatchStream::new(stream, events, pages))
            };
            Ok(Pending::new(Running::new(opening, tick, open)))
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
    ) -> PyResult<Pending> {
        let py = query.py();
        guard(py, || {
            let spec = spec(operation, query, Some(limit), None, parse_dates)?;
            self.fetch(py, spec, None, |py, fetched| {
                let warnings = fetched.column_warnings.into_iter();
                let warnings: Vec<_> = warnings.map(|warning| (warning.column, warning.text)).collect();
                Step::over(py, (Table::new(fetched.schema, fetched.batches), warnings))
            })
        })
    }

    /// Begins to open a stream of the columns that `schema` names, and does not wait for it.
    /// The `undecided` ones are strings only because the rows that settled the types had no value for them.
    #[pyo3(signature = (operation, query, limit, schema, undecided, parse_dates, on_new_column, watch))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a stream, from one place")]
    fn poll_stream<'py>(
        &self,
        operation: Operation,
        query: &Bound<'py, PyDict>,
        limit: Option<&Bound<'py, PyAny>>,
        schema: Option<&Bound<'py, PyAny>>,
        undecided: Vec<String>,
        parse_dates: &Bound<'py, PyAny>,
        on_new_column: &Bound<'py, PyAny>,
        watch: bool,
    ) -> PyResult<PolledStream> {
        let py = query.py();
        guard(py, || {
            let mut spec = spec(operation, query, limit, schema, parse_dates)?;
            spec.undecided = undecided;
            spec.select = Some(spec.pinned.fields().iter().map(|field| field.name().clone()).collect());
            let (opening, events) =
                self.opening(py, spec, None, &Pages::new(None), Types::FirstPage, on_new_column)?;
            PolledStream::new(py, Task::spawn(opening)?, events, watch)
        })
    }

    #[pyo3(signature = (operation, table, nulls, json_columns, report))]
    fn update<'py>(
        &self,
        py: Python<'py>,
        operation: Operation,
        table: &Bound<'py, Table>,
        nulls: &Bound<'py, PyAny>,
        json_columns: Option<&Bound<'py, PyAny>>,
        report: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Pending> {
        guard(py, || {
            let sending = self.sending(py, None, report)?;
            let checking = updates::frame(operation, table.get(), nulls, json_columns, |py, frame| {
                updates::warn_about(py, &frame)?;
                Ok(Step::Next(sending.begun_with(frame)))
            })?;
            Ok(Pending::new(checking))
        })
    }

    /// The days of a range, newest first: first and last date of each.
    #[staticmethod]
    fn windows(arguments: &Bound<'_, PyDict>) -> PyResult<Vec<(String, String)>> {
        guard(arguments.py(), || {
            let windows = Arguments(arguments).windows()?.into_iter();
            Ok(windows.map(|window| (window.start_date.to_string(), window.end_date.to_string())).collect())
        })
    }

    /// Begins to read windows with the first that is asked for.
    #[pyo3(signature = (windows, query, schema, parse_dates))]
    fn read_windows<'py>(
        &self,
        windows: Vec<Bound<'py, PyDict>>,
        query: &Bound<'py, PyDict>,
        schema: Option<&Bound<'py, PyAny>>,
        parse_dates: &Bound<'_, PyAny>,
    ) -> PyResult<WindowReads> {
        let py = query.py();
        guard(py, || {
            let mut spec = spec(Operation::Calls, query, None, schema, parse_dates)?;
            let windows: Vec<_> =
                windows.iter().map(|window| Arguments(window).window()).collect::<PyResult<_>>()?;
            let Connection { http, events, shapes } = self.connected(py)?;
            spec.shapes = Some(shapes);
            Ok(WindowReads::new(
                fetch::WindowReads::new(&http, of_windows(&self.settings), spec, windows),
                events,
            ))
        })
    }

    /// Reads what is stored of the table's rows and compares; nothing is changed.
    #[pyo3(signature = (operation, table, nulls, json_columns, range, report))]
    fn plan<'py>(
        &self,
        operation: Operation,
        table: &Bound<'py, Table>,
        nulls: &Bound<'py, PyAny>,
        json_columns: Option<&Bound<'py, PyAny>>,
        range: &Bound<'py, PyDict>,
        report: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Pending> {
        let py = range.py();
        guard(py, || {
            let range = Arguments(range).range(operation)?;
            let pages = Arc::new(Pages::new(report));
            let (http, events) = self.connection(py)?;
            let settings = Arc::clone(&self.settings);
            let compare = move |_: Python<'_>, frame: UpdateFrame| {
                let (tick, progress) = (telling(&events, &pages), pages.listener());
                let planning =
                    async move { update::plan_update(&http, &settings, frame, range, Some(progress)).await };
                Ok(Step::Next(Running::new(planning, tick, |py, planned| {
                    for warning in &planned.warnings {
                        warn(py, warning)?;
                    }
                    Step::over(py, UpdatePlan::new(planned))
                })))
            };
            Ok(Pending::new(updates::frame(operation, table.get(), nulls, json_columns, compare)?))
        })
    }

    /// Sends what a plan changes.
    #[pyo3(signature = (plan, report))]
    fn carry_out<'py>(
        &self,
        py: Python<'py>,
        plan: &Bound<'py, UpdatePlan>,
        report: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Pending> {
        guard(py, || {
            let sending = self.sending(py, None, report)?;
            let plan = plan.get().inner();
            Ok(Pending::new(Running::work(
                move || plan.apply(),
                |py, frame| match frame {
                    Some(frame) => Ok(Step::Next(sending.begun_with(frame))),
                    None => Step::over(py, py.None()),
                },
            )))
        })
    }

    /// Reads cells again: those that may be written, and a table of those that hold something else than they are taken to.
    #[pyo3(signature = (changes, undo))]
    fn recheck(&self, py: Python<'_>, changes: &Bound<'_, UpdateChanges>, undo: bool) -> PyResult<Pending> {
        guard(py, || {
            let changes = changes.get().inner();
            let (http, events) = self.connection(py)?;
            let settings = Arc::clone(&self.settings);
            let reading = async move {
                update::recheck(&http, &settings, Changes::clone(&changes), direction(undo)).await
            };
            let found = |py: Python<'_>, found: update::Rechecked| {
                for warning in &found.warnings {
                    warn(py, warning)?;
                }
                let conflicts = Table::new(found.conflicts.schema(), vec![found.conflicts]);
                Step::over(py, (UpdateChanges::new(found.changes), conflicts))
            };
            Ok(Pending::new(Running::new(reading, move |py| events.log(py), found)))
        })
    }

    /// Writes cells, or puts them back, with a journal of it where there is a path.
    #[pyo3(signature = (changes, undo, journal, report))]
    fn send_changes<'py>(
        &self,
        py: Python<'py>,
        changes: &Bound<'py, UpdateChanges>,
        undo: bool,
        journal: Option<PathBuf>,
        report: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Pending> {
        guard(py, || {
            let changes = changes.get().inner();
            let journal = journal.map(|path| (path, Arc::clone(&changes)));
            let sending = self.sending(py, journal, report)?;
            let frame = move || changes.frame(direction(undo));
            Ok(Pending::new(Running::work(frame, |_, frame| Ok(Step::Next(sending.begun(frame))))))
        })
    }

    /// Opens the journal of an update of this service.
    fn open_journal(&self, py: Python<'_>, path: PathBuf) -> PyResult<Pending> {
        guard(py, || Ok(Pending::new(RecordedUpdate::open(path, self.settings.base_url.to_string()))))
    }

    #[pyo3(signature = (operation, table, nulls, json_columns))]
    fn dry_run(
        &self,
        py: Python<'_>,
        operation: Operation,
        table: &Bound<'_, Table>,
        nulls: &Bound<'_, PyAny>,
        json_columns: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Pending> {
        guard(py, || {
            let settings = Arc::clone(&self.settings);
            let checking = updates::frame(operation, table.get(), nulls, json_columns, move |py, frame| {
                updates::warn_about(py, &frame)?;
                Ok(Step::Next(updates::settle(&settings, frame, |py, update| {
                    Step::over(py, updates::dry_run(update))
                })))
            })?;
            Ok(Pending::new(checking))
        })
    }
}

impl Client {
    /// Reads, says what there is to say of the read, and goes on with what came.
    fn fetch<'py>(
        &self,
        py: Python<'py>,
        mut spec: ReadSpec,
        report: Option<&Bound<'py, PyAny>>,
        end: impl FnOnce(Python<'_>, Fetched) -> PyResult<Step> + Send + 'static,
    ) -> PyResult<Pending> {
        let pages = Arc::new(Pages::new(report));
        let Connection { http, events, shapes } = self.connected(py)?;
        spec.progress = Some(pages.listener());
        spec.shapes = Some(shapes);
        let settings = Arc::clone(&self.settings);
        let reading = async move { read_all(&http, &settings, spec).await };
        Ok(Pending::new(Running::new(reading, telling(&events, &pages), |py, fetched| {
            for warning in &fetched.warnings {
                warn(py, warning)?;
            }
            end(py, fetched)
        })))
    }

    /// How an update is sent whose rows are still to be settled.
    fn sending(
        &self,
        py: Python<'_>,
        journal: Option<(PathBuf, Arc<Changes>)>,
        report: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Sending> {
        let (http, events) = self.connection(py)?;
        let report = report.map(|report| report.clone().unbind());
        Ok(Sending { http, settings: Arc::clone(&self.settings), events, journal, report })
    }

    /// The opening of a stream, and where its requests report to.
    fn opening(
        &self,
        py: Python<'_>,
        mut spec: ReadSpec,
        windows: Option<Vec<Window>>,
        pages: &Pages,
        types: Types,
        on_new_column: &Bound<'_, PyAny>,
    ) -> PyResult<(impl Future<Output = Result<Stream, Error>> + Send + use<>, Arc<Events>)> {
        let on_new_column = new_column::extract(on_new_column)?;
        let Connection { http, events, shapes } = self.connected(py)?;
        spec.progress = Some(pages.listener());
        spec.shapes = Some(shapes);
        let settings = Arc::clone(&self.settings);
        let opening = async move {
            let Some(windows) = windows else {
                return match types {
                    Types::FirstPage => Stream::open(&http, &settings, spec, on_new_column).await,
                    Types::Whole => Stream::open_whole(&http, &settings, spec).await,
                };
            };
            let settings = of_windows(&settings);
            match types {
                Types::FirstPage => Stream::open_by_day(&http, &settings, spec, windows, on_new_column).await,
                Types::Whole => Stream::open_whole_by_day(&http, &settings, spec, windows).await,
            }
        };
        Ok((opening, events))
    }

    /// The settings in force.
    pub fn in_force(&self) -> &Settings {
        &self.settings
    }

    /// The connections of this process, and where they report to.
    pub fn connection(&self, py: Python<'_>) -> PyResult<(Http, Arc<Events>)> {
        let Connection { http, events, .. } = self.connected(py)?;
        Ok((http, events))
    }

    fn connected(&self, py: Python<'_>) -> PyResult<Connection> {
        // Locked only while attached, like the runtime's, and not while Python runs.
        let slot = || self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = slot().as_ref().and_then(Owned::get) {
            return Ok(own.clone());
        }
        let settings = match &self.key_from {
            KeyFrom::Function(function) => {
                let api_key = settings::key_of(function.bind(py))?;
                Arc::new(Settings { api_key, ..Settings::clone(&self.settings) })
            }
            KeyFrom::Argument | KeyFrom::Environment => Arc::clone(&self.settings),
        };
        // Another thread may have made one meanwhile.
        let mut slot = slot();
        if let Some(own) = slot.as_ref().and_then(Owned::get) {
            return Ok(own.clone());
        }
        let events = Arc::new(Events::default());
        let http = Http::new(settings, events.clone())?;
        let connection = Connection { http, events, shapes: Arc::default() };
        *slot = Some(Owned::new(connection.clone()));
        Ok(connection)
    }
}

/// A window is asked for in one page of the largest size.
fn of_windows(settings: &Settings) -> Settings {
    Settings { page_size: LARGEST_PAGE, ..settings.clone() }
}

/// Logs what a read does, and tells of its progress.
fn telling(
    events: &Arc<Events>,
    pages: &Arc<Pages>,
) -> impl FnMut(Python<'_>) -> PyResult<()> + Send + use<> {
    let (events, pages) = (Arc::clone(events), Arc::clone(pages));
    move |py| {
        events.log(py)?;
        pages.report(py)
    }
}

fn direction(undo: bool) -> Direction {
    if undo { Direction::Undo } else { Direction::Apply }
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
        undecided: Vec::new(),
        shapes: None,
        progress: None,
    })
}
