//! Decimal digits, eight at a time.

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Digits of a word.
pub(super) const WORD: usize = size_of::<u64>();

/// The least number that has more.
pub(super) const EIGHT: u64 = 100_000_000;

/// The digits of four numbers below 100, one a byte and the first of them lowest. Each lane of 16 bits is a pair.
#[inline]
fn pairs(first: u64, second: u64, third: u64, fourth: u64) -> u64 {
    let lanes = first | second << 16 | third << 32 | fourth << 48;
    // A tenth: 103 / 1024 is near enough below 100, and no product leaves its lane.
    let tens = ((lanes * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (lanes - 10 * tens) << 8
}

/// The texts of four numbers below 100.
#[inline]
pub(super) fn pairs_text(numbers: [u32; 4]) -> [[u8; 2]; 4] {
    let [first, second, third, fourth] = numbers;
    let text = text(pairs(first.into(), second.into(), third.into(), fourth.into()));
    [[text[0], text[1]], [text[2], text[3]], [text[4], text[5]], [text[6], text[7]]]
}

/// The eight digits of a number below 10^8, one a byte and the first of them lowest.
#[inline]
pub(super) fn eight(value: u64) -> u64 {
    let (upper, lower) = (value / 10_000, value % 10_000);
    pairs(upper / 100, upper % 100, lower / 100, lower % 100)
}

/// The text of eight digits.
#[inline]
pub(super) fn text(digits: u64) -> [u8; WORD] {
    (digits | ZEROS).to_le_bytes()
}

/// How many of eight digits are zeros behind the last other one.
#[inline]
pub(super) fn trailing_zeros(digits: u64) -> usize {
    (digits.leading_zeros() / 8) as usize
}

/// How many digits a number has.
#[inline]
pub(super) fn count(value: u64) -> usize {
    /// The largest number of digits that numbers of so many bits have, with the least number that has them.
    const MOST: [(u64, usize); 65] = most();
    let (least, digits) = MOST[64 - value.leading_zeros() as usize];
    digits - usize::from(value < least)
}

const fn most() -> [(u64, usize); 65] {
    let mut table = [(0, 1); 65];
    let mut bits = 1;
    while bits < table.len() {
        let largest = u64::MAX >> (64 - bits);
        let digits = largest.ilog10();
        table[bits] = (if digits == 0 { 0 } else { 10_u64.pow(digits) }, digits as usize + 1);
        bits += 1;
    }
    table
}

/// What a number of 64 bits may take.
pub(super) const LONGEST: usize = 20;

/// Writes a number; gives where it ends. There must be room for a word more than it takes.
#[inline]
pub(super) fn write(value: u64, at: usize, room: &mut [u8]) -> usize {
    if value < EIGHT {
        return write_first(value, at, room);
    }
    let (upper, lower) = (value / EIGHT, value % EIGHT);
    let at = if upper < EIGHT {
        write_first(upper, at, room)
    } else {
        let at = write_first(upper / EIGHT, at, room);
        write_word(text(eight(upper % EIGHT)), at, room)
    };
    write_word(text(eight(lower)), at, room)
}

/// Writes a number below 10^8 without leading zeros.
#[inline]
pub(super) fn write_first(value: u64, at: usize, room: &mut [u8]) -> usize {
    if value < 10 {
        // Most fractions have but one digit before the point.
        return write_byte(b'0' + value as u8, at, room);
    }
    let digits = eight(value);
    // The last digit stays, be it a zero.
    let zeros = (digits.trailing_zeros() / 8).min(7);
    write_word(((digits | ZEROS) >> (8 * zeros)).to_le_bytes(), at, room) - zeros as usize
}

#[inline]
pub(super) fn write_word(word: [u8; WORD], at: usize, room: &mut [u8]) -> usize {
    if let Some(room) = room.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *room = word;
    }
    at + word.len()
}

#[inline]
pub(super) fn write_byte(byte: u8, at: usize, room: &mut [u8]) -> usize {
    if let Some(room) = room.get_mut(at) {
        *room = byte;
    }
    at + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: u64) -> String {
        let mut room = [0; LONGEST + WORD];
        let end = write(value, 0, &mut room);
        std::str::from_utf8(&room[..end]).unwrap().to_owned()
    }

    #[test]
    fn numbers_at_every_border() {
        let powers = (0..20).map(|power| 10_u64.pow(power));
        let bits = (0..64).map(|bit| 1 << bit);
        for near in powers.chain(bits).chain([0, u64::MAX, 1_234_567_890_123_456_789]) {
            for value in [near.wrapping_sub(1), near, near.wrapping_add(1), near / 7] {
                assert_eq!(written(value), value.to_string());
                assert_eq!(count(value), value.to_string().len(), "{value}");
            }
        }
    }

    #[test]
    fn all_pairs() {
        for pair in 0..100 {
            let other = 99 - pair;
            let text = pairs_text([pair, other, other, pair]);
            let expected = format!("{pair:02}{other:02}{other:02}{pair:02}");
            assert_eq!(text.as_flattened(), expected.as_bytes());
        }
    }

    #[test]
    fn zeros_at_the_end() {
        for (value, zeros) in [(0, 8), (1, 0), (10, 1), (12_345_678, 0), (50_000_000, 7), (99_990_000, 4)] {
            assert_eq!(trailing_zeros(eight(value)), zeros);
        }
    }
}
