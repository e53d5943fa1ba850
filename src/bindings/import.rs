//! Arrow data of another library, checked before anything relies on it.
//!
//! The C interface hands over pointers and counts. Counts that contradict one another or the type, missing
//! pointers, invalid offsets, keys, views and text are all refused here, and the rest of this package takes what it
//! gets to be right. What nobody can check is whether the memory behind a pointer is as long as the counts
//! say, since a buffer has no length at this boundary; for that the library answers.

// There is no other way through Arrow's C interface.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::builder::GenericStringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, ArrayRef, OffsetSizeTrait, RecordBatch, RecordBatchOptions, make_array};
use arrow_data::{ArrayData, BufferSpec, layout};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use super::short_text;
use crate::error::{Error, panic_text};
use crate::types::{MAX_NESTING, type_name};

/// Rows that no data have, though a wrong count may.
const MAX_ROWS: usize = 1 << 48;
/// Types within types that no data have, all together.
const MAX_FIELDS: usize = 1 << 20;

/// The rows of a table, a batch or a stream.
pub fn table(data: &Bound<'_, PyAny>) -> PyResult<(SchemaRef, Vec<RecordBatch>)> {
    let (field, arrays) = arrays(data)?;
    let DataType::Struct(fields) = field.data_type() else {
        return Err(PyTypeError::new_err(format!("it is a column of {}", field.data_type())));
    };
    let batches = || -> Result<_, String> {
        let schema = Arc::new(Schema::new_with_metadata(fields.clone(), field.metadata().clone()));
        let batch = |(number, array): (usize, ArrayRef)| {
            let rows = array.as_struct();
            if rows.null_count() > 0 {
                return Err(format!("batch {number} has rows that are null as a whole"));
            }
            let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
            RecordBatch::try_new_with_options(Arc::clone(&schema), rows.columns().to_vec(), &options)
                .map_err(|error| format!("batch {number}: {error}"))
        };
        let batches = (1..).zip(arrays).map(batch).collect::<Result<_, _>>()?;
        Ok((schema, batches))
    };
    batches().map_err(|reason| unreadable(&reason))
}

/// The values of an array or a chunked array.
pub fn column(data: &Bound<'_, PyAny>) -> PyResult<(Field, Vec<ArrayRef>)> {
    arrays(data)
}

/// The schema of anything that has one.
pub fn schema(data: &Bound<'_, PyAny>) -> PyResult<Schema> {
    let capsule = data.call_method0(intern!(data.py(), "__arrow_c_schema__"))?;
    let field = field(pointer::<FFI_ArrowSchema>(&capsule, c"arrow_schema")?)?;
    let DataType::Struct(fields) = field.data_type() else {
        return Err(PyTypeError::new_err(format!(
            "it is the type {} of a column, not the schema of a table",
            field.data_type()
        )));
    };
    Ok(Schema::new_with_metadata(fields.clone(), field.metadata().clone()))
}

fn arrays(data: &Bound<'_, PyAny>) -> PyResult<(Field, Vec<ArrayRef>)> {
    let py = data.py();
    if data.hasattr(intern!(py, "__arrow_c_array__"))? {
        let capsules = data.call_method0(intern!(py, "__arrow_c_array__"))?.cast_into::<PyTuple>()?;
        let field = field(pointer::<FFI_ArrowSchema>(&capsules.get_item(0)?, c"arrow_schema")?)?;
        let array = pointer::<FFI_ArrowArray>(&capsules.get_item(1)?, c"arrow_array")?;
        // SAFETY: a capsule of this name holds such an array, which is its consumer's from here on.
        let array = unsafe { FFI_ArrowArray::from_raw(array) };
        if array.is_released() {
            return Err(unreadable("it was taken before"));
        }
        let array = py.detach(|| checked(array, &field)).map_err(|reason| unreadable(&reason))?;
        return Ok((field, vec![array]));
    }
    if !data.hasattr(intern!(py, "__arrow_c_stream__"))? {
        return Err(PyTypeError::new_err("it has neither __arrow_c_array__ nor __arrow_c_stream__"));
    }
    let capsule = data.call_method0(intern!(py, "__arrow_c_stream__"))?;
    let stream = pointer::<FFI_ArrowArrayStream>(&capsule, c"arrow_array_stream")?;
    // SAFETY: a capsule of this name holds such a stream, which is its consumer's from here on.
    let stream = Stream(unsafe { FFI_ArrowArrayStream::from_raw(stream) });
    if stream.0.release.is_none() {
        return Err(unreadable("its stream was read before"));
    }
    let before = own_error(data);
    py.detach(|| stream.read()).map_err(|reason| match own_error(data) {
        // What failed is ours, and known better than by its text.
        Some(error) if before.is_none() => PyErr::from_value(error),
        _ => unreadable(&reason),
    })
}

/// What ended a stream of this package.
fn own_error<'py>(data: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let class = data.get_type();
    let is_own = class.module().is_ok_and(|module| module.to_string_lossy().starts_with("converz"))
        && class.name().is_ok_and(|name| name == "RecordBatchStream");
    if is_own {
        data.getattr(intern!(data.py(), "error")).ok().filter(|error| !error.is_none())
    } else {
        None
    }
}

