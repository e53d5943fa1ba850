//! The column that says which row of the service is meant: there, of the right type, never null, never twice.

use std::fmt::Display;
use std::hash::Hash;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, downcast_integer};
use arrow_schema::{ArrowError, DataType};
use hashbrown::{HashMap, HashSet};

use super::plain::Raw;
use super::refuse::{shown, shown_value};
use super::{uuid, whole};
use crate::types::{JSON_EXTENSION, type_name};

/// Which column that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyColumn {
    /// `call_id`: integers.
    CallId,
    /// `rep_id`: strings.
    RepId,
}

impl KeyColumn {
    pub fn name(self) -> &'static str {
        match self {
            Self::CallId => "call_id",
            Self::RepId => "rep_id",
        }
    }

    /// The key as integers or as strings.
    ///
    /// # Errors
    /// A type or values that cannot be this key, as the rest of a sentence about it.
    pub(super) fn plain(self, mut keys: Raw) -> Result<Raw, String> {
        if let DataType::Dictionary(_, values) = keys.field.data_type() {
            let cast: Result<_, ArrowError> =
                keys.arrays.iter().map(|array| arrow_cast::cast(array, values)).collect();
            keys.arrays = cast.map_err(|error| format!("cannot be unpacked: {error}"))?;
            keys.field = keys.field.clone().with_data_type(values.as_ref().clone());
        }
        let data_type = keys.field.data_type();
        let is_json = keys.field.extension_type_name() == Some(JSON_EXTENSION);
        match self {
            // A key that is null throughout is refused for that.
            _ if *data_type == DataType::Null => Ok(keys),
            Self::CallId if data_type.is_integer() => Ok(keys),
            Self::CallId if data_type.is_floating() || data_type.is_decimal() || is_json => {
                whole::keys(&keys)
            }
            Self::RepId if data_type.is_string() && !is_json => Ok(keys),
            Self::RepId if uuid::is_uuid(&keys.field) => Ok(uuid::texts(&keys)),
            _ => Err(self.refused(&keys, is_json)),
        }
    }

    fn refused(self, keys: &Raw, is_json: bool) -> String {
        let wanted = match self {
            Self::CallId => "integers",
            Self::RepId => "strings",
        };
        let values =
            keys.arrays.iter().flat_map(|array| (0..array.len()).map(move |row| shown_value(array, row)));
        let name = if is_json { JSON_EXTENSION.to_owned() } else { type_name(keys.field.data_type()) };
        format!("has the type {name} ({}): it must be {wanted} (cast it)", shown(values))
    }

    /// What is wrong with the keys, as sentences.
    pub(super) fn check(self, arrays: &[ArrayRef]) -> Vec<String> {
        macro_rules! integers {
            ($integer:ty) => {{
                let arrays = || arrays.iter().map(|array| array.as_primitive::<$integer>());
                let values = || arrays().flat_map(|array| array.values().iter().copied());
                // If even what lies under nulls is distinct, so are the keys.
                if are_distinct(&values) {
                    Vec::new()
                } else {
                    repeated(|| arrays().flat_map(|array| array.iter()))
                }
            }};
        }
        let name = self.name();
        let mut wrong = Vec::new();
        let mut nulls = NullRows::default();
        let mut empty = Vec::new();
        for array in arrays {
            nulls.add(array);
        }
        if !nulls.rows.is_empty() {
            wrong.push(format!("{name} is null in row {} (counted from 0)", shown(&nulls.rows)));
        }
        let Some(first) = arrays.first() else { return wrong };
        let repeated = downcast_integer! {
            first.data_type() => (integers),
            DataType::Null => Vec::new(),
            _ => {
                empty.extend(texts(arrays).enumerate().filter(|(_, text)| *text == Some("")).map(|(row, _)| row));
                repeated(|| texts(arrays)).into_iter().map(|(key, rows)| (format!("{key:?}"), rows)).collect()
            }
        };
        if !empty.is_empty() {
            wrong.push(format!("{name} is an empty string in row {} (counted from 0)", shown(empty)));
        }
        if !repeated.is_empty() {
            let repeated = repeated.iter().map(|(key, rows)| format!("{key} (rows {})", shown(rows)));
            wrong.push(format!(
                "{name} is repeated, so that it is open which row is meant: {}",
                shown(repeated)
            ));
        }
        wrong
    }
}

#[derive(Default)]
struct NullRows {
    seen: usize,
    rows: Vec<usize>,
}

impl NullRows {
    fn add(&mut self, array: &ArrayRef) {
        if let Some(nulls) = array.logical_nulls().filter(|nulls| nulls.null_count() > 0) {
            let first = self.seen;
            self.rows.extend((0..array.len()).filter(|row| nulls.is_null(*row)).map(|row| first + row));
        }
        self.seen += array.len();
    }
}

fn texts(arrays: &[ArrayRef]) -> impl Iterator<Item = Option<&str>> {
    arrays.iter().flat_map(|array| -> Box<dyn Iterator<Item = Option<&str>>> {
        match array.data_type() {
            DataType::Utf8 => Box::new(array.as_string::<i32>().iter()),
            DataType::LargeUtf8 => Box::new(array.as_string::<i64>().iter()),
            _ => Box::new(array.as_string_view().iter()),
        }
    })
}

/// Bits for each key that a set of keys which lie close together may take; a hashed set takes more.
const BITS: u64 = 64;

/// Whether integers are certainly all different, if they lie close enough together to tell by a bit for each.
fn are_distinct<K, I>(keys: &impl Fn() -> I) -> bool
where
    K: Into<i128> + Ord + Copy,
    I: Iterator<Item = K>,
{
    let with = |(count, bounds): (u64, Option<(K, K)>), key: K| {
        (count + 1, Some(bounds.map_or((key, key), |(least, most)| (key.min(least), key.max(most)))))
    };
    let (count, Some((least, most))) = keys().fold((0, None), with) else { return true };
    let least: i128 = least.into();
    let Some(span) = u64::try_from(most.into() - least).ok().filter(|span| span / BITS < count) else {
        return false;
    };
    let mut seen = vec![0_u64; (span / 64) as usize + 1];
    keys().all(|key| {
        #[expect(clippy::cast_sign_loss, reason = "within the bounds that were just found")]
        let bit = (key.into() - least) as u64;
        let (word, bit) = (&mut seen[(bit / 64) as usize], 1 << (bit % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    })
}

/// The keys that more than one row has, with those rows, in the order in which they first appear.
fn repeated<K, I>(keys: impl Fn() -> I) -> Vec<(String, Vec<usize>)>
where
    K: Hash + Ord + Copy + Display,
    I: Iterator<Item = Option<K>>,
{
    // Keys that rise need no memory, and most frames have them so.
    if keys().flatten().is_sorted_by(|one, next| one < next) {
        return Vec::new();
    }
    let count = keys().count();
    let mut seen = HashSet::with_capacity(count);
    let twice: HashSet<K> = keys().flatten().filter(|key| !seen.insert(*key)).collect();
    drop(seen);
    if twice.is_empty() {
        return Vec::new();
    }
    let mut indices: HashMap<K, usize> = HashMap::new();
    let mut repeated: Vec<(String, Vec<usize>)> = Vec::new();
    for (row, key) in keys().enumerate() {
        let Some(key) = key.filter(|key| twice.contains(key)) else { continue };
        let index = *indices.entry(key).or_insert_with(|| {
            repeated.push((key.to_string(), Vec::new()));
            repeated.len() - 1
        });
        repeated[index].1.push(row);
    }
    repeated
}
