//! Columns → columns with pseudonyms in place of what names somebody, as a recording has them. Knows nothing of HTTP, tokio or
//! Python.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, Date32Type, Date64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, FixedSizeListArray, GenericListArray, LargeStringArray, MapArray,
    OffsetSizeTrait, PrimitiveArray, RecordBatch, RecordBatchOptions, StringArray, StringViewArray,
    StructArray,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_cast::cast;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};

use crate::error::{Error, Result};
use crate::ipc;
use crate::record::{Answered, Names, Replace, Rewriter, Stopped, Treatment};
use crate::resources::room_for;
use crate::text::quoted;
use crate::types::{JsonMark, is_json_text, json_mark, with_json_mark};

/// Bytes that a pseudonym takes in a column: its characters, and what says where they are.
const OF_NAME: usize = 18 + 16;
const SECONDS_OF_WEEK: i64 = 7 * 86_400;
const DAYS_OF_WEEK: i64 = 7;
/// The years that have four digits, in seconds since 1970.
const SECONDS: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// The same in days.
const DAYS: RangeInclusive<i64> = -719_162..=2_932_896;

/// The rows as a recording has them.
///
/// # Errors
/// A type of which nobody knows what it tells, a date that cannot be moved, rows that do not fit in memory.
pub fn anonymised(
    schema: &Schema,
    batches: &[RecordBatch],
    names: &Names,
) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let empty = [RecordBatch::new_empty(Arc::new(schema.clone()))];
    let mut out = Vec::with_capacity(batches.len());
    let mut rows_before = 0;
    let mut of_rows = Arc::new(Schema::empty());
    for batch in if batches.is_empty() { &empty } else { batches } {
        let mut fields = Vec::with_capacity(batch.num_columns());
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            room_for(ipc::size(array) + OF_NAME * array.len())?;
            let mut column = Column {
                name: field.name(),
                treatment: names.rules.treatment(Some(field.name())),
                weeks: names.rules.shift_weeks,
                answered: names.of_rows(),
                rows_before: Some(rows_before),
            };
            let (field, array) = column.values(field, array)?;
            fields.push(field);
            columns.push(array);
        }
        // What other libraries note in a schema, such as attributes of a frame, may tell anything.
        of_rows = Arc::new(Schema::new(fields));
        if !batches.is_empty() {
            let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            out.push(RecordBatch::try_new_with_options(Arc::clone(&of_rows), columns, &rows).map_err(odd)?);
        }
        rows_before += batch.num_rows();
    }
    Ok((of_rows, out))
}

/// A column, and what becomes of its values, however deep they are.
struct Column<'a> {
    name: &'a str,
    treatment: Treatment,
    weeks: i64,
    answered: Answered,
    /// Rows of the batches before, where values are rows.
    rows_before: Option<usize>,
}

