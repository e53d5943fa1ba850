//! Every way out of the decoder: pinned and known types, streams, rows that are left out, kept JSON, several threads,
//! views, pages joined, lenient reading. A [`Way`] is drawn at random; what it gives is compared with what the
//! documented rules make of the rows, and then, with one cell of it made wrong, must not be equal any more.
//!
//! The fuzz targets include this file.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, Buffer, NullBuffer};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use converz::decode::{
    Cutting, OnNewColumn, Options, Page, PageDecoder, ParallelDecoder, conform, is_json, stream_schema,
    string_views, type_as_read, unify,
};
use converz::error::{Error, ErrorKind};

use super::conversions::{self, Held};
use super::oracle::{self, Cell, Row};
use super::random::Random;

/// Which ways are taken.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)] // a set
pub struct Ways {
    pub pinned: bool,
    pub known: bool,
    pub selected: bool,
    pub json: bool,
    pub lossy: bool,
    pub threads: bool,
    pub filtered: bool,
    pub limited: bool,
    pub streamed: bool,
    pub views: bool,
}

impl Ways {
    #[must_use]
    pub fn drawn(random: &mut Random) -> Self {
        Self {
            pinned: random.one_in(2),
            known: random.one_in(3),
            selected: random.one_in(4),
            json: random.one_in(4),
            lossy: random.one_in(4),
            threads: random.one_in(4),
            filtered: random.one_in(3),
            limited: random.one_in(3),
            streamed: random.one_in(3),
            views: random.one_in(3),
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The right table, after so many schemas that drifted.
    Table { drifted: usize },
    /// The right refusal of a body.
    Refused,
    /// The right refusal of a value.
    Drift,
}

/// The rows of a page, and the columns that it has, though rows may be gone.
#[derive(Debug, Clone)]
struct ModelPage {
    names: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq)]
struct Column {
    name: String,
    data_type: DataType,
    /// Of kept JSON, the type that it would have.
    as_read: DataType,
    values: Vec<Held>,
}

/// The column that does not fit.
type Misfit = String;

fn names(pages: &[ModelPage]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in pages.iter().flat_map(|page| &page.names) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn cells(pages: &[ModelPage], name: &str) -> Vec<Cell> {
    let cell =
        |row: &Row| row.iter().find(|(key, _)| key == name).map_or(Cell::Null, |(_, cell)| cell.clone());
    pages.iter().flat_map(|page| &page.rows).map(cell).collect()
}

fn type_in<'a>(schema: &'a Schema, name: &str) -> Option<&'a DataType> {
    schema.fields().iter().find(|field| field.name() == name).map(|field| field.data_type())
}

fn fits(cells: &[Cell], to: &DataType) -> bool {
    cells.iter().all(|cell| conversions::converted(cell, to).is_some())
}

fn known_type(cells: &[Cell], known: &DataType) -> Option<DataType> {
    const NAIVE: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
    let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    if fits(cells, known) {
        Some(known.clone())
    } else {
        (*known == NAIVE && fits(cells, &zoned)).then_some(zoned)
    }
}

fn convert(cells: &[Cell], to: &DataType) -> Vec<Held> {
    cells.iter().map(|cell| conversions::converted(cell, to).expect("it was found to fit")).collect()
}

/// A value as JSON, character for character but for the escapes of strings.
fn json(cell: &Cell) -> Held {
    match cell {
        Cell::Null => Held::Null,
        Cell::Bool(value) => Held::Text(value.to_string()),
        Cell::Int(text) | Cell::Float(_, text) | Cell::Json(text) => Held::Text(text.clone()),
        Cell::Text(text) => Held::Text(serde_json::to_string(text).expect("a string")),
    }
}

/// A whole result.
fn model_of_table(pages: &[ModelPage], options: &Options, drop: &[String]) -> Result<Vec<Column>, Misfit> {
    let mut columns = Vec::new();
    let mut misfit = None;
    for name in names(pages).into_iter().filter(|name| options.selects(name) && !drop.contains(name)) {
        let cells = cells(pages, &name);
        let by_table = oracle::column(&cells, options.parse_dates);
        let pinned = type_in(&options.pinned, &name);
        let settled = if let Some(pinned) = pinned {
            if !fits(&cells, pinned) {
                misfit.get_or_insert(name);
                continue;
            }
            Some(pinned.clone())
        } else {
            type_in(&options.known, &name).and_then(|known| known_type(&cells, known))
        };
        let as_read = settled.clone().unwrap_or_else(|| by_table.data_type().clone());
        let keeps_json = options.json && pinned.is_none() && options.key != Some(&name);
        let (data_type, values) = if keeps_json {
            (DataType::LargeUtf8, cells.iter().map(json).collect())
        } else {
            let values = settled.map_or_else(|| conversions::held(&by_table), |to| convert(&cells, &to));
            (as_read.clone(), values)
        };
        columns.push(Column { name, data_type, as_read, values });
    }
    misfit.map_or(Ok(columns), Err)
}

