//! A file is whole or not there.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use converz::error::ErrorKind;
use converz::files::{Compression, CsvOptions, Destination, FileWriter, Format, ParquetOptions};

fn batch() -> RecordBatch {
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Int64, true)]));
    RecordBatch::try_new(schema, vec![Arc::new(Int64Array::from_iter_values(0..50_000))]).unwrap()
}

fn formats() -> Vec<Format> {
    let csv = || CsvOptions::default();
    vec![
        Format::Parquet(ParquetOptions::default()),
        Format::Ipc { zstd: true },
        Format::Csv(csv(), Compression::None),
        Format::Csv(csv(), Compression::Zstd),
        Format::Ndjson(Compression::Gzip),
    ]
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn it_appears_when_it_is_complete() {
    for format in formats() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        let mut writer =
            FileWriter::new(batch().schema_ref(), format.clone(), Destination::path(&path).unwrap()).unwrap();
        writer.write(&batch()).unwrap();
        assert!(!path.exists(), "{format:?}");
        writer.finish().unwrap();
        assert_eq!(names(folder.path()), ["table"], "{format:?}");
        assert!(path.metadata().unwrap().len() > 100, "{format:?}");
    }
}

#[test]
fn one_that_is_given_up_leaves_what_was_there() {
    for format in formats() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        std::fs::write(&path, "before").unwrap();
        let mut writer =
            FileWriter::new(batch().schema_ref(), format.clone(), Destination::path(&path).unwrap()).unwrap();
        writer.write(&batch()).unwrap();
        drop(writer);
        assert_eq!(names(folder.path()), ["table"], "{format:?}");
        assert_eq!(std::fs::read(&path).unwrap(), b"before", "{format:?}");
    }
}

#[test]
fn what_is_replaced_keeps_its_permissions_and_its_link() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("table"), folder.path().join("link"));
    std::fs::write(&path, "before").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let format = Format::Ndjson(Compression::None);
    let mut writer =
        FileWriter::new(batch().schema_ref(), format, Destination::path(&link).unwrap()).unwrap();
    writer.write(&batch()).unwrap();
    writer.finish().unwrap();
    assert!(link.is_symlink());
    assert!(std::fs::read(&path).unwrap().starts_with(b"{\"x\":0}\n{\"x\":1}\n"));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(names(folder.path()).len(), 2);
}

/// Takes so many bytes, as a disk does.
struct Disk(usize);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 { Err(io::Error::from_raw_os_error(libc::ENOSPC)) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Wherever the disk is full, the error is the disk's, not what the format's library makes of it.
#[test]
fn a_full_disk_is_named() {
    for format in formats() {
        for room in [0, 10, 1_000] {
            let written =
                FileWriter::new(batch().schema_ref(), format.clone(), Destination::writer(Disk(room)))
                    .and_then(|mut writer| {
                        writer.write(&batch())?;
                        writer.finish()
                    });
            let error = written.unwrap_err();
            let ErrorKind::Io { os_code, .. } = error.kind() else { panic!("{format:?} {room}: {error}") };
            assert_eq!(*os_code, Some(libc::ENOSPC), "{format:?} {room}: {error}");
        }
    }
}

#[test]
fn a_place_where_no_file_can_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_path_buf(), folder.path().join("none").join("table")] {
        let error = Destination::path(&path).err().unwrap();
        assert!(matches!(error.kind(), ErrorKind::Io { .. }), "{error}");
        assert!(error.message().contains(path.to_str().unwrap()), "{error}");
    }
}
