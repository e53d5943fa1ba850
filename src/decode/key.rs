//! What tells rows apart.

use super::convert;
use super::data::Value;

/// The key of a row; rows without one have none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    Integer(i128),
    Text(Box<str>),
}

/// Equal for values that are the same key: 7 and 7.0, but not the text "7".
pub(super) fn key(value: Value<'_>) -> Key {
    match value {
        Value::Int(value) => Key::Integer(value.into()),
        Value::UInt(value) => Key::Integer(value.into()),
        // Within this range every integer is exact as i128.
        Value::Float(value) if value.fract() == 0.0 && value.abs() < 1e38 => Key::Integer(value as i128),
        Value::Big(digits) => {
            let digits = String::from_utf8_lossy(digits);
            digits.parse().map_or_else(|_| Key::Text(digits.into()), Key::Integer)
        }
        other => {
            let mut text = Vec::new();
            convert::write_text(other, &mut text);
            Key::Text(String::from_utf8_lossy(&text).into())
        }
    }
}
