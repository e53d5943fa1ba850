//! Numbers and booleans as JSON, exactly.

use arrow_array::types::{ArrowPrimitiveType, DecimalType, Float16Type};
use arrow_array::{ArrowNativeTypeOp, BooleanArray, PrimitiveArray};
use half::f16;

use super::cells::{BadValue, Cells};
use super::digits;
use super::output::Output;

pub(super) struct Booleans(pub BooleanArray);

impl Booleans {
    pub(super) fn none() -> Self {
        Self(BooleanArray::from(Vec::<bool>::new()))
    }
}

impl Cells for Booleans {
    #[inline]
    fn write(&self, row: usize, out: &mut Output) {
        let value = self.0.values().value(row);
        out.short(|room| {
            *room = if value { *b"true " } else { *b"false" };
            room.len() - usize::from(value)
        });
    }

    #[inline]
    fn size(&self, row: usize) -> usize {
        "false".len() - usize::from(self.0.values().value(row))
    }
}

pub(super) struct Integers<T: ArrowPrimitiveType>(pub PrimitiveArray<T>);

impl<T: ArrowPrimitiveType> Integers<T>
where
    T::Native: Into<i128>,
{
    /// Whether the value has a sign, and the number behind it.
    #[inline]
    fn parts(&self, row: usize) -> (bool, u64) {
        let value: i128 = self.0.value(row).into();
        (value < 0, value.unsigned_abs() as u64)
    }
}

impl<T: ArrowPrimitiveType> Cells for Integers<T>
where
    T::Native: Into<i128>,
{
    #[inline]
    fn write(&self, row: usize, out: &mut Output) {
        const ROOM: usize = 1 + digits::LONGEST + digits::WORD;
        let (negative, value) = self.parts(row);
        out.short(|room: &mut [u8; ROOM]| {
            room[0] = b'-';
            digits::write(value, negative.into(), room)
        });
    }

    #[inline]
    fn size(&self, row: usize) -> usize {
        let (negative, value) = self.parts(row);
        usize::from(negative) + digits::count(value)
    }
}

/// The shortest digits that read as the same value at its own width; always with a point or an exponent.
pub(super) struct Floats<T: ArrowPrimitiveType>(pub PrimitiveArray<T>);

/// A float, and the short way to write it.
pub(super) trait Float: zmij::Float + Into<f64> {
    /// Its size in hundred-millionths, if that is the size exactly and has so few digits that no other number of as few
    /// is the same float.
    fn hundred_millionths(self) -> Option<u64>;
}

impl Float for f64 {
    #[inline]
    #[expect(clippy::float_cmp, reason = "it is the shortest text only if it reads as the very same value")]
    fn hundred_millionths(self) -> Option<u64> {
        /// Two decimals of fifteen digits are never the same double.
        const FIFTEEN_DIGITS: f64 = 1e15;
        const UNIT: f64 = 1e8;
        let size = self.abs();
        let units = size * UNIT + 0.5;
        if units >= FIFTEEN_DIGITS {
            return None;
        }
        let units = units as i64;
        // Both are doubles exactly, so the quotient is the double that is nearest to the decimal.
        let same = units as f64 / UNIT == size;
        (same && (units >= SMALLEST || units == 0)).then_some(units.cast_unsigned())
    }
}

/// Below it, a number is written with an exponent.
const SMALLEST: i64 = 1_000;

impl Float for f32 {
    fn hundred_millionths(self) -> Option<u64> {
        None
    }
}

impl<T: ArrowPrimitiveType> Cells for Floats<T>
where
    T::Native: Float,
{
    #[inline]
    fn write(&self, row: usize, out: &mut Output) {
        const ROOM: usize = 1 + digits::WORD + 1 + digits::WORD;
        let value = self.0.value(row);
        let Some(units) = value.hundred_millionths() else {
            return out.extend(zmij::Buffer::new().format_finite(value).as_bytes());
        };
        let negative = value.into().is_sign_negative();
        out.short(|room: &mut [u8; ROOM]| {
            room[0] = b'-';
            let point = digits::write_first(units / digits::EIGHT, negative.into(), room);
            let behind = digits::write_byte(b'.', point, room);
            let fraction = digits::eight(units % digits::EIGHT);
            digits::write_word(digits::text(fraction), behind, room) - zeros_behind(fraction)
        });
    }

    #[inline]
    fn size(&self, row: usize) -> usize {
        let value = self.0.value(row);
        let Some(units) = value.hundred_millionths() else {
            return zmij::Buffer::new().format_finite(value).len();
        };
        let fraction = digits::eight(units % digits::EIGHT);
        usize::from(value.into().is_sign_negative()) + digits::count(units / digits::EIGHT) + 1 + digits::WORD
            - zeros_behind(fraction)
    }

    fn can_be_bad(&self) -> bool {
        true
    }

    #[inline]
    fn bad_value(&self, row: usize) -> Option<BadValue> {
        bad_float(self.0.value(row).into())
    }
}

/// Zeros that a fraction ends with; one digit stays.
#[inline]
fn zeros_behind(fraction: u64) -> usize {
    digits::trailing_zeros(fraction).min(digits::WORD - 1)
}

pub(super) struct Halves(pub PrimitiveArray<Float16Type>);

impl Halves {
    /// Five digits tell all halves apart.
    fn text(&self, row: usize) -> String {
        let value = self.0.value(row);
        let wide = value.to_f32();
        let short = (0..5)
            .filter_map(|digits| format!("{wide:.digits$e}").parse::<f32>().ok())
            .find(|short| f16::from_f32(*short) == value);
        zmij::Buffer::new().format_finite(short.unwrap_or(wide)).to_owned()
    }
}

impl Cells for Halves {
    #[inline]
    fn write(&self, row: usize, out: &mut Output) {
        out.extend(self.text(row).as_bytes());
    }

    #[inline]
    fn size(&self, row: usize) -> usize {
        self.text(row).len()
    }

    fn can_be_bad(&self) -> bool {
        true
    }

    #[inline]
    fn bad_value(&self, row: usize) -> Option<BadValue> {
        bad_float(self.0.value(row).to_f64())
    }
}

fn bad_float(value: f64) -> Option<BadValue> {
    if value.is_nan() {
        Some(BadValue::NotANumber)
    } else if value.is_infinite() {
        Some(BadValue::Infinite)
    } else {
        None
    }
}

pub(super) struct Decimals<T: DecimalType>(pub PrimitiveArray<T>);

impl<T: DecimalType> Decimals<T> {
    fn text(&self, row: usize) -> String {
        let value = self.0.value(row);
        // Padding to a negative scale would write a zero as many of them, which is no JSON number.
        if value.is_zero() && self.0.scale() < 0 { "0".to_owned() } else { self.0.value_as_string(row) }
    }
}

impl<T: DecimalType> Cells for Decimals<T> {
    #[inline]
    fn write(&self, row: usize, out: &mut Output) {
        out.extend(self.text(row).as_bytes());
    }

    #[inline]
    fn size(&self, row: usize) -> usize {
        self.text(row).len()
    }
}
