//! A sandbox that runs, until it is stopped or dropped.

use std::sync::{Arc, Weak};
use std::time::Duration;

use chrono::NaiveDate;

use super::api::{Script, Service, parse};
use super::cancellation::Cancellation;
use super::error::SandboxError;
use super::fault::Fault;
use super::log::{RequestLog, RequestRecord};
use super::options::Options;
use super::problem::Problem;
use super::server::Server;
use super::store::{Entity, Store};

/// The whole API on a port of 127.0.0.1, in threads of its own.
///
/// In a forked child, where those threads don't exist, stopping and dropping it do nothing.
pub struct Sandbox {
    url: String,
    api_key: String,
    /// The process that started it.
    process: u32,
    /// Always there but in the middle of being dropped.
    running: Option<Running>,
}

struct Running {
    server: Server,
    log: Arc<RequestLog>,
    script: Arc<Script>,
    /// It goes with the server.
    store: Weak<Store>,
}

impl Sandbox {
    /// Starts a sandbox; when it returns, requests are answered.
    ///
    /// # Errors
    /// Options that cannot work, a `path` that holds something else, a port that is taken.
    pub fn start(options: Options) -> Result<Self, SandboxError> {
        Self::start_unless_cancelled(options, &Cancellation::default())
    }

    /// Starts a sandbox as long as it is wanted: to make a million conversations takes seconds.
    ///
    /// # Errors
    /// As in `start`, and [`SandboxError::Cancelled`].
    pub fn start_unless_cancelled(options: Options, wanted: &Cancellation) -> Result<Self, SandboxError> {
        options.check()?;
        let store = Arc::new(Store::open(&options, wanted)?);
        wanted.check()?;
        let log = Arc::new(RequestLog::default());
        let api_key = options.api_key.unwrap_or_else(|| format!("sandbox-{:032x}", rand::random::<u128>()));
        let kept = Arc::downgrade(&store);
        let service = Service::new(store, api_key.clone(), options.faults, Arc::clone(&log));
        let script = Arc::clone(&service.script);
        let (server, address) = Server::start(service, options.port)?;
        let running = Running { server, log, script, store: kept };
        let url = format!("http://{address}");
        Ok(Self { url, api_key, process: std::process::id(), running: Some(running) })
    }

    /// `http://127.0.0.1:<port>`, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What requests carry as `X-API-Key`.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The newest requests and how they were answered, oldest first, at most 10,000; in a forked child none.
    pub fn requests(&self) -> Vec<RequestRecord> {
        match &self.running {
            Some(running) if !self.is_forked() => running.log.all(),
            _ => Vec::new(),
        }
    }

    /// Makes up conversations on a day, as if they came late; gives their keys.
    ///
    /// # Errors
    /// A database that fails, a sandbox that has stopped or is another process's.
    pub fn insert_calls(
        &self,
        date: NaiveDate,
        count: u64,
        summaries: bool,
    ) -> Result<Vec<i64>, SandboxError> {
        self.store()?.insert_calls(date, count, summaries)
    }

    /// Deletes those that there are; says how many.
    ///
    /// # Errors
    /// As `insert_calls`.
    pub fn delete_calls(&self, call_ids: &[i64]) -> Result<u64, SandboxError> {
        self.store()?.delete_calls(call_ids)
    }

    /// Takes the summaries of conversations away, as if they had not come yet; says how many.
    ///
    /// # Errors
    /// As `insert_calls`.
    pub fn withhold_summaries(&self, call_ids: &[i64]) -> Result<u64, SandboxError> {
        self.store()?.withhold_summaries(call_ids)
    }

    /// Lets summaries come that were withheld, of these conversations or of all; says how many.
    ///
    /// # Errors
    /// As `insert_calls`.
    pub fn release_summaries(&self, call_ids: Option<&[i64]>) -> Result<u64, SandboxError> {
        self.store()?.release_summaries(call_ids)
    }

    /// Replaces all conversations by those of update bodies.
    ///
    /// # Errors
    /// Bodies that no update could have, and as `insert_calls`.
    pub fn load_calls<'a>(&self, bodies: impl IntoIterator<Item = &'a [u8]>) -> Result<u64, SandboxError> {
        load(&*self.store()?, Entity::Calls, bodies)
    }

    /// Replaces all users by those of update bodies; nobody's activity is left.
    ///
    /// # Errors
    /// As `load_calls`.
    pub fn load_reps<'a>(&self, bodies: impl IntoIterator<Item = &'a [u8]>) -> Result<u64, SandboxError> {
        load(&*self.store()?, Entity::Reps, bodies)
    }

    /// Plays a fault on the next requests of its operation, so many of them.
    ///
    /// # Errors
    /// A fault that cannot be played, a sandbox that has stopped or is another process's.
    pub fn fail_next(&self, fault: Fault, times: u64) -> Result<(), SandboxError> {
        fault.check()?;
        let running = self.running.as_ref().filter(|_| !self.is_forked());
        running.ok_or(SandboxError::Stopped)?.script.add(fault, times);
        Ok(())
    }

    fn store(&self) -> Result<Arc<Store>, SandboxError> {
        let running = self.running.as_ref().filter(|_| !self.is_forked());
        running.and_then(|running| running.store.upgrade()).ok_or(SandboxError::Stopped)
    }

    /// Stops it: open connections are closed, and the port is free when this returns. A second time does
    /// nothing.
    pub fn stop(&self) {
        while !self.stop_within(Duration::from_secs(60)) {}
    }

    /// As `stop`, but does not wait for longer than this, in which case it goes on to stop by itself. Says whether
    /// it has stopped.
    pub fn stop_within(&self, longest: Duration) -> bool {
        match &self.running {
            Some(running) if !self.is_forked() => {
                running.server.stop();
                running.server.wait(longest)
            }
            _ => true,
        }
    }

    fn is_forked(&self) -> bool {
        self.process != std::process::id()
    }
}

fn load<'a>(
    store: &Store,
    entity: Entity,
    bodies: impl IntoIterator<Item = &'a [u8]>,
) -> Result<u64, SandboxError> {
    let refused = |problem: Problem| SandboxError::InvalidOption(problem.message);
    let updates: Vec<_> =
        bodies.into_iter().map(|body| parse(body, entity)).collect::<Result<_, _>>().map_err(refused)?;
    store.load(entity, &updates).map_err(refused)
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if self.is_forked() {
            // Its parts wake, join and unlock what belongs to the parent.
            std::mem::forget(self.running.take());
        } else if !self.running.as_ref().is_some_and(|running| running.server.is_stopped()) {
            self.stop();
        }
        // Whoever gave up waiting for it to stop does not want to wait here.
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}