fn unreadable(reason: &str) -> PyErr {
    Error::invalid_input(format!("the Arrow data cannot be read: {reason}")).into()
}

/// What a capsule points to.
fn pointer<T>(capsule: &Bound<'_, PyAny>, name: &CStr) -> PyResult<*mut T> {
    Ok(capsule.cast::<PyCapsule>()?.pointer_checked(Some(name))?.cast::<T>().as_ptr())
}

fn field(schema: *const FFI_ArrowSchema) -> PyResult<Field> {
    // SAFETY: a capsule of this name holds such a schema, and lives as long as this call.
    checked_field(unsafe { &*schema }).map_err(|reason| unreadable(&reason))
}

fn checked_field(schema: &FFI_ArrowSchema) -> Result<Field, String> {
    unpanicked(|| {
        let mut fields = 0;
        check_nesting(schema, 0, &mut fields)?;
        Field::try_from(schema).map_err(|error| error.to_string())
    })
}

/// How deep types are nested is known before they are read, which takes as much of the stack.
fn check_nesting(schema: &FFI_ArrowSchema, depth: usize, fields: &mut usize) -> Result<(), String> {
    let children = schema.children();
    *fields = fields.saturating_add(children.size_hint().0);
    if *fields > MAX_FIELDS {
        return Err(format!("its types have more than {MAX_FIELDS} fields"));
    }
    // A table is a struct of its columns.
    if depth > MAX_NESTING + 1 {
        return Err(format!("its types are nested deeper than {MAX_NESTING}"));
    }
    schema.dictionary().into_iter().chain(children).try_for_each(|it| check_nesting(it, depth + 1, fields))
}

/// What arrow makes of data that contradict themselves is often a panic.
fn unpanicked<T>(body: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(panic_text(panic.as_ref())))
}

/// An array as what it is said to be.
fn checked(array: FFI_ArrowArray, field: &Field) -> Result<ArrayRef, String> {
    unpanicked(|| {
        check_counts(&array, field.data_type()).map_err(|reason| named(field, &reason))?;
        let data_type = field.data_type().clone();
        // SAFETY: what the interface demands and what can be checked of it was.
        let data = unsafe { from_ffi_and_data_type(array, data_type) }.map_err(|error| error.to_string())?;
        let DataType::Struct(fields) = field.data_type() else {
            return Ok(make_array(valid(data).map_err(|reason| named(field, &reason))?));
        };
        // A table's columns by themselves, so that the message has their names.
        data.validate().map_err(|error| error.to_string())?;
        let columns = data.child_data().iter().zip(fields);
        let columns = columns.map(|(column, field)| valid(column.clone()).map_err(|it| named(field, &it)));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let data = data.into_builder().child_data(columns).build();
        Ok(make_array(data.map_err(|error| error.to_string())?))
    })
}

/// The data, if they are valid. Text below a null may be anything; here it becomes empty.
fn valid(data: ArrayData) -> Result<ArrayData, String> {
    if short_text::is_valid(&data) {
        return Ok(data);
    }
    let Err(error) = data.validate_full() else { return Ok(data) };
    let cleaned = match data.data_type() {
        DataType::Utf8 => without_hidden_text::<i32>(&data),
        DataType::LargeUtf8 => without_hidden_text::<i64>(&data),
        _ => None,
    };
    cleaned.ok_or_else(|| error.to_string())
}

/// The same strings without what is below nulls, if they are valid.
fn without_hidden_text<O: OffsetSizeTrait>(data: &ArrayData) -> Option<ArrayData> {
    let nulls = data.nulls()?;
    data.validate().ok()?;
    let [offsets, text] = data.buffers() else { return None };
    let offsets = offsets.typed_data::<O>().get(data.offset()..)?;
    let mut strings = GenericStringBuilder::<O>::new();
    for (row, bounds) in offsets.windows(2).take(data.len()).enumerate() {
        strings.append_option(if nulls.is_null(row) {
            None
        } else {
            let text = text.get(bounds[0].as_usize()..bounds[1].as_usize())?;
            Some(std::str::from_utf8(text).ok()?)
        });
    }
    Some(strings.finish().into_data())
}

fn named(field: &Field, reason: &str) -> String {
    if field.name().is_empty() {
        return reason.to_owned();
    }
    format!("column {:?} is not valid Arrow data: {reason}", field.name())
}

