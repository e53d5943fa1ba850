//! Whether an array is what it claims to be. Arrays come from other libraries through an interface that checks nothing.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, GenericStringArray, OffsetSizeTrait, StringViewArray};
use arrow_data::MAX_INLINE_VIEW_LEN;
use arrow_schema::{ArrowError, DataType};

/// # Errors
/// What is wrong with it.
pub(super) fn validate(array: &ArrayRef) -> Result<(), ArrowError> {
    let data = array.to_data();
    data.validate()?;
    data.validate_nulls()?;
    // Strings are most of what a frame is, and are looked through faster here.
    let plain = match array.data_type() {
        DataType::Utf8 => are_strings(array.as_string::<i32>()),
        DataType::LargeUtf8 => are_strings(array.as_string::<i64>()),
        DataType::Utf8View => are_short_strings(array.as_string_view()),
        _ => false,
    };
    if plain { Ok(()) } else { data.validate_full() }
}

/// Whether these are strings; if not, it is left open why.
fn are_strings<O: OffsetSizeTrait>(array: &GenericStringArray<O>) -> bool {
    let offsets = array.value_offsets();
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else { return false };
    if *first < O::zero() || !offsets.is_sorted() {
        return false;
    }
    let Some(bytes) = array.value_data().get(first.as_usize()..last.as_usize()) else { return false };
    let Ok(text) = simdutf8::basic::from_utf8(bytes) else { return false };
    text.is_ascii() || offsets.iter().all(|offset| text.is_char_boundary((*offset - *first).as_usize()))
}

/// Whether these are strings within their views.
fn are_short_strings(array: &StringViewArray) -> bool {
    const HIGH: u128 = u128::from_ne_bytes([0x80; 16]);
    array.views().iter().all(|view| {
        let length = *view as u32;
        let text = view >> 32;
        length <= MAX_INLINE_VIEW_LEN
            // Nothing is behind the last byte.
            && text >> (8 * length) == 0
            && (text & HIGH == 0
                || text.to_le_bytes().get(..length as usize).is_some_and(|text| str::from_utf8(text).is_ok()))
    })
}
