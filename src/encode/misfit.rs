//! Types that the API's documented dates and times are not, told before they are sent: the service stores what it is given.

use arrow_schema::DataType;

use super::midnight::{Known, known};
use crate::text::quoted;
use crate::types::type_name;

/// What to tell of an attribute with values of a type that it is not known by.
pub(super) fn misfit(name: &str, data_type: &DataType) -> Option<String> {
    let known = known(name)?;
    let data_type = if let DataType::Dictionary(_, values) = data_type { values } else { data_type };
    let (what, others) = match (known, data_type) {
        (Known::Times, DataType::Date32 | DataType::Date64) => ("dates", "dates among its times"),
        (Known::Dates, DataType::Timestamp(..)) => ("times", "times among its dates"),
        (_, DataType::Boolean) => ("truth values", "others"),
        (_, other) if other.is_numeric() => ("numbers", "numbers"),
        _ => return None,
    };
    let (documented, example, pandas, polars) = match known {
        Known::Dates => ("dates", "2025-07-15", "pandas.to_datetime(…).dt.date", ".cast(polars.Date)"),
        Known::Times => ("times", "2025-07-15 12:00:00", "pandas.to_datetime(…)", ".cast(polars.Datetime)"),
    };
    let (name, kind) = (quoted(name), type_name(data_type));
    Some(format!(
        "frame[{name}] holds {what} ({kind}), and they are sent as such: the API knows it as {documented}, and a column \
         with {others} reads as text. Make them {documented} (pandas: {pandas}, polars: {polars}), or pass their text \
         ({example:?})"
    ))
}

#[cfg(test)]
mod tests {
    use arrow_schema::TimeUnit;

    use super::*;

    #[test]
    fn only_what_a_documented_attribute_is_not_is_told() {
        let time = DataType::Timestamp(TimeUnit::Microsecond, None);
        for (name, data_type, told) in [
            ("date", &DataType::Date32, None),
            ("date", &DataType::Utf8, None),
            ("date", &time, Some("holds times")),
            ("date", &DataType::Int64, Some("holds numbers (int64)")),
            ("start_time", &time, None),
            ("start_time", &DataType::Date32, Some("holds dates (date32)")),
            ("start_time", &DataType::Float64, Some("holds numbers")),
            ("start_time", &DataType::Boolean, Some("holds truth values")),
            ("called_on", &DataType::Int64, None),
            ("Date", &DataType::Int64, None),
        ] {
            let warning = misfit(name, data_type);
            assert_eq!(warning.is_some(), told.is_some(), "{name} {data_type}");
            assert!(told.is_none_or(|told| warning.unwrap().contains(told)), "{name} {data_type}");
        }
    }
}
