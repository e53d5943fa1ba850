//! What a sandbox is started with.

use std::fmt;
use std::path::PathBuf;

use chrono::{Datelike, NaiveDate};

use super::error::SandboxError;
use super::fault::Fault;

/// What a sandbox is started with. `calls`, `reps`, `days`, `seed`, `today` and `story` shape the data of a new
/// database; a database that `path` finds is served as it is and they are ignored, `today` included.
#[derive(Clone)]
pub struct Options {
    /// How many conversations.
    pub calls: u64,
    /// How many users.
    pub reps: u64,
    /// Over how many days, the last of which is `today`.
    pub days: u32,
    /// Which of the many possible contact centres.
    pub seed: u64,
    /// The date that counts as today; `None`: the real one.
    pub today: Option<NaiveDate>,
    /// Whether the data tell a story: an outage, a campaign that starts, a training, and what is missing.
    pub story: bool,
    /// The file that keeps the data; `None`: a temporary one.
    pub path: Option<PathBuf>,
    /// The script of what goes wrong.
    pub faults: Vec<Fault>,
    /// The port; 0: any that is free.
    pub port: u16,
    /// The key that requests must carry; `None`: a new one.
    pub api_key: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            calls: 10_000,
            reps: 100,
            days: 90,
            seed: 0,
            today: None,
            story: true,
            path: None,
            faults: Vec::new(),
            port: 0,
            api_key: None,
        }
    }
}

/// Without the key.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("calls", &self.calls)
            .field("reps", &self.reps)
            .field("days", &self.days)
            .field("seed", &self.seed)
            .field("today", &self.today)
            .field("story", &self.story)
            .field("path", &self.path)
            .field("faults", &self.faults)
            .field("port", &self.port)
            .field("api_key", &self.api_key.as_ref().map(|_| format_args!("***")))
            .finish()
    }
}

const MAX_CALLS: u64 = 1_000_000_000;
const MAX_REPS: u64 = 1_000_000;
const MAX_DAYS: u32 = 3_660;

impl Options {
    pub(super) fn check(&self) -> Result<(), SandboxError> {
        let refuse = |message: String| Err(SandboxError::InvalidOption(message));
        if self.calls > MAX_CALLS {
            return refuse(format!("calls is {}, at most {MAX_CALLS} are possible", self.calls));
        }
        if self.reps > MAX_REPS {
            return refuse(format!("reps is {}, at most {MAX_REPS} are possible", self.reps));
        }
        if self.reps == 0 && self.calls > 0 {
            return refuse(format!("reps is 0, but {} calls need somebody to take them", self.calls));
        }
        if self.days == 0 || self.days > MAX_DAYS {
            return refuse(format!("days is {}, it must be from 1 to {MAX_DAYS}", self.days));
        }
        if let Some(today) = self.today.filter(|today| !(1900..=9998).contains(&today.year())) {
            return refuse(format!("today is {today}, it must lie in the years 1900 to 9998"));
        }
        if let Some(key) = &self.api_key
            && (key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return refuse("api_key must be visible ASCII characters without blanks".into());
        }
        self.faults.iter().try_for_each(Fault::check)
    }
}
