//! Which texts of which columns are told, and which are given another name.

use std::collections::BTreeSet;

use super::dates;
use super::pseudonym::Pseudonyms;

/// The columns that name a person or a conversation.
const IDENTIFYING: [&str; 3] = ["rep_id", "vendor_call_id", "name"];
/// The documented columns that sort rows and name nobody.
const SORTING: [&str; 5] = ["vendor", "campaign", "subcampaign", "department", "gender"];

/// What of a recording is hidden, and by how much its dates are moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether anything is hidden at all.
    pub anonymised: bool,
    /// Columns whose texts are told, besides those that only sort rows.
    pub safe: BTreeSet<String>,
    /// Columns whose texts, dates and numbers are hidden.
    pub hide: BTreeSet<String>,
    /// Weeks by which dates are later than in truth.
    pub shift_weeks: i64,
}

/// What becomes of the texts of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Texts and numbers get another name.
    Hidden,
    /// Texts that are no dates get another name.
    FreeText,
    /// Texts stay, dates move.
    Told,
    /// Everything stays.
    Sorting,
}

impl Rules {
    /// What becomes of a column; of texts outside of any, if it is none.
    pub fn treatment(&self, column: Option<&str>) -> Treatment {
        let Some(column) = column.filter(|_| self.anonymised) else {
            return if self.anonymised { Treatment::FreeText } else { Treatment::Told };
        };
        if self.hide.contains(column) {
            Treatment::Hidden
        } else if self.safe.contains(column) {
            Treatment::Told
        } else if IDENTIFYING.contains(&column) {
            Treatment::Hidden
        } else if SORTING.contains(&column) {
            Treatment::Sorting
        } else {
            Treatment::FreeText
        }
    }

    /// What a text of a column is in a recording, if that is something else.
    pub fn text(&self, column: Option<&str>, text: &str, names: &mut Pseudonyms) -> Option<String> {
        let date =
            |text: &str| (self.shift_weeks != 0).then(|| dates::shifted(text, self.shift_weeks)).flatten();
        match self.treatment(column) {
            Treatment::Sorting => None,
            // Nothing says nothing, and keeps a column from changing its type.
            _ if text.is_empty() => None,
            Treatment::Hidden => Some(names.note(text)),
            Treatment::Told => date(text),
            Treatment::FreeText if !dates::is_date(text) => Some(names.note(text)),
            // A date that cannot be moved is not told either.
            Treatment::FreeText if self.shift_weeks != 0 => {
                Some(date(text).unwrap_or_else(|| names.note(text)))
            }
            Treatment::FreeText => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rules: &Rules, column: &str, text: &str) -> String {
        let mut names = Pseudonyms::new("a secret of the tests").unwrap();
        let replaced = rules.text(Some(column), text, &mut names).unwrap_or_else(|| text.to_owned());
        if super::super::pseudonym::is_pseudonym(&replaced) { "hidden".to_owned() } else { replaced }
    }

    #[test]
    fn what_is_unknown_is_hidden() {
        let rules = Rules {
            anonymised: true,
            safe: BTreeSet::from(["language".to_owned()]),
            hide: BTreeSet::from(["campaign".to_owned()]),
            shift_weeks: 1,
        };
        for (column, text, seen) in [
            ("rep_id", "kees500", "hidden"),
            ("rep_id", "2025-07-15", "hidden"),
            ("summary", "Kees called.", "hidden"),
            ("summary", "", ""),
            ("hired_on", "2025-07-15", "2025-07-22"),
            ("hired_on", "9999-12-31", "hidden"),
            ("language", "nl", "nl"),
            ("campaign", "sales", "hidden"),
            ("department", "2025-07-15", "2025-07-15"),
        ] {
            assert_eq!(of(&rules, column, text), seen, "{column} {text}");
        }
        assert_eq!(of(&Rules { shift_weeks: 1, ..Rules::default() }, "summary", "Kees"), "Kees");
    }
}
