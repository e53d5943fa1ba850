//! The settings of a client as Python passes and shows them.

use std::env::VarError;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};

use super::refusal::refuse_setting;
use crate::error::Error;
use crate::settings::{ApiKey, Settings, parse_last_page, parse_proxy};

/// A key, or an address that may hold a password, on its way from a constructor, in no form that Python can show.
#[pyclass(frozen, module = "converz._core", name = "Secret")]
pub struct Secret(Mutex<Passed>);

enum Passed {
    Nothing,
    Text(String),
    /// Returns the key.
    Function(Py<PyAny>),
    /// The name of the type of what was passed, which is not a string.
    NoString(String),
}

/// Where the key of a client comes from.
#[derive(Debug)]
pub enum KeyFrom {
    Argument,
    Environment,
    /// Called when a connection is made.
    Function(Py<PyAny>),
}

/// In place of a key that a function returns, which no service gets to see.
const NO_KEY: &str = "no-key-yet";

#[pymethods]
impl Secret {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.0.try_lock().as_deref() {
            Ok(Passed::Function(function)) => visit.call(function),
            _ => Ok(()),
        }
    }

    /// Never fails: an error would show the caller's frame, which still has the secret.
    #[new]
    fn new(value: &Bound<'_, PyAny>) -> Self {
        let taken = if value.is_none() {
            Passed::Nothing
        } else if let Ok(secret) = value.cast::<Self>() {
            // On its way through several of them.
            std::mem::replace(&mut *secret.get().lock(), Passed::Nothing)
        } else {
            match value.cast::<PyString>().map(|text| text.to_string_lossy().into_owned()) {
                Ok(text) => Passed::Text(text),
                Err(_) if value.is_callable() => Passed::Function(value.clone().unbind()),
                Err(_) => {
                    Passed::NoString(value.get_type().name().map(|name| name.to_string()).unwrap_or_default())
                }
            }
        };
        Self(Mutex::new(taken))
    }
}

impl Secret {
    /// One that was not passed by a user.
    pub fn of(text: &str) -> Self {
        Self(Mutex::new(Passed::Text(text.to_owned())))
    }

    fn lock(&self) -> MutexGuard<'_, Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The function, which is here no longer, if it is one.
    fn take_function(&self) -> Option<Py<PyAny>> {
        let mut taken = self.lock();
        match std::mem::replace(&mut *taken, Passed::Nothing) {
            Passed::Function(function) => Some(function),
            other => {
                *taken = other;
                None
            }
        }
    }

    /// The text, which is here no longer; none if none was passed.
    pub fn take(&self, name: &str) -> Result<Option<String>, Error> {
        match std::mem::replace(&mut *self.lock(), Passed::Nothing) {
            Passed::Nothing => Ok(None),
            Passed::Text(text) => Ok(Some(text)),
            Passed::Function(_) => {
                Err(Error::configuration(format!("{name} is a function: it must be a string")))
            }
            Passed::NoString(class) => {
                Err(Error::configuration(format!("{name} is of type {class}: it must be a string")))
            }
        }
    }
}

/// The key that a function returns.
///
/// # Errors
/// What the function raises, and a value that is no key.
pub fn key_of(function: &Bound<'_, PyAny>) -> PyResult<ApiKey> {
    let returned = function.call0()?;
    let Ok(text) = returned.cast::<PyString>() else {
        let class = returned.get_type().name().map(|name| name.to_string()).unwrap_or_default();
        let message = format!(
            "the function api_key returned a value of type {class}: it must return the key, a string"
        );
        return Err(Error::configuration(message).into());
    };
    Ok(ApiKey::new(&text.to_string_lossy())?)
}

