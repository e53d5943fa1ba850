//! `fork` while a thread is within `SQLite`: the child would find the locks of all connections held by a thread that it
//! has not, and wait for ever. So a fork waits until no thread is within it, and none enters meanwhile.
//!
//! Whoever is within waits for nothing that another one has who is: neither for a lock of ours, nor for whoever takes what
//! it sends. That is what `outside` is for.

// There is no other way to be told of a fork.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::sync::{Once, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static USES: RwLock<()> = RwLock::new(());
static TELL: Once = Once::new();

thread_local! {
    /// Of a thread that is within.
    static USE: RefCell<Option<RwLockReadGuard<'static, ()>>> = const { RefCell::new(None) };
    /// Of one that forks.
    static FORK: RefCell<Option<RwLockWriteGuard<'static, ()>>> = const { RefCell::new(None) };
}

/// Enters when it is dropped, by a panic as well. Fields are dropped in their order: those between one of this kind and a
/// `LeaveOnDrop` are dropped within.
#[derive(Debug)]
pub(super) struct EnterOnDrop;

impl Drop for EnterOnDrop {
    fn drop(&mut self) {
        enter();
    }
}

/// Leaves when it is dropped, by a panic as well.
#[derive(Debug)]
pub(super) struct LeaveOnDrop;

impl Drop for LeaveOnDrop {
    fn drop(&mut self) {
        leave();
    }
}

/// Does work that uses `SQLite`.
pub(super) fn within<T>(work: impl FnOnce() -> T) -> T {
    if is_within() {
        return work();
    }
    enter();
    let _leaving = LeaveOnDrop;
    work()
}

/// Does work in between that does not use it, and may take long.
pub(super) fn outside<T>(work: impl FnOnce() -> T) -> T {
    if !is_within() {
        return work();
    }
    leave();
    let _entering = EnterOnDrop;
    work()
}

fn is_within() -> bool {
    USE.with_borrow(Option::is_some)
}

fn enter() {
    TELL.call_once(platform::tell);
    let guard = USES.read().unwrap_or_else(PoisonError::into_inner);
    USE.set(Some(guard));
}

fn leave() {
    USE.take();
}

#[cfg(unix)]
mod platform {
    use super::{FORK, PoisonError, USES, is_within};

    pub fn tell() {
        // SAFETY: the functions are those of this library, which is never unloaded. Without memory for it, nothing is told.
        unsafe { libc::pthread_atfork(Some(before), Some(after), Some(after)) };
    }

    extern "C" fn before() {
        // A thread within would wait for itself.
        if !is_within() {
            FORK.set(Some(USES.write().unwrap_or_else(PoisonError::into_inner)));
        }
    }

    /// In the parent and in the child.
    extern "C" fn after() {
        FORK.take();
    }
}

#[cfg(not(unix))]
mod platform {
    pub fn tell() {}
}
