//! Answers that are text.

use super::no::{No, said};

/// Of text, only words of assent confirm.
pub(super) fn judge_words(text: &str, rows: usize, else_why: &str) -> Result<(), No> {
    const MOST: usize = 12;
    let words: Vec<Word> = words(text).take(MOST + 1).collect();
    let is_assent = |word: &Word| matches!(word, Word::Other(word) if is_assent(word));
    let is_expected = |word: &Word| match word {
        Word::Number(_) => true,
        Word::Other(word) => is_assent_or_beside(word),
    };
    if words.len() > MOST || !words.iter().any(is_assent) || !words.iter().all(is_expected) {
        return said(else_why);
    }
    let is_of_rows = words.iter().any(|word| matches!(word, Word::Other(word) if speaks_of_rows(word)));
    let updated = words.iter().find_map(|word| match word {
        // `200 OK` is how it went.
        Word::Number(status) if !is_of_rows && (200..300).contains(status) => None,
        Word::Number(number) => Some(*number),
        Word::Other(_) => None,
    });
    match updated.filter(|updated| *updated < rows as u64) {
        Some(updated) => said(&format!("it says that {updated} of {rows} rows were updated")),
        None => Ok(()),
    }
}

enum Word {
    Number(u64),
    Other(String),
}

fn words(text: &str) -> impl Iterator<Item = Word> {
    text.split_ascii_whitespace().flat_map(|word| {
        let trimmed = word.trim_matches(|c: char| !c.is_alphanumeric());
        match number(trimmed) {
            Some(number) => vec![Word::Number(number)],
            None => trimmed
                .split(|c: char| !c.is_alphanumeric())
                .filter(|part| !part.is_empty())
                .map(|part| number(part).map_or_else(|| Word::Other(part.to_lowercase()), Word::Number))
                .collect(),
        }
    })
}

/// A number, with separators between its thousands or without.
pub(super) fn number(word: &str) -> Option<u64> {
    let is_separator =
        |c: char| matches!(c, ',' | '.' | '\'' | '’' | '_' | '\u{a0}' | '\u{202f}' | '\u{2009}');
    let groups: Vec<&str> = word.split(is_separator).collect();
    let is_apart = groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3);
    let is_digits = |group: &&str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    ((groups.len() == 1 || is_apart) && groups.iter().all(is_digits))
        .then(|| groups.concat().parse().unwrap_or(u64::MAX))
}

fn is_assent(word: &str) -> bool {
    ["ok", "okay", "success", "successful", "successfully", "done", "completed", "accepted", "true"]
        .contains(&word)
        || is_written(word)
}

fn is_written(word: &str) -> bool {
    ["updated", "saved", "written"].contains(&word)
}

fn is_row(word: &str) -> bool {
    const ROWS: [&str; 6] = ["row", "record", "call", "conversation", "user", "rep"];
    ROWS.contains(&word.strip_suffix('s').unwrap_or(word))
}

fn is_assent_or_beside(word: &str) -> bool {
    is_assent(word) || is_row(word) || ["all", "of", "were", "was", "update"].contains(&word)
}

/// A number is then how many.
fn speaks_of_rows(word: &str) -> bool {
    is_written(word) || is_row(word)
}

/// What may stand behind how many.
pub(super) fn is_of_rows(word: &str) -> bool {
    speaks_of_rows(word) || ["all", "of", "were", "was"].contains(&word)
}
