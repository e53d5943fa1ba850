//! Whether there is memory for the next step.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::allocator;
use crate::error::{Error, Result};

/// How many work on something that may need much memory.
static WORKING: AtomicUsize = AtomicUsize::new(0);

/// While one of these lives, there is a reserve for requests that cannot be refused.
#[derive(Debug)]
pub struct Reserved(());

impl Reserved {
    pub fn new() -> Self {
        WORKING.fetch_add(1, Ordering::AcqRel);
        // If there is none, `check` finds that out.
        allocator::is_reserved();
        Self(())
    }
}

impl Default for Reserved {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if WORKING.fetch_sub(1, Ordering::AcqRel) == 1 {
            allocator::rest();
        }
    }
}

/// Called between two steps of work, each of which asks for less than the reserve in pieces that cannot be refused.
///
/// # Errors
/// `OutOfMemory` if the reserve was used, and cannot be set aside again.
pub fn check() -> Result<()> {
    if WORKING.load(Ordering::Acquire) == 0 || allocator::is_reserved() { Ok(()) } else { Err(none_left()) }
}

/// Called before a step that asks for so many bytes besides.
///
/// # Errors
/// `OutOfMemory` if the system does not have them in one piece.
pub fn room_for(bytes: usize) -> Result<()> {
    /// Less is for the reserve to give.
    const LARGE: usize = 1 << 20;
    if bytes < LARGE {
        return Ok(());
    }
    check()?;
    if allocator::has(bytes) {
        return Ok(());
    }
    Err(Error::out_of_memory(format!(
        "the system does not give the {} MiB of memory that the next step takes: {REMEDY}",
        bytes >> 20
    )))
}

/// The error of whoever is refused memory.
pub fn none_left() -> Error {
    Error::out_of_memory(format!("the system gives no more memory: {REMEDY}"))
}

const REMEDY: &str = "take fewer rows or columns at a time, read a stream, or raise the limit of the process";
