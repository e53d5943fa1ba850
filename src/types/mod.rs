//! Arrow's types and fields as users meet them: their names, as messages show them and `schema=` takes them, and what else a
//! field says.

mod json_mark;
mod name;
mod nul;
mod parse;

pub use json_mark::{JSON_EXTENSION, JsonMark, holds_strings, is_json_text, json_mark, with_json_mark};
pub use name::type_name;
pub use nul::name_with_nul;
pub use parse::{MAX_NESTING, parse_type};
