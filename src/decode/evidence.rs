//! The types of a result, and what there is to say of its columns: from what its values are, whether the pages are in
//! memory or were looked at while they arrived.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};

use super::Options;
use super::infer_type::{self, Census};
use super::kept_json;
use super::near_dates::{self, NearDates};
use crate::error::{Error, ErrorKind, Result};
use crate::types::{JsonMark, holds_strings, type_name, with_json_mark};

/// What the user should know of a column, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnWarning {
    pub column: String,
    pub text: String,
}

/// What is known of the values of a column of the result.
pub(super) trait Evidence {
    fn name(&self) -> &Arc<str>;

    fn census(&self) -> Census;

    /// The first value that does not fit, as a message names it.
    fn misfit(&self, to: &DataType) -> Option<String>;

    /// What the cells are, if it is a column of strings.
    fn mark(&self) -> Option<JsonMark>;

    /// Whether it is a column of strings that are nearly all dates.
    fn near_dates(&self) -> Option<NearDates<String>>;
}

pub(super) fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

pub(super) fn drift(column: &str, message: String, fields: Vec<Field>) -> Error {
    let kind = ErrorKind::SchemaDrift { column: column.to_owned(), schema: Arc::new(Schema::new(fields)) };
    Error::new(kind, message)
}

pub(super) fn misfit_error(column: &str, described: &str, wanted: &DataType, fields: Vec<Field>) -> Error {
    let wider = fields.iter().find(|field| field.name() == column).map(|field| type_name(field.data_type()));
    let message = format!(
        "{described}, which does not fit {} without loss: pass schema= with {} for it, as the error's schema has",
        type_name(wanted),
        wider.as_deref().unwrap_or("string")
    );
    drift(column, message, fields)
}

/// The known type, or its variant with a zone, if all values fit; else the first that does not.
pub(super) fn known_type(column: &impl Evidence, known: &DataType) -> Result<DataType, String> {
    let Some(misfit) = column.misfit(known) else { return Ok(known.clone()) };
    if *known == infer_type::TIMESTAMP && column.misfit(&infer_type::timestamp_utc()).is_none() {
        return Ok(infer_type::timestamp_utc());
    }
    Err(misfit)
}

/// Whether a column of this type may hold the JSON of values. Keys are what they are read as.
pub(super) fn may_be_marked(name: &str, data_type: &DataType, options: &Options) -> bool {
    holds_strings(data_type) && options.key != Some(name)
}

/// What the cells of the column are, if it is one of strings.
pub(super) fn mark(column: &impl Evidence, data_type: &DataType, options: &Options) -> Option<JsonMark> {
    if may_be_marked(column.name(), data_type, options) { column.mark() } else { None }
}

/// The columns that have a type by their values alone, which are looked at for dates that nearly all of them are.
pub(super) fn may_be_near_dates(name: &str, options: &Options) -> bool {
    options.parse_dates
        && !options.json
        && infer_type::pinned(name, options).or_else(|| infer_type::known(name, options)).is_none()
}

/// What there is to say of a column of strings that are nearly all dates.
pub(super) fn near_dates(column: &impl Evidence, options: &Options) -> Option<ColumnWarning> {
    if !may_be_near_dates(column.name(), options) {
        return None;
    }
    let NearDates { like, first, finer, fitting, total } = column.near_dates()?;
    let like_name = type_name(&like);
    let fault = if finer {
        format!("finer than the microseconds of {like_name}")
    } else {
        format!("no {like_name}, while {fitting} of the column's {total} values are")
    };
    let pin = near_dates::candidates(&like).into_iter().find(|pin| column.misfit(pin).is_none());
    let remedy = match pin {
        Some(pin) => format!("to read it as {0}, pass schema= with {0} for it", type_name(&pin)),
        None => "correct the value, or convert the column after reading (as pandas.to_datetime does with \
                 errors=\"coerce\"); schema= with string for it says that it is text"
            .to_owned(),
    };
    let text = format!("{first}, which is {fault}: the whole column is string; {remedy}");
    Some(ColumnWarning { column: column.name().to_string(), text })
}

/// The fields of a whole result, and what there is to say of them.
///
/// # Errors
/// `SchemaDrift` for a value that does not fit a pinned type.
pub(super) fn settle(
    columns: &[impl Evidence],
    options: &Options,
) -> Result<(Vec<Field>, Vec<ColumnWarning>)> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut warnings = Vec::new();
    let mut first_misfit = None;
    for column in columns {
        let name = column.name();
        let by_table = || column.census().data_type(options.parse_dates);
        let data_type = if let Some(pinned) = infer_type::pinned(name, options) {
            match column.misfit(pinned) {
                None => pinned.clone(),
                Some(misfit) => {
                    first_misfit.get_or_insert((name, misfit, pinned));
                    by_table()
                }
            }
        } else if let Some(known) = infer_type::known(name, options) {
            known_type(column, known).unwrap_or_else(|misfit| {
                let widened = by_table();
                let text = format!(
                    "{misfit}, which is no {}: the whole column is {}",
                    type_name(known),
                    type_name(&widened)
                );
                warnings.push(ColumnWarning { column: name.to_string(), text });
                widened
            })
        } else {
            let data_type = by_table();
            if data_type == DataType::Utf8 {
                warnings.extend(near_dates(column, options));
            }
            data_type
        };
        fields.push(if kept_json::keeps_json(name, options) {
            kept_json::json_field(name, &data_type)
        } else {
            with_json_mark(field(name, data_type.clone()), mark(column, &data_type, options))
        });
    }
    match first_misfit {
        Some((column, text, pinned)) => Err(misfit_error(column, &text, pinned, fields)),
        None => Ok((fields, warnings)),
    }
}
