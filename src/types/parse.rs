//! The names of types, as users write them.

use arrow_schema::{DataType, TimeUnit};

/// How deep types may be nested within one another: as deep as they can be read from an IPC stream, and so be pickled.
pub const MAX_NESTING: usize = 60;

/// The type that a name stands for, if a column can have it.
pub fn parse_type(name: &str) -> Option<DataType> {
    parse(name, 0)
}

fn parse(name: &str, depth: usize) -> Option<DataType> {
    let name = name.trim();
    Some(match name {
        "null" => DataType::Null,
        "bool" | "boolean" => DataType::Boolean,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" => DataType::Int64,
        "uint8" => DataType::UInt8,
        "uint16" => DataType::UInt16,
        "uint32" => DataType::UInt32,
        "uint64" => DataType::UInt64,
        "float32" | "float" => DataType::Float32,
        "float64" | "double" => DataType::Float64,
        "string" | "utf8" => DataType::Utf8,
        "large_string" | "large_utf8" => DataType::LargeUtf8,
        "string_view" => DataType::Utf8View,
        "date32" | "date32[day]" => DataType::Date32,
        "date64" | "date64[ms]" => DataType::Date64,
        _ => {
            if let Some(inside) = name.strip_prefix("dictionary[").and_then(|rest| rest.strip_suffix(']')) {
                if depth == MAX_NESTING {
                    return None;
                }
                let (keys, values) = inside.split_once(',')?;
                let keys = parse(keys, depth + 1).filter(DataType::is_dictionary_key_type)?;
                return Some(DataType::Dictionary(Box::new(keys), Box::new(parse(values, depth + 1)?)));
            }
            let inside = name.strip_prefix("timestamp[")?.strip_suffix(']')?;
            let (unit, zone) = match inside.split_once(',') {
                Some((unit, zone)) => (unit, Some(without_label(zone))),
                None => (inside, None),
            };
            let unit = match unit.trim() {
                "s" => TimeUnit::Second,
                "ms" => TimeUnit::Millisecond,
                "us" => TimeUnit::Microsecond,
                "ns" => TimeUnit::Nanosecond,
                _ => return None,
            };
            DataType::Timestamp(unit, zone.map(Into::into))
        }
    })
}

/// A zone as pyarrow and as others write it.
fn without_label(zone: &str) -> &str {
    let zone = zone.trim();
    zone.strip_prefix("tz=").map_or(zone, without_label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::type_name;

    #[test]
    fn nesting_ends_somewhere() {
        let nested = |depth| format!("{}string{}", "dictionary[int8, ".repeat(depth), "]".repeat(depth));
        let deepest = parse_type(&nested(MAX_NESTING)).unwrap();
        assert_eq!(type_name(&deepest), nested(MAX_NESTING));
        for depth in [MAX_NESTING + 1, 1_000, 100_000] {
            assert_eq!(parse_type(&nested(depth)), None);
            assert_eq!(parse_type(&"dictionary[".repeat(depth)), None);
            assert_eq!(parse_type(&nested(depth).replace("int8, ", "")), None);
        }
    }

    #[test]
    fn a_name_is_the_name_of_its_type() {
        for name in
            ["int64", "timestamp[us, UTC]", "dictionary[int32, large_string]", "date32", "string_view"]
        {
            assert_eq!(type_name(&parse_type(name).unwrap()), name);
        }
    }
}
