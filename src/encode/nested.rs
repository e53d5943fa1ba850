//! Arrays that hold other arrays: dictionaries and runs as the values that they stand for, lists as JSON arrays,
//! structs and maps as JSON objects. A null inside of a value is a JSON null: the cell itself is set.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowDictionaryKeyType, Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, GenericListArray, GenericListViewArray, MapArray, OffsetSizeTrait,
    PrimitiveArray, RunArray, StructArray, downcast_integer,
};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_schema::{DataType, Field};

use super::cells::{BadValue, Cells};
use super::cells_of_field::{cells, field_cells};
use super::output::Output;
use super::text::{label, text_size, write_text};
use crate::text::quoted;
use crate::types::type_name;

const NULL: &[u8] = b"null";

pub(super) struct Dictionary<K: ArrowDictionaryKeyType> {
    keys: PrimitiveArray<K>,
    values: Box<dyn Cells>,
}

impl Dictionary<Int32Type> {
    pub(super) fn cells(array: &ArrayRef, depth: usize) -> Result<Box<dyn Cells>, String> {
        fn typed<K: ArrowDictionaryKeyType>(
            array: &ArrayRef,
            depth: usize,
        ) -> Result<Box<dyn Cells>, String> {
            let array = array.as_dictionary::<K>();
            let values = cells(array.values(), depth + 1)?;
            Ok(Box::new(Dictionary { keys: array.keys().clone(), values }))
        }
        macro_rules! typed {
            ($key:ty) => {
                typed::<$key>(array, depth)
            };
        }
        let DataType::Dictionary(key, _) = array.data_type() else {
            return Err(format!("has the type {}, which is not a dictionary", type_name(array.data_type())));
        };
        downcast_integer! {
            key.as_ref() => (typed),
            _ => Err(format!("has the type {}, whose keys are no integers", type_name(array.data_type())))
        }
    }
}

impl<K: ArrowDictionaryKeyType> Dictionary<K> {
    fn index(&self, row: usize) -> usize {
        self.keys.value(row).as_usize()
    }
}

impl<K: ArrowDictionaryKeyType> Cells for Dictionary<K> {
    fn write(&self, row: usize, out: &mut Output) {
        self.values.write(self.index(row), out);
    }

    fn size(&self, row: usize) -> usize {
        self.values.size(self.index(row))
    }

    fn can_be_bad(&self) -> bool {
        self.values.can_be_bad()
    }

    fn bad_value(&self, row: usize) -> Option<BadValue> {
        self.values.bad_value(self.index(row))
    }
}

pub(super) struct Runs<R: RunEndIndexType> {
    array: RunArray<R>,
    values: Box<dyn Cells>,
}

impl Runs<Int32Type> {
    pub(super) fn cells(array: &ArrayRef, depth: usize) -> Result<Box<dyn Cells>, String> {
        fn typed<R: RunEndIndexType>(
            array: &ArrayRef,
            field: &Field,
            depth: usize,
        ) -> Result<Box<dyn Cells>, String> {
            let array = array.as_run::<R>();
            let values = field_cells(field, array.values(), depth + 1)?;
            Ok(Box::new(Runs { array: array.clone(), values }))
        }
        let DataType::RunEndEncoded(ends, field) = array.data_type() else {
            return Err(format!(
                "has the type {}, which is not run-end encoded",
                type_name(array.data_type())
            ));
        };
        match ends.data_type() {
            DataType::Int16 => typed::<Int16Type>(array, field, depth),
            DataType::Int32 => typed::<Int32Type>(array, field, depth),
            _ => typed::<Int64Type>(array, field, depth),
        }
    }
}

impl<R: RunEndIndexType> Runs<R> {
    fn index(&self, row: usize) -> usize {
        self.array.get_physical_index(row)
    }
}

impl<R: RunEndIndexType> Cells for Runs<R> {
    fn write(&self, row: usize, out: &mut Output) {
        self.values.write(self.index(row), out);
    }

    fn size(&self, row: usize) -> usize {
        self.values.size(self.index(row))
    }

    fn can_be_bad(&self) -> bool {
        self.values.can_be_bad()
    }

    fn bad_value(&self, row: usize) -> Option<BadValue> {
        self.values.bad_value(self.index(row))
    }
}

/// Values inside of a value.
struct Child {
    cells: Box<dyn Cells>,
    nulls: Option<NullBuffer>,
}

impl Child {
    fn new(array: &ArrayRef, field: &Field, depth: usize) -> Result<Self, String> {
        Ok(Self { cells: field_cells(field, array, depth + 1)?, nulls: array.logical_nulls() })
    }

    fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    fn write(&self, row: usize, out: &mut Output) {
        if self.is_null(row) {
            out.extend(NULL);
        } else {
            self.cells.write(row, out);
        }
    }

    fn size(&self, row: usize) -> usize {
        if self.is_null(row) { NULL.len() } else { self.cells.size(row) }
    }

    fn bad_value(&self, row: usize) -> Option<BadValue> {
        if self.is_null(row) { None } else { self.cells.bad_value(row) }
    }
}

/// Where the items of a list are.
pub(super) trait Bounds: Send + Sync + Clone + 'static {
    fn items(&self) -> &ArrayRef;
    fn bounds(&self, row: usize) -> Range<usize>;
}

impl<O: OffsetSizeTrait> Bounds for GenericListArray<O> {
    fn items(&self) -> &ArrayRef {
        self.values()
    }

