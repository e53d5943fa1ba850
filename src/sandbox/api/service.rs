//! What every request can use, and where work that blocks is done.

use std::sync::Arc;

use super::fault_script::Script;
use crate::sandbox::fault::Fault;
use crate::sandbox::log::RequestLog;
use crate::sandbox::problem::Problem;
use crate::sandbox::store::Store;

/// What every request can use.
pub(in crate::sandbox) struct Service {
    pub store: Arc<Store>,
    pub api_key: String,
    pub log: Arc<RequestLog>,
    pub script: Arc<Script>,
}

impl Service {
    pub fn new(store: Arc<Store>, api_key: String, faults: Vec<Fault>, log: Arc<RequestLog>) -> Self {
        Self { store, api_key, log, script: Arc::new(Script::new(faults)) }
    }
}

/// Runs what blocks where it may.
pub(super) async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(run)
        .await
        .unwrap_or_else(|error| Err(Problem::internal(format!("the request was not finished: {error}"))))
}
