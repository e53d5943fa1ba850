//! What is over, for an event loop: its numbers, and a word to the loop that there are some.
//!
//! The threads that serve connections never wait for the interpreter, which may be busy for long. They write a byte
//! into a pipe that the loop looks at as at any other. A loop that cannot, as that of Windows, is woken by a thread of
//! this process, one for all loops, which says once what is meant for many.

#[cfg(unix)]
use std::io::{Read as _, Write as _};
#[cfg(unix)]
use std::os::fd::AsRawFd as _;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::foreign::attached;
use super::panics::guard;
use super::process::Owned;
use super::runtime::Notify;
use crate::error::Error;
use crate::resources::no_thread;

/// The numbers of what is over, until the loop takes them.
#[pyclass(frozen, module = "converz._core", name = "Mailbox")]
pub struct Mailbox(Arc<Inbox>);

struct Inbox {
    state: Mutex<State>,
    bell: Bell,
}

/// How a loop is told.
enum Bell {
    #[cfg(unix)]
    Pipe(Pipe),
    Thread {
        /// Told to wake the loop.
        waker: Waker,
        /// Wakes the loop, from any thread. It holds the loop weakly, so there is no cycle.
        wake: Py<PyAny>,
    },
}

/// Two ends of which the loop looks at one.
#[cfg(unix)]
struct Pipe {
    read: UnixStream,
    write: UnixStream,
}

#[cfg(unix)]
impl Pipe {
    fn new() -> std::io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        Ok(Self { read, write })
    }
}

#[derive(Default)]
struct State {
    over: Vec<u64>,
    /// Whether the loop will look.
    is_told: bool,
}

impl Mailbox {
    /// What is to be called when `number` is over.
    pub fn notice(&self, number: u64) -> Notify {
        let inbox = Arc::clone(&self.0);
        Box::new(move || {
            let mut state = inbox.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.over.push(number);
            let was_told = std::mem::replace(&mut state.is_told, true);
            drop(state);
            if !was_told {
                Inbox::ring(&inbox);
            }
        })
    }
}

impl Inbox {
    fn ring(inbox: &Arc<Self>) {
        match &inbox.bell {
            // There is room: no byte is written before the last one was read.
            #[cfg(unix)]
            Bell::Pipe(pipe) => drop((&pipe.write).write(&[0])),
            Bell::Thread { waker, .. } => waker.wake(inbox),
        }
    }
}

#[pymethods]
impl Mailbox {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.0.bell {
            #[cfg(unix)]
            Bell::Pipe(_) => Ok(()),
            Bell::Thread { wake, .. } => visit.call(wake),
        }
    }

    /// Whenever there is something to take, `wake` is called from another thread. Without it, `fileno` can be read.
    #[new]
    #[pyo3(signature = (wake = None))]
    fn new(py: Python<'_>, wake: Option<Py<PyAny>>) -> PyResult<Self> {
        guard(py, || {
            let bell = match wake {
                Some(wake) => Bell::Thread { waker: Waker::of_process()?, wake },
                #[cfg(unix)]
                None => Bell::Pipe(Pipe::new()?),
                #[cfg(not(unix))]
                None => {
                    let error = "the loops of this system look at no pipes";
                    return Err(pyo3::exceptions::PyNotImplementedError::new_err(error));
                }
            };
            Ok(Self(Arc::new(Inbox { state: Mutex::default(), bell })))
        })
    }

    /// What the loop is to look at.
    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        guard(py, || match &self.0.bell {
            #[cfg(unix)]
            Bell::Pipe(pipe) => Ok(pipe.read.as_raw_fd()),
            Bell::Thread { .. } => Err(Error::internal("a loop that is woken looks at no pipe").into()),
        })
    }

    /// What is over since this was last called.
    fn take(&self, py: Python<'_>) -> PyResult<Vec<u64>> {
        guard(py, || {
            // First, since as soon as the loop counts as not told there may be another byte.
            #[cfg(unix)]
            if let Bell::Pipe(pipe) = &self.0.bell {
                let _ = (&pipe.read).read(&mut [0; 8]);
            }
            let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.is_told = false;
            Ok(std::mem::take(&mut state.over))
        })
    }
}

/// Locked only while attached to the interpreter, so that no thread can hold it across a `fork` by another.
static WAKER: Mutex<Option<Owned<Waker>>> = Mutex::new(None);

/// The thread that wakes loops.
#[derive(Clone)]
struct Waker {
    sender: Sender<Arc<Inbox>>,
    /// Whether the interpreter is about to end. Held while a loop is woken.
    is_over: Arc<Mutex<bool>>,
}

impl Waker {
    /// The thread of this process, begun if need be.
    fn of_process() -> PyResult<Self> {
        let mut slot = WAKER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = slot.as_ref().and_then(Owned::get) {
            return Ok(waker.clone());
        }
        let (sender, receiver) = channel();
        let waker = Self { sender, is_over: Arc::default() };
        let is_over = Arc::clone(&waker.is_over);
        let thread = Builder::new().name("converz-wakes".to_owned());
        thread.spawn(move || serve(&receiver, &is_over)).map_err(|_| no_thread())?;
        *slot = Some(Owned::new(waker.clone()));
        Ok(waker)
    }

    fn wake(&self, inbox: &Arc<Inbox>) {
        // The thread is gone only where the process is.
        let _ = self.sender.send(Arc::clone(inbox));
    }
}

fn serve(inboxes: &Receiver<Arc<Inbox>>, is_over: &Mutex<bool>) {
    for inbox in inboxes {
        let is_over = is_over.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_over {
            // Nothing of Python may be touched any more, not even to be dropped.
            std::mem::forget(inbox);
            continue;
        }
        attached(|py| {
            if let Bell::Thread { wake, .. } = &inbox.bell {
                // A loop that was closed has nobody who waits.
                let _ = wake.call0(py);
            }
            drop(inbox);
        });
    }
}

/// Wakes no loop any more: called before the interpreter ends, which no other thread survives that is attached to it.
#[pyfunction]
pub fn stop_waking(py: Python<'_>) -> PyResult<()> {
    guard(py, || {
        let slot = WAKER.lock().unwrap_or_else(PoisonError::into_inner);
        let waker = slot.as_ref().and_then(Owned::get).cloned();
        drop(slot);
        if let Some(waker) = waker {
            // The thread may hold it, and wait for the interpreter.
            py.detach(|| *waker.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true);
        }
        Ok(())
    })
}
