//! Updates: a table → requests in order, and what became of them.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::RecordBatch;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::arguments;
use super::errors::exception;
use super::events::Events;
use super::operation::{Operation as Running, Step};
use super::panics::guard;
use super::refusal::refuse;
use super::table::Table;
use super::warnings::warn;
use crate::encode::{KeyColumn, Limits, MAX_ROWS, Nulls, UpdateFrame, as_json_columns, midnight_warning};
use crate::error::{Error, ErrorKind};
use crate::http::Http;
use crate::query::Operation;
use crate::resources::room_for;
use crate::settings::Settings;
use crate::text::quoted;
use crate::update::{Changes, HttpSender, Journal, Journaling, Update, UpdateOutcome};

/// The most columns that the text of a request has.
const SHOWN: usize = 20;

/// Checks the frame; nothing is sent.
pub fn frame(
    operation: Operation,
    table: &Table,
    nulls: &Bound<'_, PyAny>,
    json_columns: Option<&Bound<'_, PyAny>>,
    end: impl FnOnce(Python<'_>, UpdateFrame) -> PyResult<Step> + Send + 'static,
) -> PyResult<Running> {
    let key = match operation {
        Operation::UpdateCalls => KeyColumn::CallId,
        Operation::UpdateReps => KeyColumn::RepId,
        _ => return Err(Error::internal(format!("{operation:?} takes no frame")).into()),
    };
    let nulls = extract_nulls(nulls)?;
    let (schema, batches) = match arguments::strings("json_columns", json_columns)? {
        None => (Arc::clone(table.schema()), table.batches().to_vec()),
        Some(names) => as_json_columns(table.schema(), table.batches(), key, &names)?,
    };
    // What is noted of a row: its key, and where it is.
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    room_for(rows.saturating_mul(64))?;
    // Looking at every cell of a large frame takes longer than Ctrl-C may.
    Ok(Running::work(move || UpdateFrame::new(&schema, batches, key, nulls), end))
}

/// Says what there is to say of a frame that nobody compares with what is stored.
pub fn warn_about(py: Python<'_>, frame: &UpdateFrame) -> PyResult<()> {
    frame.midnights().try_for_each(|name| warn(py, &midnight_warning(name, false)))?;
    frame.column_names().filter_map(|name| frame.misfit(name)).try_for_each(|warning| warn(py, &warning))
}

/// Settles the requests of a frame; nothing is sent.
pub fn settle(
    settings: &Settings,
    frame: UpdateFrame,
    end: impl FnOnce(Python<'_>, Arc<Update>) -> PyResult<Step> + Send + 'static,
) -> Running {
    let limits = limits(settings);
    Running::work(move || settled(frame, limits), end)
}

fn limits(settings: &Settings) -> Limits {
    Limits { rows: MAX_ROWS, bytes: settings.max_update_bytes }
}

fn settled(frame: UpdateFrame, limits: Limits) -> Result<Arc<Update>, Error> {
    let operation = match frame.key() {
        KeyColumn::CallId => Operation::UpdateCalls,
        KeyColumn::RepId => Operation::UpdateReps,
    };
    Update::new(operation, frame, limits).map(Arc::new)
}

/// How an update is sent. What interrupts it (what a signal's handler raises, or the function that is told of progress)
/// has an `UpdateError` among its causes.
pub struct Sending {
    pub http: Http,
    pub settings: Arc<Settings>,
    pub events: Arc<Events>,
    /// Where its journal is to be, and what it is to hold.
    pub journal: Option<(PathBuf, Arc<Changes>)>,
    /// A function that is told of progress.
    pub report: Option<Py<PyAny>>,
}

impl Sending {
    pub fn begun_with(self, frame: UpdateFrame) -> Running {
        self.begun(Some(frame))
    }

    /// Settles the requests, opens the journal and sends; without a frame there is nothing to send.
    pub fn begun(mut self, frame: Option<UpdateFrame>) -> Running {
        let (limits, journal) = (limits(&self.settings), self.journal.take());
        let base_url = self.settings.base_url.to_string();
        let prepare = move || {
            let update = frame.map(|frame| settled(frame, limits)).transpose()?;
            let journal = journal
                .map(|(path, changes)| Journal::create(&path, &base_url, &changes, update.as_deref()))
                .transpose()?;
            Ok((update, journal))
        };
        Running::work(prepare, |py, (update, journal)| match update {
            Some(update) => Ok(Step::Next(self.sent(update, journal))),
            None => Step::over(py, py.None()),
        })
    }

    fn sent(self, update: Arc<Update>, journal: Option<Journal>) -> Running {
        let Self { http, settings, events, report, .. } = self;
        let running = Arc::clone(&update);
        let sending = async move {
            let sender = Journaling::new(HttpSender { http: &http, settings: &settings }, journal);
            running.run(&sender).await
        };
        let (watched, mut told) = (Arc::clone(&update), 0);
        let tick = move |py: Python<'_>| {
            events.log(py)?;
            let progress = watched.progress();
            if let Some(report) = report.as_ref().filter(|_| progress.requests != told) {
                told = progress.requests;
                report.call1(py, (progress.rows, progress.bytes))?;
            }
            Ok(())
        };
        Running::accounted(sending, tick, move |py, outcome| {
            Step::over(py, outcome_dict(py, &update, outcome)?)
        })
    }
}

/// What became of an update.
fn outcome_dict<'py>(
    py: Python<'py>,
    update: &Update,
    outcome: PyResult<Result<UpdateOutcome, Error>>,
) -> PyResult<Bound<'py, PyDict>> {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(raised) => {
            let account = failure(py, update, &update.cancelled(Error::connection("interrupted")));
            return Err(account.behind(py, raised));
        }
    };
    let outcome = outcome.map_err(|error| {
        let account = match error.kind() {
            ErrorKind::Internal | ErrorKind::OutOfMemory => failure(py, update, &update.cancelled(error)),
            _ => failure(py, update, &error),
        };
        account.raised(py)
    })?;
    let dict = PyDict::new(py);
    dict.set_item("rows", outcome.rows)?;
    dict.set_item("cells", outcome.cells)?;
    dict.set_item("requests", outcome.requests as u64 + outcome.retries)?;
    dict.set_item("seconds", outcome.elapsed.as_secs_f64())?;
    Ok(dict)
}

