//! How a sandbox is told to misbehave.

use std::time::Duration;

use super::error::SandboxError;

/// One line of the script: on which requests, and what goes wrong there. Where several faults meet on a
/// request, each effect is taken from the first that has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fault {
    /// Which operation; `None`: any of them.
    pub operation: Option<FaultOperation>,
    /// Which requests of that operation with a valid key, counted from 1; `None`: every one.
    pub requests: Option<Vec<u64>>,
    /// How likely it is on each of these requests; `None`: certain.
    pub probability: Option<f64>,
    /// Chooses which requests, and how long delays are: the same number, the same choice for each request.
    pub seed: u64,
    /// Answer this status instead of doing anything.
    pub status: Option<u16>,
    /// The `Retry-After` header, as is.
    pub retry_after: Option<String>,
    /// Hold the answer back for so long; what was asked for is done before.
    pub delay: Option<Duration>,
    /// Where delays differ, the longest of them: any from `delay` on is as likely.
    pub longest_delay: Option<Duration>,
    /// Close the connection after so many bytes of the body, as they go over the wire. A body that is
    /// shorter is cut at its end, so that it always arrives incomplete.
    pub cut: Option<u64>,
    /// Give no more rows a page than this, without a word.
    pub cap: Option<u64>,
    /// Where the pages of a capped list begin.
    pub stride: Stride,
}

/// The operation a fault belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultOperation {
    Calls,
    Reps,
    Report,
    UpdateCalls,
    UpdateReps,
}

/// Where the pages of a capped list begin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stride {
    /// Page `p` begins after `(p - 1) * cap` rows: every row can be had.
    #[default]
    Cap,
    /// Page `p` begins after `(p - 1) * n_per_page` rows: what the cap cut off is on no page.
    Request,
}

impl Fault {
    /// Whether the fault can be played at all.
    pub(super) fn check(&self) -> Result<(), SandboxError> {
        let refuse = |message: String| Err(SandboxError::InvalidOption(message));
        if let Some(status) = self.status.filter(|status| !(200..=599).contains(status)) {
            return refuse(format!("a fault's status {status} cannot be answered: use 200 to 599"));
        }
        if self.requests.as_ref().is_some_and(|requests| requests.contains(&0)) {
            return refuse("a fault's requests are counted from 1: 0 is none of them".into());
        }
        if let Some(probability) = self.probability.filter(|it| !(0.0..=1.0).contains(it)) {
            return refuse(format!("a fault's probability {probability} is not a number from 0 to 1"));
        }
        if self.longest_delay.is_some_and(|longest| self.delay.is_none_or(|delay| longest < delay)) {
            return refuse("a fault's delays go from the shortest to the longest".into());
        }
        if self.cap == Some(0) {
            return refuse("a fault's cap of 0 rows would end every list: use 1 or more".into());
        }
        if let Some(text) = &self.retry_after
            && axum::http::HeaderValue::from_str(text).is_err()
        {
            return refuse(format!("a fault's retry_after {text:?} cannot be a header"));
        }
        Ok(())
    }
}
