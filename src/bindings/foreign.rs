//! What a library does that was called from here and calls back.
//!
//! PyO3 remembers that its thread is attached to the interpreter, and does not look again. But between a call of
//! Python from here and a library's call back into here, on the same thread, the library may have let go of the
//! interpreter. To go on as if attached, be it only to drop a Python object, ends the process.

// There is no other way to the interpreter's own account of who is attached.
#![allow(unsafe_code)]

use std::any::Any;
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::Mutex;

use pyo3::exceptions::PyBaseException;
use pyo3::ffi::{Py_AddPendingCall, PyGILState_Ensure, PyGILState_Release, PyGILState_STATE};
use pyo3::prelude::*;

/// Runs what needs the interpreter, whatever the thread did before.
pub fn attached<T>(body: impl FnOnce(Python<'_>) -> T) -> T {
    struct Ensured(PyGILState_STATE);

    impl Drop for Ensured {
        fn drop(&mut self) {
            // SAFETY: it undoes the call below, on the same thread and after everything that came later.
            unsafe { PyGILState_Release(self.0) };
        }
    }

    // SAFETY: any thread may call it at any time while there is an interpreter, which keeps this library loaded.
    let _ensured = Ensured(unsafe { PyGILState_Ensure() });
    Python::attach(body)
}

/// Holds Python objects. Never waited for, since another thread may have held it at a `fork`.
static LEFT: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());

/// Leaves Python objects that cannot be dropped here to the next call from Python.
pub fn leave(objects: impl Any + Send) {
    match LEFT.try_lock() {
        Ok(mut left) => left.push(Box::new(objects)),
        Err(_) => std::mem::forget(objects),
    }
}

/// Drops what was left.
pub fn drop_left(_: Python<'_>) {
    // Not while it is locked, since dropping may run any code of Python.
    let left = LEFT.try_lock().map(|mut left| std::mem::take(&mut *left));
    drop(left);
}

/// Exceptions that the main thread is to raise. Never waited for, like `LEFT`.
static TO_RAISE: Mutex<Vec<Py<PyBaseException>>> = Mutex::new(Vec::new());

/// Has this thread, which is the main one, raise an exception at its next step in Python. Where Python has no room for
/// one more call, nothing happens.
pub fn raise_next(py: Python<'_>, error: &PyErr) {
    let Ok(mut to_raise) = TO_RAISE.try_lock() else { return };
    // SAFETY: the function is one that needs no argument, and this library is never unloaded.
    if unsafe { Py_AddPendingCall(Some(raise), null_mut()) } == 0 {
        to_raise.push(error.value(py).clone().unbind());
    }
}

/// Python calls it in the main thread, attached; what is raised comes out of whatever that thread does.
extern "C" fn raise(_: *mut c_void) -> c_int {
    let Some(error) = TO_RAISE.try_lock().ok().and_then(|mut to_raise| to_raise.pop()) else { return 0 };
    attached(|py| PyErr::from_value(error.into_bound(py).into_any()).restore(py));
    -1
}
