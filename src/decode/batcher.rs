//! Pages → batches of a settled schema, page by page: those that [`unify`](super::unify()) makes of all of them at once.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::batches::arrays;
use super::page::Page;
use super::rechunk::Rechunker;
use crate::error::Result;

/// Makes batches.
#[derive(Debug)]
pub struct Batcher {
    schema: SchemaRef,
    rechunker: Rechunker,
}

impl Batcher {
    /// Of pages that the schema was settled by.
    pub fn new(schema: SchemaRef) -> Self {
        Self { schema, rechunker: Rechunker::default() }
    }

    /// The batches that the page completes.
    ///
    /// # Errors
    /// Only defects, and memory that the system does not give.
    pub fn push(&mut self, page: Page) -> Result<Vec<RecordBatch>> {
        let places: HashMap<&str, usize> =
            page.names.iter().enumerate().map(|(place, name)| (&**name, place)).collect();
        let fields = self.schema.fields().iter();
        let positions: Vec<_> = fields.map(|field| places.get(field.name().as_str()).copied()).collect();
        let mut batches = Vec::new();
        for batch in page.batches {
            let batch = arrays(batch, &positions, &self.schema)?;
            batches.extend(self.rechunker.push(&self.schema, batch)?);
        }
        Ok(batches)
    }

    /// What is left.
    ///
    /// # Errors
    /// Those of [`Batcher::push`].
    pub fn finish(mut self) -> Result<Vec<RecordBatch>> {
        self.rechunker.finish(&self.schema)
    }
}
