//! UUIDs, which Arrow has as sixteen bytes, as their text.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, FixedSizeBinaryArray, StringArray};
use arrow_schema::{DataType, Field};

use super::cells::Cells;
use super::output::Output;
use super::plain::Raw;

const BYTES: i32 = 16;

/// Whether the values are UUIDs (a canonical extension type of Arrow).
pub(super) fn is_uuid(field: &Field) -> bool {
    field.extension_type_name() == Some("arrow.uuid")
        && *field.data_type() == DataType::FixedSizeBinary(BYTES)
}

/// The same column as strings.
pub(super) fn texts(column: &Raw) -> Raw {
    let texts = |array: &ArrayRef| -> ArrayRef {
        let text =
            |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(&text(bytes)).into_owned());
        Arc::new(array.as_fixed_size_binary().iter().map(text).collect::<StringArray>())
    };
    let arrays = column.arrays.iter().map(texts).collect();
    Raw { field: Field::new(column.field.name(), DataType::Utf8, true), arrays }
}

pub(super) struct Uuids(FixedSizeBinaryArray);

impl Uuids {
    pub(super) fn new(array: &ArrayRef) -> Self {
        Self(array.as_fixed_size_binary().clone())
    }
}

impl Cells for Uuids {
    fn write(&self, row: usize, out: &mut Output) {
        out.push(b'"');
        out.extend(&text(self.0.value(row)));
        out.push(b'"');
    }

    fn size(&self, _row: usize) -> usize {
        TEXT + 2
    }
}

const TEXT: usize = 36;

/// `5a9fdc24-685d-42d9-9862-4dbdb52f51e9`.
fn text(bytes: &[u8]) -> [u8; TEXT] {
    let mut text = [b'-'; TEXT];
    let mut at = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        for half in [byte >> 4, byte & 0xf] {
            text[at] = if half < 10 { b'0' + half } else { b'a' + half - 10 };
            at += 1;
        }
    }
    text
}
