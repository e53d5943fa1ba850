//! Arrow data as other libraries may hand it over, which nobody checked: making it takes `unsafe`.

#![allow(unsafe_code)]

use arrow_buffer::Buffer;
use arrow_data::ArrayData;
use arrow_schema::DataType;

/// One string of any bytes.
pub fn unchecked_text(bytes: &[u8]) -> ArrayData {
    let length = i32::try_from(bytes.len()).unwrap();
    let data = ArrayData::builder(DataType::Utf8)
        .len(1)
        .add_buffer(Buffer::from_slice_ref([0, length]))
        .add_buffer(Buffer::from(bytes));
    // SAFETY: its layout is that of a string array; only the text may be none, and nobody reads it before it is
    // validated.
    unsafe { data.build_unchecked() }
}
