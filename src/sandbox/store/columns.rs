//! The columns of the two kinds of rows: those that every sandbox has, and the attributes that updates added.

use rusqlite::{Connection, params};

use crate::sandbox::problem::{Problem, excerpt};

/// `SQLite` has 2000 columns a table at most.
const MAX_ATTRIBUTES: i64 = 1_900;

/// What an app reports a day and a user; summed by reports.
pub(in crate::sandbox) const IN_APP: [&str; 3] = ["logins", "minutes_in_app", "exercises_completed"];

/// The two kinds of rows that are listed and updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Entity {
    Calls,
    Reps,
}

impl Entity {
    pub fn table(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Reps => "reps",
        }
    }

    pub fn key(self) -> &'static str {
        match self {
            Self::Calls => "call_id",
            Self::Reps => "rep_id",
        }
    }

    /// The columns of every row, in order.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Calls => &[
                "call_id",
                "rep_id",
                "vendor",
                "vendor_call_id",
                "department",
                "campaign",
                "subcampaign",
                "start_time",
                "date",
                "duration_s",
                "direction",
                "language",
                "summary",
            ],
            Self::Reps => &["rep_id", "name", "gender", "department", "campaign", "active", "hired_on"],
        }
    }

    /// The columns that only come when `metric` or `columns` names them.
    pub fn metrics(self) -> &'static [&'static str] {
        match self {
            Self::Calls => &["talk_ratio", "interruptions", "silence_s", "sentiment", "csat", "resolved"],
            Self::Reps => &[],
        }
    }

    /// Whether every sandbox has this column.
    pub fn has_column(self, name: &str) -> bool {
        self.columns().contains(&name) || self.metrics().contains(&name)
    }
}

/// A column that a row may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Field {
    pub name: String,
    /// What SQL calls it: never a name that came with a request.
    pub sql: String,
    pub is_metric: bool,
    pub is_attribute: bool,
}

/// The columns of one kind of rows at one moment.
pub(in crate::sandbox) struct Catalogue {
    entity: Entity,
    fields: Vec<Field>,
}

impl Catalogue {
    pub fn read(connection: &Connection, entity: Entity) -> rusqlite::Result<Self> {
        let own = |is_metric| {
            move |name: &&str| Field {
                name: (*name).to_owned(),
                sql: (*name).to_owned(),
                is_metric,
                is_attribute: false,
            }
        };
        let mut fields: Vec<Field> = entity.columns().iter().map(own(false)).collect();
        fields.extend(entity.metrics().iter().map(own(true)));
        let mut statement = connection
            .prepare_cached("SELECT number, name FROM attributes WHERE entity = ?1 ORDER BY number")?;
        let rows = statement.query_map(params![entity.table()], |row| {
            Ok(Field { name: row.get(1)?, sql: sql_name(row.get(0)?), is_metric: false, is_attribute: true })
        })?;
        for field in rows {
            fields.push(field?);
        }
        Ok(Self { entity, fields })
    }

    pub fn get(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// What rows have when nothing was asked for in particular.
    pub fn shown(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.is_metric)
    }

    /// What `metric` may name.
    pub fn measures(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.is_metric || field.is_attribute || field.name == "duration_s")
    }

    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Adds an attribute.
    pub fn add(&mut self, connection: &Connection, name: &str) -> Result<(), Problem> {
        let count = self.fields.iter().filter(|field| field.is_attribute).count();
        let number = i64::try_from(count).unwrap_or(i64::MAX);
        if number >= MAX_ATTRIBUTES {
            return Err(Problem::bad(
                "too_many_attributes",
                format!(
                    "attribute {} would be one more than the {MAX_ATTRIBUTES} that are possible",
                    excerpt(name)
                ),
            ));
        }
        let (table, column) = (self.entity.table(), sql_name(number));
        connection.execute(
            "INSERT INTO attributes (entity, number, name) VALUES (?1, ?2, ?3)",
            params![table, number, name],
        )?;
        connection.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column}"))?;
        self.fields.push(Field { name: name.to_owned(), sql: column, is_metric: false, is_attribute: true });
        Ok(())
    }
}

/// What SQL calls the attribute with this number.
fn sql_name(number: i64) -> String {
    format!("attribute_{number}")
}

/// Whether an attribute may be called so: letters, digits and underscores, with single blanks, dots, colons,
/// slashes or hyphens in between. Beyond ASCII every character counts as a letter, but those of the blocks of
/// control, spacing and direction marks.
pub(in crate::sandbox) fn is_attribute_name(name: &str) -> bool {
    let is_letter = |char: char| {
        char.is_ascii_alphanumeric() || matches!(char, '_' | '\u{A1}'..='\u{1FFF}' | '\u{2070}'..)
    };
    let mut in_word = false;
    for char in name.chars() {
        if is_letter(char) {
            in_word = true;
        } else if in_word && matches!(char, ' ' | '.' | ':' | '/' | '-') {
            in_word = false;
        } else {
            return false;
        }
    }
    in_word && name.chars().count() <= 128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_and_never_sql() {
        for good in
            ["score", "nps_2025", "klant échelon", "crm.status", "a-b", "ns:name", "2nd", "得点", "mood 😀"]
        {
            assert!(is_attribute_name(good), "{good}");
        }
        let bad = [
            "",
            " ",
            "a ",
            " a",
            "a  b",
            "a--b",
            "a;b",
            "a'b",
            "a\"b",
            "a`b",
            "a,b",
            "a=1",
            "a)",
            "a\0",
            "a\nb",
            "x; DROP TABLE calls",
            "a/*b*/",
            "[a]",
            "a\u{85}",
            "a\u{202E}b",
            "\u{200B}",
            "\u{A0}",
        ];
        for name in bad {
            assert!(!is_attribute_name(name), "{name:?}");
        }
        assert!(is_attribute_name(&"x".repeat(128)) && !is_attribute_name(&"x".repeat(129)));
    }
}
