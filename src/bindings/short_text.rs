//! Columns of short text, as polars hands them over, checked a register at a time.
//!
//! Arrow checks every text by itself, which for short ones takes as long as encoding them.

use arrow_buffer::NullBuffer;
use arrow_data::{ArrayData, MAX_INLINE_VIEW_LEN};
use arrow_schema::DataType;

/// Whether these are views whose text is in the views themselves, and valid as a whole. False may mean either.
pub fn is_valid(data: &ArrayData) -> bool {
    if *data.data_type() != DataType::Utf8View || data.validate().is_err() {
        return false;
    }
    let is_counted =
        |nulls: &NullBuffer| NullBuffer::new(nulls.inner().clone()).null_count() == nulls.null_count();
    let Some(views) = data.buffer::<u128>(0).get(..data.len()) else { return false };
    data.nulls().is_none_or(is_counted) && views.iter().all(|view| is_short_text(*view))
}

/// The length comes first, then the text, and zeros behind it.
#[inline]
fn is_short_text(view: u128) -> bool {
    const BEYOND_ASCII: u128 = u128::from_ne_bytes([0x80; 16]);
    #[expect(clippy::cast_possible_truncation, reason = "the lower half of the lower half is the length")]
    let length = view as u32;
    let text = view >> 32;
    length <= MAX_INLINE_VIEW_LEN
        && text >> (8 * length) == 0
        && (text & BEYOND_ASCII == 0 || std::str::from_utf8(&text.to_le_bytes()[..length as usize]).is_ok())
}
