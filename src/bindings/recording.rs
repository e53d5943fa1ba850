//! `converz.Recording` below its signature.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::client::Client;
use super::panics::guard;
use super::process::Owned;
use super::runtime::{Task, wait, wait_for_work};
use super::settings::Secret;
use crate::error::{Error, ErrorKind};
use crate::record::{Asking, Options, Record, Recorder, Rules, serve};
use crate::settings::Settings;
use crate::text::quoted;

/// What answers requests, until it is taken to be ended.
type Serving = Owned<Mutex<Option<Task<()>>>>;

/// A recording in use: a small service of this process, which ends with it.
#[pyclass(frozen, module = "converz._core", name = "Recording")]
#[derive(Debug)]
pub struct Recording {
    url: String,
    api_key: Arc<str>,
    recorder: Arc<Recorder>,
    /// None once it is closed. A child of `fork` has none of it.
    serving: Mutex<Option<Serving>>,
}

#[pymethods]
impl Recording {
    #[new]
    #[pyo3(signature = (path, *, record, client, secret, anonymised, safe, hide, shift_weeks, port, api_key))]
    #[expect(clippy::too_many_arguments, reason = "the options of a recording, from one place")]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        record: &str,
        client: Option<&Bound<'_, Client>>,
        secret: &Secret,
        anonymised: bool,
        safe: Vec<String>,
        hide: Vec<String>,
        shift_weeks: i64,
        port: u16,
        api_key: &Secret,
    ) -> PyResult<Self> {
        guard(py, || {
            // Both are taken before one is refused, so that none is left in what a traceback can show.
            let (secret, api_key) = (secret.take("secret"), api_key.take("api_key"));
            let (secret, api_key) = (secret?, api_key?);
            let rules = Rules {
                anonymised,
                safe: safe.into_iter().collect(),
                hide: hide.into_iter().collect(),
                shift_weeks,
            };
            let options = Options { path, record: how(record)?, secret, rules, asking: None };
            let service = client.map(|client| client.get().connection(py)).transpose()?.map(|(http, _)| http);
            let options = Options { asking: client.map(|client| asking(client.get().in_force())), ..options };
            let recorder = wait_for_work(py, move || Recorder::open(options, service))??;
            let recorder = Arc::new(recorder);
            let (listener, url) = listen(port)?;
            let api_key: Arc<str> =
                api_key.unwrap_or_else(|| format!("{:032x}", rand::random::<u128>())).into();
            let (answering, key) = (Arc::clone(&recorder), Arc::clone(&api_key));
            let serving = Task::spawn(async move {
                let listener =
                    tokio::net::TcpListener::from_std(listener).map_err(|error| unservable(port, &error))?;
                serve(listener, answering, key).await;
                Ok(())
            })?;
            let serving = Mutex::new(Some(Owned::new(Mutex::new(Some(serving)))));
            Ok(Self { url, api_key, recorder, serving })
        })
    }

    /// Whether the service may be asked, and so a client is needed.
    #[staticmethod]
    fn asks(py: Python<'_>, path: PathBuf, record: &str) -> PyResult<bool> {
        guard(py, || Ok(how(record)?.asks(&path)))
    }

    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    #[getter]
    fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The key in a form that a line of a traceback does not show.
    #[getter]
    fn secret(&self) -> Secret {
        Secret::of(&self.api_key)
    }

    /// What is hidden, and by how much dates are moved.
    #[getter]
    fn rules<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guard(py, || {
            let rules = self.recorder.rules();
            let dict = PyDict::new(py);
            dict.set_item("anonymise", rules.anonymised)?;
            dict.set_item("safe", rules.safe.iter().collect::<Vec<_>>())?;
            dict.set_item("hide", rules.hide.iter().collect::<Vec<_>>())?;
            dict.set_item("shift_weeks", rules.shift_weeks)?;
            Ok(dict)
        })
    }

    /// The settings that decided what was asked for.
    #[getter]
    fn asking<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guard(py, || {
            let asking = self.recorder.asking();
            let dict = PyDict::new(py);
            dict.set_item("page_size", asking.page_size)?;
            dict.set_item("last_page", &asking.last_page)?;
            dict.set_item("max_update_bytes", asking.max_update_bytes)?;
            Ok(dict)
        })
    }

    /// Closes every connection; writes what is new, if it is to be kept. A second time does nothing.
    fn close(&self, py: Python<'_>, keep: bool) -> PyResult<()> {
        guard(py, || {
            let serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(serving) = serving else { return Ok(()) };
            // In a child of `fork` it is the parent's.
            let Some(task) = serving.get() else { return Ok(()) };
            let task = task.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(task) = task {
                task.cancel(py);
            }
            if !keep {
                return Ok(());
            }
            let recorder = Arc::clone(&self.recorder);
            Ok(wait(py, recorder.save(), |_| Ok(()))??)
        })
    }
}

fn asking(settings: &Settings) -> Asking {
    Asking {
        page_size: settings.page_size,
        last_page: settings.last_page.name().to_owned(),
        max_update_bytes: settings.max_update_bytes,
    }
}

fn how(record: &str) -> Result<Record, Error> {
    Ok(match record {
        "once" => Record::Once,
        "none" => Record::None,
        "new" => Record::New,
        "all" => Record::All,
        other => {
            return Err(Error::invalid_input(format!(
                "record={} is none of \"once\", \"none\", \"new\" and \"all\": pass what is recorded",
                quoted(other)
            )));
        }
    })
}

fn listen(port: u16) -> Result<(TcpListener, String), Error> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, format!("http://{address}")))
    });
    bound.map_err(|error| unservable(port, &error))
}

fn unservable(port: u16, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Configuration, format!("port {port} of 127.0.0.1 cannot be served: {error}"))
}
