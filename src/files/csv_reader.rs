//! CSV as RFC 4180 has it, in UTF-8, read back: every cell is the text that is written. Nothing between two separators is a
//! null and `""` is the empty string, which no library's reader tells apart.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};

use crate::error::{Error, Result};

/// # Errors
/// Text that is not UTF-8, quotes that do not end or stand in the middle of a cell, lines with another number of cells than
/// the first one, names that come twice.
pub fn read_csv(bytes: &[u8], separator: u8) -> Result<RecordBatch> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Error::invalid_input(format!("byte {at} is not UTF-8: save the file with this encoding"))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut cells = Cells { rest: text, separator, line: 1 };
    let Some(names) = cells.next_row()? else {
        return Err(Error::invalid_input("there is no first line with the names of the columns"));
    };
    let names: Vec<String> = names.into_iter().map(Option::unwrap_or_default).collect();
    let mut seen = HashMap::new();
    for (index, name) in names.iter().enumerate() {
        if let Some(before) = seen.insert(name, index) {
            return Err(Error::invalid_input(format!(
                "columns {} and {} have the same name: {name:?}",
                before + 1,
                index + 1
            )));
        }
    }
    let mut columns: Vec<StringBuilder> = names.iter().map(|_| StringBuilder::new()).collect();
    loop {
        let line = cells.line;
        let Some(row) = cells.next_row()? else { break };
        // An empty line is one without cells; with one column it is a row that is null.
        if row.len() != columns.len() {
            if matches!(row.as_slice(), [None]) {
                continue;
            }
            return Err(Error::invalid_input(format!(
                "line {line} has {} cells, where the first line has {}: a cell with a separator in it stands in quotes",
                row.len(),
                columns.len()
            )));
        }
        for (column, cell) in columns.iter_mut().zip(row) {
            column.append_option(cell);
        }
    }
    let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    let arrays = columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Error::internal(format!("the cells do not make a table: {error}")))
}

/// What is still to be read.
struct Cells<'a> {
    rest: &'a str,
    separator: u8,
    /// Counted from 1.
    line: usize,
}

impl Cells<'_> {
    /// The cells of the next row.
    fn next_row(&mut self) -> Result<Option<Vec<Option<String>>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut row = Vec::new();
        loop {
            let cell = if self.rest.starts_with('"') { Some(self.quoted()?) } else { self.plain()? };
            row.push(cell);
            match self.rest.bytes().next() {
                Some(byte) if byte == self.separator => self.rest = &self.rest[1..],
                Some(_) => {
                    self.rest = self.rest.strip_prefix("\r\n").unwrap_or_else(|| &self.rest[1..]);
                    self.line += 1;
                    return Ok(Some(row));
                }
                None => return Ok(Some(row)),
            }
        }
    }

    fn plain(&mut self) -> Result<Option<String>> {
        let separator = self.separator;
        let ends = |byte: u8| byte == separator || matches!(byte, b'\n' | b'\r');
        let end = self.rest.bytes().position(ends).unwrap_or(self.rest.len());
        let (cell, rest) = self.rest.split_at(end);
        self.rest = rest;
        if cell.contains('"') {
            return Err(Error::invalid_input(format!(
                "line {} has a quote in the middle of a cell: such a cell stands in quotes, with its own ones doubled",
                self.line
            )));
        }
        Ok((!cell.is_empty()).then(|| cell.to_owned()))
    }

    fn quoted(&mut self) -> Result<String> {
        let begun = self.line;
        let mut cell = String::new();
        self.rest = &self.rest[1..];
        loop {
            let Some(end) = self.rest.find('"') else {
                return Err(Error::invalid_input(format!(
                    "the quotes that begin on line {begun} do not end"
                )));
            };
            let (text, rest) = self.rest.split_at(end);
            cell.push_str(text);
            self.line += text.matches('\n').count();
            self.rest = &rest[1..];
            if let Some(rest) = self.rest.strip_prefix('"') {
                cell.push('"');
                self.rest = rest;
                continue;
            }
            let ends = |byte: u8| byte == self.separator || matches!(byte, b'\n' | b'\r');
            if self.rest.bytes().next().is_none_or(ends) {
                return Ok(cell);
            }
            return Err(Error::invalid_input(format!(
                "line {} has more after the quotes of a cell: its own quotes are doubled",
                self.line
            )));
        }
    }
}
