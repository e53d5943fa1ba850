//! Pages → batches of one schema: of all pages once they are there, or of a stream's, page by page.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::chunk::Chunk;
use super::convert;
use super::data::Value;
use super::json;
use super::near_dates::{self, NearDates, near_dates};
use super::page::Page;
use super::raw_batch::RawBatch;
use super::rechunk::rechunk;
use super::rows::BATCH_BYTES;
use super::side_by_side::side_by_side;
use super::types::{self, Census};
use super::{Options, extent};
use crate::error::{Error, ErrorKind, Result};
use crate::resources;
use crate::text::{quoted, shortened};

/// A result put together from its pages.
#[derive(Debug, Clone)]
pub struct Unified {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    pub warnings: Vec<ColumnWarning>,
}

/// What the user should know of a column, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnWarning {
    pub column: String,
    pub text: String,
}

/// What a stream does with a column that its schema does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnNewColumn {
    Error,
    Ignore,
}

/// Characters of a value that a message shows.
const SHOWN: usize = 80;

/// A column of the result: its name, where it is in each page, and its type.
struct Column {
    name: Arc<str>,
    positions: Vec<Option<usize>>,
}

/// The first value that does not fit.
struct Misfit {
    page: usize,
    batch: usize,
    row: usize,
}

fn columns(pages: &[Page], options: &Options, ensure: &[String], drop: &[String]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut known: HashMap<Arc<str>, usize> = HashMap::new();
    let mut add = |name: &Arc<str>, columns: &mut Vec<Column>| {
        if !options.selects(name) || drop.iter().any(|dropped| **dropped == **name) {
            return None;
        }
        Some(*known.entry(Arc::clone(name)).or_insert_with(|| {
            columns.push(Column { name: Arc::clone(name), positions: vec![None; pages.len()] });
            columns.len() - 1
        }))
    };
    for (number, page) in pages.iter().enumerate() {
        for (position, name) in page.names.iter().enumerate() {
            if let Some(index) = add(name, &mut columns) {
                columns[index].positions[number] = Some(position);
            }
        }
    }
    for name in ensure {
        add(&name.as_str().into(), &mut columns);
    }
    columns
}

impl Column {
    /// The column's chunks with page and batch.
    fn chunks<'a>(&'a self, pages: &'a [Page]) -> impl Iterator<Item = near_dates::Place<'a>> + Clone {
        pages.iter().zip(&self.positions).enumerate().flat_map(|(number, (page, position))| {
            let batches = page.batches.iter().enumerate();
            batches.filter_map(move |(batch, raw)| Some((number, batch, raw.chunks.get((*position)?)?)))
        })
    }

    fn census(&self, pages: &[Page]) -> Census {
        Census::of(self.chunks(pages).map(|(_, _, chunk)| chunk))
    }

    fn misfit(&self, pages: &[Page], to: &DataType) -> Option<Misfit> {
        self.chunks(pages).find_map(|(page, batch, chunk)| {
            convert::misfit(chunk, to).map(|row| Misfit { page, batch, row })
        })
    }

    /// The known type, or its variant with a zone, if all values fit.
    fn known_type(&self, pages: &[Page], known: &DataType) -> Result<DataType, Misfit> {
        let Some(misfit) = self.misfit(pages, known) else { return Ok(known.clone()) };
        if *known == types::TIMESTAMP && self.misfit(pages, &types::timestamp_utc()).is_none() {
            return Ok(types::timestamp_utc());
        }
        Err(misfit)
    }

