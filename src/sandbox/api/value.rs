//! One JSON value of an update, checked, as the store takes it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::sandbox::problem::excerpt;
use crate::sandbox::store::Cell;

/// How deep lists and objects may lie in one another within a value.
pub(super) const MAX_DEPTH: u32 = 64;

/// Why a value is refused: the code, and what is wrong with it.
pub(super) type Refusal = (&'static str, String);

/// A value that is known to be well-formed JSON on its surface, without blanks around it.
pub(super) fn parse(json: &str) -> Result<Cell<'_>, Refusal> {
    match json.as_bytes().first() {
        Some(b'n') => Ok(Cell::Null),
        Some(b't' | b'f') => Ok(Cell::Raw(json)),
        Some(b'"') => {
            let mut deserializer = serde_json::Deserializer::from_str(json);
            Text.deserialize(&mut deserializer).map(Cell::Text).map_err(|error| invalid(json, &error))
        }
        Some(b'[' | b'{') => nested(json),
        _ => number(json),
    }
}

/// A number keeps its spelling: as itself where `SQLite` gives the same one back, as JSON text elsewhere.
fn number(json: &str) -> Result<Cell<'_>, Refusal> {
    if json != "-0"
        && let Ok(integer) = json.parse()
    {
        return Ok(Cell::Integer(integer));
    }
    match json.parse::<f64>() {
        Ok(real) if real.is_finite() => {
            let is_same = real != 0.0 && serde_json::to_string(&real).is_ok_and(|text| text == json);
            Ok(if is_same { Cell::Real(real) } else { Cell::Raw(json) })
        }
        _ => Err(("invalid_value", format!("{} is beyond what a number can be", excerpt(json)))),
    }
}

fn nested(json: &str) -> Result<Cell<'_>, Refusal> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    match (Nested { depth: 0 }).deserialize(&mut deserializer) {
        Ok(()) => Ok(Cell::Raw(json)),
        Err(error) if error.to_string().starts_with(TOO_DEEP) => {
            Err(("too_deep", format!("{} is nested deeper than {MAX_DEPTH} levels", excerpt(json))))
        }
        Err(error) => Err(invalid(json, &error)),
    }
}

fn invalid(json: &str, error: &serde_json::Error) -> Refusal {
    ("invalid_value", format!("{} is not possible: {error}", excerpt(json)))
}

const TOO_DEEP: &str = "too deep";

/// A string, borrowed where it has no escapes.
pub(super) struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// Walks through lists and objects: keys that come twice, depth, and strings and numbers that are impossible.
struct Nested {
    depth: u32,
}

impl Nested {
    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        // The lists and objects of `inner` are one level further down.
        if self.depth >= MAX_DEPTH { Err(E::custom(TOO_DEEP)) } else { Ok(Self { depth: self.depth + 1 }) }
    }
}

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self.inner()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = object.next_key_seed(Text)? {
            if keys.contains(&key) {
                return Err(A::Error::custom(format_args!("the key {} comes twice", excerpt(&key))));
            }
            keys.insert(key);
            object.next_value_seed(self.inner()?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were_written() {
        for same in ["0", "-1", "9223372036854775807", "-9223372036854775808"] {
            assert!(matches!(parse(same), Ok(Cell::Integer(_))), "{same}");
        }
        for same in ["0.5", "-1.25", "1.0", "1e300"] {
            assert!(matches!(parse(same), Ok(Cell::Real(_) | Cell::Raw(_))), "{same}");
        }
        for text in [
            "-0",
            "-0.0",
            "0.0",
            "9223372036854775808",
            "1E5",
            "1.10",
            "0.1000000000000000055511151231257827",
        ] {
            assert_eq!(parse(text), Ok(Cell::Raw(text)));
        }
        for text in ["1e999", "-1e999"] {
            assert_eq!(parse(text).map_err(|refusal| refusal.0), Err("invalid_value"));
        }
    }

    #[test]
    fn nested_values_are_checked_to_the_bottom() {
        let lists = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&lists(64)).is_ok());
        assert_eq!(parse(&lists(65)).map_err(|refusal| refusal.0), Err("too_deep"));
        assert_eq!(parse(&lists(100_000)).map_err(|refusal| refusal.0), Err("too_deep"));
        let bad =
            [r#"{"a":1,"a":2}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#, r#"["\ud800"]"#, "[1e999]", r#""\udc00""#];
        for json in bad {
            assert_eq!(parse(json).map_err(|refusal| refusal.0), Err("invalid_value"), "{json}");
        }
        assert_eq!(parse(r#"{"a":[1,null,true,"x"]}"#), Ok(Cell::Raw(r#"{"a":[1,null,true,"x"]}"#)));
    }
}
