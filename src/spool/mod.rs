//! Batches that memory is too small for → a nameless temporary file, in Arrow's own compressed format, and back. Knows
//! nothing of HTTP, tokio or Python.
//!
//! What is read is what was written, or an error: each batch has a checksum, and Arrow checks its text and offsets.

mod failure;
mod segment;
mod temporary;

pub use segment::Segment;
pub use temporary::Spool;
