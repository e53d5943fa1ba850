//! Tests of the room `spool`.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use converz::error::ErrorKind;
use converz::spool::Spool;

fn batch(rows: i64) -> RecordBatch {
    let numbers: ArrayRef =
        Arc::new((0..rows).map(|row| (row % 3 > 0).then_some(row)).collect::<Int64Array>());
    let texts: ArrayRef = Arc::new((0..rows).map(|row| Some(format!("text {row}"))).collect::<StringArray>());
    RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap()
}

#[test]
fn batches_come_back_in_any_order_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::in_folder(folder.path()).unwrap();
    assert!(spool.is_empty());
    let batches = [batch(3), batch(70_000), batch(0), batch(1)];
    let segments: Vec<_> = batches.iter().map(|batch| spool.write(batch).unwrap()).collect();
    // Compressed.
    assert!(spool.len() < 400_000, "{}", spool.len());
    for index in [2, 0, 3, 1, 1] {
        assert_eq!(spool.read(&segments[index]).unwrap(), batches[index]);
    }
    #[cfg(target_os = "linux")]
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has a name");
    drop(spool);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = Spool::in_folder(Path::new("/nowhere/at/all")).unwrap_err();
    let ErrorKind::Io { path, advice: Some(advice), .. } = error.kind() else { panic!("{error}") };
    assert_eq!(path.as_deref(), Some(Path::new("/nowhere/at/all")));
    assert!(error.message().starts_with("/nowhere/at/all: "), "{error}");
    assert!(advice.contains("TMP"), "{advice}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_that_says_where_the_file_was() {
    let full = OpenOptions::new().read(true).write(true).open("/dev/full").unwrap();
    let mut spool = Spool::of(full, Path::new("/dev"));
    let error = spool.write(&batch(100)).unwrap_err();
    let ErrorKind::Io { os_code: Some(code), path: Some(path), .. } = error.kind() else { panic!("{error}") };
    assert_eq!((*code, path.as_path()), (libc::ENOSPC, Path::new("/dev")));
    assert!(error.message().contains("TMPDIR"), "{error}");
}

#[test]
fn what_the_disk_has_changed_is_found_out() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let folder = file.path().parent().unwrap();
    let mut spool = Spool::of(file.reopen().unwrap(), folder);
    let batch = batch(1000);
    let segment = spool.write(&batch).unwrap();
    let length = spool.len();
    let mut other: File = file.reopen().unwrap();
    for position in (0..length).step_by(97) {
        let mut bytes = std::fs::read(file.path()).unwrap();
        let byte = &mut bytes[usize::try_from(position).unwrap()];
        *byte ^= 1;
        other.seek(SeekFrom::Start(position)).unwrap();
        other.write_all(&[*byte]).unwrap();
        let error = spool.read(&segment).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Io { .. }), "{error}");
        other.seek(SeekFrom::Start(position)).unwrap();
        other.write_all(&[*byte ^ 1]).unwrap();
    }
    assert_eq!(spool.read(&segment).unwrap(), batch);
    other.set_len(length - 1).unwrap();
    assert!(matches!(spool.read(&segment).unwrap_err().kind(), ErrorKind::Io { .. }));
}
