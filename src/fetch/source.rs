//! Whatever serves pages, and why it may not.

use std::future::Future;

use super::answer::Absence;
use super::ask::Ask;
use super::rows::Rows;
use crate::error::{Error, ErrorKind, Result};
use crate::http::Answer;

/// Whatever serves pages.
pub trait PageSource: Send + Sync + 'static {
    type Page: Rows;

    /// Asks for one page, until it is answered or has failed for good.
    fn page(&self, ask: Ask) -> impl Future<Output = Result<Answer<Self::Page>, PageFailure>> + Send;
}

/// Why there is no page.
#[derive(Debug, Clone)]
pub struct PageFailure {
    pub error: Error,
    /// Whether it says that there is none.
    pub absence: Option<Absence>,
}

impl From<Error> for PageFailure {
    fn from(error: Error) -> Self {
        let absence = match error.kind() {
            ErrorKind::Status { status: 204, .. } => Some(Absence::Empty),
            ErrorKind::Status { status: 404 | 410 | 416, .. } => Some(Absence::Missing),
            ErrorKind::Status { status: 400 | 422, .. } => Some(Absence::Refused),
            _ => None,
        };
        Self { error, absence }
    }
}
