//! A result as it arrives: batches of one schema, a bounded number of pages ahead of whoever takes them. Or, where the
//! types are to be those of the whole result, as it comes out of a temporary file.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::aside::aside;
use super::by_day::{ByDay, whole_range};
use super::by_part::ByPart;
use super::gate::Gate;
use super::page_loop::Settled;
use super::paged::Paged;
use super::read::redact_warnings;
use super::reader::Reader;
use super::receipt::Receipt;
use super::spec::{LONGEST, ReadSpec};
use super::spooled::{Outgoing, read_whole};
use super::window::Window;
use super::without_rows::{WithoutRows, without_rows};
use crate::decode::{
    BATCH_ROWS, ColumnWarning, OnNewColumn, Options, Page, conform, late_values, stream_schema,
    stream_warnings, undecided_columns,
};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Http;
use crate::settings::Settings;

/// Reads of the temporary file that may be ahead of the consumer.
const AHEAD_OF_FILE: usize = 2;

/// A result as it arrives. Dropping it cancels what is in flight.
#[derive(Debug)]
pub struct Stream {
    schema: SchemaRef,
    /// A read whose batches nobody has asked for yet.
    begun: Option<Box<Begun>>,
    arriving: UnboundedReceiver<Arrival>,
    /// Its only task brings the batches; it ends with the set.
    reading: JoinSet<()>,
    /// Whether a batch has been asked for.
    is_begun: bool,
    /// What there is to say of the pages that were taken, until that is said.
    column_warnings: Vec<ColumnWarning>,
    current: VecDeque<RecordBatch>,
    /// Given back with the last batch of its page.
    permit: Option<OwnedSemaphorePermit>,
    book: Arc<Mutex<Book>>,
    ended: bool,
}

/// A read whose schema is settled by its first page.
struct Begun {
    reader: Paged,
    first: Option<Settled<Page>>,
    /// What there is if no page has a row.
    nothing: Option<WithoutRows>,
    conformer: Conformer,
    limit: Option<u64>,
    sender: UnboundedSender<Arrival>,
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").finish_non_exhaustive()
    }
}

enum Arrival {
    /// The permits bound how many of these can wait.
    Page(VecDeque<RecordBatch>, Vec<ColumnWarning>, Option<OwnedSemaphorePermit>),
    Failure(Error),
    End,
}

/// What is known of the read so far.
#[derive(Debug, Default)]
struct Book {
    receipt: Receipt,
    warnings: Vec<String>,
}

impl Stream {
    /// Reads the first page and settles the schema.
    ///
    /// # Errors
    /// Those of the first page, `SchemaDrift` where it does not fit a pinned type.
    pub async fn open(
        http: &Http,
        settings: &Settings,
        spec: ReadSpec,
        on_new_column: OnNewColumn,
    ) -> Result<Self> {
        let mut reader = new_reader(http, settings, &spec)?;
        let first = reader.next_whole().await?;
        Self::opened(http, settings, spec, reader, first, on_new_column).await
    }

    /// Reads the days of a range one after the other, each as a snapshot of its own; the newest that has rows settles the
    /// schema. `spec.query` has no dates, and `settings.page_size` is what a day is meant to fit.
    ///
    /// # Errors
    /// Those of the first days, `SchemaDrift` where they do not fit a pinned type.
    pub async fn open_by_day(
        http: &Http,
        settings: &Settings,
        spec: ReadSpec,
        windows: Vec<Window>,
        on_new_column: OnNewColumn,
    ) -> Result<Self> {
        let spec_of_range = ReadSpec { query: whole_range(&windows, &spec.query), ..spec.clone() };
        let mut days = Paged::ByDay(Box::new(ByDay::new(http, settings, &spec, windows)?));
        let first = days.next().await?;
        Self::opened(http, settings, spec_of_range, days, first, on_new_column).await
    }

    async fn opened(
        http: &Http,
        settings: &Settings,
        spec: ReadSpec,
        mut reader: Paged,
        first: Option<Settled<Page>>,
        on_new_column: OnNewColumn,
    ) -> Result<Self> {
        let options = Arc::clone(reader.options());
        let mut nothing = None;
        let (schema, mut column_warnings, mut undecided, first) = if let Some(settled) = first {
            let drop = reader.unwanted_columns().to_vec();
            let settled = aside(settled.page.num_rows(), move || {
                let schema = stream_schema(&settled.page, &options, &drop)?;
                let warnings = stream_warnings(&settled.page, &schema, &options);
                let undecided = undecided_columns(&settled.page, &options);
                Ok::<_, Error>((schema, warnings, undecided, Some(settled)))
            })
            .await?;
            settled.map_err(|error| http.redact_error(&error))?
        } else {
            let found = find_nothing(http, settings, &spec, &mut reader).await?;
            let found = nothing.insert(found);
            let schema = without_null_columns(&found.schema, &spec.pinned);
            (schema, found.column_warnings.clone(), HashSet::new(), None)
        };

        undecided.extend(spec.undecided);
        redact_warnings(&mut column_warnings, http);
        let book = Arc::new(Mutex::new(Book::default()));
        enter(&book, &reader);
        let conformer = Conformer {
            schema: Arc::clone(&schema),
            options: Arc::clone(reader.options()),
            on_new_column,
            undecided,
            http: http.clone(),
        };
        let (sender, arriving) = unbounded_channel();
        Ok(Self {
            schema,
            begun: Some(Box::new(Begun { reader, first, nothing, conformer, limit: spec.limit, sender })),
            arriving,
            reading: JoinSet::new(),
            is_begun: false,
            column_warnings,
            current: VecDeque::new(),
            permit: None,
            book,
            ended: false,
        })
    }