    /// What there is to say of a column of strings that are nearly all dates.
    fn near_dates(&self, pages: &[Page], options: &Options) -> Option<ColumnWarning> {
        if !options.parse_dates || options.json {
            return None;
        }
        let NearDates { like, first: (page, batch, row), finer, fitting, total } =
            near_dates(self.chunks(pages))?;
        let value = self.describe(pages, &Misfit { page, batch, row }, options);
        let like_name = types::type_name(&like);
        let fault = if finer {
            format!("finer than the microseconds of {like_name}")
        } else {
            format!("no {like_name}, while {fitting} of the column's {total} values are")
        };
        let pin = near_dates::candidates(&like).into_iter().find(|pin| self.misfit(pages, pin).is_none());
        let remedy = match pin {
            Some(pin) => format!("to read it as {0}, pass schema= with {0} for it", types::type_name(&pin)),
            None => {
                "correct the value, or convert the column after reading (as pandas.to_datetime does with \
                     errors=\"coerce\"); schema= with string for it says that it is text"
                    .to_owned()
            }
        };
        let text = format!("{value}, which is {fault}: the whole column is string; {remedy}");
        Some(ColumnWarning { column: self.name.to_string(), text })
    }

    /// How a message names the value.
    fn describe(&self, pages: &[Page], at: &Misfit, options: &Options) -> String {
        let Some(batch) = pages.get(at.page).and_then(|page| page.batches.get(at.batch)) else {
            return String::new();
        };
        let shown = |chunk: &Chunk| {
            chunk.get(at.row).map(|value| {
                let mut text = Vec::new();
                convert::write_text(value, &mut text);
                let text = shortened(&String::from_utf8_lossy(&text), SHOWN);
                if matches!(value, Value::Text(_) | Value::Time(..)) { quoted(&text) } else { text }
            })
        };
        let chunk = |position: Option<usize>| position.and_then(|position| batch.chunks.get(position));
        let value = chunk(self.positions.get(at.page).copied().flatten()).and_then(shown);
        let key = options.key.and_then(|name| {
            let position = pages.get(at.page)?.position(name);
            Some(format!("{name} {}", chunk(position).and_then(shown)?))
        });
        let row = key.unwrap_or_else(|| {
            let pages_before = pages.iter().take(at.page).map(Page::num_rows).sum::<usize>();
            let batches_before =
                pages[at.page].batches.iter().take(at.batch).map(|batch| batch.rows).sum::<usize>();
            format!("row {}", pages_before + batches_before + at.row + 1)
        });
        format!("column {} has {} ({row})", quoted(&self.name), value.as_deref().unwrap_or("null"))
    }
}

fn num_rows(pages: &[Page]) -> u64 {
    pages.iter().map(|page| page.num_rows() as u64).sum()
}

fn num_bytes(pages: &[Page]) -> u64 {
    pages.iter().map(|page| page.bytes).sum()
}

fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

fn drift(column: &str, message: String, fields: Vec<Field>) -> Error {
    let kind = ErrorKind::SchemaDrift { column: column.to_owned(), schema: Arc::new(Schema::new(fields)) };
    Error::new(kind, message)
}

/// Unifies the pages of one result: missing columns become nulls, types widen.
///
/// `ensure` names columns that must be there even if no row had them (typed as pinned, known or Null), in the
/// order in which they then follow those that arrived; `drop` columns are left out.
///
/// # Errors
/// `SchemaDrift` for a value that does not fit a pinned type, `LimitExceeded` where far more cells are missing than there
/// is JSON.
pub fn unify(pages: Vec<Page>, options: &Options, ensure: &[String], drop: &[String]) -> Result<Unified> {
    convert::check_pinned(&options.pinned)?;
    let columns = columns(&pages, options, ensure, drop);
    extent::check(num_rows(&pages), columns.len() as u64, num_bytes(&pages))?;
    let mut fields = Vec::with_capacity(columns.len());
    let mut warnings = Vec::new();
    let mut first_misfit = None;
    for column in &columns {
        let by_table = || column.census(&pages).data_type(options.parse_dates);
        let data_type = if let Some(pinned) = types::pinned(&column.name, options) {
            match column.misfit(&pages, pinned) {
                None => pinned.clone(),
                Some(misfit) => {
                    let text = column.describe(&pages, &misfit, options);
                    first_misfit.get_or_insert((&column.name, text, pinned));
                    by_table()
                }
            }
        } else if let Some(known) = types::known(&column.name, options) {
            column.known_type(&pages, known).unwrap_or_else(|misfit| {
                let widened = by_table();
                let text = format!(
                    "{}, which is no {}: the whole column is {}",
                    column.describe(&pages, &misfit, options),
                    types::type_name(known),
                    types::type_name(&widened)
                );
                warnings.push(ColumnWarning { column: column.name.to_string(), text });
                widened
            })
        } else {
            let data_type = by_table();
            if data_type == DataType::Utf8 {
                warnings.extend(column.near_dates(&pages, options));
            }
            data_type
        };
        fields.push(if json::keeps_json(&column.name, options) {
            json::json_field(&column.name, &data_type)
        } else {
            field(&column.name, data_type)
        });
    }
    if let Some((column, text, pinned)) = first_misfit {
        return Err(misfit_error(column, &text, pinned, fields));
    }
    let schema = Arc::new(Schema::new(fields));
    let mut raw = Vec::new();
    for (number, page) in pages.into_iter().enumerate() {
        let positions: Arc<[_]> = columns.iter().map(|column| column.positions[number]).collect();
        raw.extend(page.batches.into_iter().map(|batch| (batch, Arc::clone(&positions))));
    }
    let batches = side_by_side(raw, |(batch, positions)| arrays(batch, &positions, &schema));
    let batches = batches.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(Unified { batches: rechunk(&schema, batches)?, schema, warnings })
}

