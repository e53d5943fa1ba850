//! The settings of a client as Python passes and shows them.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};

use super::refusal::refuse_setting;
use crate::error::Error;
use crate::settings::{ApiKey, Settings, parse_last_page, parse_proxy};

/// A key, or an address that may hold a password, on its way from a constructor, in no form that Python can show.
#[pyclass(frozen, module = "converz._core", name = "Secret")]
pub struct Secret(Mutex<Taken>);

enum Taken {
    Nothing,
    Text(String),
    /// The name of the type of what was passed, which is not a string.
    NoString(String),
}

#[pymethods]
impl Secret {
    /// Never fails: an error would show the caller's frame, which still has the secret.
    #[new]
    fn new(value: &Bound<'_, PyAny>) -> Self {
        let taken = if value.is_none() {
            Taken::Nothing
        } else if let Ok(secret) = value.cast::<Self>() {
            // On its way through several of them.
            std::mem::replace(&mut *secret.get().lock(), Taken::Nothing)
        } else {
            match value.cast::<PyString>().map(|text| text.to_string_lossy().into_owned()) {
                Ok(text) => Taken::Text(text),
                Err(_) => {
                    Taken::NoString(value.get_type().name().map(|name| name.to_string()).unwrap_or_default())
                }
            }
        };
        Self(Mutex::new(taken))
    }
}

impl Secret {
    /// One that was not passed by a user.
    pub fn of(text: &str) -> Self {
        Self(Mutex::new(Taken::Text(text.to_owned())))
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text, which is here no longer; none if none was passed.
    pub fn take(&self, name: &str) -> Result<Option<String>, Error> {
        match std::mem::replace(&mut *self.lock(), Taken::Nothing) {
            Taken::Nothing => Ok(None),
            Taken::Text(text) => Ok(Some(text)),
            Taken::NoString(class) => {
                Err(Error::configuration(format!("{name} is of type {class}: it must be a string")))
            }
        }
    }
}

/// Reads and checks every setting. Also says whether the key came from the environment.
pub fn build(
    base_url: &Secret,
    api_key: &Secret,
    proxy: &Secret,
    arguments: &Bound<'_, PyDict>,
) -> PyResult<(Settings, bool)> {
    // All are taken before one is refused, so that none is left in what a traceback can show.
    let (base_url, key, proxy) = (base_url.take("base_url"), api_key.take("api_key"), proxy.take("proxy"));
    let (key, key_from_environment) = match key? {
        Some(key) => (key, false),
        None => (environment("CONVERZ_API_KEY"), true),
    };
    let key = ApiKey::new(&key)?;
    let base_url = base_url?.unwrap_or_else(|| environment("CONVERZ_BASE_URL"));
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
    Ok((settings, key_from_environment))
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

fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
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
