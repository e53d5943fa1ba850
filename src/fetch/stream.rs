//! A result as it arrives: batches of one schema, a bounded number of pages ahead of whoever takes them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::aside::aside;
use super::page_loop::Settled;
use super::read::{redact_warnings, unify_aside};
use super::reader::Reader;
use super::receipt::Receipt;
use super::spec::ReadSpec;
use crate::decode::{ColumnWarning, OnNewColumn, Options, Page, conform, stream_schema, stream_warnings};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Http;
use crate::settings::Settings;

/// JSON that pages ahead of the consumer should not exceed together. Two pages are always allowed, if
/// `max_concurrency` allows them.
const AHEAD_BYTES: u64 = 128 << 20;

/// A result as it arrives. Dropping it cancels what is in flight.
#[derive(Debug)]
pub struct Stream {
    schema: SchemaRef,
    /// What there is to say of the first page.
    column_warnings: Vec<ColumnWarning>,
    current: VecDeque<RecordBatch>,
    /// Given back with the last batch of its page.
    permit: Option<OwnedSemaphorePermit>,
    arriving: UnboundedReceiver<Arrival>,
    book: Arc<Mutex<Book>>,
    /// Its only task reads the pages; it ends with the set.
    _reading: JoinSet<()>,
    ended: bool,
}

enum Arrival {
    /// The permits bound how many of these can wait.
    Page(VecDeque<RecordBatch>, Option<OwnedSemaphorePermit>),
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
        let gate = Arc::new(Semaphore::new(settings.max_concurrency));
        let mut reader =
            Reader::new(http, settings, &spec, settings.max_concurrency, Some(Arc::clone(&gate)))?;
        let first = reader.next_whole().await?;
        let allowed = pages_ahead(settings.max_concurrency, reader.so_far().bytes_decoded);
        gate.forget_permits(settings.max_concurrency - allowed);

        let options = Arc::clone(reader.options());
        let (schema, mut column_warnings, first) = if let Some(settled) = first {
            let drop = reader.unwanted_columns().to_vec();
            let settled = aside(settled.page.num_rows(), move || {
                let schema = stream_schema(&settled.page, &options, &drop)?;
                let warnings = stream_warnings(&settled.page, &schema, &options);
                Ok::<_, Error>((schema, warnings, Some(settled)))
            })
            .await?;
            settled.map_err(|error| http.redact_error(&error))?
        } else {
            let ensure = reader.columns_without_rows().to_vec();
            let unified =
                unify_aside(Vec::new(), options, ensure, reader.unwanted_columns().to_vec()).await?;
            (without_null_columns(&unified.schema, &spec.pinned), Vec::new(), None)
        };

        redact_warnings(&mut column_warnings, http);
        let (sender, arriving) = unbounded_channel();
        let book = Arc::new(Mutex::new(Book::default()));
        enter(&book, &reader);
        let mut reading = JoinSet::new();
        let conformer = Conformer {
            schema: Arc::clone(&schema),
            options: Arc::clone(reader.options()),
            on_new_column,
            http: http.clone(),
        };
        reading.spawn(read_on(reader, first, conformer, sender, Arc::clone(&book)));
        Ok(Self {
            schema,
            column_warnings,
            current: VecDeque::new(),
            permit: None,
            arriving,
            book,
            _reading: reading,
            ended: false,
        })
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// What the user should know of the columns, as far as the first page shows it.
    pub fn column_warnings(&self) -> &[ColumnWarning] {
        &self.column_warnings
    }

    /// The next batch; none after the end or an error. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// Those of a page, `Paging`, and `SchemaDrift` with the page and the schema that would fit it.
    pub async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        while !self.ended {
            if let Some(batch) = self.current.pop_front() {
                if self.current.is_empty() {
                    self.permit = None;
                }
                return Ok(Some(batch));
            }
            self.permit = None;
            match self.arriving.recv().await {
                Some(Arrival::Page(batches, permit)) => (self.current, self.permit) = (batches, permit),
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

struct Conformer {
    schema: SchemaRef,
    options: Arc<Options>,
    on_new_column: OnNewColumn,
    http: Http,
}

impl Conformer {
    async fn conform(&self, number: u64, page: Page) -> Result<VecDeque<RecordBatch>> {
        let (schema, options) = (Arc::clone(&self.schema), Arc::clone(&self.options));
        let on_new_column = self.on_new_column;
        aside(page.num_rows(), move || conform(page, &schema, &options, on_new_column))
            .await?
            .map(VecDeque::from)
            .map_err(|error| match error.kind() {
                ErrorKind::SchemaDrift { .. } => error.with_context(format!("on page {number}")),
                _ => error,
            })
            .map_err(|error| self.http.redact_error(&error))
    }
}

async fn read_on(
    mut reader: Reader,
    first: Option<Settled<Page>>,
    conformer: Conformer,
    sender: UnboundedSender<Arrival>,
    book: Arc<Mutex<Book>>,
) {
    let mut next = Ok(first);
    // A failed send means that nobody takes batches any more.
    loop {
        let arrival = match next {
            Ok(Some(Settled { number, page, permit, .. })) => match conformer.conform(number, page).await {
                Ok(batches) => Arrival::Page(batches, permit),
                Err(error) => Arrival::Failure(error),
            },
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

fn enter(book: &Mutex<Book>, reader: &Reader) {
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    *book = Book { receipt: reader.receipt(), warnings: reader.warnings() };
}

/// How many pages may be ahead of the consumer, given the JSON of the first.
fn pages_ahead(max_concurrency: usize, page_bytes: u64) -> usize {
    let fitting = AHEAD_BYTES / page_bytes.max(1);
    usize::try_from(fitting).unwrap_or(usize::MAX).max(2).min(max_concurrency)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pages_are_asked_for_less_far_ahead() {
        assert_eq!(pages_ahead(4, 13 << 20), 4);
        assert_eq!(pages_ahead(4, 40 << 20), 3);
        assert_eq!(pages_ahead(4, 1 << 30), 2);
        assert_eq!(pages_ahead(1, 1 << 30), 1);
        assert_eq!(pages_ahead(4, 0), 4);
    }
}
