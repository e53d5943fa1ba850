//! Values that hold others, which only tables of other libraries have: dictionaries and runs as what they stand for, lists
//! by their items in order, structs by their fields in any.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{Array, ArrayRef, UInt64Array};
use arrow_schema::{ArrowError, DataType};
use arrow_select::take::take;

use super::cells::{self, Found};
use super::hash::{hash, seed as seed_of};
use crate::error::{Error, Result};

/// What tells a list and a struct from a text of the same bytes.
const LIST: u64 = 11;
const STRUCT: u64 = 13;

pub(super) fn each(array: &dyn Array, seed: u64, depth: usize, found: Found<'_>) -> Result<()> {
    macro_rules! lists {
        ($lists:expr) => {{
            let lists = $lists;
            for row in (0..lists.len()).filter(|row| lists.is_valid(*row)) {
                found(row, list(&lists.value(row), seed, depth)?);
            }
            Ok(())
        }};
    }
    match array.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values =
                take(dictionary.values(), dictionary.keys(), None).map_err(|error| unread(&error))?;
            cells::each(&values, seed, depth + 1, found)
        }
        DataType::RunEndEncoded(ends, _) => {
            let values = match ends.data_type() {
                DataType::Int16 => run_values::<Int16Type>(array),
                DataType::Int32 => run_values::<Int32Type>(array),
                _ => run_values::<Int64Type>(array),
            };
            cells::each(&values.map_err(|error| unread(&error))?, seed, depth + 1, found)
        }
        DataType::List(_) => lists!(array.as_list::<i32>()),
        DataType::LargeList(_) => lists!(array.as_list::<i64>()),
        DataType::ListView(_) => lists!(array.as_list_view::<i32>()),
        DataType::LargeListView(_) => lists!(array.as_list_view::<i64>()),
        DataType::FixedSizeList(..) => lists!(array.as_fixed_size_list()),
        DataType::Map(..) => {
            let maps = array.as_map();
            for row in (0..maps.len()).filter(|row| maps.is_valid(*row)) {
                found(row, list(&maps.value(row), seed, depth)?);
            }
            Ok(())
        }
        DataType::Struct(fields) => {
            let values = array.as_struct();
            let mut sums = vec![0_u128; values.len()];
            for (field, column) in fields.iter().zip(values.columns()) {
                let mut add = |row: usize, cell| sums[row] = sums[row].wrapping_add(cell);
                cells::each(column, seed_of(field.name()), depth + 1, &mut add)?;
            }
            for (row, sum) in sums.into_iter().enumerate().filter(|(row, _)| values.is_valid(*row)) {
                found(row, hash(seed.wrapping_add(STRUCT), &sum.to_le_bytes()));
            }
            Ok(())
        }
        _ => cells::others(array, seed, found),
    }
}

fn list(items: &dyn Array, seed: u64, depth: usize) -> Result<u128> {
    // A null item is not one of any hash that is likely to come.
    let mut hashes = vec![0_u128; items.len()];
    cells::each(items, LIST, depth + 1, &mut |item, hash| hashes[item] = hash)?;
    let bytes: Vec<[u8; 16]> = hashes.into_iter().map(u128::to_le_bytes).collect();
    Ok(hash(seed.wrapping_add(LIST), bytes.as_flattened()))
}

fn run_values<R: RunEndIndexType>(array: &dyn Array) -> std::result::Result<ArrayRef, ArrowError> {
    let runs = array.as_run::<R>();
    let places = (0..runs.len()).map(|row| runs.get_physical_index(row) as u64);
    take(runs.values(), &UInt64Array::from_iter_values(places), None)
}

fn unread(error: &ArrowError) -> Error {
    Error::invalid_input(format!("a column has no digest, since its values cannot be looked up: {error}"))
}
