//! Text while it is being written.

/// Text with room behind it, so that short pieces are written where they belong: neither a call nor a copy each.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// The text, and what it may grow into.
    bytes: Vec<u8>,
    length: usize,
}

impl Output {
    /// Writes over what a buffer holds, with room for so much.
    pub(crate) fn over(mut buffer: Vec<u8>, room: usize) -> Self {
        if buffer.capacity() < room {
            drop(buffer);
            // Fresh memory is zero, so that nothing has to be written for it.
            buffer = vec![0; room];
        } else if buffer.len() < room {
            buffer.resize(room, 0);
        }
        Self { bytes: buffer, length: 0 }
    }

    /// Writes behind what a buffer holds.
    pub(crate) fn behind(buffer: Vec<u8>) -> Self {
        Self { length: buffer.len(), bytes: buffer }
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.truncate(self.length);
        self.bytes
    }

    /// Lets `write` write the next bytes; it gives how many of them it wants to keep.
    #[inline]
    pub(crate) fn short<const ROOM: usize>(&mut self, write: impl FnOnce(&mut [u8; ROOM]) -> usize) {
        if self.bytes.len() < self.length + ROOM {
            self.grow(ROOM);
        }
        if let Some(room) = self.bytes.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            self.length += write(room);
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, byte: u8) {
        self.short(|room: &mut [u8; 1]| {
            room[0] = byte;
            1
        });
    }

    #[inline]
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if self.bytes.len() < end {
            self.grow(bytes.len());
        }
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(bytes);
            self.length = end;
        }
    }

    /// Each item of a list was written with a comma behind it; a list that is written has at least one.
    pub(crate) fn replace_last(&mut self, byte: u8) {
        if let Some(last) = self.length.checked_sub(1).and_then(|last| self.bytes.get_mut(last)) {
            *last = byte;
        }
    }

    #[cold]
    fn grow(&mut self, room: usize) {
        let wanted = (self.length + room).max(2 * self.bytes.len()).max(64);
        self.bytes.resize(wanted, 0);
    }
}