fn misfit_error(column: &str, described: &str, wanted: &DataType, fields: Vec<Field>) -> Error {
    let wider =
        fields.iter().find(|field| field.name() == column).map(|field| types::type_name(field.data_type()));
    let message = format!(
        "{described}, which does not fit {} without loss: pass schema= with {} for it, as the error's schema has",
        types::type_name(wanted),
        wider.as_deref().unwrap_or("string")
    );
    drift(column, message, fields)
}

fn arrays(mut batch: RawBatch, positions: &[Option<usize>], schema: &SchemaRef) -> Result<RecordBatch> {
    let bytes = batch.chunks.iter().map(|chunk| chunk.forecast(batch.rows).bytes).sum::<usize>();
    if bytes > 2 * BATCH_BYTES {
        // One row is as long as a whole batch.
        resources::room_for(bytes.saturating_mul(2))?;
    }
    resources::check()?;
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(positions.len());
    // Columns of a type that have no value share their nulls.
    let mut nulls: HashMap<&DataType, ArrayRef> = HashMap::new();
    for (position, field) in positions.iter().zip(schema.fields()) {
        let chunk = position.and_then(|position| batch.chunks.get_mut(position));
        arrays.push(match chunk.filter(|chunk| !chunk.is_null()) {
            Some(chunk) if json::is_json(field) => json::array(chunk)?,
            Some(chunk) => convert::array(mem::take(chunk), field.data_type())
                .map_err(|error| error.with_context(format!("in column {}", quoted(field.name()))))?,
            None => {
                let null = || new_null_array(field.data_type(), batch.rows);
                Arc::clone(nulls.entry(field.data_type()).or_insert_with(null))
            }
        });
    }
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &rows).map_err(|error| {
        Error::internal(format!("columns of a batch do not match: {error}")).with_source(error)
    })
}

/// The schema of a stream, from its first page (a column that is all null there is a string column).
///
/// # Errors
/// `SchemaDrift` for a value that does not fit a pinned or known type.
pub fn stream_schema(first: &Page, options: &Options, drop: &[String]) -> Result<SchemaRef> {
    convert::check_pinned(&options.pinned)?;
    let pages = std::slice::from_ref(first);
    let pinned: Vec<String> = options.pinned.fields().iter().map(|field| field.name().clone()).collect();
    let mut fields = Vec::new();
    let mut first_misfit = None;
    let columns = columns(pages, options, &pinned, drop);
    for column in &columns {
        let mut by_table = |misfit: &Misfit, wanted| {
            let text = column.describe(pages, misfit, options);
            first_misfit.get_or_insert((&column.name, text, wanted));
            types::for_later_pages(wanted, column.census(pages), options.parse_dates)
        };
        let data_type = if let Some(pinned) = types::pinned(&column.name, options) {
            column.misfit(pages, pinned).map_or_else(|| pinned.clone(), |misfit| by_table(&misfit, pinned))
        } else if let Some(known) = types::known(&column.name, options) {
            column.known_type(pages, known).unwrap_or_else(|misfit| by_table(&misfit, known))
        } else {
            match column.census(pages).data_type(options.parse_dates) {
                DataType::Null => DataType::Utf8,
                data_type => data_type,
            }
        };
        fields.push(field(&column.name, data_type));
    }
    match first_misfit {
        Some((column, text, wanted)) => Err(misfit_error(column, &text, wanted, fields)),
        None => Ok(Arc::new(Schema::new(fields))),
    }
}

