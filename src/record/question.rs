//! A request as it came, as a recording has it, and as the service must get it.

use bytes::Bytes;
use url::form_urlencoded::{Serializer, parse};

use super::names::Names;
use super::tape::{Asked, Body};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Request;
use crate::query::{Operation, Query};

/// Every parameter of the API.
const PARAMETERS: [&str; 17] = [
    "active",
    "after",
    "before",
    "campaign",
    "columns",
    "days",
    "department",
    "end_date",
    "groupby",
    "metric",
    "n_per_page",
    "page",
    "rep_id",
    "start_date",
    "subcampaign",
    "vendor",
    "vendor_call_id",
];
const BASE: &str = "/api/v1";

/// A request as it came.
#[derive(Debug)]
pub struct Question {
    operation: Operation,
    pairs: Vec<(&'static str, String)>,
    body: Option<Bytes>,
}

impl Question {
    /// # Errors
    /// What is no request of the API.
    pub fn of(method: &http::Method, path: &str, query: &str, body: Bytes) -> Result<Self> {
        let path = path.strip_prefix(BASE).unwrap_or_default();
        let operations = [
            Operation::Calls,
            Operation::Reps,
            Operation::Report,
            Operation::UpdateCalls,
            Operation::UpdateReps,
        ];
        let found =
            operations.into_iter().find(|known| known.path() == path && known.method() == method.as_str());
        let operation = found.ok_or_else(|| {
            let shown: String = format!("{method} {path}").chars().take(80).collect();
            Error::new(
                ErrorKind::Recording,
                format!("{shown:?} is no request of the API, and cannot be recorded"),
            )
        })?;
        let mut pairs = Vec::new();
        for (name, value) in parse(query.as_bytes()) {
            let known = PARAMETERS.into_iter().find(|known| *known == name).ok_or_else(|| {
                let shown: String = name.chars().take(80).collect();
                Error::new(
                    ErrorKind::Recording,
                    format!("{shown:?} is no parameter of the API, and cannot be recorded"),
                )
            })?;
            pairs.push((known, value.into_owned()));
        }
        Ok(Self { operation, pairs, body: (operation.method() == "POST").then_some(body) })
    }

    /// The request as a recording has it.
    ///
    /// # Errors
    /// A body that is no JSON.
    pub fn asked(&self, names: &Names) -> Result<(Asked, Option<Body>)> {
        // The same question, in whatever order its parameters come; that of their values matters.
        let mut pairs: Vec<_> =
            self.pairs.iter().map(|(name, value)| (*name, names.asked(name, value))).collect();
        pairs.sort_by_key(|(name, _)| *name);
        let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
        let mark = if query.is_empty() { "" } else { "?" };
        let request = format!("{} {}{mark}{query}", self.operation.method(), self.operation.path());
        let body = self.body.as_deref().map(|body| Body::of(&names.asked_body(body)?)).transpose()?;
        Ok((Asked { request, sent: body.as_ref().map(|body| body.digest.clone()) }, body))
    }

    /// The request as the service must get it.
    ///
    /// # Errors
    /// Pseudonyms that stand for nothing that was read.
    pub fn sent(&self, names: &Names) -> Result<Request> {
        let mut query = Query::default();
        for (name, value) in &self.pairs {
            query = query.with(name, names.sent(name, value)?);
        }
        let body = self.body.as_deref().map(|body| names.sent_body(body)).transpose()?;
        Ok(Request { operation: self.operation, query, body: body.map(Bytes::from) })
    }

    /// Whether it has values that only the secret could rename.
    pub fn needs_secret(&self, names: &Names) -> bool {
        names.rules.anonymised
            && !names.has_secret()
            && (self.body.is_some()
                || self.pairs.iter().any(|(name, _)| {
                    matches!(*name, "rep_id" | "vendor_call_id") || names.rules.hide.contains(*name)
                }))
    }
}
