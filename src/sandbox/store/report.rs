//! A report: the database groups by day and by whatever else was asked for, the days are put together here.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::catalogue::{Catalogue, Entity, IN_APP};
use super::cell;
use super::filter::Filter;
use crate::sandbox::calendar;
use crate::sandbox::problem::{Problem, unknown};

/// What rows may be grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Dimension {
    Date,
    Week,
    Month,
    Quarter,
    Half,
    RepId,
    Vendor,
    Campaign,
    Subcampaign,
    Department,
}

impl Dimension {
    pub const ALL: [Self; 10] = [
        Self::Date,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Half,
        Self::RepId,
        Self::Vendor,
        Self::Campaign,
        Self::Subcampaign,
        Self::Department,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Half => "half",
            Self::RepId => "rep_id",
            Self::Vendor => "vendor",
            Self::Campaign => "campaign",
            Self::Subcampaign => "subcampaign",
            Self::Department => "department",
        }
    }

    fn is_time(self) -> bool {
        matches!(self, Self::Date | Self::Week | Self::Month | Self::Quarter | Self::Half)
    }

    /// Time variables that come with a column `year`.
    fn implies_year(self) -> bool {
        matches!(self, Self::Week | Self::Month | Self::Quarter)
    }

    /// Where in-app activity, which is a user's, has it: from the user, or not at all.
    fn of_activity(self) -> &'static str {
        match self {
            Self::RepId => "activity.rep_id",
            Self::Campaign => "reps.campaign",
            Self::Department => "reps.department",
            _ => "NULL",
        }
    }
}

/// What is asked for.
pub(in crate::sandbox) struct Report {
    pub start: NaiveDate,
    pub end: NaiveDate,
    pub rep_id: Vec<String>,
    pub vendor: Vec<String>,
    pub campaign: Vec<String>,
    pub subcampaign: Vec<String>,
    pub department: Vec<String>,
    pub metrics: Vec<String>,
    pub groupby: Vec<Dimension>,
}

/// One column of a group's key: its place in the order, then its JSON text.
type Part = (Order, Vec<u8>);

/// Numbers, then texts, then anything else, then null.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Number(i64),
    Text(String),
    Other,
    Null,
}

#[derive(Default)]
struct Group {
    conversations: i64,
    /// Sum and count of each conversation metric.
    averages: Vec<(f64, i64)>,
    sums: Vec<i64>,
}

impl Report {
    /// Writes the rows as a JSON array.
    pub fn write(&self, connection: &Connection, out: &mut Vec<u8>) -> Result<(), Problem> {
        let catalogue = Catalogue::read(connection, Entity::Calls)?;
        let mut measures = Vec::new();
        let is_in_app = |name: &&str| IN_APP.contains(name);
        let (in_app, others): (Vec<&str>, Vec<&str>) =
            self.metrics.iter().map(String::as_str).partition(is_in_app);
        for name in others {
            let known = || catalogue.measures().map(|field| field.name.as_str()).chain(IN_APP);
            let field = catalogue.measures().find(|field| field.name == name);
            measures.push(field.ok_or_else(|| unknown("metric", "unknown_metric", name, known()))?);
        }
        let columns: Vec<&str> = measures.iter().map(|field| field.sql.as_str()).collect();

        let mut groups = BTreeMap::new();
        if self.groupby.is_empty() {
            groups.insert(Vec::new(), self.group(columns.len(), in_app.len()));
        }
        self.add_conversations(connection, &columns, in_app.len(), &mut groups)?;
        if !in_app.is_empty() {
            self.add_activity(connection, &in_app, columns.len(), &mut groups)?;
        }
        self.write_groups(&groups, &in_app, out);
        Ok(())
    }

    #[allow(clippy::unused_self)]
    fn group(&self, averages: usize, sums: usize) -> Group {
        Group { conversations: 0, averages: vec![(0.0, 0); averages], sums: vec![0; sums] }
    }