/// What the user should know of the first page of a stream with this schema.
pub fn stream_warnings(first: &Page, schema: &Schema, options: &Options) -> Vec<ColumnWarning> {
    let pages = std::slice::from_ref(first);
    let strings = schema.fields().iter().filter(|field| *field.data_type() == DataType::Utf8);
    let strings: HashSet<&str> = strings.map(|field| field.name().as_str()).collect();
    let is_settled_by_values = |column: &Column| {
        strings.contains(&*column.name)
            && types::pinned(&column.name, options).or_else(|| types::known(&column.name, options)).is_none()
    };
    let columns = columns(pages, options, &[], &[]);
    let columns = columns.iter().filter(|column| is_settled_by_values(column));
    columns.filter_map(|column| column.near_dates(pages, options)).collect()
}

/// The page as batches of a fixed schema; missing columns are null.
///
/// # Errors
/// `SchemaDrift` with the schema that would fit this page too, `LimitExceeded` as [`unify`].
pub fn conform(
    page: Page,
    schema: &SchemaRef,
    options: &Options,
    on_new_column: OnNewColumn,
) -> Result<Vec<RecordBatch>> {
    let pages = std::slice::from_ref(&page);
    extent::check(num_rows(pages), schema.fields().len() as u64, page.bytes)?;
    let mut fields: Vec<Field> = schema.fields().iter().map(|field| (**field).clone()).collect();
    let mut first = None;
    let by_name: HashMap<&str, usize> =
        schema.fields().iter().enumerate().map(|(index, field)| (field.name().as_str(), index)).collect();
    let mut positions = vec![None; fields.len()];
    for column in &columns(pages, options, &[], &[]) {
        let census = || column.census(pages);
        if let Some(index) = by_name.get(&*column.name).copied() {
            positions[index] = column.positions.first().copied().flatten();
            let wanted = schema.field(index).data_type();
            if let Some(misfit) = column.misfit(pages, wanted) {
                fields[index] = field(&column.name, types::widened(wanted, census(), options.parse_dates));
                let text = format!(
                    "{}, which does not fit the stream's {} without loss: pass the error's schema as schema=, it has \
                     {} for it",
                    column.describe(pages, &misfit, options),
                    types::type_name(wanted),
                    types::type_name(fields[index].data_type())
                );
                first.get_or_insert((Arc::clone(&column.name), text));
            }
        } else if on_new_column == OnNewColumn::Error {
            let known = types::known(&column.name, options);
            let known = known.and_then(|known| column.known_type(pages, known).ok());
            let data_type = known.unwrap_or_else(|| match census().data_type(options.parse_dates) {
                DataType::Null => DataType::Utf8,
                data_type => data_type,
            });
            let value = column.chunks(pages).find_map(|(page, batch, chunk)| {
                (0..chunk.len()).find(|row| chunk.is_valid(*row)).map(|row| Misfit { page, batch, row })
            });
            let described = match value {
                Some(at) => column.describe(pages, &at, options),
                None => format!("column {} has only nulls", quoted(&column.name)),
            };
            let text = format!(
                "{described}, but is not in the stream's schema: pass the error's schema as schema=, or \
                 on_new_column=\"ignore\" to leave it out"
            );
            fields.push(field(&column.name, data_type));
            first.get_or_insert((Arc::clone(&column.name), text));
        }
    }
    if let Some((column, text)) = first {
        return Err(drift(&column, text, fields));
    }
    page.batches.into_iter().map(|batch| arrays(batch, &positions, schema)).collect()
}
