//! What a process may run out of: memory and threads. Where it does, there is an error and no abort.

mod allocator;
mod memory;
mod threads;

pub use allocator::{Allocator, share_heaps};
pub use memory::{Reserved, check, none_left, room_for};
pub use threads::{Work, begin, no_thread, threads_at_once};
