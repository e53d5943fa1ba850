//! Whether a signal came that ends a wait, for threads that Python does not tell: those of a library that reads a stream.
//!
//! Python handles signals in its main thread only. Where that one waits for the library's threads, and one of
//! them waits for a batch, nobody would look.
//!
//! A wait that begins after the signal and before the main thread gets on, as that of the second source of a query, would
//! hear of nothing, so what ended a wait ends those as well.
//!
//! What the handler raises would be lost, too, if the library looked for signals when its wait is over: duckdb makes an
//! error of its own of it. So Python is told of a signal that ends a wait only when the library is about to be left.

// There is no other way to a signal's handler.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::Python;
use pyo3::ffi::{Py_AddPendingCall, PyErr_SetInterruptEx};

/// The signals that are watched: Ctrl-C, and those that ask a program to end, or to end what takes too long.
#[cfg(unix)]
pub const WATCHED: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGALRM];
#[cfg(not(unix))]
pub const WATCHED: [i32; 0] = [];

/// What is known of a signal; its handler may touch nothing but atomics.
struct Signal {
    /// How often it came while somebody watched.
    came: AtomicU64,
    /// Whether Python is not told of it.
    is_kept: AtomicBool,
    /// Whether it came, and Python was not told.
    was_kept: AtomicBool,
    /// Whether it has ended a wait, and the main thread has not got on since.
    is_unheard: AtomicBool,
    /// The handler that was there, which ours calls.
    previous: AtomicUsize,
    takes_info: AtomicBool,
}

static SIGNALS: [Signal; WATCHED.len()] = [const {
    Signal {
        came: AtomicU64::new(0),
        is_kept: AtomicBool::new(false),
        was_kept: AtomicBool::new(false),
        is_unheard: AtomicBool::new(false),
        previous: AtomicUsize::new(0),
        takes_info: AtomicBool::new(false),
    }
}; WATCHED.len()];

/// How many watch, and of these how many keep signals from Python. Locked only while attached to the interpreter, so
/// that no `fork` finds it locked.
static WATCHING: Mutex<(usize, usize)> = Mutex::new((0, 0));

/// How often signals had come at a moment while somebody watched.
#[derive(Debug, Clone, Copy)]
pub struct Since([u64; WATCHED.len()]);

impl Since {
    /// The signals that came since, and those before that the main thread has not heard of.
    pub fn came(&self) -> impl Iterator<Item = i32> {
        let signals = WATCHED.iter().zip(&SIGNALS).zip(&self.0);
        signals
            .filter(|((_, signal), before)| {
                signal.came.load(Ordering::SeqCst) != **before || signal.is_unheard.load(Ordering::SeqCst)
            })
            .map(|((number, _), _)| *number)
    }
}

/// Watches while it lives.
pub struct Watch {
    since: Since,
    keeps: bool,
}

impl Watch {
    /// For threads that only look.
    pub fn new(_: Python<'_>) -> Self {
        Self::installed(None)
    }

    /// For a thread that ends its wait at the signals of which `ends` is true. Python is not told of them.
    pub fn keeping(_: Python<'_>, ends: impl Fn(i32) -> bool) -> Self {
        // Not while it is locked, since it may run any code of Python.
        Self::installed(Some(WATCHED.map(ends)))
    }

    fn installed(keep: Option<[bool; WATCHED.len()]>) -> Self {
        let mut watching = WATCHING.lock().unwrap_or_else(PoisonError::into_inner);
        if watching.0 == 0 {
            WATCHED.iter().zip(&SIGNALS).for_each(|(number, signal)| platform::install(*number, signal));
        }
        watching.0 += 1;
        if let Some(keep) = keep {
            watching.1 += 1;
            for (signal, keep) in SIGNALS.iter().zip(keep) {
                signal.is_kept.store(keep, Ordering::SeqCst);
            }
        }
        let since = Since(SIGNALS.each_ref().map(|signal| signal.came.load(Ordering::SeqCst)));
        Self { since, keeps: keep.is_some() }
    }

    /// Since when.
    pub fn since(&self) -> Since {
        self.since
    }

    /// Ends the watch; gives the signals that were kept from Python.
    pub fn end(self, _: Python<'_>) -> Kept {
        drop(self);
        Kept::take()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watching = WATCHING.lock().unwrap_or_else(PoisonError::into_inner);
        watching.0 -= 1;
        watching.1 -= usize::from(self.keeps);
        if watching.1 == 0 {
            for signal in &SIGNALS {
                signal.is_kept.store(false, Ordering::SeqCst);
            }
        }
        if watching.0 == 0 {
            WATCHED.iter().zip(&SIGNALS).for_each(|(number, signal)| platform::restore(*number, signal));
        }
        if std::thread::panicking() {
            // Nobody asks for them.
            drop(Kept::take());
        }
    }
}

