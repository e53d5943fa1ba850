//! Sending with a journal of what was answered.

use std::sync::{Arc, Mutex, PoisonError};

use super::journal::Journal;
use super::sender::Sender;
use crate::error::Error;
use crate::http::{Cost, Request, SendError};
use crate::resources::begin;

/// Notes in a journal, if there is one, what was answered, before anything else is sent.
#[derive(Debug, Clone)]
pub struct Journaling<S> {
    sender: S,
    journal: Option<Arc<Mutex<Journal>>>,
}

impl<S> Journaling<S> {
    pub fn new(sender: S, journal: Option<Journal>) -> Self {
        Self { sender, journal: journal.map(|journal| Arc::new(Mutex::new(journal))) }
    }
}

impl<S: Sender> Sender for Journaling<S> {
    async fn send(&self, request: Request, rows: usize) -> Result<Cost, SendError> {
        let cost = self.sender.send(request, rows).await?;
        let Some(journal) = self.journal.clone() else { return Ok(cost) };
        let noted = begin(move || journal.lock().unwrap_or_else(PoisonError::into_inner).committed()).await;
        // What the journal does not know must not be followed by anything.
        let failed = |error: Error| SendError { error, in_doubt: true };
        noted.and_then(|noted| noted).map_err(failed)?;
        Ok(cost)
    }
}
