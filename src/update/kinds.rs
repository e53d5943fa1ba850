//! What kind of JSON a value is, and where an update would make another kind of it.

use std::fmt;

use arrow_schema::DataType;

/// The kinds of JSON values that a cell can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JsonKind {
    Boolean,
    Number,
    String,
    List,
    Object,
}

impl JsonKind {
    /// Of a cell as JSON; nothing if it is null.
    pub(super) fn of(json: &[u8]) -> Option<Self> {
        Some(match json.first()? {
            b'"' => Self::String,
            b'[' => Self::List,
            b'{' => Self::Object,
            b't' | b'f' => Self::Boolean,
            _ => Self::Number,
        })
    }

    /// Of the values that are read as a type, if it says that.
    pub(super) fn of_type(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Boolean => Some(Self::Boolean),
            other if other.is_numeric() => Some(Self::Number),
            other if other.is_temporal() => Some(Self::String),
            _ => None,
        }
    }
}

impl fmt::Display for JsonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::List => "list",
            Self::Object => "object",
        })
    }
}

/// Cells of an attribute that would get a value of another kind than is stored: than that of the cell or, where there is
/// none, than all others of the attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeChange {
    pub column: String,
    pub stored: Vec<JsonKind>,
    pub new: JsonKind,
    pub cells: usize,
}

/// Counts them, cell by cell.
#[derive(Debug, Default)]
pub(super) struct KindCounts {
    counts: Vec<(Vec<JsonKind>, JsonKind, usize)>,
    /// Of cells without a stored value.
    fresh: Vec<(JsonKind, usize)>,
}

impl KindCounts {
    /// Takes in a cell that changes.
    pub(super) fn add(&mut self, stored: &[u8], new: &[u8]) {
        match (JsonKind::of(stored), JsonKind::of(new)) {
            (Some(stored), Some(new)) if stored != new => self.count(&[stored], new, 1),
            (None, Some(new)) => match self.fresh.iter_mut().find(|(kind, _)| *kind == new) {
                Some((_, cells)) => *cells += 1,
                None => self.fresh.push((new, 1)),
            },
            _ => {}
        }
    }

    fn count(&mut self, stored: &[JsonKind], new: JsonKind, cells: usize) {
        match self.counts.iter_mut().find(|(from, to, _)| from == stored && *to == new) {
            Some((_, _, count)) => *count += cells,
            None => self.counts.push((stored.to_vec(), new, cells)),
        }
    }

    /// The changes of an attribute, of which `stored` gives the kinds that it has.
    pub(super) fn finish(
        mut self,
        column: &str,
        stored: impl FnOnce() -> Vec<JsonKind>,
    ) -> impl Iterator<Item = TypeChange> {
        let fresh = std::mem::take(&mut self.fresh);
        if !fresh.is_empty() {
            let stored = stored();
            for (new, cells) in fresh {
                if !stored.is_empty() && !stored.contains(&new) {
                    self.count(&stored, new, cells);
                }
            }
        }
        let column = column.to_owned();
        self.counts.into_iter().map(move |(stored, new, cells)| TypeChange {
            column: column.clone(),
            stored,
            new,
            cells,
        })
    }
}
