//! One request of the API.

use std::sync::Arc;

use bytes::Bytes;

use super::redact::excerpt;
use crate::query::{Operation, Query};

/// Characters of a query in an error.
const SHOWN: usize = 300;

/// One request of the API.
#[derive(Debug, Clone)]
pub struct Request {
    pub operation: Operation,
    pub query: Query,
    /// The JSON body of an update.
    pub body: Option<Bytes>,
}

impl Request {
    /// The request as errors show it, without personal values.
    pub(super) fn label(&self) -> Arc<str> {
        let query = excerpt(&self.query.redacted(), SHOWN);
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{query}", self.operation.method(), self.operation.path()).into()
    }
}
