//! Text that may be compressed, by gzip or zstd, as what it begins with says.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

use crate::error::{Error, Result};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// # Errors
/// Bytes that begin so and do not go on so.
pub fn decompressed(bytes: Bytes) -> Result<Bytes> {
    let mut text = Vec::new();
    let read = if bytes.starts_with(GZIP) {
        MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text)
    } else if bytes.starts_with(ZSTD) {
        zstd::stream::read::Decoder::new(&bytes[..]).and_then(|mut decoder| decoder.read_to_end(&mut text))
    } else {
        return Ok(bytes);
    };
    read.map_err(|error| Error::invalid_input(format!("it cannot be decompressed: {error}")))?;
    Ok(text.into())
}
