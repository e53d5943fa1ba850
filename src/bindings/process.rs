//! What belongs to the process that made it. A child of `fork` has none of its parent's threads, and must not touch what
//! these hold or feed: sockets, tasks, a runtime.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;

/// A value that only the process that made it may use or drop. In a child it stays as it is.
#[derive(Debug)]
pub struct Owned<T> {
    pid: u32,
    value: Arc<T>,
}

impl<T> Owned<T> {
    pub fn new(value: T) -> Self {
        Self { pid: std::process::id(), value: Arc::new(value) }
    }

    pub fn is_ours(&self) -> bool {
        self.pid == std::process::id()
    }

    /// The value, if this process made it.
    pub fn get(&self) -> Option<&T> {
        self.is_ours().then_some(&*self.value)
    }

    /// The value, to look at in whichever process.
    pub fn look(&self) -> &T {
        &self.value
    }

    /// The value, if this process made it.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        if self.is_ours() { Arc::get_mut(&mut self.value) } else { None }
    }
}

impl<T: Send> Owned<Mutex<Option<Receiver<T>>>> {
    /// A channel's end of which this process has the other one.
    pub fn receiver(receiver: Receiver<T>) -> Self {
        Self::new(Mutex::new(Some(receiver)))
    }

    /// What was sent, without waiting for it.
    pub fn received(&mut self) -> Option<T> {
        let slot = self.get_mut()?.get_mut().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref()?.try_recv().ok()
    }

    /// Waits so long for what is sent, detached from the interpreter.
    pub fn receive(&mut self, py: Python<'_>, patience: Duration) -> Result<T, RecvTimeoutError> {
        // A receiver cannot be shared with the detached closure, so it goes in and comes back.
        let slot = self.get_mut().ok_or(RecvTimeoutError::Disconnected)?;
        let slot = slot.get_mut().unwrap_or_else(PoisonError::into_inner);
        let receiver = slot.take().ok_or(RecvTimeoutError::Disconnected)?;
        let (receiver, result) = py.detach(move || {
            let result = receiver.recv_timeout(patience);
            (receiver, result)
        });
        *slot = Some(receiver);
        result
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.is_ours() {
            // One owner more than there will ever be.
            std::mem::forget(Arc::clone(&self.value));
        }
    }
}
