//! An update on its way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::account::{Account, UpdateProgress, touched_rows};
use super::sender::Sender;
use crate::encode::{Limits, RequestPlan, UpdateFrame};
use crate::error::{Error, Result};
use crate::http::Request;
use crate::query::{Operation, Query};
use crate::resources::{Work, begin, none_left, room_for};

/// An update: its frame, its requests, and how far it has come. It can be asked from another thread while it runs,
/// and after it was cancelled.
#[derive(Debug)]
pub struct Update {
    pub(super) operation: Operation,
    pub(super) frame: UpdateFrame,
    pub(super) requests: Arc<[RequestPlan]>,
    account: Account,
    started: AtomicBool,
}

/// An update that was finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateOutcome {
    /// Rows of which at least one cell was written.
    pub rows: usize,
    pub cells: usize,
    pub requests: usize,
    pub retries: u64,
    /// Of all bodies.
    pub bytes: u64,
    pub elapsed: Duration,
}

impl Update {
    /// Settles the requests, without writing or sending any.
    ///
    /// # Errors
    /// Rows that alone are larger than the limit, and cells that do not say what they are.
    pub fn new(operation: Operation, frame: UpdateFrame, limits: Limits) -> Result<Self> {
        if operation.method() != "POST" || operation.key() != Some(frame.key().name()) {
            return Err(Error::internal(format!("{operation:?} does not take a frame by {:?}", frame.key())));
        }
        frame.check_clear()?;
        let requests = frame.requests(limits)?.into();
        Ok(Self { operation, frame, requests, account: Account::default(), started: AtomicBool::new(false) })
    }

    pub fn frame(&self) -> &UpdateFrame {
        &self.frame
    }

    pub fn progress(&self) -> UpdateProgress {
        self.account.progress(&self.frame, &self.requests)
    }

    /// The error of an update that is cancelled now: a request on its way is in doubt.
    #[must_use]
    pub fn cancelled(&self, cause: Error) -> Error {
        self.account.failure(&self.frame, &self.requests, cause)
    }

    /// Sends every request, in order. May be called once.
    ///
    /// # Errors
    /// `Update`, with the rows that are committed, in doubt and unsent, and the cause.
    pub async fn run(&self, sender: &impl Sender) -> Result<UpdateOutcome> {
        if self.started.swap(true, Ordering::SeqCst) {
            return Err(Error::internal("an update runs once"));
        }
        let begin = Instant::now();
        let mut next = self.write_ahead(0, Vec::new());
        let mut spare = Vec::new();
        for (index, request) in self.requests.iter().enumerate() {
            let body = match next.take() {
                Some(written) => {
                    written.await.and_then(|written| written).map_err(|error| self.cancelled(error))?
                }
                None => return Err(self.cancelled(Error::internal("a body was not written"))),
            };
            next = self.write_ahead(index + 1, spare);
            let body = Bytes::from(body);
            self.account.sending();
            let sent =
                Request { operation: self.operation, query: Query::default(), body: Some(body.clone()) };
            match sender.send(sent, request.rows).await {
                Ok(cost) => self.account.answered(request, cost.attempts),
                Err(failure) => {
                    self.account.failed(failure.in_doubt);
                    return Err(self.cancelled(failure.error));
                }
            }
            spare = recycled(body);
        }
        let progress = self.progress();
        Ok(UpdateOutcome {
            rows: touched_rows(&self.frame, &self.requests),
            cells: progress.cells,
            requests: progress.requests,
            retries: progress.retries,
            bytes: progress.bytes,
            elapsed: begin.elapsed(),
        })
    }

    /// Writes a body where it holds up nobody.
    fn write_ahead(&self, index: usize, mut buffer: Vec<u8>) -> Option<Work<Result<Vec<u8>>>> {
        let request = self.requests.get(index)?.clone();
        let frame = self.frame.clone();
        Some(begin(move || {
            room_for(request.bytes.saturating_sub(buffer.capacity()))?;
            buffer.clear();
            buffer.try_reserve_exact(request.bytes).map_err(|_| none_left())?;
            frame.write(&request, &mut buffer);
            Ok(buffer)
        }))
    }
}

/// The memory of a body, unless somebody still reads it.
fn recycled(body: Bytes) -> Vec<u8> {
    if body.is_unique() { body.into() } else { Vec::new() }
}
