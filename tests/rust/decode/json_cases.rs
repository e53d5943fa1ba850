//! The public JSON parsing cases, each as the value of a row.

use std::path::{Path, PathBuf};
use std::{env, fs};

use converz::decode::Options;

use super::helpers::page;

/// Cases that are accepted or refused otherwise than their name says, and why.
const DIFFERENCES: [(&str, &str); 0] = [];

/// What the cases leave open: whether it is accepted as a value, by the rules of the design.
const OPEN: [(&str, bool); 35] = [
    // Numbers too large or too small for a double are refused; integers of any size are kept. Within nested values
    // numbers are text.
    ("i_number_double_huge_neg_exp.json", true),
    ("i_number_huge_exp.json", true),
    ("i_number_neg_int_huge_exp.json", true),
    ("i_number_pos_double_huge_exp.json", true),
    ("i_number_real_neg_overflow.json", true),
    ("i_number_real_pos_overflow.json", true),
    ("i_number_real_underflow.json", true),
    ("i_number_too_big_neg_int.json", true),
    ("i_number_too_big_pos_int.json", true),
    ("i_number_very_big_negative_int.json", true),
    // Lone surrogates are refused, nested, too.
    ("i_object_key_lone_2nd_surrogate.json", false),
    ("i_string_1st_surrogate_but_2nd_missing.json", false),
    ("i_string_1st_valid_surrogate_2nd_invalid.json", false),
    ("i_string_UTF8_surrogate_U+D800.json", false),
    ("i_string_incomplete_surrogate_and_escape_valid.json", false),
    ("i_string_incomplete_surrogate_pair.json", false),
    ("i_string_incomplete_surrogates_escape_valid.json", false),
    ("i_string_invalid_lonely_surrogate.json", false),
    ("i_string_invalid_surrogate.json", false),
    ("i_string_inverted_surrogates_U+1D11E.json", false),
    ("i_string_lone_second_surrogate.json", false),
    // Nothing but UTF-8.
    ("i_string_UTF-16LE_with_BOM.json", false),
    ("i_string_UTF-8_invalid_sequence.json", false),
    ("i_string_invalid_utf-8.json", false),
    ("i_string_iso_latin_1.json", false),
    ("i_string_lone_utf8_continuation_byte.json", false),
    ("i_string_not_in_unicode_range.json", false),
    ("i_string_overlong_sequence_2_bytes.json", false),
    ("i_string_overlong_sequence_6_bytes.json", false),
    ("i_string_overlong_sequence_6_bytes_null.json", false),
    ("i_string_truncated-utf-8.json", false),
    ("i_string_utf16BE_no_BOM.json", false),
    ("i_string_utf16LE_no_BOM.json", false),
    // Deeper than max_depth.
    ("i_structure_500_nested_arrays.json", false),
    // A byte-order mark is fine at the beginning of a page, but not of a value.
    ("i_structure_UTF-8_BOM_empty_object.json", false),
];

fn folder() -> PathBuf {
    env::var_os("CONVERZ_JSON_TESTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/json-tests"), PathBuf::from)
}

#[test]
fn the_public_cases_hold() {
    let folder = folder();
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: there is no {}", folder.display());
        return;
    };
    let mut seen = 0;
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let expected = match name.get(..2) {
            Some("y_") => true,
            Some("n_") => false,
            Some("i_") => OPEN.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name}")).1,
            _ => continue,
        };
        let expected = expected != DIFFERENCES.iter().any(|(known, _)| *known == name);
        let mut body = b"[{\"x\":".to_vec();
        body.extend(fs::read(&path).unwrap());
        body.extend(b"}]");
        let result = page(&body, &Options::default());
        assert_eq!(result.is_ok(), expected, "{name}: {:?}", result.err());
        seen += 1;
    }
    assert!(seen > 300, "only {seen} cases in {}", folder.display());
}