    fn bounds(&self, row: usize) -> Range<usize> {
        let offsets = self.value_offsets();
        offsets[row].as_usize()..offsets[row + 1].as_usize()
    }
}

impl<O: OffsetSizeTrait> Bounds for GenericListViewArray<O> {
    fn items(&self) -> &ArrayRef {
        self.values()
    }

    fn bounds(&self, row: usize) -> Range<usize> {
        let start = self.value_offset(row).as_usize();
        start..start + self.value_size(row).as_usize()
    }
}

impl Bounds for FixedSizeListArray {
    fn items(&self) -> &ArrayRef {
        self.values()
    }

    fn bounds(&self, row: usize) -> Range<usize> {
        let start = self.value_offset(row).as_usize();
        start..start + self.value_length().as_usize()
    }
}

pub(super) struct Lists<B> {
    lists: B,
    items: Child,
}

impl<B: Bounds> Lists<B> {
    pub(super) fn cells(lists: &B, field: &Field, depth: usize) -> Result<Box<dyn Cells>, String> {
        let items = Child::new(lists.items(), field, depth)?;
        Ok(Box::new(Self { lists: lists.clone(), items }))
    }
}

impl<B: Bounds> Cells for Lists<B> {
    fn write(&self, row: usize, out: &mut Output) {
        out.push(b'[');
        for (position, item) in self.lists.bounds(row).enumerate() {
            if position > 0 {
                out.push(b',');
            }
            self.items.write(item, out);
        }
        out.push(b']');
    }

    fn size(&self, row: usize) -> usize {
        let bounds = self.lists.bounds(row);
        let commas = bounds.len().saturating_sub(1);
        2 + commas + bounds.map(|item| self.items.size(item)).sum::<usize>()
    }

    fn can_be_bad(&self) -> bool {
        self.items.cells.can_be_bad()
    }

    fn bad_value(&self, row: usize) -> Option<BadValue> {
        self.lists.bounds(row).find_map(|item| self.items.bad_value(item))
    }
}

pub(super) struct Structs {
    /// Each with its `"name":`.
    fields: Vec<(Vec<u8>, Child)>,
}

impl Structs {
    pub(super) fn cells(array: &StructArray, depth: usize) -> Result<Box<dyn Cells>, String> {
        let mut fields = Vec::with_capacity(array.num_columns());
        for (field, values) in array.fields().iter().zip(array.columns()) {
            let name = label(field.name());
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(format!("is a struct with two fields {}", quoted(field.name())));
            }
            fields.push((name, Child::new(values, field, depth)?));
        }
        Ok(Box::new(Self { fields }))
    }
}

impl Cells for Structs {
    fn write(&self, row: usize, out: &mut Output) {
        out.push(b'{');
        for (position, (name, values)) in self.fields.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            out.extend(name);
            values.write(row, out);
        }
        out.push(b'}');
    }

    fn size(&self, row: usize) -> usize {
        let commas = self.fields.len().saturating_sub(1);
        2 + commas + self.fields.iter().map(|(name, values)| name.len() + values.size(row)).sum::<usize>()
    }

    fn can_be_bad(&self) -> bool {
        self.fields.iter().any(|(_, values)| values.cells.can_be_bad())
    }

    fn bad_value(&self, row: usize) -> Option<BadValue> {
        self.fields.iter().find_map(|(_, values)| values.bad_value(row))
    }
}

pub(super) struct Maps {
    map: MapArray,
    values: Child,
}

impl Maps {
    pub(super) fn cells(map: &MapArray, depth: usize) -> Result<Box<dyn Cells>, String> {
        if !matches!(map.key_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
            return Err(format!(
                "is a map whose keys are {}, but those of JSON are strings",
                type_name(map.key_type())
            ));
        }
        if map.keys().null_count() > 0 {
            return Err("is a map with a null among its keys".to_owned());
        }
        let Some(field) = map.entries().fields().get(1) else {
            return Err("is a map without values".to_owned());
        };
        let values = Child::new(map.values(), field, depth)?;
        Ok(Box::new(Self { map: map.clone(), values }))
    }

    fn bounds(&self, row: usize) -> Range<usize> {
        let offsets = self.map.value_offsets();
        offsets[row].as_usize()..offsets[row + 1].as_usize()
    }

    fn key(&self, entry: usize) -> &str {
        let keys = self.map.keys();
        match keys.data_type() {
            DataType::Utf8 => keys.as_string::<i32>().value(entry),
            DataType::LargeUtf8 => keys.as_string::<i64>().value(entry),
            _ => keys.as_string_view().value(entry),
        }
    }
}

impl Cells for Maps {
    fn write(&self, row: usize, out: &mut Output) {
        out.push(b'{');
        for (position, entry) in self.bounds(row).enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write_text(self.key(entry), out);
            out.push(b':');
            self.values.write(entry, out);
        }
        out.push(b'}');
    }

    fn size(&self, row: usize) -> usize {
        let bounds = self.bounds(row);
        let commas = bounds.len().saturating_sub(1);
        2 + commas
            + bounds.map(|entry| text_size(self.key(entry)) + 1 + self.values.size(entry)).sum::<usize>()
    }

    fn can_be_bad(&self) -> bool {
        true
    }

    fn bad_value(&self, row: usize) -> Option<BadValue> {
        let mut keys: Vec<&str> = self.bounds(row).map(|entry| self.key(entry)).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) {
            return Some(BadValue::RepeatedMapKey);
        }
        self.bounds(row).find_map(|entry| self.values.bad_value(entry))
    }
}
