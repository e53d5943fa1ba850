//! What is known to hold and not checked once more, memory for it, and instructions of a processor: all the `unsafe` of this
//! room. It makes reading into polars a fifth faster.
//!
//! With debug assertions, that is in tests and where the decoder is fuzzed, it is checked nevertheless.
#![allow(unsafe_code)]

use arrow_array::{StringArray, StringViewArray};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use super::data::Strings;

/// The strings of a column, whose text the scanner has checked.
pub(super) fn strings(strings: Strings, nulls: Option<NullBuffer>) -> StringArray {
    let offsets = OffsetBuffer::new(ScalarBuffer::from(strings.offsets));
    let text = Buffer::from_vec(strings.bytes);
    debug_assert!(StringArray::try_new(offsets.clone(), text.clone(), nulls.clone()).is_ok());
    // SAFETY: `Strings` that are text were put together from whole pieces of UTF-8, and their offsets are how long they
    // were after each. The nulls have a bit for each.
    unsafe { StringArray::new_unchecked(offsets, text, nulls) }
}

/// Views that were made of an array of strings, with its text if one of them refers to it.
pub(super) fn views(
    views: ScalarBuffer<u128>,
    text: Option<Buffer>,
    nulls: Option<NullBuffer>,
) -> StringViewArray {
    let text = Vec::from_iter(text);
    debug_assert!(StringViewArray::try_new(views.clone(), text.clone(), nulls.clone()).is_ok());
    // SAFETY: each is zero or has the length and the beginning of a string of that array; it holds all of it and zeros,
    // or refers to where it is within the text. That the strings are UTF-8 is known of those that were decoded here;
    // for an array from elsewhere its producer answers, as Arrow's C interface has it. Its nulls have a bit for each.
    unsafe { StringViewArray::new_unchecked(views, text, nulls) }
}

/// Room for views, all zero. On Linux it is on large pages where the system has them on request: to touch memory for the
/// first time, page by page, costs more than to fill it. The advice outlives the memory until that is unmapped. Nothing else
/// is on large pages: where the system is a guest, its host may take those back that are free, and to get them again costs
/// a first read more than is won; of ordinary pages most are there still.
pub(super) fn zeros(count: usize) -> Vec<u128> {
    let zeros = vec![0; count];
    #[cfg(target_os = "linux")]
    {
        /// Less has no room for a large page.
        const LARGE: usize = 2 << 20;
        /// Hardly any system has larger ordinary pages, and the range must begin with one.
        const ALIGNMENT: usize = 64 << 10;
        let bytes = size_of_val(zeros.as_slice());
        let before = zeros.as_ptr().cast::<u8>().align_offset(ALIGNMENT);
        if bytes >= LARGE && before < bytes {
            let start = zeros.as_ptr().cast::<u8>().wrapping_add(before).cast_mut();
            // SAFETY: the range is mapped, being within the memory of `zeros` but for the rest of its last page, and the
            // advice changes nothing that it holds. A system need not follow it.
            unsafe { libc::madvise(start.cast(), bytes - before, libc::MADV_HUGEPAGE) };
        }
    }
    zeros
}

/// A bit for each of sixteen bytes that is a quote, a backslash or a control character, and one for each beyond ASCII.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn special_and_high(block: &[u8; 16]) -> (u32, u32) {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };
    let all = u128::from_le_bytes(*block);
    let (upper, lower) = (((all >> 64) as u64).cast_signed(), (all as u64).cast_signed());
    // SAFETY: these are instructions of SSE2, which every processor of this family has, and they touch no memory.
    let (special, high) = unsafe {
        let every = |byte: u8| _mm_set1_epi8(byte.cast_signed());
        let bytes = _mm_set_epi64x(upper, lower);
        let quotes = _mm_cmpeq_epi8(bytes, every(b'"'));
        let backslashes = _mm_cmpeq_epi8(bytes, every(b'\\'));
        let controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, every(0x1f)), bytes);
        let special = _mm_or_si128(_mm_or_si128(quotes, backslashes), controls);
        (_mm_movemask_epi8(special), _mm_movemask_epi8(bytes))
    };
    (special.cast_unsigned(), high.cast_unsigned())
}
