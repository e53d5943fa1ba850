//! The system's memory, with a reserve for requests that cannot be refused.
//!
//! A program in Rust ends where a request for memory fails, unless whoever asks is ready to be refused. Those who ask
//! for much are: they look first (`memory::room_for`), or use `try_reserve`. But much is made of many small pieces, most
//! of them by libraries (Arrow's builders, hyper, rustls, bindings of `SQLite`) that have no other way to ask, and any of
//! these may be the one for which there is nothing left. To unwind out of an allocator is undefined, and the hook of the
//! standard library that could is not stable. So while work is done that may need much, a part of the address space is set
//! aside, which costs no memory, since it is never touched. The first request that fails gets what was set aside; whoever works
//! looks between two steps whether it is still there (`memory::check`, two loads), and gives up with an error if not. One
//! step takes less than the reserve. A request that succeeds, as all but the last do, costs a comparison.
//!
//! A small part is kept for good: an error is made of memory, too.

// There is no other way to be the allocator of a program.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;
use std::time::Duration;

/// What work needs to begin and to go on. Several threads may be in the middle of a step, each of which takes less than a
/// third of the last of these; and where an arena of the C library is full, each of its small pieces is a page.
static FOR_WORK: Reserve = Reserve::new(&[256 << 20, 128 << 20, 96 << 20]);
/// What errors need where nothing else is left.
static FOR_ERRORS: Reserve = Reserve::new(&[1 << 20]);

/// Who asks for more than this was ready to be refused.
const LARGE: usize = 64 << 20;
/// As long as somebody may still give memory back, which those do who notice that the reserve is gone.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(5);

/// Memory that nobody uses.
struct Reserve {
    /// Where it begins, and in the bits that are zero in the address of a page, which of the sizes it has. Nothing of it is ever
    /// touched, so that it takes no memory, but only the right to it.
    place: AtomicPtr<u8>,
    /// The first of these that the system gives is taken.
    sizes: &'static [usize],
}

/// Every page begins at a multiple of it.
const PAGE: usize = 4096;

impl Reserve {
    const fn new(sizes: &'static [usize]) -> Self {
        Self { place: AtomicPtr::new(null_mut()), sizes }
    }

    /// Whether it is there after this; it is set aside if it was not.
    fn is_there(&self) -> bool {
        !self.place.load(Ordering::Acquire).is_null()
            || (0..self.sizes.len().min(PAGE)).any(|which| self.set_aside(which))
    }

    fn set_aside(&self, which: usize) -> bool {
        let memory = pages::map(self.sizes[which]);
        if memory.is_null() {
            return false;
        }
        let marked = memory.map_addr(|address| address | which);
        let empty = self.place.compare_exchange(null_mut(), marked, Ordering::AcqRel, Ordering::Acquire);
        if empty.is_err() {
            // SAFETY: it was just mapped with this size, and nobody else has it.
            unsafe { pages::unmap(memory, self.sizes[which]) };
        }
        true
    }

    /// False if there was none.
    fn give_back(&self) -> bool {
        let marked = self.place.swap(null_mut(), Ordering::AcqRel);
        if marked.is_null() {
            return false;
        }
        let memory = marked.map_addr(|address| address & !(PAGE - 1));
        // SAFETY: it was mapped with this size, and only one can have taken it out.
        unsafe { pages::unmap(memory, self.sizes[marked.addr() & (PAGE - 1)]) };
        true
    }
}

/// Address space of the system itself: the C library would write into what it hands out, and a page that was touched takes
/// longer to come and go than all else that a small call does.
#[cfg(unix)]
mod pages {
    use std::ptr::null_mut;

    pub fn map(size: usize) -> *mut u8 {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a mapping of its own, at a place of the system's choice, changes nothing that exists.
        let memory = unsafe { libc::mmap(null_mut(), size, access, kind, -1, 0) };
        if memory == libc::MAP_FAILED { null_mut() } else { memory.cast() }
    }

    /// # Safety
    /// `memory` was mapped with this size, and nobody uses it.
    pub unsafe fn unmap(memory: *mut u8, size: usize) {
        // SAFETY: as the caller promises.
        unsafe { libc::munmap(memory.cast(), size) };
    }
}

#[cfg(not(unix))]
mod pages {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::hint::black_box;
    use std::ptr::null_mut;

    fn layout(size: usize) -> Option<Layout> {
        Layout::from_size_align(size, super::PAGE).ok()
    }