/// A signal has ended the wait of a library's thread: it ends those that begin until the main thread gets on.
pub fn ended(_: Python<'_>, number: i32) {
    let Some(signal) = WATCHED.iter().position(|watched| *watched == number).and_then(|at| SIGNALS.get(at))
    else {
        return;
    };
    signal.is_unheard.store(true, Ordering::SeqCst);
    // SAFETY: any thread may ask for a call in the main thread, and `heard` touches nothing but atomics.
    if unsafe { Py_AddPendingCall(Some(heard), null_mut()) } != 0 {
        heard(null_mut());
    }
}

/// The main thread runs Python's code again.
extern "C" fn heard(_: *mut c_void) -> c_int {
    for signal in &SIGNALS {
        signal.is_unheard.store(false, Ordering::SeqCst);
    }
    0
}

/// Signals that Python was not told of. It is when this is dropped.
#[derive(Debug, Default)]
pub struct Kept(Vec<i32>);

impl Kept {
    fn take() -> Self {
        let numbers = WATCHED.iter().zip(&SIGNALS);
        Self(numbers.filter(|(_, it)| it.was_kept.swap(false, Ordering::SeqCst)).map(|(it, _)| *it).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        for number in &self.0 {
            // SAFETY: any thread may call it at any time; it does what Python's own handler of the signal does.
            unsafe { PyErr_SetInterruptEx(*number) };
        }
    }
}

#[cfg(unix)]
mod platform {
    use std::mem::MaybeUninit;
    use std::ptr::{null, null_mut};
    use std::sync::atomic::Ordering;

    use libc::{SA_SIGINFO, SIG_DFL, SIG_IGN, c_int, c_void, sigaction, siginfo_t};

    use super::{SIGNALS, Signal, WATCHED};

    fn current(number: c_int) -> Option<sigaction> {
        let mut action = MaybeUninit::<sigaction>::uninit();
        // SAFETY: with no new action, the call only fills `action`, and does so if it returns 0.
        unsafe { (sigaction(number, null(), action.as_mut_ptr()) == 0).then(|| action.assume_init()) }
    }

    fn set(number: c_int, action: &sigaction) {
        // SAFETY: `action` is one that the system gave, at most with the handler below.
        unsafe { sigaction(number, action, null_mut()) };
    }

    /// Whoever ignores the signal, or dies of it, goes on to do so.
    pub fn install(number: c_int, signal: &Signal) {
        let Some(mut action) = current(number) else { return };
        if matches!(action.sa_sigaction, SIG_DFL | SIG_IGN) {
            return;
        }
        signal.previous.store(action.sa_sigaction, Ordering::SeqCst);
        signal.takes_info.store(action.sa_flags & SA_SIGINFO != 0, Ordering::SeqCst);
        action.sa_sigaction = address();
        action.sa_flags |= SA_SIGINFO;
        set(number, &action);
    }

    pub fn restore(number: c_int, signal: &Signal) {
        // Someone may have set another handler meanwhile.
        if let Some(mut action) = current(number).filter(|action| action.sa_sigaction == address()) {
            action.sa_sigaction = signal.previous.load(Ordering::SeqCst);
            if !signal.takes_info.load(Ordering::SeqCst) {
                action.sa_flags &= !SA_SIGINFO;
            }
            set(number, &action);
        }
    }

    fn address() -> usize {
        handle as *const () as usize
    }

    extern "C" fn handle(number: c_int, info: *mut siginfo_t, context: *mut c_void) {
        let Some(place) = WATCHED.iter().position(|watched| *watched == number) else { return };
        let Some(signal) = SIGNALS.get(place) else { return };
        signal.came.fetch_add(1, Ordering::SeqCst);
        if signal.is_kept.load(Ordering::SeqCst) {
            signal.was_kept.store(true, Ordering::SeqCst);
            return;
        }
        let handler = signal.previous.load(Ordering::SeqCst);
        // SAFETY: the system had this address as the handler of this signal, with the same flag.
        unsafe {
            if signal.takes_info.load(Ordering::SeqCst) {
                let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = std::mem::transmute(handler);
                handler(number, info, context);
            } else {
                let handler: extern "C" fn(c_int) = std::mem::transmute(handler);
                handler(number);
            }
        }
    }
}

#[cfg(not(unix))]
mod platform {
    use super::Signal;

    /// Elsewhere libraries' threads are interrupted only by the end of their wait.
    pub fn install(_: i32, _: &Signal) {}

    pub fn restore(_: i32, _: &Signal) {}
}
