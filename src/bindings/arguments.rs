//! The arguments of an operation as Python passes them → a validated query.

use chrono::{Local, NaiveDate, NaiveDateTime, NaiveTime};
use pyo3::Borrowed;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyDict, PyInt, PyMapping, PyString};

use super::refusal::{refuse, shown};
use crate::error::Error;
use crate::fetch::{Window, windows};
use crate::query::{
    CallsQuery, Operation, Query, ReportQuery, RepsQuery, dates_of_days, parse_date, parse_time,
};
use crate::update::Range;

/// The API's own arguments of one operation, by name.
pub struct Arguments<'a, 'py>(pub &'a Bound<'py, PyDict>);

impl<'py> Arguments<'_, 'py> {
    /// The query of a read.
    pub fn query(&self, operation: Operation) -> PyResult<Query> {
        Ok(match operation {
            Operation::Calls => self.calls()?.build(),
            Operation::Reps => self.reps()?.build(),
            Operation::Report => self.report()?.build(),
            Operation::UpdateCalls | Operation::UpdateReps => {
                Err(Error::internal(format!("{operation:?} reads nothing")))
            }
        }?)
    }

    /// The days of a range, newest first, each as its first and last date.
    pub fn windows(&self) -> PyResult<Vec<Window>> {
        let since = self.date("since")?.ok_or_else(|| Error::invalid_input("since is missing"))?;
        Ok(windows(since, self.date("until")?)?)
    }

    /// The days of a read, newest first, and what is asked for on each.
    pub fn by_day(&self) -> PyResult<(Vec<Window>, Query)> {
        let query = self.calls()?;
        // Built once for its errors.
        query.build()?;
        let Some(since) = query.start_date else {
            return Err(Error::invalid_input(
                "by_day=True needs to know the first day: pass start_date=, such as start_date=\"2025-07-01\", or days=",
            )
            .into());
        };
        let windows = windows(since, query.end_date)?;
        Ok((windows, CallsQuery { start_date: None, end_date: None, ..query }.build()?))
    }

    /// One window.
    pub fn window(&self) -> PyResult<Window> {
        let query = self.calls()?;
        // Built once for its errors.
        query.build()?;
        let missing = |name| Error::invalid_input(format!("a window has no {name}"));
        Ok(Window {
            start_date: query.start_date.ok_or_else(|| missing("start_date"))?,
            end_date: query.end_date.ok_or_else(|| missing("end_date"))?,
            after: query.after,
            before: query.before,
        })
    }

    /// Where the plan of an update looks for its rows: as these arguments say, if any of them does.
    pub fn range(&self, operation: Operation) -> PyResult<Range> {
        if self.0.values().iter().all(|value| value.is_none()) {
            return Ok(Range::FromFrame);
        }
        // Built once for its errors, before anything is sent.
        Ok(match operation {
            Operation::Reps | Operation::UpdateReps => {
                let query = self.reps()?;
                query.build()?;
                Range::Reps(query)
            }
            Operation::Calls | Operation::UpdateCalls => {
                let query = self.calls()?;
                query.build()?;
                Range::Calls(query)
            }
            Operation::Report => return Err(Error::internal("a report updates nothing").into()),
        })
    }

    fn calls(&self) -> PyResult<CallsQuery> {
        let mut dates = (self.date("start_date")?, self.date("end_date")?);
        if let Some(days) = self.integer("days")? {
            let (start, end) = dates_of_days(days, dates.0, dates.1, Local::now().date_naive())?;
            dates = (Some(start), Some(end));
        }
        Ok(CallsQuery {
            start_date: dates.0,
            end_date: dates.1,
            after: self.time("after")?,
            before: self.time("before")?,
            metric: self.strings("metric")?,
            rep_id: self.strings("rep_id")?,
            vendor: self.strings("vendor")?,
            campaign: self.strings("campaign")?,
            subcampaign: self.strings("subcampaign")?,
            department: self.strings("department")?,
            vendor_call_id: self.strings("vendor_call_id")?,
            columns: self.strings("columns")?,
        })
    }

    fn reps(&self) -> PyResult<RepsQuery> {
        Ok(RepsQuery {
            department: self.strings("department")?,
            rep_id: self.strings("rep_id")?,
            active: self.flag("active")?,
        })
    }

    fn report(&self) -> PyResult<ReportQuery> {
        Ok(ReportQuery {
            start_date: self.date("start_date")?,
            end_date: self.date("end_date")?,
            days: self.integer("days")?,
            vendor: self.strings("vendor")?,
            rep_id: self.strings("rep_id")?,
            campaign: self.strings("campaign")?,
            department: self.strings("department")?,
            subcampaign: self.strings("subcampaign")?,
            metric: self.strings("metric")?,
            groupby: self.strings("groupby")?,
        })
    }

    pub fn strings(&self, name: &str) -> PyResult<Option<Vec<String>>> {
        strings(name, self.given(name)?.as_ref())
    }

    fn date(&self, name: &str) -> PyResult<Option<NaiveDate>> {
        const ALLOWED: &str = "a string like \"2025-07-15\", a date or a datetime";
        let Some(value) = self.given_time(name)? else { return Ok(None) };
        if let Ok(text) = value.cast::<PyString>() {
            let text = utf8(name, text)?;
            return Ok(Some(parse_date(name, &text)?));
        }
        if has_zone(&value)? {
            // Which day it is depends on the zone, and that of the service is not documented.
            return Err(refuse(
                name,
                &value,
                "a string like \"2025-07-15\", a date or a datetime without a zone: with one, which day it is depends on where \
                 one is, so pass `.astimezone(zone).date()` with the zone of the service",
            )
            .into());
        }
        let date = value.is_instance_of::<PyDate>().then(|| calendar_date(&value)).flatten();
        date.map(Some).ok_or_else(|| refuse(name, &value, ALLOWED).into())
    }

    fn time(&self, name: &str) -> PyResult<Option<NaiveDateTime>> {
        const ALLOWED: &str = "a string like \"2025-07-15 12:00\", a datetime or a date";
        let Some(value) = self.given_time(name)? else { return Ok(None) };
        if let Ok(text) = value.cast::<PyString>() {
            let text = utf8(name, text)?;
            return Ok(Some(parse_time(name, &text)?));
        }
        if !value.is_instance_of::<PyDate>() {
            return Err(refuse(name, &value, ALLOWED).into());
        }
        if has_zone(&value)? {
            // The zone of the service's times is not documented, so no conversion could be right.
            return Err(refuse(
                name,
                &value,
                "a time without a zone: pass `.astimezone(zone).replace(tzinfo=None)` with the zone of the service",
            )
            .into());
        }
        let date = calendar_date(&value).ok_or_else(|| refuse(name, &value, ALLOWED))?;
        if !value.is_instance_of::<PyDateTime>() {
            return Ok(Some(date.and_time(NaiveTime::MIN)));
        }
        let part = |part: &str| -> PyResult<u32> { value.getattr(part)?.extract() };
        NaiveTime::from_hms_micro_opt(part("hour")?, part("minute")?, part("second")?, part("microsecond")?)
            .map(|time| Some(date.and_time(time)))
            .ok_or_else(|| refuse(name, &value, ALLOWED).into())
    }

    fn integer(&self, name: &str) -> PyResult<Option<i64>> {
        let Some(value) = self.given(name)? else { return Ok(None) };
        integer(&value).map(Some).ok_or_else(|| refuse(name, &value, "a whole number").into())
    }

    fn flag(&self, name: &str) -> PyResult<Option<bool>> {
        let Some(value) = self.given(name)? else { return Ok(None) };
        if let Ok(flag) = value.extract::<bool>() {
            return Ok(Some(flag));
        }
        match integer(&value) {
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            _ => Err(refuse(name, &value, "True, False, 1 or 0").into()),
        }
    }

    fn given(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.0.get_item(name)?.filter(|value| !value.is_none()))
    }

    /// The same, and numpy's times as Python's.
    fn given_time(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(value) = self.given(name)? else { return Ok(None) };
        if value.get_type().name()? != "datetime64" {
            return Ok(Some(value));
        }
        // One that is no time becomes None, and what is too far away for Python a number.
        let time = value.call_method1("astype", ("datetime64[us]",))?.call_method0("item")?;
        Ok(Some(if time.is_instance_of::<PyDate>() { time } else { value }))
    }
}

