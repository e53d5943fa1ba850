//! Text that is compressed while it is written.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use zstd::stream::write::Encoder as ZstdEncoder;

use super::destination::Destination;
use crate::error::{Error, Result};

/// How the bytes of a text format are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    #[default]
    None,
    Gzip,
    Zstd,
}

/// A destination behind a compressor.
pub(super) enum Compressed {
    None(Destination),
    Gzip(GzEncoder<Destination>),
    Zstd(ZstdEncoder<'static, Destination>),
}

impl Compression {
    pub(super) fn over(self, destination: Destination) -> Result<Compressed> {
        Ok(match self {
            Self::None => Compressed::None(destination),
            Self::Gzip => Compressed::Gzip(GzEncoder::new(destination, flate2::Compression::default())),
            Self::Zstd => Compressed::Zstd(
                ZstdEncoder::new(destination, zstd::DEFAULT_COMPRESSION_LEVEL)
                    .map_err(|error| failed(&error))?,
            ),
        })
    }
}

impl Compressed {
    /// Writes the compressor's end, and completes the destination.
    pub(super) fn complete(self) -> Result<()> {
        let destination = match self {
            Self::None(destination) => Ok(destination),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        };
        destination.map_err(|error| failed(&error))?.complete()
    }
}

impl Write for Compressed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(destination) => destination.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The destination's own failures are told by it; what remains is the compressor's.
pub(super) fn failed(error: &io::Error) -> Error {
    Error::internal(format!("the file cannot be compressed: {error}"))
}
