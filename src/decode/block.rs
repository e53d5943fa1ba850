//! Sixteen bytes of a string at once: which of them end a run of ordinary characters, and which are not ASCII.

#[cfg(target_arch = "x86_64")]
use super::unchecked;

/// Bytes of a block.
pub(super) const BLOCK: usize = 16;

/// What is to be known of sixteen bytes; a bit for each, the lowest for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    /// Quotes, backslashes and control characters.
    pub special: u32,
    /// Bytes beyond ASCII.
    pub high: u32,
}

impl Marks {
    /// How many bytes stand before the first special one, and the marks of those that do; or nothing if none is special.
    #[inline]
    pub(super) fn run(self) -> Option<(usize, u32)> {
        let before = (self.special & self.special.wrapping_neg()).wrapping_sub(1);
        (self.special != 0).then(|| (self.special.trailing_zeros() as usize, self.high & before))
    }
}

/// The marks of a block.
#[cfg(target_arch = "x86_64")]
#[expect(clippy::inline_always, reason = "a few instructions within the loop over a string")]
#[inline(always)]
pub(super) fn marks(block: &[u8; BLOCK]) -> Marks {
    let (special, high) = unchecked::special_and_high(block);
    Marks { special, high }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(super) fn marks(block: &[u8; BLOCK]) -> Marks {
    portable(block)
}

/// The same of any processor.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline]
fn portable(block: &[u8; BLOCK]) -> Marks {
    let (words, _) = block.as_chunks();
    let [low, high] = [u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1])];
    Marks {
        special: gathered(specials(low)) | gathered(specials(high)) << 8,
        high: gathered(low & HIGH) | gathered(high & HIGH) << 8,
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
const ONES: u64 = 0x0101_0101_0101_0101;
#[cfg(any(test, not(target_arch = "x86_64")))]
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The high bit of each byte that is special. Unlike a subtraction, an addition to seven bits carries into no neighbour.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline]
fn specials(word: u64) -> u64 {
    let is_not_zero = |word: u64| ((word & !HIGH) + !HIGH) | word;
    let quotes = is_not_zero(word ^ (ONES * u64::from(b'"')));
    let backslashes = is_not_zero(word ^ (ONES * u64::from(b'\\')));
    let not_controls = ((word & !HIGH) + ONES * 0x60) | word;
    !(quotes & backslashes & not_controls) & HIGH
}

/// The high bit of each byte, as the bits of a number.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline]
fn gathered(bits: u64) -> u32 {
    // Each product moves one bit to its place in the uppermost byte, and none of them meet.
    ((bits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Byte by byte, as it is meant.
    fn expected(block: &[u8; BLOCK]) -> Marks {
        let mut marks = Marks { special: 0, high: 0 };
        for (index, byte) in block.iter().enumerate() {
            marks.special |= u32::from(matches!(byte, b'"' | b'\\' | 0..0x20)) << index;
            marks.high |= u32::from(!byte.is_ascii()) << index;
        }
        marks
    }

    #[test]
    fn every_byte_is_marked_in_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..BLOCK {
                for other in [b'a', 0xff, b'"', 0] {
                    let mut block = [other; BLOCK];
                    block[place] = byte;
                    assert_eq!(marks(&block), expected(&block), "{byte:#x} at {place} among {other:#x}");
                    assert_eq!(portable(&block), expected(&block), "{byte:#x} at {place} among {other:#x}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn blocks_are_marked_as_their_bytes(block in proptest::array::uniform16(any::<u8>())) {
            prop_assert_eq!(marks(&block), expected(&block));
            prop_assert_eq!(portable(&block), expected(&block));
            let run = block.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            let found = marks(&block).run();
            prop_assert_eq!(found.map(|(end, _)| end), run);
            if let Some((end, high)) = found {
                prop_assert_eq!(high == 0, block[..end].is_ascii());
            }
        }
    }
}
