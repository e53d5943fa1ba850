//! Text of others in what a person reads: errors, warnings and lines of the log, which end up on a terminal.

use std::borrow::Cow;

/// The most characters that are shown; more would hide what they are about. Most of them from the beginning, and some
/// from the end, where it is said what to do.
const LONGEST: usize = 8_000;
const LAST: usize = 2_000;
/// The most characters of a name or value that a message quotes.
const QUOTED: usize = 80;

/// The text without what moves a terminal's cursor, turns the direction of writing, or is not seen at all: each such
/// character is spelt as in a Rust string (`\u{202e}`), as it is within quotes.
pub fn shown(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST && !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            plain.extend(character.escape_default());
        } else {
            plain.push(character);
        }
    }
    let count = plain.chars().count();
    if count > LONGEST {
        let place = |index| plain.char_indices().nth(index).map_or(plain.len(), |(place, _)| place);
        plain = format!("{} … {}", &plain[..place(LONGEST - LAST)], &plain[place(count - LAST)..]);
    }
    Cow::Owned(plain)
}

/// At most so many characters, the last one an ellipsis if some are missing.
pub fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit - 1).collect();
    short.push('…');
    short
}

/// A name or a text value in quotes, shortened where it is long.
pub fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text, QUOTED))
}

/// Controls, marks of direction, and characters that take no place or look like a blank. Not combining marks, which
/// languages are written with, and not the variation selectors of emoji.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_seen_is_spelt() {
        assert_eq!(
            shown("a\u{202e}b\u{1b}[2Jc\u{200b}\u{85}\u{2028}\u{7f}"),
            r"a\u{202e}b\u{1b}[2Jc\u{200b}\u{85}\u{2028}\u{7f}"
        );
        assert_eq!(shown("a\r\n\tb\0"), r"a\r\n\tb\u{0}");
        let plain = "e\u{301}té, नमस्ते, שָׁלוֹם, \u{2764}\u{fe0f}, 日本";
        assert!(matches!(shown(plain), Cow::Borrowed(text) if text == plain));
    }

    #[test]
    fn what_is_long_keeps_its_end() {
        let text = format!("column {}: pass schema=", "ä".repeat(1_000_000));
        let short = shown(&text);
        assert!(short.starts_with("column ää") && short.ends_with("ä: pass schema="));
        assert_eq!(short.chars().count(), LONGEST + 3);
        let fits = "ä".repeat(LONGEST);
        assert_eq!(shown(&fits), fits);
    }

    #[test]
    fn quotes_are_short() {
        assert_eq!(quoted("a\"b\u{202e}"), r#""a\"b\u{202e}""#);
        assert_eq!(quoted(&"x".repeat(81)), format!("\"{}…\"", "x".repeat(79)));
        assert_eq!(quoted(&"x".repeat(80)), format!("\"{}\"", "x".repeat(80)));
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_shown_and_showing_twice_changes_nothing(text in "\\PC{0,9}|(?s).{0,99}") {
            let once = shown(&text).into_owned();
            prop_assert!(!once.contains(is_hidden));
            prop_assert_eq!(&shown(&once), &once);
        }
    }
}
