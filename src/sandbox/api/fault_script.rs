//! The script of faults: which requests it plays on, and what it does to an answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
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

pub(in crate::sandbox) struct Script {
    faults: Vec<Fault>,
    /// What goes wrong on the next requests, and on how many more.
    upcoming: Mutex<Vec<(Fault, u64)>>,
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
        Self { faults, upcoming: Mutex::default(), seen: Default::default() }
    }

    /// Plays a fault on the next requests of its operation, so many of them.
    pub fn add(&self, fault: Fault, times: u64) {
        self.upcoming.lock().unwrap_or_else(PoisonError::into_inner).push((fault, times));
    }

    /// The fault that was kept for this request.
    fn take(&self, operation: FaultOperation) -> Option<Fault> {
        let mut upcoming = self.upcoming.lock().unwrap_or_else(PoisonError::into_inner);
        let place = upcoming
            .iter()
            .position(|(fault, left)| *left > 0 && fault.operation.is_none_or(|one| one == operation))?;
        let (fault, left) = upcoming.get_mut(place)?;
        *left -= 1;
        let fault = fault.clone();
        upcoming.retain(|(_, left)| *left > 0);
        Some(fault)
    }

    /// Counts a request and looks up what happens to it.
    pub(super) fn next(&self, operation: FaultOperation) -> Effects {
        let [own @ .., all] = &self.seen;
        let all = all.fetch_add(1, Ordering::Relaxed) + 1;
        let counter = OPERATIONS.iter().zip(own).find(|(one, _)| **one == operation);
        let own = counter.map_or(all, |(_, counter)| counter.fetch_add(1, Ordering::Relaxed) + 1);
        let mut effects = Effects::default();
        if let Some(fault) = self.take(operation) {
            effects.add(&fault, fault.delay);
        }
        for (place, fault) in self.faults.iter().enumerate() {
            let number = match fault.operation {
                None => all,
                Some(one) if one == operation => own,
                Some(_) => continue,
            };
            if fault.requests.as_ref().is_some_and(|requests| !requests.contains(&number)) {
                continue;
            }
            let mut chance = Chance::new(fault.seed, place, number);
            if fault.probability.is_some_and(|probability| chance.draw() >= probability) {
                continue;
            }
            let delay = match (fault.delay, fault.longest_delay) {
                (Some(shortest), Some(longest)) => {
                    Some(shortest + longest.saturating_sub(shortest).mul_f64(chance.draw()))
                }
                (delay, _) => delay,
            };
            effects.add(fault, delay);
        }
        effects
    }
}

/// Chance that depends on nothing but the number of the request, whichever of several comes first.
struct Chance(u64);

impl Chance {
    fn new(seed: u64, place: usize, number: u64) -> Self {
        let mut chance = Self(seed);
        for part in [place as u64, number] {
            chance.0 = chance.next() ^ part;
        }
        chance
    }

    /// From 0 on, below 1.
    fn draw(&mut self) -> f64 {
        let parts = u32::try_from(self.next() >> 32).unwrap_or_default();
        f64::from(parts) / (f64::from(u32::MAX) + 1.0)
    }

    /// The generator that is known as `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Effects {
    /// Adds what a fault does, where nothing else does it.
    fn add(&mut self, fault: &Fault, delay: Option<Duration>) {
        self.status = self.status.or(fault.status);
        self.retry_after = self.retry_after.take().or_else(|| fault.retry_after.clone());
        self.delay = self.delay.or(delay);
        self.cut = self.cut.or(fault.cut);
        self.cap = self.cap.or(fault.cap.map(|rows| Cap { rows, stride: fault.stride }));
    }

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