    fn add_conversations(
        &self,
        connection: &Connection,
        measures: &[&str],
        in_app: usize,
        groups: &mut BTreeMap<Vec<Part>, Group>,
    ) -> Result<(), Problem> {
        let mut filter = self.dates("date");
        filter.one_of("rep_id", &self.rep_id);
        filter.one_of("vendor", &self.vendor);
        filter.one_of("campaign", &self.campaign);
        filter.one_of("subcampaign", &self.subcampaign);
        filter.one_of("department", &self.department);
        let mut aggregates = vec!["count(*)".to_owned()];
        for column in measures {
            let number = cell::number_sql(column);
            aggregates.push(format!("total({number})"));
            aggregates.push(format!("count({number})"));
        }
        let sql = self.sql("calls", "date", Dimension::name, &aggregates, &filter);
        self.collect(connection, &sql, &filter, groups, measures.len(), in_app, |group, row, from| {
            group.conversations += row.get::<_, i64>(from)?;
            for (index, (sum, count)) in group.averages.iter_mut().enumerate() {
                *sum += row.get::<_, f64>(from + 1 + 2 * index)?;
                *count += row.get::<_, i64>(from + 2 + 2 * index)?;
            }
            Ok(())
        })
    }

    fn add_activity(
        &self,
        connection: &Connection,
        in_app: &[&str],
        measures: usize,
        groups: &mut BTreeMap<Vec<Part>, Group>,
    ) -> Result<(), Problem> {
        // Activity has no vendor and no subcampaign, so none of it is of the ones asked for.
        if !self.vendor.is_empty() || !self.subcampaign.is_empty() {
            return Ok(());
        }
        let mut filter = self.dates("activity.date");
        filter.one_of("activity.rep_id", &self.rep_id);
        filter.one_of("reps.campaign", &self.campaign);
        filter.one_of("reps.department", &self.department);
        let aggregates: Vec<String> = in_app.iter().map(|name| format!("sum({name})")).collect();
        let tables = "activity JOIN reps ON reps.rep_id = activity.rep_id";
        let sql = self.sql(tables, "activity.date", Dimension::of_activity, &aggregates, &filter);
        self.collect(connection, &sql, &filter, groups, measures, in_app.len(), |group, row, from| {
            for (index, sum) in group.sums.iter_mut().enumerate() {
                *sum += row.get::<_, i64>(from + index)?;
            }
            Ok(())
        })
    }

    fn dates(&self, column: &'static str) -> Filter {
        let mut filter = Filter::default();
        filter.at_least(column, self.start.to_string());
        filter.at_most(column, self.end.to_string());
        filter
    }

    /// The day, if it matters, then the other dimensions, then the aggregates.
    fn sql(
        &self,
        tables: &str,
        date: &str,
        column: fn(Dimension) -> &'static str,
        aggregates: &[String],
        filter: &Filter,
    ) -> String {
        let by_day = self.groupby.iter().any(|dimension| dimension.is_time());
        let keys: Vec<&str> = by_day
            .then_some(date)
            .into_iter()
            .chain(self.groupby.iter().filter(|dimension| !dimension.is_time()).map(|one| column(*one)))
            .collect();
        let selected: Vec<&str> = keys.iter().copied().chain(aggregates.iter().map(String::as_str)).collect();
        let numbers: Vec<String> = (1..=keys.len()).map(|number| number.to_string()).collect();
        let group =
            if numbers.is_empty() { String::new() } else { format!(" GROUP BY {}", numbers.join(", ")) };
        format!("SELECT {} FROM {tables} WHERE {}{group}", selected.join(", "), filter.sql())
    }

