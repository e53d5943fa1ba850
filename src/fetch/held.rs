//! The rows that a stream leaves out for their keys, until it is known whether keys tell rows apart.

use std::collections::VecDeque;

use super::page_loop::Settled;
use crate::decode::Page;
use crate::error::{Error, Result};

/// Rows that are held. Few rows move while they are read, so only keys that repeat in the data itself come to more, and
/// those show soon.
const MOST: usize = 65_536;

/// Pages with the rows that belong to the result, in the order in which that becomes known.
#[derive(Debug, Default)]
pub(super) struct Held {
    pages: VecDeque<Settled<Page>>,
    rows: usize,
    /// Rows of the result that are still to come, where it has a limit.
    left: Option<u64>,
    ready: VecDeque<Settled<Page>>,
}

impl Held {
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self { left: limit, ..Self::default() }
    }

    /// Takes a page in its turn.
    ///
    /// # Errors
    /// `Paging` if rows that were left out long ago turn out to belong to the result.
    pub(super) fn take(&mut self, settled: Settled<Page>, keys_identify: bool) -> Result<()> {
        let Settled { number, page, keep, permit } = settled;
        if !keys_identify {
            if self.rows > MOST {
                return Err(Error::paging(format!(
                    "page {number} shows that several rows have the same key, after {} rows were left out since \
                     their keys were there before: read the table at once instead of a stream, or pass a larger page_size",
                    self.rows
                )));
            }
            self.rows = 0;
            for page in std::mem::take(&mut self.pages) {
                self.release(page);
            }
        }
        let Some(keep) = keep else {
            self.release(Settled { number, page, keep: None, permit });
            return Ok(());
        };
        if keys_identify {
            let left_out: Vec<bool> = keep.iter().map(|keep| !keep).collect();
            self.rows += left_out.iter().filter(|left_out| **left_out).count();
            if self.rows > MOST {
                self.pages.clear();
            } else {
                let page = page.clone().filter(&left_out);
                self.pages.push_back(Settled { number, page, keep: None, permit: None });
            }
        }
        self.release(Settled { number, page: page.filter(&keep), keep: None, permit });
        Ok(())
    }

    /// The next page that is wholly part of the result.
    pub(super) fn next(&mut self) -> Option<Settled<Page>> {
        self.ready.pop_front()
    }

    fn release(&mut self, mut settled: Settled<Page>) {
        let rows = settled.page.num_rows() as u64;
        let kept = self.left.map_or(rows, |left| rows.min(left));
        self.left = self.left.map(|left| left - kept);
        if kept < rows {
            settled.page = settled.page.filter(&(0..rows).map(|row| row < kept).collect::<Vec<_>>());
        }
        if kept > 0 {
            self.ready.push_back(settled);
        }
    }
}
