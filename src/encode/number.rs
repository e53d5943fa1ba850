//! Numbers and booleans as JSON, exactly.

use arrow_array::types::{ArrowPrimitiveType, DecimalType, Float16Type};
use arrow_array::{ArrowNativeTypeOp, BooleanArray, PrimitiveArray};
use half::f16;

use super::cells::{Cells, Fault};

pub(super) struct Booleans(pub BooleanArray);

impl Booleans {
    pub(super) fn none() -> Self {
        Self(BooleanArray::from(Vec::<bool>::new()))
    }

    fn text(&self, row: usize) -> &'static str {
        if self.0.value(row) { "true" } else { "false" }
    }
}

impl Cells for Booleans {
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text(row).as_bytes());
    }

    fn size(&self, row: usize) -> usize {
        self.text(row).len()
    }
}

pub(super) struct Integers<T: ArrowPrimitiveType>(pub PrimitiveArray<T>);

impl<T: ArrowPrimitiveType> Cells for Integers<T>
where
    T::Native: itoa::Integer,
{
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(itoa::Buffer::new().format(self.0.value(row)).as_bytes());
    }

    fn size(&self, row: usize) -> usize {
        itoa::Buffer::new().format(self.0.value(row)).len()
    }
}

/// The shortest digits that read as the same value at its own width; always with a point or an exponent.
pub(super) struct Floats<T: ArrowPrimitiveType>(pub PrimitiveArray<T>);

impl<T: ArrowPrimitiveType> Cells for Floats<T>
where
    T::Native: zmij::Float + Into<f64>,
{
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(zmij::Buffer::new().format_finite(self.0.value(row)).as_bytes());
    }

    fn size(&self, row: usize) -> usize {
        zmij::Buffer::new().format_finite(self.0.value(row)).len()
    }

    fn can_be_faulty(&self) -> bool {
        true
    }

    fn fault(&self, row: usize) -> Option<Fault> {
        float_fault(self.0.value(row).into())
    }
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
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text(row).as_bytes());
    }

    fn size(&self, row: usize) -> usize {
        self.text(row).len()
    }

    fn can_be_faulty(&self) -> bool {
        true
    }

    fn fault(&self, row: usize) -> Option<Fault> {
        float_fault(self.0.value(row).to_f64())
    }
}

fn float_fault(value: f64) -> Option<Fault> {
    if value.is_nan() {
        Some(Fault::NotANumber)
    } else if value.is_infinite() {
        Some(Fault::Infinite)
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
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text(row).as_bytes());
    }

    fn size(&self, row: usize) -> usize {
        self.text(row).len()
    }
}
