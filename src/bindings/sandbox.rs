//! `converz.Sandbox` below its signature.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyDate, PyDict, PyString};

use super::panics::guard;
use super::process::Owned;
use super::refusal::refuse;
use super::settings::Secret;
use crate::error::Error;
use crate::query::parse_date;
use crate::resources::no_thread;
use crate::sandbox::{self, Cancellation, Fault, FaultOperation, Options, SandboxError, Stride};

/// How long Python waits between two looks at its signals.
const SLICE: Duration = Duration::from_millis(50);
/// How long a making that is no longer wanted is waited for: together with a slice below half a second.
const GRACE: Duration = Duration::from_millis(300);

#[pyclass(frozen, module = "converz._core", name = "Sandbox")]
#[derive(Debug)]
pub struct Sandbox(sandbox::Sandbox);

#[pymethods]
impl Sandbox {
    #[new]
    #[pyo3(signature = (*, calls, reps, days, seed, today, story, path, faults, port, api_key))]
    #[expect(clippy::too_many_arguments, reason = "the options of a sandbox, from one place")]
    fn new(
        py: Python<'_>,
        calls: &Bound<'_, PyAny>,
        reps: &Bound<'_, PyAny>,
        days: &Bound<'_, PyAny>,
        seed: &Bound<'_, PyAny>,
        today: Option<&Bound<'_, PyAny>>,
        story: &Bound<'_, PyAny>,
        path: Option<&Bound<'_, PyAny>>,
        faults: Vec<Bound<'_, PyAny>>,
        port: &Bound<'_, PyAny>,
        api_key: &Secret,
    ) -> PyResult<Self> {
        guard(py, || {
            // Taken before anything is refused, so that it is not left in what a traceback can show.
            let key = api_key.take("api_key").map_err(|error| Error::invalid_input(error.message()));
            let options = Options {
                calls: number("calls", calls)?,
                reps: number("reps", reps)?,
                days: number("days", days)?,
                seed: number("seed", seed)?,
                today: today.map(|today| date("today", today)).transpose()?,
                story: story.extract().map_err(|_| refuse("story", story, "True or False"))?,
                path: path
                    .map(|path| {
                        path.extract::<PathBuf>().map_err(|_| refuse("path", path, "the path of a file"))
                    })
                    .transpose()?,
                faults: faults.iter().map(fault).collect::<PyResult<_>>()?,
                port: number("port", port)
                    .map_err(|_| refuse("port", port, "a whole number from 0 to 65535"))?,
                api_key: key?,
            };
            start(py, options).map(Self)
        })
    }

    #[getter]
    fn url(&self) -> &str {
        self.0.url()
    }

    #[getter]
    fn api_key(&self) -> &str {
        self.0.api_key()
    }

    /// The key in a form that a line of a traceback does not show.
    #[getter]
    fn secret(&self) -> Secret {
        Secret::of(self.0.api_key())
    }

