//! Requests that were not recorded: which one is nearest, and in what it differs.

use super::tape::{Asked, Tape};

/// Characters of requests that are compared.
const COMPARED: usize = 2_000;
/// Requests that are compared.
const MOST: usize = 2_000;
/// Characters of a request that are shown.
const SHOWN: usize = 300;

/// The recorded request that is most like another one, its line in the file, and what they differ in.
/// What was asked is not shown where it may `name` somebody.
pub fn nearest(tape: &Tape, asked: &Asked, names: bool) -> Option<String> {
    let start: String = asked.request.chars().take(COMPARED).collect();
    let (path, _) = split(&start);
    let distance = |request: &str| {
        let request: String = request.chars().take(COMPARED).collect();
        let other_path = usize::from(split(&request).0 != path);
        (other_path, strsim::levenshtein(&request, &start))
    };
    let candidates = tape.exchanges.iter().enumerate().take(MOST);
    let (index, exchange) = candidates.min_by_key(|(_, exchange)| distance(&exchange.request))?;
    let shown: String = exchange.request.chars().take(SHOWN).collect();
    if names {
        return Some(format!("the nearest one, in line {}, is {shown}", index + 2));
    }
    let differs = differences(&asked.request, &exchange.request);
    let differs = if differs.is_empty() { "differs in what was sent with it".to_owned() } else { differs };
    Some(format!("the nearest one, in line {}, is {shown}, which {differs}", index + 2))
}

fn split(request: &str) -> (&str, &str) {
    request.split_once('?').unwrap_or((request, ""))
}

/// In which parameters two requests differ.
fn differences(asked: &str, recorded: &str) -> String {
    let ((path, query), (other, recorded)) = (split(asked), split(recorded));
    if path != other {
        return format!("is {other} rather than {path}");
    }
    let pairs = |query: &str| -> Vec<String> {
        query.split('&').filter(|pair| !pair.is_empty()).map(str::to_owned).collect()
    };
    let (asked, recorded) = (pairs(query), pairs(recorded));
    let shown = |pairs: &[String], others: &[String]| {
        let only = pairs.iter().filter(|pair| !others.contains(pair));
        let text = only.map(String::as_str).collect::<Vec<_>>().join("&");
        text.chars().take(SHOWN).collect::<String>()
    };
    match (shown(&recorded, &asked), shown(&asked, &recorded)) {
        (has, lacks) if has.is_empty() && lacks.is_empty() => String::new(),
        (has, lacks) if lacks.is_empty() => format!("has {has} besides"),
        (has, lacks) if has.is_empty() => format!("lacks {lacks}"),
        (has, lacks) => format!("has {has} instead of {lacks}"),
    }
}