/// Whether the counts and pointers of an array are those of its type.
fn check_counts(array: &FFI_ArrowArray, data_type: &DataType) -> Result<(), String> {
    // Negative numbers are above this, too.
    let (rows, offset) = (array.len(), array.offset());
    if rows > MAX_ROWS || offset > MAX_ROWS {
        return Err(format!("it is said to have {} rows from row {}", signed(rows), signed(offset)));
    }
    let nulls = array.null_count_opt();
    if nulls.is_some_and(|nulls| nulls > rows) {
        return Err(format!("of {rows} rows {} are said to be null", signed(nulls.unwrap_or_default())));
    }
    check_buffers(array, data_type, rows + offset, nulls)?;
    let children: Vec<&Field> = match data_type {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => vec![item],
        DataType::Struct(fields) => fields.iter().map(AsRef::as_ref).collect(),
        DataType::Union(fields, _) => fields.iter().map(|(_, field)| field.as_ref()).collect(),
        DataType::RunEndEncoded(ends, values) => vec![ends, values],
        _ => Vec::new(),
    };
    if array.num_children() != children.len() {
        return Err(format!(
            "it has {} arrays inside, and {} has {}",
            signed(array.num_children()),
            type_name(data_type),
            children.len()
        ));
    }
    for (index, field) in children.into_iter().enumerate() {
        check_counts(array.child(index), field.data_type()).map_err(|reason| named(field, &reason))?;
    }
    match (array.dictionary(), data_type) {
        (Some(values), DataType::Dictionary(_, value_type)) => check_counts(values, value_type),
        (None, DataType::Dictionary(..)) => Err("it has keys and no dictionary".to_owned()),
        (Some(_), _) => Err(format!("it has a dictionary, and {} has none", type_name(data_type))),
        (None, _) => Ok(()),
    }
}

fn check_buffers(
    array: &FFI_ArrowArray,
    data_type: &DataType,
    end: usize,
    nulls: Option<usize>,
) -> Result<(), String> {
    let layout = layout(data_type);
    let first = usize::from(layout.can_contain_null_mask);
    let fixed = first + layout.buffers.len();
    let found = array.num_buffers();
    // Views have the text's buffers and their lengths besides.
    let expected = if layout.variadic { fixed + 1..MAX_FIELDS } else { fixed..fixed + 1 };
    // Older libraries count no buffers for the null type, others one.
    if !expected.contains(&found) && *data_type != DataType::Null {
        return Err(format!("it has {} buffers, and {} has {fixed}", signed(found), type_name(data_type)));
    }
    if end == 0 || *data_type == DataType::Null {
        return Ok(());
    }
    if first == 1 && nulls.is_some_and(|nulls| nulls > 0) && array.buffer(0).is_null() {
        return Err("some of it is said to be null, and nothing says what".to_owned());
    }
    for (index, buffer) in layout.buffers.iter().enumerate() {
        // Text is as long as the last offset says, and may be missing if that is nothing.
        let is_needed =
            !matches!(buffer, BufferSpec::VariableWidth | BufferSpec::FixedWidth { byte_width: 0, .. });
        if is_needed && array.buffer(first + index).is_null() {
            return Err("a buffer of it is missing".to_owned());
        }
    }
    let texts = found - fixed.min(found);
    if !layout.variadic || texts < 2 {
        return Ok(());
    }
    let lengths = array.buffer(found - 1);
    if lengths.is_null() {
        return Err("the lengths of its texts are missing".to_owned());
    }
    for index in 0..texts - 1 {
        // SAFETY: there is a length for each of the buffers between the views and the lengths.
        let length = unsafe { lengths.add(index * size_of::<i64>()).cast::<[u8; 8]>().read() };
        let length = i64::from_ne_bytes(length);
        let is_possible = usize::try_from(length).is_ok_and(|length| length <= MAX_ROWS);
        if !is_possible || (length > 0 && array.buffer(fixed + index).is_null()) {
            return Err(format!("its buffer of text {index} is missing, or cannot be {length} bytes long"));
        }
    }
    Ok(())
}

/// A count as the library wrote it.
fn signed(count: usize) -> isize {
    count.cast_signed()
}

struct Stream(FFI_ArrowArrayStream);

impl Stream {
    fn read(mut self) -> Result<(Field, Vec<ArrayRef>), String> {
        let mut schema = FFI_ArrowSchema::empty();
        let get_schema = self.0.get_schema.ok_or("its stream has no schema")?;
        // SAFETY: the stream was not released, and both pointers are valid for the call.
        let code = unsafe { get_schema(&raw mut self.0, &raw mut schema) };
        self.succeeded(code)?;
        let field = checked_field(&schema)?;
        let mut arrays = Vec::new();
        loop {
            let mut array = FFI_ArrowArray::empty();
            let get_next = self.0.get_next.ok_or("its stream has no batches")?;
            // SAFETY: as above.
            let code = unsafe { get_next(&raw mut self.0, &raw mut array) };
            self.succeeded(code)?;
            if array.is_released() {
                return Ok((field, arrays));
            }
            let array =
                checked(array, &field).map_err(|reason| format!("batch {}: {reason}", arrays.len() + 1))?;
            arrays.push(array);
        }
    }

    fn succeeded(&mut self, code: i32) -> Result<(), String> {
        if code == 0 {
            return Ok(());
        }
        // SAFETY: the stream was not released, and has failed.
        let text = self.0.get_last_error.map(|get| unsafe { get(&raw mut self.0) });
        match text.filter(|text| !text.is_null()) {
            // SAFETY: it is a text that ends with a zero, and lives until the stream's next call.
            Some(text) => Err(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()),
            None => Err(format!("its stream failed with the code {code}")),
        }
    }
}
