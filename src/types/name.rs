//! The names of types, as users see them in schemas and messages.

use arrow_schema::{DataType, Field, IntervalUnit, TimeUnit};

/// An Arrow type's usual name, which is the one that pyarrow has, but for `float64` and its kin.
pub fn type_name(data_type: &DataType) -> String {
    let item = |kind: &str, field: &Field| format!("{kind}<{}>", field_name(field));
    match data_type {
        DataType::Boolean => "bool".to_owned(),
        DataType::Utf8 => "string".to_owned(),
        DataType::LargeUtf8 => "large_string".to_owned(),
        DataType::Utf8View => "string_view".to_owned(),
        DataType::LargeBinary => "large_binary".to_owned(),
        DataType::BinaryView => "binary_view".to_owned(),
        DataType::FixedSizeBinary(bytes) => format!("fixed_size_binary[{bytes}]"),
        DataType::Timestamp(precision, None) => format!("timestamp[{}]", unit_name(*precision)),
        DataType::Timestamp(precision, Some(zone)) => {
            format!("timestamp[{}, {zone}]", unit_name(*precision))
        }
        DataType::Time32(unit) => format!("time32[{}]", unit_name(*unit)),
        DataType::Time64(unit) => format!("time64[{}]", unit_name(*unit)),
        DataType::Duration(unit) => format!("duration[{}]", unit_name(*unit)),
        DataType::Interval(IntervalUnit::YearMonth) => "month_interval".to_owned(),
        DataType::Interval(IntervalUnit::DayTime) => "day_time_interval".to_owned(),
        DataType::Interval(IntervalUnit::MonthDayNano) => "month_day_nano_interval".to_owned(),
        DataType::Dictionary(keys, values) => {
            format!("dictionary[{}, {}]", type_name(keys), type_name(values))
        }
        DataType::RunEndEncoded(ends, values) => {
            format!("run_end_encoded[{}, {}]", type_name(ends.data_type()), type_name(values.data_type()))
        }
        DataType::List(field) => item("list", field),
        DataType::LargeList(field) => item("large_list", field),
        DataType::ListView(field) => item("list_view", field),
        DataType::LargeListView(field) => item("large_list_view", field),
        DataType::FixedSizeList(field, size) => format!("{}[{size}]", item("fixed_size_list", field)),
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields.iter().map(|field| field_name(field)).collect();
            format!("struct<{}>", fields.join(", "))
        }
        DataType::Union(fields, _) => {
            let fields: Vec<String> = fields.iter().map(|(_, field)| field_name(field)).collect();
            format!("union<{}>", fields.join(", "))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => {
                let types: Vec<String> = fields.iter().map(|field| type_name(field.data_type())).collect();
                format!("map<{}>", types.join(", "))
            }
            other => format!("map<{}>", type_name(other)),
        },
        // Numbers, dates, `decimal128(10, 2)`, `binary` and `null`.
        other => other.to_string().to_lowercase(),
    }
}

fn field_name(field: &Field) -> String {
    format!("{}: {}", field.name(), type_name(field.data_type()))
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}