/// A string, or a sequence of them.
pub fn strings(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Vec<String>>> {
    let Some(value) = value else { return Ok(None) };
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Some(vec![utf8(name, text)?]));
    }
    let elements = if value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyByteArray>()
        || value.cast::<PyMapping>().is_ok()
        || is_frame_or_file(value)?
    {
        None
    } else {
        value.try_iter().ok()
    };
    let Some(elements) = elements else {
        return Err(refuse(name, value, "a string or a sequence of strings").into());
    };
    let mut strings = Vec::new();
    for (position, element) in elements.enumerate() {
        let element = element?;
        // The elements of pyarrow's arrays are objects around a string.
        let element = element.call_method0(intern!(element.py(), "as_py")).unwrap_or(element);
        let Ok(text) = element.cast::<PyString>() else {
            return Err(Error::invalid_input(format!(
                "{name} holds {} at position {position}, which is not a string: it takes a string or a sequence of \
                 strings",
                shown(&element)
            ))
            .into());
        };
        strings.push(utf8(name, text)?);
    }
    Ok(Some(strings))
}

/// What can be gone through, but for the names of columns, or for lines. It is asked of the type, since what frames that are
/// not read yet say of their columns takes reading them.
fn is_frame_or_file(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let kind = value.get_type();
    Ok(kind.hasattr("columns")? || kind.hasattr("readline")?)
}

