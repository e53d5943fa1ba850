//! Decompression of a body, with nothing after its end and bounded memory.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder;

use super::encoding::Encoding;

/// The window that RFC 9659 allows a body to need: 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

pub(super) enum Decompressor<R: BufRead> {
    Identity(R),
    Gzip(Box<MultiGzDecoder<R>>),
    Zstd(Box<Decoder<'static, R>>),
}

impl<R: BufRead> Decompressor<R> {
    /// # Errors
    /// No memory.
    pub fn new(encoding: Encoding, mut source: R) -> io::Result<Self> {
        // An empty body is empty in every encoding.
        if encoding == Encoding::Identity || source.fill_buf()?.is_empty() {
            return Ok(Self::Identity(source));
        }
        if encoding == Encoding::Gzip {
            return Ok(Self::Gzip(Box::new(MultiGzDecoder::new(source))));
        }
        let mut decoder = Decoder::with_buffer(source)?;
        decoder.window_log_max(ZSTD_WINDOW_LOG)?;
        Ok(Self::Zstd(Box::new(decoder)))
    }

    /// Reads until the window is full or the body ends.
    ///
    /// # Errors
    /// Those of the source, and a body that is broken.
    pub fn fill(&mut self, window: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(free) = window.get_mut(filled..).filter(|free| !free.is_empty()) {
            match self.read(free) {
                Ok(0) => break,
                Ok(size) => filled += size,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

impl<R: BufRead> Read for Decompressor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Identity(source) => source.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

/// Whether the error says that zstd was refused memory, which it asks for by itself.
pub(super) fn lacks_memory(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory || error.to_string().contains("not enough memory")
}

/// Whether the error says that more memory would be needed than is allowed.
pub(super) fn needs_too_much(error: &io::Error) -> bool {
    error.to_string().contains("too much memory")
}