impl Column<'_> {
    fn values(&mut self, field: &Field, array: &ArrayRef) -> Result<(FieldRef, ArrayRef)> {
        let array = self.array(field, array)?;
        let plain = Field::new(field.name(), array.data_type().clone(), field.is_nullable());
        // Of what was noted about a column only that it is JSON: anything else may tell more.
        let mark = json_mark(field).or_else(|| is_json_text(field).then_some(JsonMark::Text));
        Ok((Arc::new(with_json_mark(plain, mark.filter(|_| array.data_type().is_string()))), array))
    }

    fn array(&mut self, field: &Field, array: &ArrayRef) -> Result<ArrayRef> {
        let is_told = matches!(self.treatment, Treatment::Told | Treatment::Sorting);
        let is_hidden = self.treatment == Treatment::Hidden;
        Ok(match array.data_type() {
            DataType::Utf8 => {
                self.fits(array)?;
                let json = Json::of(field);
                let texts = array.as_string::<i32>().iter();
                Arc::new(texts.map(|text| self.renamed(text, json)).collect::<Result<StringArray>>()?)
            }
            DataType::LargeUtf8 => {
                let json = Json::of(field);
                let texts = array.as_string::<i64>().iter();
                Arc::new(texts.map(|text| self.renamed(text, json)).collect::<Result<LargeStringArray>>()?)
            }
            DataType::Utf8View => {
                let json = Json::of(field);
                let texts = array.as_string_view().iter();
                Arc::new(texts.map(|text| self.renamed(text, json)).collect::<Result<StringViewArray>>()?)
            }
            DataType::Dictionary(_, _) => {
                let values = array.as_any_dictionary();
                let rows_before = self.rows_before.take();
                let renamed = self.array(field, values.values());
                self.rows_before = rows_before;
                values.with_values(renamed?)
            }
            DataType::RunEndEncoded(_, values) => {
                let plain = cast(array, values.data_type()).map_err(|_| self.unknown(array.data_type()))?;
                self.array(field, &plain)?
            }
            DataType::List(item) => self.list(item, array.as_list::<i32>())?,
            DataType::LargeList(item) => self.list(item, array.as_list::<i64>())?,
            DataType::FixedSizeList(item, size) => {
                let list = array.as_fixed_size_list();
                let (item, values) = self.within(item, list.values())?;
                Arc::new(
                    FixedSizeListArray::try_new(item, *size, values, list.nulls().cloned()).map_err(odd)?,
                )
            }
            DataType::Struct(fields) => Arc::new(self.record(fields, array.as_struct())?),
            DataType::Map(entries, ordered) => self.map(entries, *ordered, array.as_map())?,
            DataType::Null | DataType::Boolean => Arc::clone(array),
            _ if is_hidden => self.spelt(array)?,
            DataType::Date32 if self.moves() => {
                let weeks = self.weeks * DAYS_OF_WEEK;
                let moved = |days: i32| {
                    let days = i64::from(days) + weeks;
                    i32::try_from(days).ok().filter(|_| DAYS.contains(&days))
                };
                self.moved::<Date32Type>(array, moved)?
            }
            DataType::Date64 if self.moves() => {
                let weeks = self.weeks;
                self.moved::<Date64Type>(array, |value| later(value, weeks, 1_000))?
            }
            DataType::Timestamp(unit, _) if self.moves() => match unit {
                TimeUnit::Second => self.moved_time::<TimestampSecondType>(array, 1)?,
                TimeUnit::Millisecond => self.moved_time::<TimestampMillisecondType>(array, 1_000)?,
                TimeUnit::Microsecond => self.moved_time::<TimestampMicrosecondType>(array, 1_000_000)?,
                TimeUnit::Nanosecond => self.moved_time::<TimestampNanosecondType>(array, 1_000_000_000)?,
            },
            other if is_told || other.is_numeric() || other.is_temporal() => Arc::clone(array),
            other => return Err(self.unknown(other)),
        })
    }

    fn moves(&self) -> bool {
        self.weeks != 0 && self.treatment != Treatment::Sorting
    }

    /// Values within a value, which are no rows.
    fn within(&mut self, field: &Field, array: &ArrayRef) -> Result<(FieldRef, ArrayRef)> {
        let rows_before = self.rows_before.take();
        let values = self.values(field, array);
        self.rows_before = rows_before;
        values
    }

    fn list<O: OffsetSizeTrait>(&mut self, item: &Field, list: &GenericListArray<O>) -> Result<ArrayRef> {
        let (offsets, values) = own(list.offsets(), list.values());
        let (item, values) = self.within(item, &values)?;
        let list = GenericListArray::<O>::try_new(item, offsets, values, list.nulls().cloned());
        Ok(Arc::new(list.map_err(odd)?))
    }

    fn map(&mut self, entries: &Field, ordered: bool, map: &MapArray) -> Result<ArrayRef> {
        let pairs: ArrayRef = Arc::new(map.entries().clone());
        let (offsets, pairs) = own(map.offsets(), &pairs);
        let pairs = pairs.as_struct();
        let [key, value] = pairs.fields().as_ref() else { return Err(self.unknown(map.data_type())) };
        // Keys are told where texts are, whatever they are.
        let texts = cast(pairs.column(0), &DataType::Utf8).map_err(|_| self.unknown(map.data_type()))?;
        self.fits(&texts)?;
        let keys = texts.as_string::<i32>().iter().map(|key| {
            let Some(key) = key else { return Ok(None) };
            let renamed = self.answered.key(self.name, key)?;
            Ok(Some(renamed.map_or(Cow::Borrowed(key), Cow::Owned)))
        });
        let keys: ArrayRef = Arc::new(keys.collect::<Result<StringArray>>()?);
        let key = Arc::new(Field::new(key.name(), DataType::Utf8, key.is_nullable()));
        let (value, values) = self.within(value, pairs.column(1))?;
        let fields = Fields::from(vec![key, value]);
        let pairs =
            StructArray::try_new(fields.clone(), vec![keys, values], pairs.nulls().cloned()).map_err(odd)?;
        let entries = Field::new(entries.name(), DataType::Struct(fields), entries.is_nullable());
        let map = MapArray::try_new(Arc::new(entries), offsets, pairs, map.nulls().cloned(), ordered);
        Ok(Arc::new(map.map_err(odd)?))
    }

    /// An object, whose names of values are keys as those of JSON are.
    fn record(&mut self, fields: &Fields, record: &StructArray) -> Result<StructArray> {
        let (mut named, mut columns) = (Vec::with_capacity(fields.len()), Vec::with_capacity(fields.len()));
        for (field, values) in fields.iter().zip(record.columns()) {
            let (field_of, values) = self.within(field, values)?;
            named.push(match self.answered.key(self.name, field.name())? {
                Some(name) => Arc::new(Field::clone(&field_of).with_name(name)),
                None => field_of,
            });
            columns.push(values);
        }
        StructArray::try_new_with_length(named.into(), columns, record.nulls().cloned(), record.len())
            .map_err(odd)
    }

    fn renamed<'a>(&mut self, text: Option<&'a str>, json: Option<Json>) -> Result<Option<Cow<'a, str>>> {
        let Some(text) = text else { return Ok(None) };
        if json.is_some_and(|json| json.may_be(text)) {
            let (mut rewriter, mut out) =
                (Rewriter::within(self.answered.clone(), self.name), Vec::with_capacity(text.len()));
            let done = rewriter.push(text.as_bytes(), &mut out).and_then(|()| rewriter.finish(&mut out));
            match done {
                Ok(()) => return Ok(Some(String::from_utf8_lossy(&out).into_owned().into())),
                Err(Stopped::Refused(error)) => return Err(error),
                // It is a text like others, then.
                Err(Stopped::NotJson) => {}
            }
        }
        let renamed = self.answered.text(Some(self.name), text)?;
        Ok(Some(renamed.map_or(Cow::Borrowed(text), Cow::Owned)))
    }

    /// Numbers, dates and times as texts that are named, as those of JSON are.
    fn spelt(&mut self, array: &ArrayRef) -> Result<ArrayRef> {
        let options = FormatOptions::new();
        let spelt = ArrayFormatter::try_new(array, &options).map_err(|_| self.unknown(array.data_type()))?;
        let texts = (0..array.len()).map(|row| {
            if array.is_null(row) {
                return Ok(None);
            }
            self.answered.number(Some(self.name), &spelt.value(row).to_string())
        });
        Ok(Arc::new(texts.collect::<Result<StringArray>>()?))
    }

    fn moved_time<T: ArrowTimestampType>(&self, array: &ArrayRef, units: i64) -> Result<ArrayRef> {
        let weeks = self.weeks;
        self.moved::<T>(array, |value| later(value, weeks, units))
    }

    fn moved<T: ArrowPrimitiveType>(
        &self,
        array: &ArrayRef,
        moved: impl Fn(T::Native) -> Option<T::Native>,
    ) -> Result<ArrayRef> {
        let values = array.as_primitive::<T>();
        let stays = |row: &usize| values.is_valid(*row) && moved(values.value(*row)).is_none();
        if let Some(row) = (0..values.len()).find(stays) {
            return Err(self.unmovable(array, row));
        }
        // What is null may be anything below.
        let moved: PrimitiveArray<T> = values.unary(|value| moved(value).unwrap_or_default());
        Ok(Arc::new(moved.with_data_type(array.data_type().clone())))
    }

    /// Whether an offset of 32 bits has room for what the texts become.
    fn fits(&self, array: &ArrayRef) -> Result<()> {
        let most = array.len() * OF_NAME + ipc::size(array);
        if most < i32::MAX as usize {
            return Ok(());
        }
        Err(Error::invalid_input(format!(
            "the column {} has {} texts in one batch, which can be too long for it when they are replaced: anonymise \
             fewer rows at once",
            quoted(self.name),
            array.len()
        )))
    }

    fn unmovable(&self, array: &ArrayRef, row: usize) -> Error {
        let options = FormatOptions::new();
        let shown = ArrayFormatter::try_new(array, &options).map(|values| values.value(row).to_string());
        let place = self.rows_before.map(|before| format!(", row {}", before + row)).unwrap_or_default();
        Error::invalid_input(format!(
            "the column {}{place} has {}, which shift_weeks={} moves out of the years 1 to 9999 or of its type: pass \
             another shift_weeks, or name the column in hide",
            quoted(self.name),
            shown.unwrap_or_else(|_| "a date".to_owned()),
            self.weeks
        ))
    }

    fn unknown(&self, data_type: &DataType) -> Error {
        Error::invalid_input(format!(
            "the column {} has the type {data_type}, of which nobody knows here what it tells: leave the column out, or \
             name it in safe or in hide",
            quoted(self.name)
        ))
    }
}

