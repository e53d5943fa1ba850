//! A report: rows put into groups, averaged and summed.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, NaiveDate};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::cell;
use super::columns::{Catalogue, Entity, IN_APP};
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

/// What is known of a group.
#[derive(Clone)]
struct Group {
    conversations: i64,
    /// Sum and count of each conversation metric.
    averages: Vec<(f64, i64)>,
    /// Of in-app activity.
    sums: Vec<i64>,
}

/// The groups found so far.
struct Groups {
    empty: Group,
    found: Vec<Group>,
    places: BTreeMap<Vec<Part>, usize>,
}

impl Groups {
    fn place(&mut self, key: Vec<Part>) -> usize {
        *self.places.entry(key).or_insert_with(|| {
            self.found.push(self.empty.clone());
            self.found.len() - 1
        })
    }
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

        let empty =
            Group { conversations: 0, averages: vec![(0.0, 0); measures.len()], sums: vec![0; in_app.len()] };
        let mut groups = Groups { empty, found: Vec::new(), places: BTreeMap::new() };
        if self.groupby.is_empty() {
            groups.place(Vec::new());
        }
        let columns: Vec<&str> = measures.iter().map(|field| field.sql.as_str()).collect();
        self.add_conversations(connection, &columns, &mut groups)?;
        if !in_app.is_empty() {
            self.add_activity(connection, &in_app, &mut groups)?;
        }
        self.write_groups(&groups, &in_app, out);
        Ok(())
    }

    fn add_conversations(
        &self,
        connection: &Connection,
        measures: &[&str],
        groups: &mut Groups,
    ) -> Result<(), Problem> {
        let mut filter = Filter::default();
        filter.dates("date", Some(self.start), Some(self.end));
        filter.one_of("rep_id", &self.rep_id);
        filter.one_of("vendor", &self.vendor);
        filter.one_of("campaign", &self.campaign);
        filter.one_of("subcampaign", &self.subcampaign);
        filter.one_of("department", &self.department);
        let sql = self.sql("calls", "date", Dimension::name, measures, &filter);
        self.collect(connection, &sql, &filter, groups, |group, row, from| {
            group.conversations += 1;
            for (index, (sum, count)) in group.averages.iter_mut().enumerate() {
                if let Some(number) = cell::number(row.get_ref(from + index)?) {
                    *sum += number;
                    *count += 1;
                }
            }
            Ok(())
        })
    }

    fn add_activity(
        &self,
        connection: &Connection,
        in_app: &[&str],
        groups: &mut Groups,
    ) -> Result<(), Problem> {
        // Activity has no vendor and no subcampaign, so none of it is of the ones asked for.
        if !self.vendor.is_empty() || !self.subcampaign.is_empty() {
            return Ok(());
        }
        let mut filter = Filter::default();
        filter.at_least("activity.date", self.start.to_string());
        filter.at_most("activity.date", self.end.to_string());
        filter.one_of("activity.rep_id", &self.rep_id);
        filter.one_of("reps.campaign", &self.campaign);
        filter.one_of("reps.department", &self.department);
        let tables = "activity JOIN reps ON reps.rep_id = activity.rep_id";
        let sql = self.sql(tables, "activity.date", Dimension::of_activity, in_app, &filter);
        self.collect(connection, &sql, &filter, groups, |group, row, from| {
            for (index, sum) in group.sums.iter_mut().enumerate() {
                *sum += row.get::<_, i64>(from + index)?;
            }
            Ok(())
        })
    }

    fn is_by_day(&self) -> bool {
        self.groupby.iter().any(|dimension| dimension.is_time())
    }

    /// The day, if it matters, then the other dimensions, then the values.
    fn sql(
        &self,
        tables: &str,
        date: &str,
        column: fn(Dimension) -> &'static str,
        values: &[&str],
        filter: &Filter,
    ) -> String {
        let others = self.groupby.iter().filter(|dimension| !dimension.is_time()).map(|one| column(*one));
        let mut selected: Vec<&str> = self.is_by_day().then_some(date).into_iter().chain(others).collect();
        selected.extend(values);
        // Conversations may only be counted.
        selected.push("NULL");
        format!("SELECT {} FROM {tables} WHERE {}", selected.join(", "), filter.sql())
    }

    /// Adds each row to the group it belongs to. Grouping in the database would sort all rows.
    fn collect(
        &self,
        connection: &Connection,
        sql: &str,
        filter: &Filter,
        groups: &mut Groups,
        add: impl Fn(&mut Group, &Row, usize) -> rusqlite::Result<()>,
    ) -> Result<(), Problem> {
        let others = self.groupby.iter().filter(|dimension| !dimension.is_time()).count();
        let columns = usize::from(self.is_by_day()) + others;
        // Groups by the stored values: what they are called is only worked out once for each.
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut stored = Vec::new();
        let mut statement = connection.prepare(sql)?;
        let values: Vec<&dyn ToSql> = filter.values().collect();
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            stored.clear();
            for column in 0..columns {
                cell::write_key(row.get_ref(column)?, &mut stored);
            }
            let place = if let Some(place) = places.get(&stored) {
                *place
            } else {
                let place = groups.place(self.key(row)?);
                places.insert(stored.clone(), place);
                place
            };
            if let Some(group) = groups.found.get_mut(place) {
                add(group, row, columns)?;
            }
        }
        Ok(())
    }

    /// The group that a row of the database belongs to.
    fn key(&self, row: &Row) -> Result<Vec<Part>, Problem> {
        let is_by_day = self.is_by_day();
        let date = match is_by_day.then(|| row.get_ref(0)).transpose()? {
            Some(ValueRef::Text(text)) => std::str::from_utf8(text).ok().and_then(calendar::parse_date),
            _ => None,
        };
        let mut column = usize::from(is_by_day);
        let mut key = Vec::with_capacity(self.groupby.len() + 1);
        let mut has_year = false;
        for dimension in &self.groupby {
            if dimension.implies_year() && !has_year {
                has_year = true;
                let is_by_week = self.groupby.contains(&Dimension::Week);
                key.push(number(
                    date.map(|date| if is_by_week { date.iso_week().year() } else { date.year() }),
                ));
            }
            key.push(match dimension {
                Dimension::Date => match date {
                    Some(date) => part(ValueRef::Text(date.to_string().as_bytes())),
                    None => part(ValueRef::Null),
                },
                Dimension::Week => number(date.map(|date| date.iso_week().week())),
                Dimension::Month => number(date.map(|date| date.month())),
                Dimension::Quarter => number(date.map(|date| date.month0() / 3 + 1)),
                Dimension::Half => number(date.map(|date| self.half(date))),
                _ => {
                    column += 1;
                    part(row.get_ref(column - 1)?)
                }
            });
        }
        Ok(key)
    }

    /// 1 or 2; the day in the middle belongs to the earlier half.
    fn half(&self, date: NaiveDate) -> i64 {
        let days = (self.end - self.start).num_days() + 1;
        if (date - self.start).num_days() < (days + 1) / 2 { 1 } else { 2 }
    }

    fn write_groups(&self, groups: &Groups, in_app: &[&str], out: &mut Vec<u8>) {
        let mut names = Vec::new();
        for dimension in &self.groupby {
            if dimension.implies_year() && !names.contains(&"year") {
                names.push("year");
            }
            names.push(dimension.name());
        }
        out.push(b'[');
        for (index, (key, place)) in groups.places.iter().enumerate() {
            let Some(group) = groups.found.get(*place) else { continue };
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
    part(value.map_or(ValueRef::Null, |value| ValueRef::Integer(value.into())))
}

fn part(value: ValueRef) -> Part {
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
