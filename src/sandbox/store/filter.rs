//! Which rows are asked for: conditions whose values are always bound, never part of the SQL.

use rusqlite::ToSql;
use rusqlite::types::Value;

#[derive(Debug, Clone, Default)]
pub(in crate::sandbox) struct Filter {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Filter {
    /// A column of ours is one of these texts.
    pub fn one_of(&mut self, column: &'static str, texts: &[String]) {
        if texts.is_empty() {
            return;
        }
        let marks = vec!["?"; texts.len()].join(", ");
        self.conditions.push(format!("{column} IN ({marks})"));
        self.values.extend(texts.iter().cloned().map(Value::Text));
    }

    pub fn at_least(&mut self, column: &'static str, text: String) {
        self.compare(column, ">=", text);
    }

    pub fn at_most(&mut self, column: &'static str, text: String) {
        self.compare(column, "<=", text);
    }

    fn compare(&mut self, column: &str, operator: &str, text: String) {
        self.conditions.push(format!("{column} {operator} ?"));
        self.values.push(Value::Text(text));
    }

    /// `active` is 1 or 0, or was set to what means the same.
    pub fn active(&mut self, active: bool) {
        self.conditions.push("active IN (?, ?)".into());
        self.values.push(Value::Integer(i64::from(active)));
        self.values.push(Value::Blob(active.to_string().into_bytes()));
    }

    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// What follows `WHERE`.
    pub fn sql(&self) -> String {
        if self.conditions.is_empty() { "1".into() } else { self.conditions.join(" AND ") }
    }

    pub fn values(&self) -> impl Iterator<Item = &dyn ToSql> {
        self.values.iter().map(|value| value as &dyn ToSql)
    }
}