    /// Reads every row into a temporary file, and settles the types over all of them, as [`read_all`](super::read_all)
    /// does.
    ///
    /// # Errors
    /// Those of [`read_all`](super::read_all), and `Io` of the temporary file.
    pub async fn open_whole(http: &Http, settings: &Settings, spec: ReadSpec) -> Result<Self> {
        let mut reader = new_reader(http, settings, &spec)?;
        let first = reader.next().await?;
        Self::opened_whole(http, settings, spec, reader, first).await
    }

    /// The same of the days of a range (see [`Self::open_by_day`]).
    ///
    /// # Errors
    /// Those of [`Self::open_whole`].
    pub async fn open_whole_by_day(
        http: &Http,
        settings: &Settings,
        spec: ReadSpec,
        windows: Vec<Window>,
    ) -> Result<Self> {
        let spec_of_range = ReadSpec { query: whole_range(&windows, &spec.query), ..spec.clone() };
        let mut days = Paged::ByDay(Box::new(ByDay::new(http, settings, &spec, windows)?));
        let first = days.next().await?;
        Self::opened_whole(http, settings, spec_of_range, days, first).await
    }

    async fn opened_whole(
        http: &Http,
        settings: &Settings,
        spec: ReadSpec,
        mut reader: Paged,
        first: Option<Settled<Page>>,
    ) -> Result<Self> {
        let nothing = match &first {
            Some(_) => None,
            None => Some(find_nothing(http, settings, &spec, &mut reader).await?),
        };
        whole(reader, first, nothing, spec.limit, http).await.map_err(|error| http.redact_error(&error))
    }

    /// Whether a batch has been asked for.
    pub fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// The same rows with the types of all of them.
    ///
    /// # Errors
    /// Those of [`Stream::open_whole`], `InvalidInput` if a batch has been asked for.
    pub async fn into_whole(self) -> Result<Self> {
        if self.is_begun {
            return Err(Error::invalid_input(
                "batches of this stream have been taken, and the others alone are not the result: open another stream \
                 and write that",
            ));
        }
        let Some(begun) = self.begun else { return Ok(self) };
        let Begun { reader, first, nothing, conformer, limit, .. } = *begun;
        let http = conformer.http;
        whole(reader, first, nothing, limit, &http).await.map_err(|error| http.redact_error(&error))
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// What the user should know of the columns, as far as the pages that were taken show it: each once.
    pub fn take_column_warnings(&mut self) -> Vec<ColumnWarning> {
        mem::take(&mut self.column_warnings)
    }

    /// The next batch; none after the end or an error. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// Those of a page, `Paging`, and `SchemaDrift` with the page and the schema that would fit it.
    pub async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        self.is_begun = true;
        if let Some(begun) = self.begun.take() {
            let Begun { reader, first, conformer, sender, .. } = *begun;
            self.reading.spawn(read_on(reader, first, conformer, sender, Arc::clone(&self.book)));
        }
        while !self.ended {
            if let Some(batch) = self.current.pop_front() {
                if self.current.is_empty() {
                    self.permit = None;
                }
                return Ok(Some(batch));
            }
            self.permit = None;
            match self.arriving.recv().await {
                Some(Arrival::Page(batches, warnings, permit)) => {
                    self.column_warnings.extend(warnings);
                    (self.current, self.permit) = (batches, permit);
                }
                Some(Arrival::Failure(error)) => {
                    self.ended = true;
                    return Err(error);
                }
                Some(Arrival::End) => self.ended = true,
                None => {
                    self.ended = true;
                    return Err(Error::internal("the task that reads a stream is gone before its end"));
                }
            }
        }
        Ok(None)
    }

    /// What was done so far; complete after the end.
    pub fn receipt(&self) -> Receipt {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).receipt.clone()
    }

    /// What the user should know, a sentence each; complete after the end.
    pub fn warnings(&self) -> Vec<String> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).warnings.clone()
    }
}

fn new_reader(http: &Http, settings: &Settings, spec: &ReadSpec) -> Result<Paged> {
    let parts = spec.query.cut(LONGEST);
    if parts.len() > 1 && spec.limit != Some(0) {
        return Ok(Paged::ByPart(Box::new(ByPart::new(http, settings, spec, parts)?)));
    }
    let most = settings.max_concurrency;
    let reader = Reader::new(http, settings, spec, most, Some(Gate::by_bytes(most)))?;
    Ok(Paged::Read(Box::new(reader)))
}

