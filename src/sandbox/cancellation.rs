//! Whether whoever asked for a sandbox still wants it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::SandboxError;
use super::forking::outside;

/// Ends the making of a sandbox, from another thread. Its clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Within a fraction of a second, the making ends with an error, and no file is left of it.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Also lets those who wait to fork do so, since the making takes long.
    ///
    /// # Errors
    /// It was cancelled.
    pub(super) fn check(&self) -> Result<(), SandboxError> {
        outside(|| ());
        if self.0.load(Ordering::Relaxed) { Err(SandboxError::Cancelled) } else { Ok(()) }
    }
}
