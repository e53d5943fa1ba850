//! Columns as plain as they can be, so that they are judged by their values and not by how these are packed: runs are
//! unpacked, and so are categories of anything but strings.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{Array, ArrayRef, UInt64Array, downcast_integer};
use arrow_buffer::ArrowNativeType;
use arrow_schema::{ArrowError, DataType, Field};
use arrow_select::take::take;

use crate::types::json_mark;

/// A column in the batches of a frame.
#[derive(Clone)]
pub(super) struct Raw {
    pub field: Field,
    pub arrays: Vec<ArrayRef>,
}

impl Raw {
    /// The same values without packing. Categories of strings stay, since they save memory and time.
    ///
    /// # Errors
    /// What about the type cannot be unpacked, as the rest of a sentence about the column.
    pub(super) fn unpacked(mut self) -> Result<Self, String> {
        // What packs may be packed itself.
        while let Some(inner) = self.inner_field() {
            let unpacked = self.arrays.iter().map(unpack).collect::<Result<_, _>>();
            self.arrays = unpacked.map_err(|error| format!("cannot be unpacked: {error}"))?;
            self.field = inner;
        }
        Ok(self)
    }

    /// The field of what is packed, if that is to be unpacked.
    fn inner_field(&self) -> Option<Field> {
        let inner = match self.field.data_type() {
            DataType::RunEndEncoded(_, values) => {
                let inner = self.field.clone().with_data_type(values.data_type().clone());
                // What the values are is said beside them.
                let has_own = self.field.extension_type_name().is_some() || json_mark(&self.field).is_some();
                if has_own { inner } else { inner.with_metadata(values.metadata().clone()) }
            }
            DataType::Dictionary(_, values) => {
                let stays = values.is_string()
                    && self.field.extension_type_name().is_none()
                    && json_mark(&self.field).is_none();
                return (!stays).then(|| self.field.clone().with_data_type(values.as_ref().clone()));
            }
            _ => return None,
        };
        Some(inner.with_nullable(true))
    }
}

/// The values of a dictionary or of runs, one for each row.
fn unpack(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    macro_rules! dictionary {
        ($key:ty) => {{
            let array = array.as_dictionary::<$key>();
            take(array.values(), array.keys(), None)
        }};
    }
    match array.data_type() {
        DataType::Dictionary(key, _) => downcast_integer! {
            key.as_ref() => (dictionary),
            other => Err(ArrowError::InvalidArgumentError(format!("its keys are {other}"))),
        },
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => runs::<Int16Type>(array),
            DataType::Int32 => runs::<Int32Type>(array),
            _ => runs::<Int64Type>(array),
        },
        _ => Ok(array.clone()),
    }
}

fn runs<R: RunEndIndexType>(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let array = array.as_run::<R>();
    let ends = array.run_ends();
    let (offset, rows) = (ends.offset(), array.len());
    let mut indices = Vec::with_capacity(rows);
    for (index, end) in ends.values().iter().enumerate() {
        let end = end.as_usize().saturating_sub(offset).min(rows);
        indices.resize(indices.len().max(end), index as u64);
    }
    take(array.values(), &UInt64Array::from(indices), None)
}
