//! Whether Ctrl-C was pressed, for threads that Python does not tell: those of a library that reads a stream.
//!
//! Python handles signals in its main thread only. Where that one waits for the library's threads, and one of
//! them waits for a batch, nobody would look.

// There is no other way to a signal's handler.
#![cfg_attr(unix, allow(unsafe_code))]

use std::sync::atomic::{AtomicU64, Ordering};

static PRESSED: AtomicU64 = AtomicU64::new(0);

/// Watches while it lives.
pub struct Watch {
    before: u64,
    _installed: platform::Installed,
}

impl Watch {
    /// Must be made and dropped while attached to the interpreter.
    pub fn new() -> Self {
        let installed = platform::Installed::new();
        Self { before: PRESSED.load(Ordering::Relaxed), _installed: installed }
    }

    pub fn pressed(&self) -> bool {
        PRESSED.load(Ordering::Relaxed) != self.before
    }
}

#[cfg(unix)]
mod platform {
    use std::mem::MaybeUninit;
    use std::ptr::{null, null_mut};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Mutex, PoisonError};

    use libc::{SA_SIGINFO, SIG_DFL, SIG_IGN, SIGINT, c_int, c_void, sigaction, siginfo_t};

    /// The handler that was there, which the handler calls; it may touch nothing but atomics.
    static PREVIOUS: AtomicUsize = AtomicUsize::new(SIG_IGN);
    static TAKES_INFO: AtomicBool = AtomicBool::new(false);
    /// How many watch. Locked only while attached to the interpreter, so that no `fork` finds it locked.
    static WATCHING: Mutex<usize> = Mutex::new(0);

    /// The handler is in its place while one of these lives.
    pub struct Installed;

    impl Installed {
        pub fn new() -> Self {
            let mut watching = WATCHING.lock().unwrap_or_else(PoisonError::into_inner);
            if *watching == 0 {
                install();
            }
            *watching += 1;
            Self
        }
    }

    impl Drop for Installed {
        fn drop(&mut self) {
            let mut watching = WATCHING.lock().unwrap_or_else(PoisonError::into_inner);
            *watching -= 1;
            if *watching == 0 {
                restore();
            }
        }
    }

    fn current() -> Option<sigaction> {
        let mut action = MaybeUninit::<sigaction>::uninit();
        // SAFETY: with no new action, the call only fills `action`, and does so if it returns 0.
        unsafe { (sigaction(SIGINT, null(), action.as_mut_ptr()) == 0).then(|| action.assume_init()) }
    }

    fn set(action: &sigaction) {
        // SAFETY: `action` is one that the system gave, at most with the handler below.
        unsafe { sigaction(SIGINT, action, null_mut()) };
    }

    /// Whoever ignores the signal, or dies of it, goes on to do so.
    fn install() {
        let Some(mut action) = current() else { return };
        if matches!(action.sa_sigaction, SIG_DFL | SIG_IGN) {
            return;
        }
        PREVIOUS.store(action.sa_sigaction, Ordering::SeqCst);
        TAKES_INFO.store(action.sa_flags & SA_SIGINFO != 0, Ordering::SeqCst);
        action.sa_sigaction = address();
        action.sa_flags |= SA_SIGINFO;
        set(&action);
    }

    fn restore() {
        // Someone may have set another handler meanwhile.
        if let Some(mut action) = current().filter(|action| action.sa_sigaction == address()) {
            action.sa_sigaction = PREVIOUS.load(Ordering::SeqCst);
            if !TAKES_INFO.load(Ordering::SeqCst) {
                action.sa_flags &= !SA_SIGINFO;
            }
            set(&action);
        }
    }

    fn address() -> usize {
        handle as *const () as usize
    }

    extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        super::PRESSED.fetch_add(1, Ordering::Relaxed);
        let previous = PREVIOUS.load(Ordering::SeqCst);
        // SAFETY: the system had this address as the handler of this signal, with the same flag.
        unsafe {
            if TAKES_INFO.load(Ordering::SeqCst) {
                let previous: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
                    std::mem::transmute(previous);
                previous(signal, info, context);
            } else {
                let previous: extern "C" fn(c_int) = std::mem::transmute(previous);
                previous(signal);
            }
        }
    }
}

#[cfg(not(unix))]
mod platform {
    /// Elsewhere libraries' threads are interrupted only by the end of their wait.
    pub struct Installed;

    impl Installed {
        pub fn new() -> Self {
            Self
        }
    }
}
