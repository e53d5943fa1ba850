//! The JSON of an update, in either of its forms, checked to the last value before anything is applied.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::value::{self, Text};
use crate::sandbox::calendar;
use crate::sandbox::problem::{Problem, excerpt};
use crate::sandbox::store::{Cell, Entity, Key, Nulls, Update, is_attribute_name};

/// The documented most rows a request.
pub(super) const MAX_ROWS: usize = 100_000;

/// Below this size a double is exactly one integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads the body of an update.
pub(in crate::sandbox) fn parse(body: &[u8], entity: Entity) -> Result<Update<'_>, Problem> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Problem::bad("invalid_json", format!("the body is not UTF-8 from byte {} on", error.valid_up_to()))
    })?;
    let table = Table::default();
    let (table, nulls) = match text.trim_start_matches([' ', '\t', '\r', '\n']).chars().next() {
        Some('[') => (read(text, table, Rows)?, Nulls::Clear),
        Some('{') => (read(text, table, Columns)?, Nulls::Keep),
        None => return Err(Problem::bad("empty_body", "the body is empty")),
        Some(_) => {
            let message =
                format!("the body is {}: it must be an object of columns or a list of rows", excerpt(text));
            return Err(Problem::bad("invalid_body", message));
        }
    };
    table.into_update(entity, nulls)
}

/// What was read, row by row, whichever form it had.
#[derive(Default)]
struct Table<'a> {
    names: Vec<Cow<'a, str>>,
    numbers: HashMap<Cow<'a, str>, usize>,
    /// For each name the last row, counted from 1, that had it.
    seen: Vec<usize>,
    /// Row by row: the number of the name, and the JSON.
    cells: Vec<(usize, &'a RawValue)>,
    /// Where in `cells` each row ends.
    ends: Vec<usize>,
}

impl<'a> Table<'a> {
    /// The number of a name; most rows have the names of the row before, in the same order.
    fn number(&mut self, name: Cow<'a, str>, guess: usize) -> usize {
        if self.names.get(guess) == Some(&name) {
            return guess;
        }
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = self.names.len();
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        self.seen.push(0);
        number
    }

    fn into_update(self, entity: Entity, nulls: Nulls) -> Result<Update<'a>, Problem> {
        if self.ends.is_empty() {
            return Err(Problem::bad("empty_body", "the body has no rows"));
        }
        let key = self.names.iter().position(|name| name == entity.key());
        if let Some(name) =
            self.names.iter().find(|name| !entity.has_column(name) && !is_attribute_name(name))
        {
            let message = format!(
                "{} cannot be the name of an attribute: use letters, digits and _, and between them single \
                 blanks, dots, colons, slashes or hyphens; 128 characters at most",
                excerpt(name),
            );
            return Err(Problem::bad("invalid_name", message));
        }
        let mut keys = Vec::with_capacity(self.ends.len());
        let mut first_rows: HashMap<Key, usize> = HashMap::with_capacity(self.ends.len());
        let mut cells = Vec::with_capacity(self.cells.len());
        let mut ends = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for (row, end) in (1..).zip(&self.ends) {
            let mut own = None;
            for (number, json) in self.cells.get(start..*end).unwrap_or_default() {
                let name = self.names.get(*number).map(AsRef::as_ref).unwrap_or_default();
                let cell = value::parse(json.get()).map_err(|(code, what)| {
                    Problem::bad(code, format!("row {row}, {}: {what}", excerpt(name)))
                })?;
                if Some(*number) == key {
                    own = Some(read_key(entity, cell, row, json)?);
                } else {
                    // The key is not among the names that are set.
                    let number = number - usize::from(key.is_some_and(|key| key < *number));
                    cells.push((number, check_time(entity, name, cell, row)?));
                }
            }
            start = *end;
            ends.push(cells.len());
            let Some(own) = own else {
                return Err(Problem::bad("missing_key", format!("row {row} has no {}", entity.key())));
            };
            if let Some(first) = first_rows.insert(own.clone(), row) {
                let message = format!("rows {first} and {row} have the same {}: {own}", entity.key());
                return Err(Problem::bad("repeated_key", message));
            }
            keys.push(own);
        }
        let names = self.names.iter().enumerate().filter(|(number, _)| Some(*number) != key);
        let names: Vec<String> = names.map(|(_, name)| name.clone().into_owned()).collect();
        if names.is_empty() {
            let message = format!("the body has nothing to set: no attribute beside {}", entity.key());
            return Err(Problem::bad("empty_body", message));
        }
        Ok(Update { entity, nulls, names, keys, cells, ends })
    }
}

