//! The arguments of an operation as Python passes them → a validated query.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use pyo3::Borrowed;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyDict, PyInt, PyMapping, PyString};

use super::refusal::{refuse, shown};
use crate::error::Error;
use crate::query::{CallsQuery, Operation, Query, ReportQuery, RepsQuery, parse_date, parse_time};
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
        Ok(CallsQuery {
            start_date: self.date("start_date")?,
            end_date: self.date("end_date")?,
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
        let Some(value) = self.given(name)? else { return Ok(None) };
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(Some(vec![utf8(name, text)?]));
        }
        let elements = if value.is_instance_of::<PyBytes>()
            || value.is_instance_of::<PyByteArray>()
            || value.cast::<PyMapping>().is_ok()
        {
            None
        } else {
            value.try_iter().ok()
        };
        let Some(elements) = elements else {
            return Err(refuse(name, &value, "a string or a sequence of strings").into());
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

    fn date(&self, name: &str) -> PyResult<Option<NaiveDate>> {
        const ALLOWED: &str = "a string like \"2025-07-15\", a date or a datetime";
        let Some(value) = self.given(name)? else { return Ok(None) };
        if let Ok(text) = value.cast::<PyString>() {
            let text = utf8(name, text)?;
            return Ok(Some(parse_date(name, &text)?));
        }
        let date = value.is_instance_of::<PyDate>().then(|| calendar_date(&value)).flatten();
        date.map(Some).ok_or_else(|| refuse(name, &value, ALLOWED).into())
    }

    fn time(&self, name: &str) -> PyResult<Option<NaiveDateTime>> {
        const ALLOWED: &str = "a string like \"2025-07-15 12:00\", a datetime or a date";
        let Some(value) = self.given(name)? else { return Ok(None) };
        if let Ok(text) = value.cast::<PyString>() {
            let text = utf8(name, text)?;
            return Ok(Some(parse_time(name, &text)?));
        }
        if !value.is_instance_of::<PyDate>() {
            return Err(refuse(name, &value, ALLOWED).into());
        }
        if value.is_instance_of::<PyDateTime>() && !value.getattr("tzinfo")?.is_none() {
            // The zone of the service's times is not documented, so no conversion could be right.
            return Err(refuse(
                name,
                &value,
                "a time without a zone, in the zone of the service (`.replace(tzinfo=None)` drops one)",
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