    #[allow(clippy::too_many_arguments)]
    fn collect(
        &self,
        connection: &Connection,
        sql: &str,
        filter: &Filter,
        groups: &mut BTreeMap<Vec<Part>, Group>,
        averages: usize,
        sums: usize,
        add: impl Fn(&mut Group, &Row, usize) -> rusqlite::Result<()>,
    ) -> Result<(), Problem> {
        let mut statement = connection.prepare(sql)?;
        let values: Vec<&dyn ToSql> = filter.values().collect();
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if row.get_ref(0)? == ValueRef::Null && self.groupby.is_empty() {
                // `sum` over no rows at all.
                continue;
            }
            let (key, from) = self.key(row)?;
            let group = groups.entry(key).or_insert_with(|| self.group(averages, sums));
            add(group, row, from)?;
        }
        Ok(())
    }

    /// The group that a row of the database belongs to, and the index of its first aggregate.
    fn key(&self, row: &Row) -> Result<(Vec<Part>, usize), Problem> {
        let by_day = self.groupby.iter().any(|dimension| dimension.is_time());
        let mut column = usize::from(by_day);
        let date = match by_day.then(|| row.get_ref(0)).transpose()? {
            Some(ValueRef::Text(text)) => std::str::from_utf8(text).ok().and_then(calendar::parse_date),
            _ => None,
        };
        let mut key = Vec::with_capacity(self.groupby.len() + 1);
        let mut year_written = false;
        for dimension in &self.groupby {
            if dimension.implies_year() && !year_written {
                year_written = true;
                let by_week = self.groupby.contains(&Dimension::Week);
                key.push(number(date.map(|date| if by_week { date.iso_week().year() } else { date.year() })));
            }
            key.push(match dimension {
                Dimension::Date => match date {
                    Some(date) => stored(ValueRef::Text(date.to_string().as_bytes())),
                    None => (Order::Null, b"null".to_vec()),
                },
                Dimension::Week => number(date.map(|date| date.iso_week().week())),
                Dimension::Month => number(date.map(|date| date.month())),
                Dimension::Quarter => number(date.map(|date| date.month0() / 3 + 1)),
                Dimension::Half => number(date.map(|date| self.half(date))),
                _ => {
                    column += 1;
                    stored(row.get_ref(column - 1)?)
                }
            });
        }
        Ok((key, column))
    }

    /// 1 or 2; the day in the middle belongs to the earlier half.
    fn half(&self, date: NaiveDate) -> i64 {
        let days = (self.end - self.start).num_days() + 1;
        if (date - self.start).num_days() < (days + 1) / 2 { 1 } else { 2 }
    }

    fn write_groups(&self, groups: &BTreeMap<Vec<Part>, Group>, in_app: &[&str], out: &mut Vec<u8>) {
        let mut names = Vec::new();
        for dimension in &self.groupby {
            if dimension.implies_year() && !names.contains(&"year") {
                names.push("year");
            }
            names.push(dimension.name());
        }
        out.push(b'[');
        for (index, (key, group)) in groups.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b"{" } else { b",{" });
            for (name, (_, json)) in names.iter().zip(key) {
                write_key(name, out);
                out.extend_from_slice(json);
                out.push(b',');
            }
            write_key("conversations", out);
            cell::write_json(ValueRef::Integer(group.conversations), out);
            let (mut averages, mut sums) = (group.averages.iter(), group.sums.iter());
            for name in &self.metrics {
                out.push(b',');
                write_key(name, out);
                let value = if in_app.contains(&name.as_str()) {
                    ValueRef::Integer(sums.next().copied().unwrap_or(0))
                } else {
                    match averages.next() {
                        Some((sum, count)) if *count > 0 => ValueRef::Real(sum / *count as f64),
                        _ => ValueRef::Null,
                    }
                };
                cell::write_json(value, out);
            }
            out.push(b'}');
        }
        out.push(b']');
    }
}

fn write_key(name: &str, out: &mut Vec<u8>) {
    cell::write_json(name.into(), out);
    out.push(b':');
}

fn number(value: Option<impl Into<i64>>) -> Part {
    match value {
        Some(value) => stored(ValueRef::Integer(value.into())),
        None => (Order::Null, b"null".to_vec()),
    }
}

fn stored(value: ValueRef) -> Part {
    let mut json = Vec::new();
    cell::write_json(value, &mut json);
    let order = match value {
        ValueRef::Null => Order::Null,
        ValueRef::Integer(number) => Order::Number(number),
        ValueRef::Text(text) => Order::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Real(_) | ValueRef::Blob(_) => Order::Other,
    };
    (order, json)
}