/// Reads and checks every setting. Also says where the key comes from.
pub fn build(
    base_url: &Secret,
    api_key: &Secret,
    proxy: &Secret,
    arguments: &Bound<'_, PyDict>,
) -> PyResult<(Settings, KeyFrom)> {
    // All are taken before one is refused, so that none is left in what a traceback can show.
    let function = api_key.take_function();
    let (base_url, key, proxy) = (base_url.take("base_url"), api_key.take("api_key"), proxy.take("proxy"));
    let (base_url, key) = (base_url?, key?);
    let key = if function.is_some() { Some(NO_KEY.to_owned()) } else { key };
    let key_from = match function {
        Some(function) => KeyFrom::Function(function),
        None if key.is_none() => KeyFrom::Environment,
        None => KeyFrom::Argument,
    };
    let base_url = base_url.map_or_else(|| environment("base_url", "CONVERZ_BASE_URL"), Ok);
    let key = key.map_or_else(|| environment("api_key", "CONVERZ_API_KEY"), Ok);
    let (base_url, key) = match (base_url, key) {
        (Ok(base_url), Ok(key)) => (base_url, key),
        // Who has to set both learns of both at once.
        (Err(base_url), Err(key)) => return Err(missing(&format!("{base_url}, and {key}")).into()),
        (Err(what), _) | (_, Err(what)) => return Err(missing(&what).into()),
    };
    let key = ApiKey::new(&key)?;
    let given = Given(arguments);
    let mut settings = Settings::new(&base_url, key, given.flag("allow_http")?.unwrap_or(false))?;
    if let Some(timeout) = given.seconds("timeout")? {
        settings.timeout = timeout;
    }
    if let Some(timeout) = given.seconds("connect_timeout")? {
        settings.connect_timeout = timeout;
    }
    if let Some(timeout) = given.seconds("first_byte_timeout")? {
        settings.first_byte_timeout = timeout;
    }
    if let Some(timeout) = given.seconds("stall_timeout")? {
        settings.stall_timeout = timeout;
    }
    if let Some(retries) = given.count("max_retries")? {
        settings.max_retries = retries;
    }
    if let Some(rows) = given.count("page_size")? {
        settings.page_size = rows;
    }
    if let Some(pages) = given.count("max_concurrency")? {
        settings.max_concurrency = pages;
    }
    if let Some(connections) = given.count("max_connections")? {
        settings.max_connections = connections;
    }
    if let Some(bytes) = given.count("max_update_bytes")? {
        settings.max_update_bytes = bytes;
    }
    if let Some(bytes) = given.count("max_response_bytes")? {
        settings.max_response_bytes = bytes;
    }
    if let Some(depth) = given.count("max_depth")? {
        settings.max_depth = depth;
    }
    if let Some(bytes) = given.count("max_value_bytes")? {
        settings.max_value_bytes = bytes;
    }
    if let Some(lossy) = given.flag("lossy")? {
        settings.lossy = lossy;
    }
    if let Some(page) = given.get("last_page")? {
        let name: String =
            page.extract().map_err(|_| refuse_setting("last_page", &page, "\"empty\" or \"short\""))?;
        settings.last_page = parse_last_page(&name)?;
    }
    if let Some(user_agent) = given.get("user_agent")? {
        settings.user_agent =
            user_agent.extract().map_err(|_| refuse_setting("user_agent", &user_agent, "a string"))?;
    }
    if let Some(path) = given.get("ca_file")? {
        settings.ca_file = Some(
            path.extract::<PathBuf>().map_err(|_| refuse_setting("ca_file", &path, "the path of a file"))?,
        );
    }
    if let Some(proxy) = proxy? {
        settings.proxy = Some(parse_proxy(&proxy)?);
    }
    settings.validate()?;
    Ok((settings, key_from))
}

/// The settings in force, without the key and the proxy's user and password.
pub fn show<'py>(py: Python<'py>, settings: &Settings) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("base_url", settings.base_url.as_str())?;
    dict.set_item("timeout", settings.timeout.as_secs_f64())?;
    dict.set_item("connect_timeout", settings.connect_timeout.as_secs_f64())?;
    dict.set_item("first_byte_timeout", settings.first_byte_timeout.as_secs_f64())?;
    dict.set_item("stall_timeout", settings.stall_timeout.as_secs_f64())?;
    dict.set_item("max_retries", settings.max_retries)?;
    dict.set_item("page_size", settings.page_size)?;
    dict.set_item("max_concurrency", settings.max_concurrency)?;
    dict.set_item("max_connections", settings.max_connections)?;
    dict.set_item("max_update_bytes", settings.max_update_bytes)?;
    dict.set_item("max_response_bytes", settings.max_response_bytes)?;
    dict.set_item("max_depth", settings.max_depth)?;
    dict.set_item("max_value_bytes", settings.max_value_bytes)?;
    dict.set_item("ca_file", settings.ca_file.as_ref().map(|path| path.to_string_lossy().into_owned()))?;
    dict.set_item("proxy", settings.shown_proxy())?;
    dict.set_item("user_agent", &settings.user_agent)?;
    dict.set_item("lossy", settings.lossy)?;
    dict.set_item("last_page", settings.last_page.name())?;
    Ok(dict)
}

/// What the environment has for an argument that was not passed; or what it lacks.
fn environment(argument: &str, variable: &str) -> Result<String, String> {
    let state = match std::env::var(variable) {
        Ok(value) if !value.trim().is_empty() => return Ok(value),
        Ok(_) => "is empty",
        Err(VarError::NotPresent) => "is not set",
        Err(VarError::NotUnicode(_)) => "is no text",
    };
    Err(format!("{argument} was not passed and the environment variable {variable} {state}"))
}

fn missing(what: &str) -> Error {
    Error::configuration(format!(
        "{what}: pass Client(base_url, api_key) or set the variables; without a service, converz.Sandbox() is one"
    ))
}

struct Given<'a, 'py>(&'a Bound<'py, PyDict>);

impl<'py> Given<'_, 'py> {
    fn get(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.0.get_item(name)?.filter(|value| !value.is_none()))
    }

    fn flag(&self, name: &str) -> PyResult<Option<bool>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        value.extract().map(Some).map_err(|_| refuse_setting(name, &value, "True or False").into())
    }

    fn seconds(&self, name: &str) -> PyResult<Option<Duration>> {
        const ALLOWED: &str = "a number of seconds above 0";
        let Some(value) = self.get(name)? else { return Ok(None) };
        if value.is_instance_of::<PyBool>() {
            return Err(refuse_setting(name, &value, ALLOWED).into());
        }
        value
            .extract::<f64>()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|seconds| !seconds.is_zero())
            .map(Some)
            .ok_or_else(|| refuse_setting(name, &value, ALLOWED).into())
    }

    fn count<T: TryFrom<u64>>(&self, name: &str) -> PyResult<Option<T>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let count = if value.is_instance_of::<PyBool>() { None } else { value.extract::<u64>().ok() };
        count
            .and_then(|count| T::try_from(count).ok())
            .map(Some)
            .ok_or_else(|| refuse_setting(name, &value, "a whole number from 0 that is not too large").into())
    }
}
