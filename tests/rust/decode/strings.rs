//! Whatever a string has in it is found wherever it is: strings are read in words and blocks.

use converz::decode::Options;

use super::helpers::{only_batch, page, refused, shown, table};
use super::oracle;

#[test]
fn special_characters_are_found_in_every_place() {
    special_characters_are_found("", "");
}

#[test]
fn special_characters_are_found_after_an_escape() {
    special_characters_are_found("\\t", "\t");
}

/// In strings that begin with `before`, which means `meant`.
fn special_characters_are_found(before: &str, meant: &str) {
    // What each is as a character, if it is allowed.
    let specials: [(&[u8], Option<&str>); 12] = [
        (b"\\n", Some("\n")),
        (b"\\\"", Some("\"")),
        (b"\\\\", Some("\\")),
        (b"\\u20AC", Some("€")),
        ("é".as_bytes(), Some("é")),
        ("😀".as_bytes(), Some("😀")),
        (b"\x7f", Some("\u{7f}")),
        (b"\x1f", None),
        (b"\0", None),
        (b"\n", None),
        (b"\xff", None),
        (b"\xc3", None),
    ];
    for length in [0, 1, 7, 8, 9, 15, 31, 32, 33, 63, 64, 65, 95, 96, 97, 128, 160, 170] {
        for position in 0..=length {
            for (special, character) in specials {
                let mut body = b"[{\"x\":\"".to_vec();
                body.extend(before.as_bytes());
                body.extend(std::iter::repeat_n(b'a', position));
                body.extend(special);
                body.extend(std::iter::repeat_n(b'!', length - position));
                body.extend(b"\"}]");
                let context = || format!("{:?} at {position} of {length}", String::from_utf8_lossy(special));
                match (page(&body, &Options::default()), character) {
                    (Err(_), None) => {}
                    (Ok(_), Some(character)) => {
                        let text = std::str::from_utf8(&body).unwrap();
                        let expected = meant.to_owned()
                            + &"a".repeat(position)
                            + character
                            + &"!".repeat(length - position);
                        let values =
                            shown(only_batch(&table(&[text], &Options::default()).unwrap()).column(0));
                        assert_eq!(values[0].as_ref(), Some(&expected), "{}", context());
                    }
                    (Ok(_), None) => panic!("accepted: {}", context()),
                    (Err(error), Some(_)) => panic!("{}: {error}", context()),
                }
            }
        }
    }
}

#[test]
fn of_two_faults_in_a_string_the_first_is_told() {
    const OPENING: &[u8] = b"[{\"x\":\"\\n";
    for gap in [0, 1, 7, 15, 16, 17, 31, 40, 100] {
        let filler = vec![b'a'; gap];
        for (first, second) in
            [(&b"\xff"[..], &b"\\q"[..]), (b"\\q", b"\xff"), (b"\\u00g0", b"\xc3("), (b"\xe9", b"\\ud800")]
        {
            let body = [OPENING, &filler, first, &filler, second, &filler, b"\"}]"].concat();
            let error = refused(&body, &Options::default()).to_string();
            let byte = format!("byte {}", OPENING.len() + gap);
            assert!(error.contains(&byte), "{error} has no {byte}");
        }
    }
}

#[test]
fn numbers_that_follow_one_another_in_lists_are_checked_each() {
    let fine =
        ["1", "-2", "0.5", "12345678", "1234567.12345678", "1e5", "0", "-0.0", "123456789012345678901"];
    let wrong = ["01", "-", "1.", ".5", "1.e5", "-01", "1e", "00", "1.2.3", "--1", "+1", "1-2", "0x1"];
    for (place, filler) in [(0, "7"), (1, "0.25"), (2, "[1,2]"), (3, "\"x\"")] {
        let list = |number: &str| {
            let mut numbers = [filler; 4];
            numbers[place] = number;
            format!("[{{\"x\":[{}],\"y\":{{\"z\":{number}}}}}]", numbers.join(","))
        };
        for number in fine {
            assert!(page(list(number).as_bytes(), &Options::default()).is_ok(), "{}", list(number));
        }
        for number in wrong {
            refused(list(number).as_bytes(), &Options::default());
        }
    }
}

#[test]
fn every_byte_after_a_value_is_as_the_oracle_says() {
    for value in ["1", "-1.5e3", "\"x\"", "true", "[1]", "null", "123456789012345678901"] {
        for byte in 0..=255u8 {
            for rest in [&b"}]"[..], b"\"y\":2}]", b""] {
                let body = [b"[{\"x\":", value.as_bytes(), &[byte], rest].concat();
                let expected = oracle::rows(&body, 128, oracle::Reading::default()).is_ok();
                assert_eq!(
                    page(&body, &Options::default()).is_ok(),
                    expected,
                    "{}",
                    String::from_utf8_lossy(&body)
                );
            }
        }
    }
}