    #[getter]
    fn requests<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        guard(py, || {
            self.0
                .requests()
                .into_iter()
                .map(|record| {
                    let dict = PyDict::new(py);
                    dict.set_item("method", record.method)?;
                    dict.set_item("path", record.path)?;
                    dict.set_item("query", record.query)?;
                    dict.set_item("status", record.status)?;
                    Ok(dict)
                })
                .collect()
        })
    }

    fn insert_calls(
        &self,
        py: Python<'_>,
        on: &Bound<'_, PyAny>,
        count: &Bound<'_, PyAny>,
        summaries: bool,
    ) -> PyResult<Vec<i64>> {
        guard(py, || {
            let (on, count) = (date("date", on)?, number("count", count)?);
            Ok(py.detach(|| self.0.insert_calls(on, count, summaries)).map_err(refusal)?)
        })
    }

    fn delete_calls(&self, py: Python<'_>, call_ids: &Bound<'_, PyAny>) -> PyResult<u64> {
        guard(py, || {
            let ids = keys(call_ids)?;
            Ok(py.detach(|| self.0.delete_calls(&ids)).map_err(refusal)?)
        })
    }

    fn withhold_summaries(&self, py: Python<'_>, call_ids: &Bound<'_, PyAny>) -> PyResult<u64> {
        guard(py, || {
            let ids = keys(call_ids)?;
            Ok(py.detach(|| self.0.withhold_summaries(&ids)).map_err(refusal)?)
        })
    }

    fn release_summaries(&self, py: Python<'_>, call_ids: Option<&Bound<'_, PyAny>>) -> PyResult<u64> {
        guard(py, || {
            let ids = call_ids.map(keys).transpose()?;
            Ok(py.detach(|| self.0.release_summaries(ids.as_deref())).map_err(refusal)?)
        })
    }

    fn load_calls(&self, py: Python<'_>, bodies: Vec<PyBackedBytes>) -> PyResult<u64> {
        guard(py, || {
            Ok(py.detach(|| self.0.load_calls(bodies.iter().map(AsRef::as_ref))).map_err(refusal)?)
        })
    }

    fn load_reps(&self, py: Python<'_>, bodies: Vec<PyBackedBytes>) -> PyResult<u64> {
        guard(py, || Ok(py.detach(|| self.0.load_reps(bodies.iter().map(AsRef::as_ref))).map_err(refusal)?))
    }

    #[pyo3(signature = (fault, times))]
    fn fail_next(&self, py: Python<'_>, fault: &Bound<'_, PyAny>, times: &Bound<'_, PyAny>) -> PyResult<()> {
        guard(py, || {
            let (fault, times) = (self::fault(fault)?, number("times", times)?);
            Ok(self.0.fail_next(fault, times).map_err(refusal)?)
        })
    }

    /// What a signal's handler raises ends the wait; the sandbox stops all the same.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, || {
            while !py.detach(|| self.0.stop_within(SLICE)) {
                py.check_signals()?;
            }
            Ok(())
        })
    }
}

fn number<T: TryFrom<u64>>(name: &str, value: &Bound<'_, PyAny>) -> PyResult<T> {
    let number = if value.extract::<bool>().is_ok() { None } else { value.extract::<u64>().ok() };
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| refuse(name, value, "a whole number from 0 that is not too large").into())
}

/// Keys of conversations, in anything that can be iterated: a list, a column of a frame.
fn keys(call_ids: &Bound<'_, PyAny>) -> PyResult<Vec<i64>> {
    let refused = || refuse("call_ids", call_ids, "an iterable of whole numbers");
    let items = call_ids.try_iter().map_err(|_| refused())?;
    items.map(|item| item?.extract::<i64>().map_err(|_| refused().into())).collect()
}

fn date(name: &str, value: &Bound<'_, PyAny>) -> PyResult<chrono::NaiveDate> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(parse_date(name, &text.to_string_lossy())?);
    }
    value
        .is_instance_of::<PyDate>()
        .then(|| {
            let part = |part: &str| value.getattr(part).ok();
            chrono::NaiveDate::from_ymd_opt(
                part("year")?.extract().ok()?,
                part("month")?.extract().ok()?,
                part("day")?.extract().ok()?,
            )
        })
        .flatten()
        .ok_or_else(|| refuse(name, value, "a date or a string like \"2025-07-15\"").into())
}