/// A stream, whose columns are those of its first page.
fn model_of_stream(
    pages: &[ModelPage],
    options: &Options,
    on_new_column: OnNewColumn,
) -> Result<Vec<Column>, Misfit> {
    let first = &pages[..1];
    let mut types = Vec::new();
    let mut misfit = None;
    let late = options.pinned.fields().iter().map(|field| field.name().clone());
    let mut all = names(first);
    all.extend(late.filter(|name| !first[0].names.contains(name)));
    for name in all.into_iter().filter(|name| options.selects(name)) {
        let cells = cells(first, &name);
        let settled = if let Some(pinned) = type_in(&options.pinned, &name) {
            fits(&cells, pinned).then(|| pinned.clone())
        } else if let Some(known) = type_in(&options.known, &name) {
            known_type(&cells, known)
        } else {
            match oracle::column(&cells, options.parse_dates).data_type() {
                DataType::Null => Some(DataType::Utf8),
                by_table => Some(by_table.clone()),
            }
        };
        match settled {
            Some(data_type) => types.push((name, data_type)),
            None => misfit = misfit.or(Some(name)),
        }
    }
    if let Some(misfit) = misfit {
        return Err(misfit);
    }
    // Columns of text without a string: one that reads as JSON may not come behind it.
    let is_json = |name: &String, data_type: &DataType| {
        let is_text = data_type.is_string() || matches!(data_type, DataType::Dictionary(..));
        is_text
            && options.key != Some(name)
            && type_in(&options.pinned, name).is_none()
            && oracle::mark(&cells(first, name)) == Some("text")
    };
    let of_json: Vec<String> = types
        .iter()
        .filter(|(name, data_type)| is_json(name, data_type))
        .map(|(name, _)| name.clone())
        .collect();
    let is_unclear = |cell: &Cell| matches!(cell, Cell::Text(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    let mut columns: Vec<Column> = types
        .into_iter()
        .map(|(name, data_type)| Column { name, as_read: data_type.clone(), data_type, values: Vec::new() })
        .collect();
    for page in pages {
        let page = std::slice::from_ref(page);
        for name in names(page).iter().filter(|name| options.selects(name)) {
            let fit = match columns.iter().find(|column| column.name == *name) {
                Some(column) => {
                    let cells = cells(page, name);
                    fits(&cells, &column.data_type)
                        && !(of_json.contains(name) && cells.iter().any(is_unclear))
                }
                None => on_new_column == OnNewColumn::Ignore,
            };
            if !fit {
                return Err(name.clone());
            }
        }
        for column in &mut columns {
            column.values.extend(convert(&cells(page, &column.name), &column.data_type));
        }
    }
    Ok(columns)
}

/// Where batches are not what they should be.
fn difference(schema: &Schema, batches: &[RecordBatch], expected: &[Column]) -> Option<String> {
    let found: Vec<_> =
        schema.fields().iter().map(|field| (field.name(), field.data_type(), type_as_read(field))).collect();
    let wanted: Vec<_> =
        expected.iter().map(|column| (&column.name, &column.data_type, column.as_read.clone())).collect();
    if found != wanted {
        return Some(format!("the columns {found:?} are not {wanted:?}"));
    }
    if let Some(batch) = batches.iter().find(|batch| *batch.schema() != *schema) {
        return Some(format!("a batch has the schema {:?}", batch.schema()));
    }
    for (index, column) in expected.iter().enumerate() {
        let values: Vec<Held> =
            batches.iter().flat_map(|batch| conversions::held(batch.column(index))).collect();
        if values != column.values {
            let row = values.iter().zip(&column.values).position(|(left, right)| left != right);
            return Some(format!(
                "column {:?}, first in row {row:?}: {values:?} is not {:?}",
                column.name, column.values
            ));
        }
    }
    None
}

fn flipped(bits: &BooleanBuffer, at: usize) -> BooleanBuffer {
    let mut builder = BooleanBufferBuilder::new(bits.len());
    builder.append_buffer(bits);
    builder.set_bit(at, !bits.value(at));
    builder.finish()
}

/// The array with a value where there is none, or with another value; none if it cannot have any.
fn planted(array: &ArrayRef, row: usize) -> Option<ArrayRef> {
    if *array.data_type() == DataType::Null {
        return None;
    }
    let data = array.to_data();
    if array.is_null(row) {
        if matches!(array.data_type(), DataType::Dictionary(..)) {
            return None;
        }
        let nulls = NullBuffer::new(flipped(data.nulls()?.inner(), row));
        return Some(make_array(data.into_builder().nulls(Some(nulls)).build().ok()?));
    }
    let rebuilt = |index: usize, buffer: Buffer| {
        let mut buffers = data.buffers().to_vec();
        buffers[index] = buffer;
        data.clone().into_builder().buffers(buffers).build().ok().map(make_array)
    };
    let flip = |index: usize, byte: usize| {
        let mut bytes = data.buffers()[index].to_vec();
        bytes[byte] ^= 1;
        rebuilt(index, bytes.into())
    };
    match array.data_type() {
        DataType::Boolean => {
            let bits = BooleanBuffer::new(data.buffers()[0].clone(), data.offset(), data.len());
            let bits = flipped(&bits, row);
            let offset = data.offset();
            (offset == 0).then(|| rebuilt(0, bits.into_inner())).flatten()
        }
        // One string takes the place of another, which is a null.
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            let mut valid = vec![true; array.len()];
            valid[row] = false;
            let nulls = NullBuffer::union(Some(&NullBuffer::from(valid)), data.nulls());
            data.into_builder().nulls(nulls).build().ok().map(make_array)
        }
        other => {
            let width = other.primitive_width()?;
            flip(0, (data.offset() + row) * width)
        }
    }
}

/// The same batches but for one cell; none if there is no cell that can be wrong.
fn with_a_wrong_cell(batches: &[RecordBatch], random: &mut Random) -> Option<Vec<RecordBatch>> {
    let cells: Vec<(usize, usize, usize)> = batches
        .iter()
        .enumerate()
        .flat_map(|(number, batch)| {
            (0..batch.num_columns())
                .flat_map(move |column| (0..batch.num_rows()).map(move |row| (number, column, row)))
        })
        .collect();
    if cells.is_empty() {
        return None;
    }
    let start = random.below(cells.len());
    let mut turns = cells.iter().cycle().skip(start).take(cells.len());
    turns.find_map(|(number, column, row)| {
        let batch = &batches[*number];
        let mut columns = batch.columns().to_vec();
        columns[*column] = planted(&columns[*column], *row)?;
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let wrong = RecordBatch::try_new_with_options(batch.schema(), columns, &rows).ok()?;
        let mut batches = batches.to_vec();
        batches[*number] = wrong;
        Some(batches)
    })
}

/// How the bytes of a page arrive.
#[derive(Debug, Clone, Copy)]
enum Arrival {
    Whole,
    Pieces(usize),
    /// In such pieces, on so many threads.
    Threads(usize, usize),
}

#[derive(Debug)]
pub struct Way {
    options: Options,
    bodies: Vec<Vec<u8>>,
    /// For each page, which of its rows stay.
    keep: Vec<Option<Vec<bool>>>,
    arrival: Arrival,
    streamed: Option<OnNewColumn>,
    views: bool,
    drop: Vec<String>,
    /// What the rows of the pages are.
    pages: Vec<ModelPage>,
}

const DEPTH: usize = 16;
const KEYS: [&str; 2] = ["call_id", "rep_id"];

const KNOWN: [DataType; 4] =
    [DataType::Int64, DataType::Utf8, DataType::Date32, DataType::Timestamp(TimeUnit::Microsecond, None)];

/// What the rows of bodies are; none if one of them must be refused. Which ones are must be what the decoder says.
fn read_by_model(
    bodies: &[Vec<u8>],
    arrival: Arrival,
    options: &Options,
) -> Result<Option<Vec<ModelPage>>, String> {
    let reading = oracle::Reading { lossy: options.lossy, tiny: options.json };
    let mut pages = Vec::new();
    for body in bodies {
        let rows = match (oracle::rows(body, DEPTH, reading), decoded(body, arrival, options)) {
            (Ok(rows), Ok(page)) if rows.len() == page.num_rows() => rows,
            (Err(_), Err(_)) => return Ok(None),
            (rows, page) => {
                let found = page.map(|page| page.num_rows());
                return Err(format!("{found:?} instead of {rows:?}"));
            }
        };
        let mut names: Vec<String> = Vec::new();
        for (name, _) in rows.iter().flatten() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        pages.push(ModelPage { names, rows });
    }
    Ok((!pages.is_empty()).then_some(pages))
}

/// Which of so many rows stay; none if it is not even asked.
fn mask(ways: Ways, count: usize, random: &mut Random) -> Option<Vec<bool>> {
    if ways.limited && (!ways.filtered || random.one_in(2)) {
        let kept = random.below(count + 1);
        return Some((0..count).map(|row| row < kept).collect());
    }
    match random.below(3) {
        _ if !ways.filtered => None,
        0 => None,
        1 => Some((0..count).map(|_| random.one_in(2)).collect()),
        _ => Some((0..count).map(|_| !random.one_in(8)).collect()),
    }
}

/// Types for so many of four columns, mostly such that fit.
fn schema_of(pages: &[ModelPage], among: &[DataType], share: usize, random: &mut Random) -> SchemaRef {
    let mut fields: Vec<Field> = Vec::new();
    for name in &names(pages) {
        if random.below(4) >= share {
            continue;
        }
        let cells = cells(pages, name);
        let fitting: Vec<&DataType> = among.iter().filter(|data_type| fits(&cells, data_type)).collect();
        let data_type =
            if fitting.is_empty() || random.one_in(6) { random.pick(among) } else { *random.pick(&fitting) };
        fields.push(Field::new(name, data_type.clone(), true));
    }
    Arc::new(Schema::new(fields))
}

impl Way {
    /// How these bodies are read; none if one of them must be refused.
    pub fn drawn(ways: Ways, bodies: Vec<Vec<u8>>, random: &mut Random) -> Result<Option<Self>, String> {
        let mut options = Options {
            max_depth: DEPTH,
            parse_dates: !random.one_in(4),
            lossy: ways.lossy,
            // A stream keeps no JSON.
            json: ways.json && !ways.streamed,
            ..Options::default()
        };
        let arrival = match random.below(3) {
            _ if ways.threads => Arrival::Threads(1 + random.below(100), 1 + random.below(3)),
            0 => Arrival::Whole,
            _ => Arrival::Pieces(1 + random.below(100)),
        };
        let Some(mut pages) = read_by_model(&bodies, arrival, &options)? else { return Ok(None) };
        let members = pages.iter().flat_map(|page| page.rows.iter().flatten());
        let tiny: HashSet<String> =
            members.filter(|(_, cell)| oracle::is_tiny(cell)).map(|(name, _)| name.clone()).collect();
        let keep: Vec<Option<Vec<bool>>> =
            pages.iter().map(|page| mask(ways, page.rows.len(), random)).collect();
        for (page, keep) in pages.iter_mut().zip(&keep) {
            if let Some(keep) = keep {
                let mut keep = keep.iter();
                page.rows.retain(|_| *keep.next().expect("one a row"));
            }
        }
        options.key = KEYS.into_iter().find(|key| pages[0].names.iter().any(|name| name == key));
        let drop = match options.key {
            // Whoever reads a stream selects its columns instead.
            Some(key) if !ways.streamed && random.one_in(3) => vec![key.to_owned()],
            _ => Vec::new(),
        };
        if ways.selected {
            options.selected = Some(Arc::new(
                names(&pages).into_iter().filter(|_| !random.one_in(3)).collect::<HashSet<_>>(),
            ));
        }
        if ways.pinned {
            options.pinned = schema_of(&pages, &conversions::supported(), 3, random);
        }
        if ways.known {
            options.known = schema_of(&pages, &KNOWN, 2, random);
        }
        // Where it is not kept, a number that is too small is refused.
        let typed = |name: &str| options.key == Some(name) || type_in(&options.pinned, name).is_some();
        if tiny.iter().any(|name| typed(name)) {
            return Ok(None);
        }
        let streamed =
            ways.streamed.then(|| if random.one_in(3) { OnNewColumn::Ignore } else { OnNewColumn::Error });
        Ok(Some(Self { options, bodies, keep, arrival, streamed, views: ways.views, drop, pages }))
    }

    fn page(&self, number: usize, options: &Options) -> Result<Page, Error> {
        let page = decoded(&self.bodies[number], self.arrival, options)?;
        Ok(match &self.keep[number] {
            Some(keep) => page.filter(keep),
            None => page,
        })
    }

    fn read(&self, options: &Options) -> Result<(SchemaRef, Vec<RecordBatch>), Error> {
        let numbers = 0..self.bodies.len();
        let (schema, batches) = if let Some(on_new_column) = self.streamed {
            let schema = stream_schema(&self.page(0, options)?, options, &self.drop)?;
            let mut batches = Vec::new();
            for number in numbers {
                batches.extend(conform(self.page(number, options)?, &schema, options, on_new_column)?);
            }
            (schema, batches)
        } else {
            let pages = numbers.map(|number| self.page(number, options)).collect::<Result<Vec<_>, _>>()?;
            let unified = unify(pages, options, &[], &self.drop)?;
            (unified.schema, unified.batches)
        };
        if self.views { string_views(&schema, batches) } else { Ok((schema, batches)) }
    }

    fn expected(&self, options: &Options) -> Result<Vec<Column>, Misfit> {
        let mut columns = match self.streamed {
            Some(on_new_column) => model_of_stream(&self.pages, options, on_new_column),
            None => model_of_table(&self.pages, options, &self.drop),
        }?;
        for column in &mut columns {
            if self.views && column.data_type == DataType::Utf8 {
                column.data_type = DataType::Utf8View;
                column.as_read = DataType::Utf8View;
            }
        }
        Ok(columns)
    }

    /// Reads, compares, and compares again with a wrong cell. What drifts is read again with the error's schema, until
    /// it fits.
    pub fn check(&self, random: &mut Random) -> Result<Outcome, String> {
        let mut options = self.options.clone();
        let most = 4 * names(&self.pages).len() + 4;
        for drifted in 0..most {
            let expected = self.expected(&options);
            match (self.read(&options), expected) {
                (Ok((schema, batches)), Ok(expected)) => {
                    if let Some(difference) = difference(&schema, &batches, &expected) {
                        return Err(difference);
                    }
                    if let Some(wrong) = with_a_wrong_cell(&batches, random)
                        && difference(&schema, &wrong, &expected).is_none()
                    {
                        return Err(format!("a wrong cell is not seen: {wrong:?}"));
                    }
                    return Ok(Outcome::Table { drifted });
                }
                (Err(error), Err(column)) => {
                    let ErrorKind::SchemaDrift { column: found, schema } = error.kind() else {
                        return Err(format!("{error:?} instead of a drift"));
                    };
                    if *found != column {
                        return Err(format!("{found:?} drifts instead of {column:?}: {error}"));
                    }
                    if schema.fields().iter().any(|field| is_json(field)) {
                        return Ok(Outcome::Drift);
                    }
                    options.pinned = Arc::clone(schema);
                }
                (found, expected) => return Err(format!("{found:?} instead of {expected:?}")),
            }
        }
        Err(format!("the schemas of {most} errors did not fit: {:?}", options.pinned))
    }
}

fn decoded(body: &[u8], arrival: Arrival, options: &Options) -> Result<Page, Error> {
    let options = Arc::new(options.clone());
    match arrival {
        Arrival::Threads(size, threads) => {
            let cutting = Cutting { threads, alone: 0, stretch: 0, lag: 0 };
            let mut decoder = ParallelDecoder::new(&options, cutting);
            body.chunks(size).try_for_each(|window| decoder.push(&window.to_vec().into()))?;
            decoder.finish()
        }
        Arrival::Whole | Arrival::Pieces(_) => {
            let size = if let Arrival::Pieces(size) = arrival { size } else { body.len().max(1) };
            let mut decoder = PageDecoder::new(options);
            body.chunks(size).try_for_each(|piece| decoder.push(piece))?;
            decoder.finish()
        }
    }
}

/// Draws a way, takes it, and says what came of it.
pub fn take(ways: Ways, bodies: Vec<Vec<u8>>, random: &mut Random) -> Result<Outcome, String> {
    match Way::drawn(ways, bodies, random)? {
        None => Ok(Outcome::Refused),
        Some(way) => way.check(random).map_err(|found| format!("{found}\nof {way:?}")),
    }
}
