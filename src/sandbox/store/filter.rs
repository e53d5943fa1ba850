//! Which rows are asked for: conditions whose values are always bound, never part of the SQL.

use chrono::NaiveDate;
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

    /// Days up to both ends. One day is looked up in the index of its column, in the order of keys; for more, rows are gone
    /// through in that order, since looking each up by itself and sorting them takes longer.
    pub fn dates(&mut self, column: &'static str, start: Option<NaiveDate>, end: Option<NaiveDate>) {
        if let Some(day) = start.filter(|_| start == end) {
            return self.compare(column, "=", day.to_string());
        }
        if let Some(start) = start {
            self.compare(&format!("+{column}"), ">=", start.to_string());
        }
        if let Some(end) = end {
            self.compare(&format!("+{column}"), "<=", end.to_string());
        }
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

#[cfg(test)]
mod tests {
    use super::super::tables::TABLES;
    use super::*;

    fn plan(start: Option<&str>, end: Option<&str>) -> String {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        let mut filter = Filter::default();
        filter.dates("date", start.map(|it| it.parse().unwrap()), end.map(|it| it.parse().unwrap()));
        filter.one_of("campaign", &["sales".into()]);
        let sql =
            format!("EXPLAIN QUERY PLAN SELECT * FROM calls WHERE {} ORDER BY call_id LIMIT 9", filter.sql());
        let mut statement = connection.prepare(&sql).unwrap();
        let values: Vec<&dyn ToSql> = filter.values().collect();
        let rows = statement.query_map(rusqlite::params_from_iter(values), |row| row.get(3)).unwrap();
        rows.collect::<rusqlite::Result<Vec<String>>>().unwrap().join("; ")
    }

    #[test]
    fn a_day_is_looked_up_and_a_range_is_gone_through() {
        assert_eq!(
            plan(Some("2025-07-15"), Some("2025-07-15")),
            "SEARCH calls USING INDEX calls_by_date (date=?)"
        );
        for (start, end) in
            [(Some("2025-07-14"), Some("2025-07-15")), (None, Some("2025-07-15")), (None, None)]
        {
            assert_eq!(plan(start, end), "SCAN calls");
        }
    }
}