fn fault(value: &Bound<'_, PyAny>) -> PyResult<Fault> {
    let get = |name: &str| -> PyResult<Option<Bound<'_, PyAny>>> {
        let attribute =
            value.getattr(name).map_err(|_| refuse("faults", value, "a sequence of converz.Fault"))?;
        Ok(Some(attribute).filter(|attribute| !attribute.is_none()))
    };
    let operation = match get("operation")? {
        None => None,
        Some(name) => Some(match name.extract::<String>().as_deref() {
            Ok("calls") => FaultOperation::Calls,
            Ok("reps") => FaultOperation::Reps,
            Ok("report") => FaultOperation::Report,
            Ok("update_calls") => FaultOperation::UpdateCalls,
            Ok("update_reps") => FaultOperation::UpdateReps,
            _ => {
                return Err(refuse(
                    "Fault.operation",
                    &name,
                    "\"calls\", \"reps\", \"report\", \"update_calls\" or \"update_reps\"",
                )
                .into());
            }
        }),
    };
    let requests = match get("request")? {
        None => None,
        Some(one) => Some(match one.extract::<u64>() {
            Ok(one) => vec![one],
            Err(_) => one.extract::<Vec<u64>>().map_err(|_| {
                refuse("Fault.request", &one, "a number from 1 or a sequence of such numbers")
            })?,
        }),
    };
    let retry_after =
        get("retry_after")?.map(|value| value.str().map(|text| text.to_string())).transpose()?;
    let (delay, longest_delay) = match get("delay")? {
        None => (None, None),
        Some(delay) => {
            let refused =
                || refuse("Fault.delay", &delay, "a number of seconds from 0, or a shortest and a longest");
            let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).map_err(|_| refused());
            match (delay.extract::<f64>(), delay.extract::<(f64, f64)>()) {
                (Ok(one), _) => (Some(seconds(one)?), None),
                (_, Ok((shortest, longest))) => (Some(seconds(shortest)?), Some(seconds(longest)?)),
                _ => return Err(refused().into()),
            }
        }
    };
    let probability = get("probability")?
        .map(|value| {
            let number = value.extract::<f64>();
            number.map_err(|_| refuse("Fault.probability", &value, "a number from 0 to 1"))
        })
        .transpose()?;
    let stride = match get("stride")? {
        None => Stride::Cap,
        Some(stride) => match stride.extract::<String>().as_deref() {
            Ok("cap") => Stride::Cap,
            Ok("request") => Stride::Request,
            _ => return Err(refuse("Fault.stride", &stride, "\"cap\" or \"request\"").into()),
        },
    };
    let count = |name: &str| -> PyResult<Option<u64>> {
        get(name)?.map(|value| number(&format!("Fault.{name}"), &value)).transpose()
    };
    Ok(Fault {
        operation,
        requests,
        status: get("status")?.map(|status| number("Fault.status", &status)).transpose()?,
        retry_after,
        probability,
        seed: count("seed")?.unwrap_or_default(),
        delay,
        longest_delay,
        cut: count("cut")?,
        cap: count("cap")?,
        stride,
    })
}

/// A sandbox in the making, and its thread.
type Making = Owned<Mutex<Option<Receiver<Result<sandbox::Sandbox, SandboxError>>>>>;

/// Making a million conversations takes seconds, in which other threads go on and signals are heard: what a handler
/// raises ends the making, and nothing is left of it.
fn start(py: Python<'_>, options: Options) -> PyResult<sandbox::Sandbox> {
    let wanted = Cancellation::default();
    let (sender, made) = mpsc::sync_channel(1);
    let still = wanted.clone();
    let work = move || {
        // Whoever made it is gone only after a signal, and then it is dropped here, and stops.
        let _ = sender.send(sandbox::Sandbox::start_unless_cancelled(options, &still));
    };
    let thread = std::thread::Builder::new().name("converz-sandbox".into()).spawn(work);
    let thread = thread.map_err(|_| no_thread())?;
    // In a process that a signal's handler forks, the thread does not exist.
    let _thread = Owned::new(thread);
    let mut making: Making = Owned::receiver(made);
    loop {
        match making.receive(py, SLICE) {
            Ok(result) => return Ok(result.map_err(refusal)?),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::internal("the sandbox's thread stopped unexpectedly").into());
            }
        }
        let heard = py.check_signals();
        if !making.is_ours() {
            heard?;
            let message = "a sandbox belongs to the process that began to make it: make one in the child";
            return Err(Error::invalid_input(message).into());
        }
        if let Err(raised) = heard {
            wanted.cancel();
            // It looks every few microseconds, and then removes its files. Beyond that, it is not waited for.
            drop(making.receive(py, GRACE));
            return Err(raised);
        }
    }
}

fn refusal(error: SandboxError) -> Error {
    match error {
        SandboxError::InvalidOption(message) => Error::invalid_input(message),
        error @ SandboxError::Stopped => Error::invalid_input(error.to_string()),
        error @ (SandboxError::OutOfMemory | SandboxError::NoThreads) => {
            Error::out_of_memory(error.to_string()).with_source(error)
        }
        other => Error::configuration(other.to_string()).with_source(other),
    }
}
