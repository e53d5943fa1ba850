//! Work on the processor, kept away from the threads that serve connections.

use tokio::task::spawn_blocking;

use crate::error::{Error, Result};

/// Up to so many rows the work is done sooner than it is handed over.
const FEW_ROWS: usize = 2048;

/// Does work whose length depends on a number of rows.
pub(super) async fn aside<T: Send + 'static>(
    rows: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    if rows <= FEW_ROWS {
        return Ok(work());
    }
    spawn_blocking(work)
        .await
        .map_err(|error| Error::internal(format!("work on {rows} rows did not end: {error}")))
}
