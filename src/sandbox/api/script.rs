//! The script of faults: which requests it plays on, and what it does to an answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::cut::Cut;
use crate::sandbox::fault::{Fault, FaultOperation, Stride};
use crate::sandbox::problem::Problem;

const OPERATIONS: [FaultOperation; 5] = [
    FaultOperation::Calls,
    FaultOperation::Reps,
    FaultOperation::Report,
    FaultOperation::UpdateCalls,
    FaultOperation::UpdateReps,
];

pub(super) struct Script {
    faults: Vec<Fault>,
    /// How many requests each operation has had, then all of them together.
    seen: [AtomicU64; OPERATIONS.len() + 1],
}

/// A silent cap of pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cap {
    pub rows: u64,
    pub stride: Stride,
}

/// What goes wrong on one request.
#[derive(Debug, Clone, Default)]
pub(super) struct Effects {
    pub status: Option<u16>,
    pub retry_after: Option<String>,
    pub delay: Option<Duration>,
    pub cut: Option<u64>,
    pub cap: Option<Cap>,
}

impl Script {
    pub fn new(faults: Vec<Fault>) -> Self {
        Self { faults, seen: Default::default() }
    }

    /// Counts a request and looks up what happens to it.
    pub fn next(&self, operation: FaultOperation) -> Effects {
        let [own @ .., all] = &self.seen;
        let all = all.fetch_add(1, Ordering::Relaxed) + 1;
        let counter = OPERATIONS.iter().zip(own).find(|(one, _)| **one == operation);
        let own = counter.map_or(all, |(_, counter)| counter.fetch_add(1, Ordering::Relaxed) + 1);
        let mut effects = Effects::default();
        for fault in &self.faults {
            let number = match fault.operation {
                None => all,
                Some(one) if one == operation => own,
                Some(_) => continue,
            };
            if fault.requests.as_ref().is_some_and(|requests| !requests.contains(&number)) {
                continue;
            }
            effects.status = effects.status.or(fault.status);
            effects.retry_after = effects.retry_after.or_else(|| fault.retry_after.clone());
            effects.delay = effects.delay.or(fault.delay);
            effects.cut = effects.cut.or(fault.cut);
            effects.cap = effects.cap.or(fault.cap.map(|rows| Cap { rows, stride: fault.stride }));
        }
        effects
    }
}

impl Effects {
    /// The answer that stands in for the real one.
    pub fn refusal(&self) -> Option<Problem> {
        self.status
            .map(|status| Problem::new(status, "fault", format!("a fault of the sandbox: status {status}")))
    }

    /// Changes an answer, after having held it back.
    pub async fn spoil(self, mut response: Response) -> Response {
        if let Some(delay) = self.delay {
            tokio::time::sleep(delay).await;
        }
        // The text has been tried when the sandbox was started.
        if let Some(value) = self.retry_after.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        if let Some(bytes) = self.cut {
            response.extensions_mut().insert(Cut(bytes));
        }
        response
    }
}
