//! The cells of a column in one of few forms, in which they are compared and counted.

use std::borrow::Cow;
use std::cmp::Ordering;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, UInt64Array};
use arrow_schema::DataType;
use twox_hash::XxHash3_128;

use crate::error::{Error, Result};
use crate::types::holds_strings;

pub(super) enum Values {
    Nulls,
    Bools(BooleanArray),
    /// Integers, and what dates and times count.
    Integers(Int64Array),
    Unsigned(UInt64Array),
    Floats(Float64Array),
    Texts(StringArray),
}

/// A value that is not null. Those of a column are of one kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(Cow<'a, str>),
}

impl Values {
    /// # Errors
    /// Only defects: a type that no result has.
    pub(super) fn of(array: &ArrayRef) -> Result<Self> {
        let cast = |to: &DataType| {
            arrow_cast::cast(array, to).map_err(|error| {
                Error::internal(format!("a column of {} cannot be described: {error}", array.data_type()))
            })
        };
        Ok(match array.data_type() {
            DataType::Null => Self::Nulls,
            DataType::Boolean => Self::Bools(array.as_boolean().clone()),
            DataType::UInt64 => Self::Unsigned(array.as_primitive::<UInt64Type>().clone()),
            kind if kind.is_integer() || kind.is_temporal() => {
                Self::Integers(cast(&DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            kind if holds_strings(kind) => Self::Texts(cast(&DataType::Utf8)?.as_string::<i32>().clone()),
            _ => Self::Floats(cast(&DataType::Float64)?.as_primitive::<Float64Type>().clone()),
        })
    }

    pub(super) fn get(&self, row: usize) -> Option<Value<'_>> {
        Some(match self {
            Self::Nulls => return None,
            Self::Bools(array) => Value::Bool(array.is_valid(row).then(|| array.value(row))?),
            Self::Integers(array) => Value::Integer(array.is_valid(row).then(|| array.value(row))?.into()),
            Self::Unsigned(array) => Value::Integer(array.is_valid(row).then(|| array.value(row))?.into()),
            Self::Floats(array) => Value::Float(array.is_valid(row).then(|| array.value(row))?),
            Self::Texts(array) => Value::Text(Cow::Borrowed(array.is_valid(row).then(|| array.value(row))?)),
        })
    }
}

impl Value<'_> {
    pub(super) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Float(value) => Value::Float(value),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
        }
    }

    /// The same for the same value of a column.
    pub(super) fn digest(&self) -> u128 {
        match self {
            Self::Bool(value) => u128::from(*value),
            Self::Integer(value) => value.cast_unsigned(),
            // The two zeros are one value.
            Self::Float(value) => u128::from((value + 0.0).to_bits()),
            Self::Text(text) => XxHash3_128::oneshot(text.as_bytes()),
        }
    }

    /// Of values of one column; text by its characters' numbers.
    pub(super) fn order(&self, other: &Value<'_>) -> Ordering {
        match (self, other) {
            (Self::Bool(left), Value::Bool(right)) => left.cmp(right),
            (Self::Integer(left), Value::Integer(right)) => left.cmp(right),
            (Self::Float(left), Value::Float(right)) => left.total_cmp(right),
            (Self::Text(left), Value::Text(right)) => left.cmp(right),
            _ => Ordering::Equal,
        }
    }
}
