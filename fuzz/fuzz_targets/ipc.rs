//! Bytes → table, as a pickle or a file of another library is read: an error, or data that are valid, and no more memory than the bytes account for.
//!
//!     fuzz/run 60 ipc

#![no_main]

use arrow_array::Array;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for read in [converz::ipc::read, converz::ipc::read_file] {
        let Ok((schema, batches)) = read(Bytes::copy_from_slice(bytes)) else { continue };
        for batch in batches {
            assert_eq!(batch.schema(), schema);
            for column in batch.columns() {
                column.to_data().validate_full().expect("what was read is valid");
            }
        }
    }
});
