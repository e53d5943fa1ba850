//! Windows of bytes, whose memory is filled again once nobody reads them any more.

use std::mem;
use std::sync::mpsc::{Receiver, Sender, channel};

use bytes::Bytes;

/// Bytes of a window that is filled here: large enough to make handing over cheap, small enough to stay in the cache.
pub(super) const WINDOW: usize = 256 << 10;

/// Where windows come from and their memory goes back to.
pub(super) struct Pool {
    size: usize,
    spare: Sender<Vec<u8>>,
    emptied: Receiver<Vec<u8>>,
}

/// What a window holds while it is read.
struct Filled {
    bytes: Vec<u8>,
    spare: Sender<Vec<u8>>,
}

impl AsRef<[u8]> for Filled {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        // Where no more windows are filled, nobody needs the memory.
        let _ = self.spare.send(mem::take(&mut self.bytes));
    }
}

impl Pool {
    pub fn new(size: usize) -> Self {
        let (spare, emptied) = channel();
        Self { size, spare, emptied }
    }

    /// Memory for a window, with whatever it held before.
    pub fn take(&self) -> Vec<u8> {
        self.emptied.try_recv().unwrap_or_else(|_| Vec::with_capacity(self.size))
    }

    /// Bytes to hand over; their memory comes back.
    pub fn window(&self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Filled { bytes, spare: self.spare.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_when_the_last_reader_has_gone() {
        let pool = Pool::new(WINDOW);
        let mut memory = pool.take();
        memory.extend_from_slice(b"some bytes");
        let address = memory.as_ptr();
        let window = pool.window(memory);
        let part = window.slice(5..);
        drop(window);
        let other = pool.take();
        assert_ne!(other.as_ptr(), address);
        assert_eq!(part, "bytes");
        drop(part);
        let again = pool.take();
        assert_eq!(again.as_ptr(), address);
    }

    #[test]
    fn windows_outlive_their_pool() {
        let pool = Pool::new(WINDOW);
        let window = pool.window(b"bytes".to_vec());
        drop(pool);
        assert_eq!(window, "bytes");
    }
}
