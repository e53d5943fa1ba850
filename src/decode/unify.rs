//! Pages → batches of one schema: of all pages once they are there, or of a stream's, page by page.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::batches::arrays;
use super::convert;
use super::describe::{At, describe};
use super::evidence::{self, ColumnWarning, Evidence, drift, field, misfit_error};
use super::infer_type::{self, Census};
use super::kept_json;
use super::near_dates::{self, NearDates, near_dates};
use super::page::Page;
use super::rechunk::rechunk;
use super::side_by_side::side_by_side;
use super::{Options, extent};
use crate::error::Result;
use crate::text::quoted;
use crate::types::{JsonMark, json_mark, type_name, with_json_mark};

/// A result put together from its pages.
#[derive(Debug, Clone)]
pub struct Unified {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    pub warnings: Vec<ColumnWarning>,
}

/// What a stream does with a column that its schema does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnNewColumn {
    Error,
    Ignore,
}

/// A column of the result: its name, and where it is in each page.
struct Column {
    name: Arc<str>,
    positions: Vec<Option<usize>>,
}

/// A column with the pages that it is of.
struct InPages<'a> {
    column: &'a Column,
    pages: &'a [Page],
    options: &'a Options,
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
    fn of<'a>(&'a self, pages: &'a [Page], options: &'a Options) -> InPages<'a> {
        InPages { column: self, pages, options }
    }
}

impl<'a> InPages<'a> {
    /// The column's chunks with page and batch.
    fn chunks(&self) -> impl Iterator<Item = near_dates::Place<'a>> + Clone + use<'a> {
        let (pages, positions) = (self.pages, &self.column.positions);
        pages.iter().zip(positions).enumerate().flat_map(|(number, (page, position))| {
            let batches = page.batches.iter().enumerate();
            batches.filter_map(move |(batch, raw)| Some((number, batch, raw.chunks.get((*position)?)?)))
        })
    }

    fn is_null(&self) -> bool {
        self.chunks().all(|(_, _, chunk)| chunk.num_valid() == 0)
    }

    /// The first value, as a message names it.
    fn first_value(&self) -> Option<String> {
        self.chunks().find_map(|(page, batch, chunk)| {
            let row = (0..chunk.len()).find(|row| chunk.is_valid(*row))?;
            Some(self.describe((page, batch, row)))
        })
    }

    /// The first string that reads as JSON.
    fn unclear(&self) -> Option<String> {
        self.chunks().find_map(|(page, batch, chunk)| {
            kept_json::unclear(chunk).map(|row| self.describe((page, batch, row)))
        })
    }

    /// How a message names the value.
    fn describe(&self, (page, batch, row): near_dates::At) -> String {
        let position = self.column.positions.get(page).copied().flatten();
        let before = self.pages.iter().take(page).map(Page::num_rows).sum();
        match self.pages.get(page) {
            Some(page) => {
                describe(&self.column.name, page, position, At { batch, row }, before, self.options)
            }
            None => String::new(),
        }
    }
}

impl Evidence for InPages<'_> {
    fn name(&self) -> &Arc<str> {
        &self.column.name
    }

    fn census(&self) -> Census {
        Census::of(self.chunks().map(|(_, _, chunk)| chunk))
    }

    fn misfit(&self, to: &DataType) -> Option<String> {
        self.chunks().find_map(|(page, batch, chunk)| {
            convert::misfit(chunk, to).map(|row| self.describe((page, batch, row)))
        })
    }

    fn mark(&self) -> Option<JsonMark> {
        kept_json::mark(self.chunks().map(|(_, _, chunk)| chunk))
    }

    fn near_dates(&self) -> Option<NearDates<String>> {
        near_dates(self.chunks()).map(|found| found.map(|at| self.describe(at)))
    }
}

fn num_rows(pages: &[Page]) -> u64 {
    pages.iter().map(|page| page.num_rows() as u64).sum()
}

