//! CSV as RFC 4180 has it, in UTF-8. A null is nothing between two commas and the empty string is `""`, which
//! arrow-csv's writer cannot tell apart; times are those that the API reads.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};

use super::formula;
use super::text::{Rows, Unfit, columns};
use crate::encode::{Column, Output};
use crate::error::{Error, Result};

#[derive(Debug, Clone)]
pub struct CsvOptions {
    /// A first line with the names of the columns.
    pub header: bool,
    pub separator: u8,
    /// Put an apostrophe before text that a spreadsheet would run as a formula.
    pub escape_formulas: bool,
    /// At the end of a line; RFC 4180 has `\r\n`.
    pub line_terminator: &'static str,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { header: true, separator: b',', escape_formulas: false, line_terminator: "\r\n" }
    }
}

pub(super) struct CsvRows {
    schema: SchemaRef,
    options: CsvOptions,
    cell: Vec<u8>,
}

impl CsvRows {
    /// # Errors
    /// Columns of types that no text says.
    pub(super) fn new(schema: &SchemaRef, options: CsvOptions) -> Result<Self> {
        columns(schema, &RecordBatch::new_empty(schema.clone()))?;
        let separator = options.separator;
        if !separator.is_ascii() || matches!(separator, b'"' | b'\r' | b'\n') {
            return Err(Error::invalid_input(format!(
                "separator={:?} cannot separate cells: use a comma, a semicolon or a tab, say",
                char::from(separator)
            )));
        }
        Ok(Self { schema: schema.clone(), options, cell: Vec::new() })
    }

    fn write_text(&self, text: &[u8], out: &mut Output) {
        let escaped = self.options.escape_formulas && formula::is_formula(text);
        let quoted = text.is_empty() || needs_quotes(text, self.options.separator);
        if quoted {
            out.push(b'"');
        }
        if escaped {
            out.push(formula::ESCAPE);
        }
        if quoted {
            let mut rest = text;
            while let Some(at) = memchr::memchr(b'"', rest) {
                out.extend(&rest[..=at]);
                out.push(b'"');
                rest = &rest[at + 1..];
            }
            out.extend(rest);
            out.push(b'"');
        } else {
            out.extend(text);
        }
    }
}

fn needs_quotes(text: &[u8], separator: u8) -> bool {
    memchr::memchr3(separator, b'"', b'\n', text).is_some() || memchr::memchr(b'\r', text).is_some()
}

/// The text of a row of a column of strings.
fn text(array: &ArrayRef, row: usize) -> Option<&str> {
    Some(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row),
        DataType::Utf8View => array.as_string_view().value(row),
        _ => return None,
    })
}

/// Floats that JSON cannot hold, and CSV can.
fn odd_float(array: &ArrayRef, row: usize) -> Option<String> {
    use arrow_array::types::{Float16Type, Float32Type, Float64Type};
    match array.data_type() {
        DataType::Float64 => Some(array.as_primitive::<Float64Type>().value(row).to_string()),
        DataType::Float32 => Some(array.as_primitive::<Float32Type>().value(row).to_string()),
        DataType::Float16 => Some(array.as_primitive::<Float16Type>().value(row).to_string()),
        _ => None,
    }
}

impl Rows for CsvRows {
    fn write_head(&mut self, out: &mut Output) {
        if !self.options.header {
            return;
        }
        for (place, field) in self.schema.fields().iter().enumerate() {
            if place > 0 {
                out.push(self.options.separator);
            }
            self.write_text(field.name().as_bytes(), out);
        }
        out.extend(self.options.line_terminator.as_bytes());
    }

    fn write_row(
        &mut self,
        batch: &RecordBatch,
        columns: &[Column],
        row: usize,
        out: &mut Output,
    ) -> Result<(), Unfit> {
        for (place, (column, array)) in columns.iter().zip(batch.columns()).enumerate() {
            if place > 0 {
                out.push(self.options.separator);
            }
            if column.is_null(row) {
                continue;
            }
            if let Some(text) = text(array, row) {
                self.write_text(text.as_bytes(), out);
                continue;
            }
            if let Some(fault) = column.bad_value(row) {
                let Some(odd) = odd_float(array, row) else {
                    return Err(Unfit { column: place, what: fault.to_string() });
                };
                out.extend(odd.as_bytes());
                continue;
            }
            let kind = array.data_type();
            if kind.is_numeric() || *kind == DataType::Boolean {
                column.write_value(row, out);
                continue;
            }
            let mut cell = Output::over(std::mem::take(&mut self.cell), 0);
            column.write_value(row, &mut cell);
            self.cell = cell.finish();
            // A date or a time has quotes, as JSON has it; a list or an object is JSON.
            let plain = self.cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\""));
            match plain.filter(|_| kind.is_temporal()) {
                Some(plain) => out.extend(plain),
                None => self.write_text(&self.cell, out),
            }
        }
        out.extend(self.options.line_terminator.as_bytes());
        Ok(())
    }
}
