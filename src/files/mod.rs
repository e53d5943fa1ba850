//! Arrow batches → files: Parquet, CSV, NDJSON and Arrow IPC, batch by batch, in bounded memory. Knows nothing of
//! HTTP, tokio or Python.
//!
//! [`FileWriter`] is the whole of it: a format writes to a [`Destination`], which may compress, and which appears under
//! its name only when it is complete. [`read_csv`] and [`ParquetFile`] read back what we and others wrote.

mod batch_writer;
mod beside;
mod compression;
mod csv;
mod csv_reader;
mod decompression;
mod destination;
mod formula;
mod ipc;
mod ndjson;
mod parquet;
mod parquet_reader;
mod text;
mod typed;
mod writer;

pub use compression::Compression;
pub use csv::CsvOptions;
pub use csv_reader::read_csv;
pub use decompression::decompressed;
pub use destination::Destination;
pub use parquet::ParquetOptions;
pub use parquet_reader::ParquetFile;
pub use typed::typed;
pub use writer::{FileWriter, Format};
