//! Arrow data as other libraries may hand it over, which nobody checked: making it takes `unsafe`.

#![allow(unsafe_code)]

use arrow_buffer::Buffer;
use arrow_data::ArrayData;
use arrow_schema::DataType;

/// Strings of any bytes, each of which ends where it says.
pub fn unchecked_texts(bytes: &[u8], ends: &[i32]) -> ArrayData {
    let offsets: Vec<i32> = std::iter::once(0).chain(ends.iter().copied()).collect();
    let data = ArrayData::builder(DataType::Utf8)
        .len(ends.len())
        .add_buffer(Buffer::from_vec(offsets))
        .add_buffer(Buffer::from(bytes));
    // SAFETY: its layout is that of a string array; only the text may be none, and nobody reads it before it is
    // validated.
    unsafe { data.build_unchecked() }
}

/// Strings as their views say, without any other memory.
pub fn unchecked_views(views: Vec<u128>) -> ArrayData {
    let data = ArrayData::builder(DataType::Utf8View).len(views.len()).add_buffer(Buffer::from_vec(views));
    // SAFETY: as above.
    unsafe { data.build_unchecked() }
}
