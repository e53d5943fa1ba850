//! What is known of one column.

use std::cmp::Ordering;

use arrow_array::{Array, ArrayRef, Date32Array};
use arrow_schema::Field;
use hashbrown::HashSet;

use super::days;
use super::shown;
use super::values::{Value, Values};
use crate::error::Result;
use crate::types::json_mark;

/// Up to so many distinct values are counted.
pub const DISTINCT: usize = 10_000;
/// So many of them are shown.
pub const EXAMPLES: usize = 3;

#[derive(Debug)]
pub(super) struct Described {
    field: Field,
    /// Whether some order of its values means anything: that of JSON text does not.
    is_ordered: bool,
    nulls: i64,
    /// The digests of the values; nothing where they are too many.
    distinct: Option<HashSet<u128>>,
    least: Option<Bound>,
    greatest: Option<Bound>,
    examples: Vec<(u128, String)>,
    days: Option<(i32, i32)>,
}

#[derive(Debug)]
struct Bound {
    value: Value<'static>,
    text: String,
}

impl Described {
    pub(super) fn new(field: &Field) -> Self {
        Self {
            field: field.clone(),
            is_ordered: json_mark(field).is_none(),
            nulls: 0,
            distinct: Some(HashSet::new()),
            least: None,
            greatest: None,
            examples: Vec::new(),
            days: None,
        }
    }

    pub(super) fn add(&mut self, array: &ArrayRef, days: Option<&Date32Array>) -> Result<()> {
        let values = Values::of(array)?;
        let (mut least, mut greatest) = (None, None);
        for row in 0..array.len() {
            let Some(value) = values.get(row) else {
                self.nulls += 1;
                continue;
            };
            self.count(array, row, &value)?;
            if self.is_ordered {
                keep(&mut least, row, &value, Ordering::Less);
                keep(&mut greatest, row, &value, Ordering::Greater);
            }
        }
        bound(&self.field, &mut self.least, array, least, Ordering::Less)?;
        bound(&self.field, &mut self.greatest, array, greatest, Ordering::Greater)?;
        if let Some((first, last)) = days.and_then(|days| days::span(array.as_ref(), days)) {
            let (earliest, latest) = self.days.unwrap_or((first, last));
            self.days = Some((first.min(earliest), last.max(latest)));
        }
        Ok(())
    }

    fn count(&mut self, array: &ArrayRef, row: usize, value: &Value<'_>) -> Result<()> {
        if self.distinct.is_none() && self.examples.len() == EXAMPLES {
            return Ok(());
        }
        let digest = value.digest();
        if self.examples.len() < EXAMPLES && self.examples.iter().all(|(known, _)| *known != digest) {
            self.examples.push((digest, shown::example(&self.field, array, row, value)?));
        }
        if let Some(distinct) = &mut self.distinct
            && distinct.insert(digest)
            && distinct.len() > DISTINCT
        {
            self.distinct = None;
        }
        Ok(())
    }

    pub(super) fn nulls(&self) -> i64 {
        self.nulls
    }

    /// How many values are distinct; nothing if they are more than are counted.
    pub(super) fn distinct(&self) -> Option<i64> {
        self.distinct.as_ref().and_then(|distinct| i64::try_from(distinct.len()).ok())
    }

    /// The least and the greatest value.
    pub(super) fn bounds(&self) -> (Option<&str>, Option<&str>) {
        (self.least.as_ref().map(|bound| &*bound.text), self.greatest.as_ref().map(|bound| &*bound.text))
    }

    /// The first distinct values, as a JSON list.
    pub(super) fn examples(&self) -> String {
        let examples: Vec<&str> = self.examples.iter().map(|(_, json)| json.as_str()).collect();
        format!("[{}]", examples.join(","))
    }

    /// The first and the last day that it had a value on.
    pub(super) fn days(&self) -> Option<(i32, i32)> {
        self.days
    }
}

/// Keeps the value if it is beyond the one that is kept.
fn keep<'a>(kept: &mut Option<(usize, Value<'a>)>, row: usize, value: &Value<'a>, beyond: Ordering) {
    if kept.as_ref().is_none_or(|(_, kept)| value.order(kept) == beyond) {
        *kept = Some((row, value.clone()));
    }
}

/// The same among those of all batches.
fn bound(
    field: &Field,
    bound: &mut Option<Bound>,
    array: &ArrayRef,
    found: Option<(usize, Value<'_>)>,
    beyond: Ordering,
) -> Result<()> {
    if let Some((row, value)) = found
        && bound.as_ref().is_none_or(|bound| value.order(&bound.value) == beyond)
    {
        let text = shown::text(field, array, row, &value)?;
        *bound = Some(Bound { value: value.into_owned(), text });
    }
    Ok(())
}
