//! Tables into files: the destination as Python names it, and its errors as Python raises them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use pyo3::{intern, types::PyAnyMethods};

use super::refusal::refuse;
use crate::error::Error;
use crate::files::{Compression, CsvOptions, Destination, FileWriter, Format, ParquetOptions};

/// Rows between two looks at Python's signals.
const SLICE: usize = 16 << 10;

/// A table on its way into a file.
pub struct Export {
    writer: FileWriter,
    /// What a file object raised.
    raised: Raised,
}

type Raised = Arc<Mutex<Option<PyErr>>>;

/// A file that can be written to, before it is known what.
pub struct Unwritten {
    format: Format,
    destination: Destination,
    raised: Raised,
}

impl Unwritten {
    pub fn new(file: &Bound<'_, PyAny>, format: &str, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let py = file.py();
        let raised = Raised::default();
        let is_path = file.is_instance_of::<PyString>() || file.hasattr(intern!(py, "__fspath__"))?;
        let path: Option<PathBuf> = if is_path { Some(file.extract()?) } else { None };
        let format = self::format(format, options, path.as_deref())?;
        let destination = if let Some(path) = path {
            py.detach(|| Destination::path(&path))?
        } else {
            check_file_object(file)?;
            Destination::writer(FileObject { file: file.clone().unbind(), raised: Arc::clone(&raised) })
        };
        Ok(Self { format, destination, raised })
    }

    pub fn begin(self, schema: &SchemaRef) -> PyResult<Export> {
        let Self { format, destination, raised } = self;
        let writer = FileWriter::new(schema, format, destination)
            .map_err(|error| take(&raised).unwrap_or_else(|| error.into()))?;
        Ok(Export { writer, raised })
    }
}

impl Export {
    pub fn write(&mut self, py: Python<'_>, batch: &RecordBatch) -> PyResult<()> {
        for start in (0..batch.num_rows()).step_by(SLICE) {
            py.check_signals()?;
            let slice = batch.slice(start, SLICE.min(batch.num_rows() - start));
            let written = py.detach(|| self.writer.write(&slice));
            written.map_err(|error| take(&self.raised).unwrap_or_else(|| error.into()))?;
        }
        Ok(())
    }

    pub fn finish(mut self, py: Python<'_>, metadata: &BTreeMap<String, String>) -> PyResult<()> {
        self.writer.annotate(metadata);
        let Self { writer, raised } = self;
        let finished = py.detach(|| writer.finish());
        finished.map_err(|error| take(&raised).unwrap_or_else(|| error.into()))
    }
}

fn check_file_object(file: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = file.py();
    if !file.hasattr(intern!(py, "write"))? {
        return Err(refuse("file", file, "a path or a binary file object").into());
    }
    if file.is_instance(&py.import(intern!(py, "io"))?.getattr(intern!(py, "TextIOBase"))?)? {
        let message =
            "file is open for text: open it in binary mode, such as open(path, \"wb\"), or pass the path";
        return Err(Error::invalid_input(message).into());
    }
    Ok(())
}

fn take(raised: &Raised) -> Option<PyErr> {
    raised.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn format(name: &str, options: &Bound<'_, PyDict>, path: Option<&std::path::Path>) -> PyResult<Format> {
    let py = options.py();
    let get = |key: &str| -> PyResult<Bound<'_, PyAny>> {
        Ok(options.get_item(key)?.unwrap_or_else(|| py.None().into_bound(py)))
    };
    let zstd = || -> PyResult<bool> {
        match get("compression")?.extract::<Option<String>>() {
            Ok(Some(name)) if name == "zstd" => Ok(true),
            Ok(Some(name)) if name == "uncompressed" => Ok(false),
            _ => Err(refuse("compression", &get("compression")?, "\"zstd\" or \"uncompressed\"").into()),
        }
    };
    let text_compression = || -> PyResult<Compression> {
        match get("compression")?.extract::<Option<String>>() {
            Ok(None) => Ok(match path.and_then(|path| path.extension()).and_then(|ending| ending.to_str()) {
                Some("gz") => Compression::Gzip,
                Some("zst") => Compression::Zstd,
                _ => Compression::None,
            }),
            Ok(Some(name)) if name == "gzip" => Ok(Compression::Gzip),
            Ok(Some(name)) if name == "zstd" => Ok(Compression::Zstd),
            Ok(Some(name)) if name == "uncompressed" => Ok(Compression::None),
            _ => Err(refuse(
                "compression",
                &get("compression")?,
                "None, \"gzip\", \"zstd\" or \"uncompressed\"",
            )
            .into()),
        }
    };
    Ok(match name {
        "parquet" => {
            let row_group_size = get("row_group_size")?;
            let rows = row_group_size.extract::<usize>().ok().filter(|rows| *rows > 0);
            let rows =
                rows.ok_or_else(|| refuse("row_group_size", &row_group_size, "a number of rows from 1"))?;
            Format::Parquet(ParquetOptions { zstd: zstd()?, row_group_size: rows })
        }
        "ipc" => Format::Ipc { zstd: zstd()? },
        "ndjson" => Format::Ndjson(text_compression()?),
        "csv" => {
            let separator = get("separator")?;
            let byte = separator.extract::<String>().ok().filter(|text| text.len() == 1);
            let byte = byte.and_then(|text| text.bytes().next());
            let line_terminator = get("line_terminator")?;
            let options = CsvOptions {
                header: get("header")?.is_truthy()?,
                separator: byte.ok_or_else(|| refuse("separator", &separator, "one character of ASCII"))?,
                escape_formulas: get("escape_formulas")?.is_truthy()?,
                line_terminator: match line_terminator.extract::<String>().as_deref() {
                    Ok("\r\n") => "\r\n",
                    Ok("\n") => "\n",
                    _ => {
                        return Err(refuse("line_terminator", &line_terminator, r#""\r\n" or "\n""#).into());
                    }
                },
            };
            Format::Csv(options, text_compression()?)
        }
        other => return Err(Error::internal(format!("there is no format {other:?}")).into()),
    })
}

/// A binary file object of Python's.
struct FileObject {
    file: Py<PyAny>,
    raised: Raised,
}

impl FileObject {
    fn attempt<T>(&self, call: impl FnOnce(Python<'_>, &Bound<'_, PyAny>) -> PyResult<T>) -> io::Result<T> {
        Python::attach(|py| {
            call(py, self.file.bind(py)).map_err(|error| {
                self.raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                io::Error::other("the file object raised")
            })
        })
    }
}

impl Write for FileObject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|py, file| {
            let written = file.call_method1(intern!(py, "write"), (PyBytes::new(py, bytes),))?;
            match written.extract::<usize>() {
                Ok(count) if count <= bytes.len() => Ok(count),
                _ => Err(PyTypeError::new_err(format!(
                    "file.write() returned {written:?}, which is not how many of {} bytes it took",
                    bytes.len()
                ))),
            }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(|py, file| {
            // Not every object that takes bytes can be flushed.
            if file.hasattr(intern!(py, "flush"))? {
                file.call_method0(intern!(py, "flush"))?;
            }
            Ok(())
        })
    }
}
