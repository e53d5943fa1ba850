//! Compressed bodies.

use std::io::Write;

use flate2::Compression;

pub fn gzip(body: &[u8]) -> Vec<u8> {
    gzip_at(Compression::fast(), body)
}

/// As small as can be.
pub fn gzip_best(body: &[u8]) -> Vec<u8> {
    gzip_at(Compression::best(), body)
}

fn gzip_at(level: Compression, body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(body: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}
