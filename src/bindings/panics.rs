//! A panic is a defect of this library, but it reaches Python as an error like any other, and prints nothing.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

use super::foreign::drop_left;
use crate::error::{Error, panic_text};
use crate::resources::Reserved;

thread_local! {
    /// Where this thread panicked last.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics off standard error, unless `RUST_BACKTRACE` asks for them.
pub fn silence() {
    if std::env::var_os("RUST_BACKTRACE").is_none_or(|value| value == "0") {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string);
            // A thread that is ending has no such variable any more.
            let _ = PLACE.try_with(|slot| *slot.borrow_mut() = place);
        }));
    }
}

/// Runs what Python called; a panic in it becomes a `ConverzError`.
pub fn guard<T>(py: Python<'_>, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    drop_left(py);
    let _reserved = Reserved::new();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(panic_error(panic.as_ref()).into()))
}

/// What PyO3 says where Python cannot make an object, for which it has no error.
const NO_OBJECT: [&str; 2] = ["Python API call failed", "PyObject pointer is null"];

/// The error that a panic is.
pub fn panic_error(panic: &(dyn Any + Send)) -> Error {
    let message = panic_text(panic);
    if NO_OBJECT.contains(&message.as_str()) {
        return Error::out_of_memory("Python has no memory for an object");
    }
    let place = PLACE.with(|slot| slot.borrow_mut().take());
    let place = place.map_or_else(String::new, |place| format!(" (at {place})"));
    Error::internal(format!("a defect of converz: {message}{place}; please report it"))
}