fn num_bytes(pages: &[Page]) -> u64 {
    pages.iter().map(|page| page.bytes).sum()
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
    let in_pages: Vec<InPages<'_>> = columns.iter().map(|column| column.of(&pages, options)).collect();
    let (fields, warnings) = evidence::settle(&in_pages, options)?;
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
        let in_page = column.of(pages, options);
        let mut by_table = |text: String, wanted| {
            first_misfit.get_or_insert((&column.name, text, wanted));
            infer_type::for_later_pages(wanted, in_page.census(), options.parse_dates)
        };
        let is_pinned = infer_type::pinned(&column.name, options).is_some();
        let is_open = !is_pinned && infer_type::known(&column.name, options).is_none();
        let data_type = if let Some(pinned) = infer_type::pinned(&column.name, options) {
            in_page.misfit(pinned).map_or_else(|| pinned.clone(), |misfit| by_table(misfit, pinned))
        } else if let Some(known) = infer_type::known(&column.name, options) {
            evidence::known_type(&in_page, known).unwrap_or_else(|misfit| by_table(misfit, known))
        } else {
            match in_page.census().data_type(options.parse_dates) {
                DataType::Null => DataType::Utf8,
                data_type => data_type,
            }
        };
        let mark = match evidence::mark(&in_page, &data_type, options) {
            // Strings may follow, which a column that is pinned takes.
            Some(_) if is_pinned => Some(JsonMark::Mixed),
            // Anything may follow.
            None if is_open
                && in_page.is_null()
                && evidence::may_be_marked(&column.name, &data_type, options) =>
            {
                Some(JsonMark::Mixed)
            }
            mark => mark,
        };
        fields.push(with_json_mark(field(&column.name, data_type), mark));
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
            && infer_type::pinned(&column.name, options)
                .or_else(|| infer_type::known(&column.name, options))
                .is_none()
    };
    let columns = columns(pages, options, &[], &[]);
    let columns = columns.iter().filter(|column| is_settled_by_values(column));
    columns.filter_map(|column| evidence::near_dates(&column.of(pages, options), options)).collect()
}

/// The open columns of a stream's first page that have no value there: they are string columns for want of better.
pub fn undecided_columns(first: &Page, options: &Options) -> HashSet<String> {
    let pages = std::slice::from_ref(first);
    let is_open = |column: &&Column| {
        infer_type::pinned(&column.name, options)
            .or_else(|| infer_type::known(&column.name, options))
            .is_none()
    };
    let columns = columns(pages, options, &[], &[]);
    let undecided = columns.iter().filter(is_open).filter(|column| column.of(pages, options).is_null());
    undecided.map(|column| column.name.to_string()).collect()
}

/// Says of undecided columns that now have values which would have made them something else than strings. Columns with
/// values are undecided no more.
pub fn late_values<S: BuildHasher>(
    page: &Page,
    options: &Options,
    undecided: &mut HashSet<String, S>,
) -> Vec<ColumnWarning> {
    if undecided.is_empty() {
        return Vec::new();
    }
    let pages = std::slice::from_ref(page);
    let mut warnings = Vec::new();
    for column in &columns(pages, options, &[], &[]) {
        let in_page = column.of(pages, options);
        if in_page.is_null() || !undecided.remove(&*column.name) {
            continue;
        }
        let data_type = in_page.census().data_type(options.parse_dates);
        if data_type == DataType::Utf8 {
            continue;
        }
        let Some(first) = in_page.first_value() else { continue };
        let pin = type_name(&data_type);
        let name = quoted(&column.name);
        let text = format!(
            "{first}, but was null as far as the schema was settled, so that it is string: to read it as {pin}, pass \
             schema={{{name}: \"{pin}\"}}"
        );
        warnings.push(ColumnWarning { column: column.name.to_string(), text });
    }
    warnings
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
        let in_page = column.of(pages, options);
        let census = || in_page.census();
        if let Some(index) = by_name.get(&*column.name).copied() {
            positions[index] = column.positions.first().copied().flatten();
            let wanted = schema.field(index).data_type();
            if let Some(misfit) = in_page.misfit(wanted) {
                fields[index] =
                    field(&column.name, infer_type::widened(wanted, census(), options.parse_dates));
                let text = format!(
                    "{misfit}, which does not fit the stream's {} without loss: pass the error's schema as schema=, it \
                     has {} for it",
                    type_name(wanted),
                    type_name(fields[index].data_type())
                );
                first.get_or_insert((Arc::clone(&column.name), text));
            } else if json_mark(schema.field(index)) == Some(JsonMark::Text)
                && let Some(unclear) = in_page.unclear()
            {
                fields[index] = field(&column.name, wanted.clone());
                let text = format!(
                    "{unclear}, a string that could be mistaken for the JSON that the column began with: pass the error's \
                     schema as schema=, it has {} for it",
                    type_name(wanted),
                );
                first.get_or_insert((Arc::clone(&column.name), text));
            }
        } else if on_new_column == OnNewColumn::Error {
            let known = infer_type::known(&column.name, options);
            let known = known.and_then(|known| evidence::known_type(&in_page, known).ok());
            let data_type = known.unwrap_or_else(|| match census().data_type(options.parse_dates) {
                DataType::Null => DataType::Utf8,
                data_type => data_type,
            });
            let described = in_page
                .first_value()
                .unwrap_or_else(|| format!("column {} has only nulls", quoted(&column.name)));
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