fn read_key<'a>(entity: Entity, cell: Cell<'a>, row: usize, json: &RawValue) -> Result<Key<'a>, Problem> {
    let expected = match (entity, cell) {
        (Entity::Calls, Cell::Integer(id)) => return Ok(Key::Call(id)),
        // In JSON, and for JSON Schema, 24.0 is the integer 24.
        (Entity::Calls, Cell::Real(id)) if id.fract() == 0.0 && id.abs() < EXACT => {
            return Ok(Key::Call(id as i64));
        }
        (Entity::Reps, Cell::Text(id)) => return Ok(Key::Rep(id)),
        (Entity::Calls, _) => "an integer",
        (Entity::Reps, _) => "a string",
    };
    let message = format!("row {row}, {}: {} must be {expected}", entity.key(), excerpt(json.get()));
    Err(Problem::bad("invalid_key", message))
}

/// The columns that lists and reports are cut by hold times that can be compared, or null.
fn check_time<'a>(entity: Entity, name: &str, cell: Cell<'a>, row: usize) -> Result<Cell<'a>, Problem> {
    let refuse = |expected: &str| {
        let message = format!("row {row}, {name}: it must be {expected}, or null");
        Err(Problem::bad("invalid_value", message))
    };
    match (entity, name, &cell) {
        (Entity::Reps, _, _) | (_, _, Cell::Null) => Ok(cell),
        (_, "date", Cell::Text(text)) if calendar::parse_date(text).is_some() => Ok(cell),
        (_, "date", _) => refuse("a date that exists, as 2025-07-15"),
        (_, "start_time", Cell::Text(text)) => match calendar::parse_date_time(text) {
            Some(time) => Ok(Cell::Text(time.into())),
            None => refuse("a time that exists, without a zone, as 2025-07-15 12:00:00"),
        },
        (_, "start_time", _) => refuse("a time that exists, without a zone, as 2025-07-15 12:00:00"),
        _ => Ok(cell),
    }
}

/// Keeps the problem that a visitor found: errors of serde hold text only.
#[derive(Default)]
struct Found(RefCell<Option<Problem>>);

impl Found {
    fn error<E: serde::de::Error>(&self, code: &'static str, message: String) -> E {
        *self.0.borrow_mut() = Some(Problem::bad(code, message));
        E::custom("refused")
    }
}

/// How one of the two forms is read.
trait Form<'a> {
    fn read<D: Deserializer<'a>>(
        self,
        deserializer: D,
        table: &mut Table<'a>,
        found: &Found,
    ) -> Result<(), D::Error>;
}

fn read<'a>(text: &'a str, mut table: Table<'a>, form: impl Form<'a>) -> Result<Table<'a>, Problem> {
    let found = Found::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let result = form.read(&mut deserializer, &mut table, &found).and_then(|()| deserializer.end());
    match (result, found.0.into_inner()) {
        (Ok(()), _) => Ok(table),
        (Err(_), Some(problem)) => Err(problem),
        (Err(error), None) => Err(Problem::bad(
            if error.classify() == Category::Data { "invalid_body" } else { "invalid_json" },
            error.to_string(),
        )),
    }
}

fn too_many_rows<E: serde::de::Error>(found: &Found) -> E {
    found.error(
        "too_many_rows",
        format!("the body has more than {MAX_ROWS} rows, the most a request may have"),
    )
}

/// `[{"call_id":1,"campaign":"A"},…]`
struct Rows;