/// What became of an update that stopped: its `UpdateError`.
struct Account {
    error: PyErr,
    /// What a signal's handler raised while the account was drawn up.
    meanwhile: Option<PyErr>,
}

impl Account {
    fn raised(self, py: Python<'_>) -> PyErr {
        match self.meanwhile {
            None => self.error,
            Some(raised) => behind(py, raised, self.error),
        }
    }

    /// What stopped the update, with the account as the end of its causes.
    fn behind(self, py: Python<'_>, raised: PyErr) -> PyErr {
        behind(py, raised, self.error)
    }
}

/// An exception with the account behind it: as its cause or, if it was raised `from` another one, as the last of the
/// causes. What has no cause but a context keeps that.
fn behind(py: Python<'_>, raised: PyErr, account: PyErr) -> PyErr {
    let mut seen = vec![raised.value(py).as_ptr()];
    let mut last = raised.clone_ref(py);
    while let Some(cause) = last.cause(py) {
        if cause.value(py).is(account.value(py)) {
            return raised;
        }
        if seen.contains(&cause.value(py).as_ptr()) {
            // The causes go in a circle, which has no end: the place that is left is the context.
            let _ = raised.value(py).setattr(intern!(py, "__context__"), account.value(py));
            return raised;
        }
        seen.push(cause.value(py).as_ptr());
        last = cause;
    }
    last.set_cause(py, Some(account));
    raised
}

/// The account, with the frame that finishes the update. Signals' handlers that raise meanwhile are no reason to lose
/// it: it is drawn up once more.
fn failure(py: Python<'_>, update: &Update, error: &Error) -> Account {
    /// More signals do not come within so short a time.
    const ATTEMPTS: usize = 8;
    let mut meanwhile = None;
    for _ in 0..ATTEMPTS {
        match account(py, update, error) {
            Ok(error) => return Account { error, meanwhile },
            Err(raised) => meanwhile = meanwhile.or(Some(raised)),
        }
    }
    Account { error: error.clone().into(), meanwhile }
}