/// How the texts of a column are JSON.
#[derive(Debug, Clone, Copy)]
enum Json {
    Text,
    /// Some of them are: lists and objects are taken to be, and others are texts, whatever they look like.
    Mixed,
}

impl Json {
    fn of(field: &Field) -> Option<Self> {
        if is_json_text(field) { Some(Self::Text) } else { json_mark(field).map(|_| Self::Mixed) }
    }

    fn may_be(self, text: &str) -> bool {
        matches!(self, Self::Text) || text.trim_start().starts_with(['{', '['])
    }
}

fn later(value: i64, weeks: i64, units: i64) -> Option<i64> {
    let later = value.checked_add(weeks.checked_mul(SECONDS_OF_WEEK)?.checked_mul(units)?)?;
    SECONDS.contains(&later.div_euclid(units)).then_some(later)
}

/// Only the values that lists have: a slice has those of all rows beside.
fn own<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>, values: &ArrayRef) -> (OffsetBuffer<O>, ArrayRef) {
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let moved: ScalarBuffer<O> = offsets.iter().map(|offset| *offset - first).collect();
    (OffsetBuffer::new(moved), values.slice(first.as_usize(), (last - first).as_usize()))
}

fn odd(error: ArrowError) -> Error {
    Error::internal(format!("values that were replaced make no table: {error}")).with_source(error)
}
