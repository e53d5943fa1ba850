//! Dates and timestamps in days and microseconds.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};

use super::cast::cast;

const MILLISECONDS_A_DAY: i64 = 86_400_000;

/// The same moments; where the unit is coarser, only if no part of a value is lost.
pub(super) fn times(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Option<String>> {
    let fits = match (array.data_type(), to) {
        (DataType::Date64, DataType::Date32) => {
            array.as_primitive::<Date64Type>().iter().flatten().all(|value| value % MILLISECONDS_A_DAY == 0)
        }
        (DataType::Timestamp(from, before), DataType::Timestamp(TimeUnit::Microsecond, after)) => {
            before.is_some() == after.is_some()
                && (*from != TimeUnit::Nanosecond
                    || array
                        .as_primitive::<TimestampNanosecondType>()
                        .iter()
                        .flatten()
                        .all(|value| value % 1_000 == 0))
        }
        _ => false,
    };
    if !fits {
        return Err(None);
    }
    cast(array, to).map_err(|_| None)
}