    pub fn map(size: usize) -> *mut u8 {
        // SAFETY: no reserve is empty.
        layout(size).map_or(null_mut(), |layout| unsafe { System.alloc(layout) })
    }

    /// # Safety
    /// `memory` was mapped with this size, and nobody uses it.
    pub unsafe fn unmap(memory: *mut u8, size: usize) {
        if let Some(layout) = layout(size) {
            // SAFETY: as the caller promises.
            unsafe { System.dealloc(memory, layout) };
        }
    }
}

/// Whether work may go on: what is missing of the reserve is set aside.
pub(super) fn is_reserved() -> bool {
    FOR_ERRORS.is_there() && FOR_WORK.is_there()
}

/// Called when no work is done.
pub(super) fn rest() {
    FOR_WORK.give_back();
}

/// Has what one thread gives back serve the others. GNU's C library keeps a heap for each thread, up to eight a processor,
/// and in each of them what was freed there, so that a read on a dozen short-lived threads holds several times what it uses.
/// This is a matter of the whole process, which whoever owns that may decide.
pub fn share_heaps() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const HEAPS: libc::c_int = 2;
        // SAFETY: the call sets a number, under the library's own lock.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, HEAPS) };
    }
}

/// Whether the system has so much memory in one piece. The reserve is left alone.
pub(super) fn has(size: usize) -> bool {
    let Ok(layout) = Layout::from_size_align(size.max(1), align_of::<usize>()) else { return false };
    // Seen from outside, or the compiler leaves out a request whose memory nobody uses, and takes it for granted.
    // SAFETY: the size is not zero.
    let memory = black_box(unsafe { System.alloc(layout) });
    if memory.is_null() {
        return false;
    }
    // SAFETY: it was just allocated with this layout.
    unsafe { System.dealloc(memory, layout) };
    true
}

/// Asks once more, with the reserve given back.
#[cold]
fn again(size: usize, ask: impl Fn() -> *mut u8) -> *mut u8 {
    let mut was_reserved = FOR_WORK.give_back();
    if size > LARGE {
        return if was_reserved { ask() } else { null_mut() };
    }
    for _ in 0..ATTEMPTS {
        let memory = ask();
        if !memory.is_null() {
            return memory;
        }
        if !was_reserved {
            thread::sleep(PAUSE);
        }
        was_reserved = FOR_WORK.give_back() || FOR_ERRORS.give_back();
    }
    null_mut()
}

/// The system's allocator, with a reserve.
#[derive(Debug)]
pub struct Allocator;

// SAFETY: every request is answered by the system's allocator, with the layout that was asked for. Nothing panics, and what
// is done besides allocates nothing.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let memory = unsafe { System.alloc(layout) };
        // SAFETY: as above.
        if memory.is_null() { again(layout.size(), || unsafe { System.alloc(layout) }) } else { memory }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let memory = unsafe { System.alloc_zeroed(layout) };
        // SAFETY: as above.
        if memory.is_null() {
            again(layout.size(), || unsafe { System.alloc_zeroed(layout) })
        } else {
            memory
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        let larger = unsafe { System.realloc(memory, layout, size) };
        // SAFETY: as above; memory that could not be made larger is still there.
        if larger.is_null() {
            again(size, || unsafe { System.realloc(memory, layout, size) })
        } else {
            larger
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_reserve_is_there_until_it_is_given_back() {
        let reserve = Reserve::new(&[usize::MAX, 1 << 62, 1 << 20]);
        assert!(!reserve.give_back());
        assert!(reserve.is_there());
        assert!(reserve.is_there());
        assert!(reserve.give_back());
        assert!(!reserve.give_back());
        assert!(!Reserve::new(&[1 << 62]).is_there());
    }

    #[test]
    fn a_request_that_fails_is_asked_again_as_long_as_memory_may_come_back() {
        let asked = Cell::new(0);
        let mut byte = 0_u8;
        let one = &raw mut byte;
        let found = again(1, || {
            asked.set(asked.get() + 1);
            if asked.get() < 3 { null_mut() } else { one }
        });
        assert_eq!((found, asked.get()), (one, 3));
    }

    #[test]
    fn a_large_request_is_refused_at_once() {
        let asked = Cell::new(0);
        let ask = || {
            asked.set(asked.get() + 1);
            null_mut()
        };
        assert!(again(LARGE + 1, ask).is_null());
        assert!(asked.get() < 2);
    }

    #[test]
    fn nobody_has_all_memory() {
        assert!(has(1 << 20));
        assert!(!has(1 << 62));
        assert!(!has(usize::MAX));
    }
}