fn account(py: Python<'_>, update: &Update, error: &Error) -> PyResult<PyErr> {
    let exception = exception(py, &advised(update, error))?;
    if let ErrorKind::Update(failure) = error.kind() {
        let frame = update.frame();
        let remaining = Table::new(Arc::clone(frame.schema()), frame.remaining(failure));
        let class = py.import(intern!(py, "converz"))?.getattr(intern!(py, "Table"))?;
        exception.value(py).setattr(intern!(py, "nulls"), nulls_name(frame.nulls()))?;
        exception.value(py).setattr(intern!(py, "remaining"), class.call1((remaining,))?)?;
    }
    Ok(exception)
}

/// The error with what to call to finish the update.
fn advised(update: &Update, error: &Error) -> Error {
    let ErrorKind::Update(failure) = error.kind() else { return error.clone() };
    if failure.in_doubt.is_empty() && failure.unsent.is_empty() {
        return error.clone();
    }
    let verb = match update.frame().key() {
        KeyColumn::CallId => "update_calls",
        KeyColumn::RepId => "update_reps",
    };
    let call = match update.frame().nulls() {
        Nulls::Keep => format!("{verb}(error.remaining)"),
        Nulls::Clear => format!("{verb}(error.remaining, nulls=\"clear\")"),
    };
    error.clone().with_context(format!("to finish it, call {call}, or once more what failed"))
}

fn nulls_name(nulls: Nulls) -> &'static str {
    match nulls {
        Nulls::Keep => "keep",
        Nulls::Clear => "clear",
    }
}

/// One request, as it would be made.
///
/// Example:
///     >>> import converz
///     >>> client = converz.Client("https://yourdomain.converz.co", "key")
///     >>> [request] = client.update_calls({"call_id": [1, 2], "priority": ["high", None]}, dry_run=True)
///     >>> request.method, request.path, request.rows, request.body
///     ('POST', '/calls', 1, b'{"call_id":[1],"priority":["high"]}')
#[pyclass(frozen, module = "converz", name = "PlannedRequest")]
#[derive(Debug)]
pub struct PlannedRequest {
    update: Arc<Update>,
    index: usize,
    plan: crate::update::PlannedRequest,
}

/// The requests that an update would make.
pub fn dry_run(update: Arc<Update>) -> Vec<PlannedRequest> {
    let plans = update.dry_run();
    plans
        .into_iter()
        .enumerate()
        .map(|(index, plan)| PlannedRequest { update: Arc::clone(&update), index, plan })
        .collect()
}

#[pymethods]
impl PlannedRequest {
    /// The HTTP method.
    #[getter]
    fn method(&self) -> &str {
        self.plan.method
    }

    /// The path below the base URL.
    #[getter]
    fn path(&self) -> &str {
        self.plan.path
    }

    /// Rows that it touches.
    #[getter]
    fn rows(&self) -> usize {
        self.plan.rows
    }

    /// Cells that it sets.
    #[getter]
    fn cells(&self) -> usize {
        self.plan.cells
    }

    /// The size of its body.
    #[getter]
    fn bytes(&self) -> usize {
        self.plan.bytes
    }

    /// The attributes that it sets.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.plan.columns.clone()
    }

    /// Its JSON body, written when it is asked for.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        guard(py, || match self.update.body(self.index) {
            Some(body) => PyBytes::new_with(py, body.len(), |memory| {
                memory.copy_from_slice(&body);
                Ok(())
            }),
            None => Err(Error::internal("no such request").into()),
        })
    }

    fn __repr__(&self) -> String {
        let mut columns: Vec<String> =
            self.plan.columns.iter().take(SHOWN).map(|name| quoted(name)).collect();
        if self.plan.columns.len() > SHOWN {
            columns.push(format!("… {} more", self.plan.columns.len() - SHOWN));
        }
        format!(
            "PlannedRequest({} {}: {} cells of {} rows, columns [{}], {} bytes)",
            self.plan.method,
            self.plan.path,
            self.plan.cells,
            self.plan.rows,
            columns.join(", "),
            self.plan.bytes
        )
    }
}

fn extract_nulls(value: &Bound<'_, PyAny>) -> PyResult<Nulls> {
    match value.extract::<String>().as_deref() {
        Ok("keep") => Ok(Nulls::Keep),
        Ok("clear") => Ok(Nulls::Clear),
        _ => Err(refuse("nulls", value, "\"keep\" or \"clear\"").into()),
    }
}