/// A row limit: none, or a whole number from 0.
pub fn limit(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<u64>> {
    let Some(value) = value else { return Ok(None) };
    integer(value)
        .and_then(|limit| u64::try_from(limit).ok())
        .map(Some)
        .ok_or_else(|| refuse("limit", value, "a number of rows from 0").into())
}

/// Whether columns of dates become such.
pub fn by_day(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    value.extract().map_err(|_| refuse("by_day", value, "True or False").into())
}

pub fn parse_dates(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    value.extract().map_err(|_| refuse("parse_dates", value, "True or False").into())
}

/// A whole number of any type that says it is one (numpy's too), but not a bool.
fn integer(value: &Bound<'_, PyAny>) -> Option<i64> {
    if value.is_instance_of::<PyBool>() {
        return None;
    }
    if value.is_instance_of::<PyInt>() {
        return value.extract().ok();
    }
    value.call_method0("__index__").ok()?.extract().ok()
}

fn has_zone(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(value.is_instance_of::<PyDateTime>() && !value.getattr("tzinfo")?.is_none())
}

/// `NaT` of pandas is an instance of datetime, but has no day.
fn calendar_date(value: &Bound<'_, PyAny>) -> Option<NaiveDate> {
    let part = |part: &str| value.getattr(part).ok();
    NaiveDate::from_ymd_opt(
        part("year")?.extract().ok()?,
        part("month")?.extract().ok()?,
        part("day")?.extract().ok()?,
    )
}

fn utf8(name: &str, text: &Bound<'_, PyString>) -> PyResult<String> {
    text.extract().map_err(|cause: PyErr| {
        let error = PyErr::from(Error::invalid_input(format!(
            "{name} holds {}, which has a lone surrogate and cannot be sent",
            shown(text)
        )));
        error.set_cause(text.py(), Some(cause));
        error
    })
}

impl FromPyObject<'_, '_> for Operation {
    type Error = PyErr;

    /// An operation by the name of its verb.
    fn extract(name: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match name.extract::<String>().as_deref() {
            Ok("calls") => Ok(Self::Calls),
            Ok("reps") => Ok(Self::Reps),
            Ok("report") => Ok(Self::Report),
            Ok("update_calls") => Ok(Self::UpdateCalls),
            Ok("update_reps") => Ok(Self::UpdateReps),
            _ => Err(refuse(
                "operation",
                &name,
                "\"calls\", \"reps\", \"report\", \"update_calls\" or \"update_reps\"",
            )
            .into()),
        }
    }
}
