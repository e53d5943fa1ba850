//! Arrow batches → files: Parquet, CSV, NDJSON and Arrow IPC, batch by batch, in bounded memory. Knows nothing of
//! HTTP, tokio or Python.
//!
//! [`FileWriter`] is the whole of it: a format writes to a [`Destination`], which may compress, and which appears under
//! its name only when it is complete.

mod batch_writer;
mod beside;
mod compression;
mod csv;
mod destination;
mod formula;
mod ipc;
mod ndjson;
mod parquet;
mod text;
mod writer;

pub use compression::Compression;
pub use csv::CsvOptions;
pub use destination::Destination;
pub use parquet::ParquetOptions;
pub use writer::{FileWriter, Format};
