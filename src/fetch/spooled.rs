//! A result whose types are settled over all of its rows: its pages go to a temporary file while they arrive, and are read
//! again when the types are known.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::BooleanBuffer;

use super::aside::aside;
use super::in_result::InResult;
use super::page_loop::Settled;
use super::paged::Paged;
use crate::decode::{Batcher, Extent, Options, Page, Shape, Survey, Surveying};
use crate::error::Result;
use crate::spool::{Segment, Spool};

/// The rows of a result in the order of the pages, with those that may not belong to it.
#[derive(Debug)]
struct Pages {
    spool: Spool,
    pages: Vec<Spooled>,
}

/// A page in the file.
#[derive(Debug)]
struct Spooled {
    names: Arc<[Arc<str>]>,
    batches: Vec<(Segment, Shape)>,
    /// JSON that it was read from.
    bytes: u64,
    /// Which of its rows belong to the result if keys tell rows apart; all, if there is nothing.
    keep: Option<BooleanBuffer>,
}

/// Takes in pages.
#[derive(Debug)]
struct Intake {
    pages: Pages,
    options: Arc<Options>,
    survey: Survey,
    result: InResult,
    extent: Extent,
    /// Whether rows were not looked at for their keys.
    left_out: bool,
}

/// A whole result on its way out of the file.
#[derive(Debug)]
pub(super) struct Outgoing {
    pages: Pages,
    keys_identify: bool,
    result: InResult,
    /// None after the end.
    batcher: Option<Batcher>,
    /// The batch that comes next: its page, its place there, and the rows of the page before it.
    page: usize,
    batch: usize,
    rows_before: usize,
}

/// Reads all pages, after the first if that has come already, and settles the types.
pub(super) async fn read_whole(
    reader: &mut Paged,
    first: Option<Settled<Page>>,
    limit: Option<u64>,
) -> Result<(Surveying, Outgoing)> {
    let options = Arc::clone(reader.options());
    let drop = reader.unwanted_columns().to_vec();
    let mut intake = Intake {
        pages: Pages { spool: Spool::new()?, pages: Vec::new() },
        survey: Survey::new(&options, &drop)?,
        result: InResult::new(limit),
        extent: Extent::new(limit),
        left_out: false,
        options,
    };
    let mut next = match first {
        Some(first) => Some(first),
        None => reader.next().await?,
    };
    while let Some(Settled { page, keep, permit, .. }) = next {
        let keys_identify = reader.keys_identify();
        let (taken, result) = aside(page.num_rows(), move || {
            let result = intake.take(page, keep, keys_identify);
            (intake, result)
        })
        .await?;
        intake = taken;
        result?;
        // Its place among those ahead is free.
        std::mem::drop(permit);
        next = reader.next().await?;
    }
    let keys_identify = reader.keys_identify();
    aside(intake.survey.num_rows(), move || intake.settle(&drop, keys_identify, limit)).await?
}

impl Intake {
    fn take(&mut self, page: Page, keep: Option<Vec<bool>>, keys_identify: bool) -> Result<()> {
        self.extent.add(&page, &self.options)?;
        let mask = keep.as_deref().map(BooleanBuffer::from);
        let keep = keep.filter(|_| keys_identify);
        self.left_out |= keep.is_some();
        if keep.is_none() && self.result.has_room_for(&page) {
            self.survey.add(&page);
            // Without a row to leave out, nothing is copied.
            let page = self.result.part(page, None);
            return self.pages.write(page, mask);
        }
        look_at(&mut self.survey, &self.result.part(page.clone(), keep));
        self.pages.write(page, mask)
    }

    fn settle(
        mut self,
        drop: &[String],
        keys_identify: bool,
        limit: Option<u64>,
    ) -> Result<(Surveying, Outgoing)> {
        let mut survey = self.survey;
        if self.left_out && !keys_identify {
            // Rows that were left out for their keys belong to the result after all.
            survey = Survey::new(&self.options, drop)?;
            let mut result = InResult::new(limit);
            for page in 0..self.pages.pages.len() {
                let mut batch = 0;
                while let Some(part) = self.pages.read(page, batch)? {
                    look_at(&mut survey, &result.part(part, None));
                    batch += 1;
                }
            }
        }
        let surveying = survey.settle(&[])?;
        let outgoing = Outgoing {
            pages: self.pages,
            keys_identify,
            result: InResult::new(limit),
            batcher: Some(Batcher::new(Arc::clone(&surveying.schema))),
            page: 0,
            batch: 0,
            rows_before: 0,
        };
        Ok((surveying, outgoing))
    }
}

fn look_at(survey: &mut Survey, page: &Page) {
    if page.num_rows() > 0 {
        survey.add(page);
    }
}

impl Pages {
    fn write(&mut self, page: Page, keep: Option<BooleanBuffer>) -> Result<()> {
        let bytes = page.num_bytes();
        let (mut names, packed) = page.pack()?;
        // Pages have the same columns in the same order, but for a few.
        if let Some(last) = self.pages.last()
            && last.names == names
        {
            names = Arc::clone(&last.names);
        }
        let mut batches = Vec::with_capacity(packed.len());
        for batch in packed {
            batches.push((self.spool.write(&batch.columns)?, batch.shape));
        }
        self.pages.push(Spooled { names, batches, bytes, keep });
        Ok(())
    }

    /// A batch of a page, as a page of its own; none behind the last.
    fn read(&mut self, page: usize, batch: usize) -> Result<Option<Page>> {
        let Some(Spooled { names, batches, bytes, .. }) = self.pages.get(page) else { return Ok(None) };
        let Some((segment, shape)) = batches.get(batch) else { return Ok(None) };
        let columns = self.spool.read(segment)?;
        Page::unpack(names, &columns, shape, if batch == 0 { *bytes } else { 0 }).map(Some)
    }
}

impl Outgoing {
    /// The next batches; none after the end.
    ///
    /// # Errors
    /// `Io` of the temporary file.
    pub(super) fn next(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        loop {
            let Some(batcher) = &mut self.batcher else { return Ok(None) };
            if self.page == self.pages.pages.len() || self.result.is_complete() {
                let last = self.batcher.take().map_or_else(|| Ok(Vec::new()), Batcher::finish)?;
                return Ok(Some(last));
            }
            let Some(page) = self.pages.read(self.page, self.batch)? else {
                (self.page, self.batch, self.rows_before) = (self.page + 1, 0, 0);
                continue;
            };
            let rows = page.num_rows();
            let mask = self.pages.pages.get(self.page).and_then(|page| page.keep.as_ref());
            let mask = mask.filter(|_| self.keys_identify);
            let keep = mask.map(|mask| mask.slice(self.rows_before, rows).iter().collect());
            self.batch += 1;
            self.rows_before += rows;
            let page = self.result.part(page, keep);
            if page.num_rows() > 0 {
                let full = batcher.push(page)?;
                if !full.is_empty() {
                    return Ok(Some(full));
                }
            }
        }
    }
}
