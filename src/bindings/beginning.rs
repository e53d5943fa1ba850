//! The beginning of a value as text, for displays.

use std::fmt::{self, Write as _};

/// The first characters of what may be very long, of which no more is written.
pub fn beginning(value: &impl fmt::Display, longest: usize) -> String {
    let mut beginning = Beginning { text: String::new(), left: longest };
    // It ends with an error where it has all that it wants.
    let _ = write!(beginning, "{value}");
    beginning.text
}

struct Beginning {
    text: String,
    left: usize,
}

impl fmt::Write for Beginning {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let Some((end, _)) = part.char_indices().nth(self.left) else {
            self.text.push_str(part);
            self.left -= part.chars().count();
            return Ok(());
        };
        self.text.push_str(&part[..end]);
        self.left = 0;
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_written_than_is_wanted() {
        assert_eq!(beginning(&"äöü", 2), "äö");
        assert_eq!(beginning(&"äöü", 3), "äöü");
        assert_eq!(beginning(&"äöü", 0), "");
        assert_eq!(beginning(&format_args!("{}-{}", "ab", 12_345), 5), "ab-12");
    }
}
