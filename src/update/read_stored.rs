//! Reads what is stored of the rows that a frame is about, asking for as few columns as the service lets it.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};

use super::reads::encoded_len;
use crate::encode::UpdateFrame;
use crate::error::{Error, ErrorKind, Result};
use crate::fetch::{Progress, ReadSpec, read_all};
use crate::http::Http;
use crate::query::{Operation, Query};
use crate::settings::Settings;

pub(super) struct StoredReader<'a> {
    http: &'a Http,
    settings: &'a Settings,
    progress: Option<Arc<dyn Progress>>,
    /// What to ask for, once a row was seen.
    wanted: Option<Wanted>,
    pub requests: u64,
    pub bytes_received: u64,
    pub warnings: Vec<String>,
}

/// What one read brought.
pub(super) struct StoredRows {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

impl StoredRows {
    fn has(&self, name: &str) -> bool {
        self.schema.index_of(name).is_ok()
    }
}

/// What of the conversations to ask for.
#[derive(Debug, Clone)]
struct Wanted {
    /// The key and the frame's attributes, if all of them are there; else every column, to find the names that were
    /// meant.
    columns: Option<Vec<String>>,
    /// Attributes that come only when they are asked for as metrics.
    metrics: Vec<String>,
}

/// Rows that show which attributes there are.
const SAMPLE: u64 = 10;

/// What the names of columns may take of an address that holds vendor call ids too.
const MAX_COLUMNS: usize = 1_000;

impl<'a> StoredReader<'a> {
    pub fn new(http: &'a Http, settings: &'a Settings, progress: Option<Arc<dyn Progress>>) -> Self {
        Self { http, settings, progress, wanted: None, requests: 0, bytes_received: 0, warnings: Vec::new() }
    }

    pub async fn read_calls(&mut self, frame: &UpdateFrame, query: &Query) -> Result<StoredRows> {
        let wanted = if let Some(wanted) = self.wanted.clone() {
            wanted
        } else {
            let sample = self.read_some(Operation::Calls, query.clone(), Some(SAMPLE)).await?;
            if sample.batches.iter().all(|batch| batch.num_rows() == 0) {
                return Ok(sample);
            }
            let wanted = self.learn(frame, query, &sample).await?;
            self.wanted = Some(wanted.clone());
            wanted
        };
        let every = match wanted.metrics.as_slice() {
            [] => query.clone(),
            metrics => query.clone().with("metric", metrics.join(",")),
        };
        if let Some(columns) = &wanted.columns {
            let some = every.clone().with("columns", columns.join(","));
            match self.read(Operation::Calls, some).await {
                Ok(stored) if columns.iter().all(|name| stored.has(name)) => return Ok(stored),
                Ok(_) => {}
                Err(error) if is_refusal(&error) => {
                    self.requests += u64::from(error.attempt().unwrap_or(1));
                }
                Err(error) => return Err(error),
            }
            // The service does not see these columns as this client does.
            self.wanted = Some(Wanted { columns: None, ..wanted });
        }
        self.read(Operation::Calls, every).await
    }

    /// Learns from some rows what to ask for.
    async fn learn(&mut self, frame: &UpdateFrame, query: &Query, sample: &StoredRows) -> Result<Wanted> {
        let mut metrics = Vec::new();
        let mut all_seen = true;
        for name in frame.column_names().filter(|name| !sample.has(name)) {
            let seen = if can_be_asked_for(name) { self.ask_for_metric(query, name).await? } else { None };
            all_seen &= seen == Some(true);
            if seen.is_some() {
                metrics.push(name.to_owned());
            }
        }
        let names: Vec<String> =
            std::iter::once(frame.key().name()).chain(frame.column_names()).map(str::to_owned).collect();
        let length: usize = names.iter().map(|name| encoded_len(name) + "%2C".len()).sum();
        let fits = length <= MAX_COLUMNS && names.iter().all(|name| can_be_asked_for(name));
        Ok(Wanted { columns: (all_seen && fits).then_some(names), metrics })
    }

    /// Whether a row has the metric of this name. Nothing if the service refuses to be asked for it; one that does not
    /// may have it in other rows.
    async fn ask_for_metric(&mut self, query: &Query, name: &str) -> Result<Option<bool>> {
        let query = query.clone().with("metric", name);
        match self.read_some(Operation::Calls, query, Some(1)).await {
            Ok(stored) => Ok(Some(stored.has(name))),
            Err(error) if is_refusal(&error) => {
                self.requests += u64::from(error.attempt().unwrap_or(1));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub async fn read(&mut self, operation: Operation, query: Query) -> Result<StoredRows> {
        self.read_some(operation, query, None).await
    }

    async fn read_some(
        &mut self,
        operation: Operation,
        query: Query,
        limit: Option<u64>,
    ) -> Result<StoredRows> {
        let spec = ReadSpec {
            operation,
            query,
            limit,
            pinned: Arc::new(Schema::empty()),
            // What is stored is put back as it was, and not as a type that its whole column fits.
            parse_dates: false,
            select: None,
            json: true,
            undecided: Vec::new(),
            shapes: None,
            progress: self.progress.clone().filter(|_| limit.is_none()),
        };
        let fetched = read_all(self.http, self.settings, spec).await?;
        self.requests += fetched.receipt.requests;
        self.bytes_received += fetched.receipt.bytes_received;
        self.warnings.extend(fetched.warnings);
        self.warnings.extend(fetched.column_warnings.into_iter().map(|warning| warning.text));
        Ok(StoredRows { schema: fetched.schema, batches: fetched.batches })
    }
}

/// Names are separated by commas.
fn can_be_asked_for(name: &str) -> bool {
    !name.contains(',') && !name.trim().is_empty()
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Status { status: 400 | 404 | 422, .. })
}
