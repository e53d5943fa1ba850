//! Work on the processor, kept away from the threads that serve connections.

use crate::error::Result;
use crate::resources::{begin, room_for};

/// Up to so many rows the work is done sooner than it is handed over.
const FEW_ROWS: usize = 2048;
/// Bytes that are noted of a row at most, while its key is looked for among others.
const ROW: usize = 64;

/// Does work whose length depends on a number of rows.
pub(super) async fn aside<T: Send + 'static>(
    rows: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    if rows <= FEW_ROWS {
        return Ok(work());
    }
    room_for(rows.saturating_mul(ROW))?;
    begin(work).await
}
