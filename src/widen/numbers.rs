//! Numbers as wider numbers of the same value.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::cast::cast;

/// Integers below this are doubles, all of them.
const EXACT: u64 = 1 << 53;

/// What does not fit, if it can be said.
type Misfit = Option<String>;

/// Any numbers as doubles, if every integer among them is below 2^53.
pub(super) fn floats(array: &ArrayRef) -> Result<ArrayRef, Misfit> {
    let from = array.data_type();
    if from.is_integer() {
        let large = if from.is_unsigned_integer() {
            let wide = cast(array, &DataType::UInt64).map_err(|_| None)?;
            let large = wide.as_primitive::<UInt64Type>().iter().flatten().find(|value| *value >= EXACT);
            large.map(|value| value.to_string())
        } else {
            let wide = cast(array, &DataType::Int64).map_err(|_| None)?;
            let values = wide.as_primitive::<Int64Type>().iter().flatten();
            let large = values.into_iter().find(|value| value.unsigned_abs() >= EXACT);
            large.map(|value| value.to_string())
        };
        if large.is_some() {
            return Err(large);
        }
    } else if !from.is_floating() {
        return Err(None);
    }
    cast(array, &DataType::Float64).map_err(|_| None)
}

/// Integers as integers of 64 bits.
pub(super) fn integers(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Misfit> {
    if !array.data_type().is_integer() {
        return Err(None);
    }
    // Not "safe", which would make nulls of what does not fit.
    cast(array, to).map_err(|_| None)
}
