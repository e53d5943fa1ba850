//! Cells that a spreadsheet would run.

/// Whether a spreadsheet takes the text for a formula (as OWASP lists them under "CSV injection").
pub(super) fn is_formula(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'))
}

/// What makes it text to a spreadsheet.
pub(super) const ESCAPE: u8 = b'\'';
