//! What was done to fetch a result.

use std::time::Instant;

use super::end::End;
use super::progress::SoFar;
use crate::error::Error;
use crate::http::Cost;
use crate::query::Query;

/// What was done to fetch a result.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Receipt {
    /// Attempts included: `pages` and `retries` together.
    pub requests: u64,
    pub retries: u64,
    /// Pages that were answered, empty ones included.
    pub pages: u64,
    /// Rows of the result.
    pub rows: u64,
    /// Rows left out because an earlier page had their key.
    pub repeated_keys: u64,
    /// How it is known that the result is complete; nothing while it is not.
    pub end: Option<End>,
    /// As they came over the network.
    pub bytes_received: u64,
    /// After decompression.
    pub bytes_decoded: u64,
    pub seconds: f64,
    /// The columns that arrived, in order of their first arrival.
    pub columns: Vec<String>,
    /// What was asked for, but for the page numbers.
    pub query: Query,
}

impl Receipt {
    /// Adds what a page took.
    pub(super) fn answered(&mut self, cost: Cost) {
        self.pages += 1;
        self.requests += u64::from(cost.attempts);
        self.retries += u64::from(cost.attempts.saturating_sub(1));
        self.bytes_received += cost.bytes_received;
        self.bytes_decoded += cost.bytes_decoded;
    }

    /// Adds what a page took that was not answered.
    pub(super) fn failed(&mut self, error: &Error) {
        let attempts = u64::from(error.attempt().unwrap_or(1));
        self.requests += attempts;
        self.retries += attempts.saturating_sub(1);
    }

    /// Adds what another read took, whose rows are not those of this one.
    pub(super) fn spent(&mut self, other: &Self) {
        self.requests += other.requests;
        self.retries += other.retries;
        self.pages += other.pages;
        self.bytes_received += other.bytes_received;
        self.bytes_decoded += other.bytes_decoded;
        self.seconds += other.seconds;
        for column in &other.columns {
            if !self.columns.contains(column) {
                self.columns.push(column.clone());
            }
        }
    }
}

/// A receipt while it is being written.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    receipt: Receipt,
    start: Instant,
}

impl Ledger {
    pub(super) fn new(query: Query) -> Self {
        Self { receipt: Receipt { query, ..Receipt::default() }, start: Instant::now() }
    }

    pub(super) fn answered(&mut self, cost: Cost) {
        self.receipt.answered(cost);
    }

    /// Adds what was read beside this.
    pub(super) fn spent(&mut self, other: &Receipt) {
        self.receipt.spent(other);
    }

    pub(super) fn settled(&mut self, rows: u64, repeated_keys: u64) {
        self.receipt.rows = rows;
        self.receipt.repeated_keys = repeated_keys;
    }

    pub(super) fn ended(&mut self, end: Option<End>) {
        self.receipt.end = end;
    }

    pub(super) fn arrived(&mut self, columns: &[&str], drop: &[String]) {
        for column in columns {
            let known = &mut self.receipt.columns;
            // Pages have the same columns in the same order, but for a few.
            if !known.iter().any(|name| name == column) && !drop.iter().any(|name| name == column) {
                known.push((*column).to_owned());
            }
        }
    }

    /// The columns that have arrived.
    pub(super) fn columns(&self) -> &[String] {
        &self.receipt.columns
    }

    pub(super) fn so_far(&self) -> SoFar {
        let Receipt { pages, rows, bytes_received, bytes_decoded, .. } = self.receipt;
        SoFar { pages, rows, bytes_received, bytes_decoded }
    }

    pub(super) fn receipt(&self) -> Receipt {
        Receipt { seconds: self.start.elapsed().as_secs_f64(), ..self.receipt.clone() }
    }
}
