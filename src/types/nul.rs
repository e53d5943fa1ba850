//! Names with a NUL, which no library can take.

use arrow_schema::{DataType, Field, Fields};

/// The first name with a NUL in it, also within the types of columns. Arrow's C interface has none, nor has a library that
/// takes data through it.
pub fn name_with_nul(fields: &Fields) -> Option<&str> {
    fields.iter().find_map(|field| field_with_nul(field))
}

fn field_with_nul(field: &Field) -> Option<&str> {
    if field.name().contains('\0') {
        return Some(field.name());
    }
    type_with_nul(field.data_type())
}

fn type_with_nul(data_type: &DataType) -> Option<&str> {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => field_with_nul(field),
        DataType::Struct(fields) => name_with_nul(fields),
        DataType::Union(fields, _) => fields.iter().find_map(|(_, field)| field_with_nul(field)),
        DataType::RunEndEncoded(ends, values) => field_with_nul(ends).or_else(|| field_with_nul(values)),
        DataType::Dictionary(_, values) => type_with_nul(values),
        _ => None,
    }
}