/// Finds out which columns the rows would have that did not come.
async fn find_nothing(
    http: &Http,
    settings: &Settings,
    spec: &ReadSpec,
    reader: &mut Paged,
) -> Result<WithoutRows> {
    let nothing = without_rows(http, settings, spec, reader.options(), reader.unwanted_columns()).await?;
    reader.found_nothing(&nothing);
    Ok(nothing)
}

/// Reads the rest, and begins to read it again from the temporary file.
async fn whole(
    mut reader: Paged,
    first: Option<Settled<Page>>,
    nothing: Option<WithoutRows>,
    limit: Option<u64>,
    http: &Http,
) -> Result<Stream> {
    let (surveying, outgoing) = read_whole(&mut reader, first, limit).await?;
    let (schema, mut column_warnings) = match nothing {
        Some(nothing) => (nothing.schema, nothing.column_warnings),
        None => (surveying.schema, surveying.warnings),
    };
    redact_warnings(&mut column_warnings, http);
    let book = Arc::new(Mutex::new(Book::default()));
    enter(&book, &reader);
    let (sender, arriving) = unbounded_channel();
    let mut reading = JoinSet::new();
    reading.spawn(read_again(outgoing, sender, http.clone()));
    Ok(Stream {
        schema,
        begun: None,
        arriving,
        reading,
        is_begun: false,
        column_warnings,
        current: VecDeque::new(),
        permit: None,
        book,
        ended: false,
    })
}

async fn read_again(mut outgoing: Outgoing, sender: UnboundedSender<Arrival>, http: Http) {
    let gate = Arc::new(Semaphore::new(AHEAD_OF_FILE));
    loop {
        let permit = Arc::clone(&gate).acquire_owned().await.ok();
        let read = aside(BATCH_ROWS, move || {
            let batches = outgoing.next();
            (outgoing, batches)
        })
        .await;
        let arrival = match read {
            Ok((left, Ok(Some(batches)))) => {
                outgoing = left;
                if sender.send(Arrival::Page(batches.into(), Vec::new(), permit)).is_err() {
                    return;
                }
                continue;
            }
            Ok((_, Ok(None))) => Arrival::End,
            Ok((_, Err(error))) | Err(error) => Arrival::Failure(http.redact_error(&error)),
        };
        // Nobody may take it any more.
        let _ = sender.send(arrival);
        return;
    }
}

struct Conformer {
    schema: SchemaRef,
    options: Arc<Options>,
    on_new_column: OnNewColumn,
    /// Columns that are strings because they had no value yet.
    undecided: HashSet<String>,
    http: Http,
}

impl Conformer {
    async fn conform(
        &mut self,
        place: &str,
        page: Page,
    ) -> Result<(VecDeque<RecordBatch>, Vec<ColumnWarning>)> {
        let (schema, options) = (Arc::clone(&self.schema), Arc::clone(&self.options));
        let on_new_column = self.on_new_column;
        let mut undecided = mem::take(&mut self.undecided);
        let (conformed, mut warnings, undecided) = aside(page.num_rows(), move || {
            let warnings = late_values(&page, &options, &mut undecided);
            (conform(page, &schema, &options, on_new_column), warnings, undecided)
        })
        .await?;
        self.undecided = undecided;
        redact_warnings(&mut warnings, &self.http);
        conformed
            .map(|batches| (VecDeque::from(batches), warnings))
            .map_err(|error| match error.kind() {
                ErrorKind::SchemaDrift { .. } => error.with_context(place),
                _ => error,
            })
            .map_err(|error| self.http.redact_error(&error))
    }
}

async fn read_on(
    mut reader: Paged,
    first: Option<Settled<Page>>,
    mut conformer: Conformer,
    sender: UnboundedSender<Arrival>,
    book: Arc<Mutex<Book>>,
) {
    let mut next = Ok(first);
    // A failed send means that nobody takes batches any more.
    loop {
        let arrival = match next {
            Ok(Some(Settled { number, page, permit, .. })) => {
                match conformer.conform(&reader.place(number), page).await {
                    Ok((batches, warnings)) => Arrival::Page(batches, warnings, permit),
                    Err(error) => Arrival::Failure(error),
                }
            }
            Ok(None) => Arrival::End,
            Err(error) => Arrival::Failure(error),
        };
        enter(&book, &reader);
        let is_last = !matches!(arrival, Arrival::Page(..));
        if sender.send(arrival).is_err() || is_last {
            return;
        }
        next = reader.next_whole().await;
    }
}

fn enter(book: &Mutex<Book>, reader: &Paged) {
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    *book = Book { receipt: reader.receipt(), warnings: reader.warnings() };
}

/// A column of nulls only would raise at the first value.
fn without_null_columns(schema: &Schema, pinned: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        if field.data_type() == &DataType::Null && pinned.field_with_name(field.name()).is_err() {
            Arc::new(Field::new(field.name(), DataType::Utf8, true))
        } else {
            Arc::clone(field)
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
