//! Times that are all midnight: perhaps dates that a library without a type for them could not keep.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, Date32Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, Date32Array};
use arrow_schema::{DataType, TimeUnit};

use super::plain::Raw;
use crate::text::quoted;

/// Attributes that are dates, as the API documents them.
const DATES: [&str; 1] = ["date"];

/// Attributes that are times, likewise.
const TIMES: [&str; 1] = ["start_time"];

/// What an attribute is known to be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Dates,
    Times,
}

pub(super) fn known(name: &str) -> Option<Known> {
    if DATES.contains(&name) { Some(Known::Dates) } else { TIMES.contains(&name).then_some(Known::Times) }
}

/// Whether an attribute is known to be of dates, or of times.
pub(crate) fn is_known(name: &str) -> bool {
    known(name).is_some()
}

/// What to tell of times that are all midnight. `stored` are dates or, if it is not known, nothing.
pub fn midnight_warning(name: &str, stored_as_dates: bool) -> String {
    let stored = if stored_as_dates {
        "what is stored there are dates, and a column with such times among its dates reads as text"
    } else {
        "if dates are stored there, the column will read as text"
    };
    let name = quoted(name);
    format!(
        "frame[{name}] holds times that are all midnight, and they are sent as times (\"2025-07-15 00:00:00\"): \
         {stored}. pandas has no type for dates, and loses which columns had them. If these are dates, make them such \
         (pandas: frame[{name}].dt.date, polars: .cast(polars.Date)); if they are times, pass their text (pandas: \
         frame[{name}].dt.strftime(\"%Y-%m-%d %H:%M:%S\"))"
    )
}

/// Dates of a column that is known to be of dates, where it holds times that are all midnight.
pub(super) fn known_dates(mut column: Raw) -> Raw {
    if DATES.contains(&column.field.name().as_str())
        && let Some(arrays) = column.arrays.iter().map(as_dates).collect()
    {
        column.field = column.field.with_data_type(DataType::Date32);
        column.arrays = arrays;
    }
    column
}

/// Times without a zone that are all midnight as dates.
pub fn as_dates(array: &ArrayRef) -> Option<ArrayRef> {
    macro_rules! dates {
        ($time:ty) => {{
            let times = array.as_primitive::<$time>();
            let dates = times.unary_opt::<_, Date32Type>(|time| {
                let per_day = per_day::<$time>();
                (time.rem_euclid(per_day) == 0).then(|| i32::try_from(time / per_day).ok()).flatten()
            });
            Some(dates)
        }};
    }
    let dates: Option<Date32Array> = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, None) => dates!(TimestampSecondType),
        DataType::Timestamp(TimeUnit::Millisecond, None) => dates!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, None) => dates!(TimestampMicrosecondType),
        DataType::Timestamp(TimeUnit::Nanosecond, None) => dates!(TimestampNanosecondType),
        _ => None,
    };
    // A time that is not at midnight has become null.
    dates.filter(|dates| dates.null_count() == array.null_count()).map(|dates| Arc::new(dates) as ArrayRef)
}

/// Whether all values are times without a zone at midnight.
pub(super) fn are_midnights(array: &ArrayRef) -> bool {
    macro_rules! midnights {
        ($time:ty) => {
            array
                .as_primitive::<$time>()
                .iter()
                .all(|time| time.is_none_or(|time| time.rem_euclid(per_day::<$time>()) == 0))
        };
    }
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, None) => midnights!(TimestampSecondType),
        DataType::Timestamp(TimeUnit::Millisecond, None) => midnights!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, None) => midnights!(TimestampMicrosecondType),
        DataType::Timestamp(TimeUnit::Nanosecond, None) => midnights!(TimestampNanosecondType),
        _ => false,
    }
}

const fn per_day<T: ArrowTimestampType>() -> i64 {
    86_400
        * match T::UNIT {
            TimeUnit::Second => 1,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Microsecond => 1_000_000,
            TimeUnit::Nanosecond => 1_000_000_000,
        }
}
