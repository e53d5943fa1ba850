//! The name that was probably meant.

use strsim::normalized_damerau_levenshtein;

/// Below it, two names have too little in common for one to be a slip of the other.
const LIKENESS: f64 = 0.6;

pub(super) fn nearest<'a>(name: &str, existing: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_lowercase();
    existing
        .map(|other| (normalized_damerau_levenshtein(&folded, &other.to_lowercase()), other))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, other)| other)
}