impl<'a> Form<'a> for Rows {
    fn read<D: Deserializer<'a>>(
        self,
        deserializer: D,
        table: &mut Table<'a>,
        found: &Found,
    ) -> Result<(), D::Error> {
        deserializer.deserialize_seq(RowsVisitor { table, found })
    }
}

struct RowsVisitor<'s, 'a> {
    table: &'s mut Table<'a>,
    found: &'s Found,
}

impl<'a> Visitor<'a> for RowsVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut rows: A) -> Result<(), A::Error> {
        let Self { table, found } = self;
        while rows.next_element_seed(RowVisitor { table: &mut *table, found })?.is_some() {}
        Ok(())
    }
}

struct RowVisitor<'s, 'a> {
    table: &'s mut Table<'a>,
    found: &'s Found,
}

impl<'a> DeserializeSeed<'a> for RowVisitor<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for RowVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "row {} to be an object", self.table.ends.len() + 1)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut object: A) -> Result<(), A::Error> {
        let Self { table, found } = self;
        let row = table.ends.len() + 1;
        if row > MAX_ROWS {
            return Err(too_many_rows(found));
        }
        let mut position = 0;
        while let Some(name) = object.next_key_seed(Text)? {
            let number = table.number(name, position);
            position = number + 1;
            if let Some(seen) = table.seen.get_mut(number)
                && std::mem::replace(seen, row) == row
            {
                let name = table.names.get(number).map(|name| excerpt(name)).unwrap_or_default();
                return Err(found.error("duplicate_name", format!("row {row} has {name} twice")));
            }
            table.cells.push((number, object.next_value()?));
        }
        table.ends.push(table.cells.len());
        Ok(())
    }
}

/// `{"call_id":[1,2],"campaign":["A","B"]}`
struct Columns;

impl<'a> Form<'a> for Columns {
    fn read<D: Deserializer<'a>>(
        self,
        deserializer: D,
        table: &mut Table<'a>,
        found: &Found,
    ) -> Result<(), D::Error> {
        deserializer.deserialize_map(ColumnsVisitor { table, found })
    }
}

struct ColumnsVisitor<'s, 'a> {
    table: &'s mut Table<'a>,
    found: &'s Found,
}

impl<'a> Visitor<'a> for ColumnsVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of columns")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut object: A) -> Result<(), A::Error> {
        let Self { table, found } = self;
        let mut columns: Vec<Vec<&'a RawValue>> = Vec::new();
        while let Some(name) = object.next_key_seed(Text)? {
            let number = table.number(name, columns.len());
            let name = table.names.get(number).map(|name| excerpt(name)).unwrap_or_default();
            if number < columns.len() {
                return Err(found.error("duplicate_name", format!("the body has the column {name} twice")));
            }
            let column = object.next_value_seed(ColumnVisitor { name: &name, found })?;
            if let Some(first) = columns.first()
                && first.len() != column.len()
            {
                let message = format!(
                    "the column {name} has {} values, {} has {}: all columns must have as many",
                    column.len(),
                    table.names.first().map(|name| excerpt(name)).unwrap_or_default(),
                    first.len(),
                );
                return Err(found.error("unequal_columns", message));
            }
            columns.push(column);
        }
        for row in 0..columns.first().map_or(0, Vec::len) {
            let cells =
                columns.iter().enumerate().filter_map(|(number, column)| Some((number, *column.get(row)?)));
            table.cells.extend(cells);
            table.ends.push(table.cells.len());
        }
        Ok(())
    }
}

struct ColumnVisitor<'s> {
    name: &'s str,
    found: &'s Found,
}

impl<'a> DeserializeSeed<'a> for ColumnVisitor<'_> {
    type Value = Vec<&'a RawValue>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for ColumnVisitor<'_> {
    type Value = Vec<&'a RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "the column {} to be a list", self.name)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut column = Vec::new();
        while let Some(value) = list.next_element()? {
            if column.len() == MAX_ROWS {
                return Err(too_many_rows(self.found));
            }
            column.push(value);
        }
        Ok(column)
    }
}
