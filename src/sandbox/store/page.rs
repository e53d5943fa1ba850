//! One page of a list, written as JSON while it is read.

use rusqlite::{Connection, ToSql, params_from_iter};

use super::cell;
use super::changes;
use super::columns::{Catalogue, Entity, Field};
use super::filter::Filter;
use crate::sandbox::problem::{Problem, unknown};

/// What is asked for.
pub(in crate::sandbox) struct Page {
    pub entity: Entity,
    pub filter: Filter,
    /// `None`: all.
    pub columns: Option<Vec<String>>,
    pub metrics: Vec<String>,
    pub limit: u64,
    pub offset: u64,
}

impl Page {
    /// Writes the rows as a JSON array to `out`; `flush` is called after each, and says whether to go on.
    pub fn write(
        &self,
        connection: &Connection,
        out: &mut Vec<u8>,
        mut flush: impl FnMut(&mut Vec<u8>) -> bool,
    ) -> Result<(), Problem> {
        let catalogue = Catalogue::read(connection, self.entity)?;
        let fields = self.fields(&catalogue)?;
        let mut keys = Vec::with_capacity(fields.len());
        for (index, field) in fields.iter().enumerate() {
            let mut key = Vec::from(if index == 0 { b"{".as_slice() } else { b",".as_slice() });
            cell::write_json(field.name.as_str().into(), &mut key);
            key.push(b':');
            keys.push(key);
        }
        let names: Vec<&str> = fields.iter().map(|field| field.sql.as_str()).collect();
        let (names, table, key) = (names.join(", "), self.entity.table(), self.entity.key());
        let (limit, offset) = (as_i64(self.limit), as_i64(self.offset));
        let mut values: Vec<&dyn ToSql> = self.filter.values().collect();
        // Conversations are numbered from 1 without a gap, so a page of all of them begins at a known number, as long as
        // none was deleted.
        let sql = if self.entity == Entity::Calls && self.filter.is_empty() && !changes::has_gaps(connection)?
        {
            values.extend([&offset as &dyn ToSql, &limit]);
            format!("SELECT {names} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?")
        } else {
            values.extend([&limit as &dyn ToSql, &offset]);
            let condition = self.filter.sql();
            format!("SELECT {names} FROM {table} WHERE {condition} ORDER BY {key} LIMIT ? OFFSET ?")
        };
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        out.push(b'[');
        let mut first = true;
        while let Some(row) = rows.next()? {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            for (index, key) in keys.iter().enumerate() {
                out.extend_from_slice(key);
                cell::write_json(row.get_ref(index)?, out);
            }
            out.push(b'}');
            if !flush(out) {
                return Ok(());
            }
        }
        out.push(b']');
        Ok(())
    }

    /// The columns of the answer: those asked for, in that order, then the metrics.
    fn fields<'a>(&self, catalogue: &'a Catalogue) -> Result<Vec<&'a Field>, Problem> {
        let mut fields: Vec<&Field> = Vec::new();
        match &self.columns {
            None => fields.extend(catalogue.shown()),
            Some(names) => {
                for name in names {
                    let known = || catalogue.fields().iter().map(|field| field.name.as_str());
                    let field = catalogue.get(name);
                    fields.push(field.ok_or_else(|| unknown("columns", "unknown_column", name, known()))?);
                }
            }
        }
        for name in &self.metrics {
            let known = || catalogue.measures().map(|field| field.name.as_str());
            let field = catalogue.measures().find(|field| field.name == *name);
            let field = field.ok_or_else(|| unknown("metric", "unknown_metric", name, known()))?;
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        Ok(fields)
    }
}

fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
