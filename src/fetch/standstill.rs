//! Pages that bring nothing new: how many of them are too many.

use super::answer::Counted;
use super::ask::Ask;
use crate::error::Error;

/// So many pages in a row without a key that is new and without a row that is new end a read. Fewer may be rows that
/// are alike.
const STALE_PAGES: u32 = 3;

/// So many pages in a row may be full and have nothing new where they are smaller than those at first.
const FRUITLESS: u32 = 100;

/// So many pages in a row may have just the keys of the page before, and other rows.
const ECHOES: u64 = 100;

#[derive(Debug)]
pub(super) struct Standstill {
    /// Rows of a page at first.
    n_per_page: u64,
    /// How many pages in a row were seen before.
    stale: u32,
    /// How many pages in a row were full and had nothing new, and how many rows.
    fruitless: (u32, u64),
}

impl Standstill {
    pub(super) fn new(n_per_page: u64) -> Self {
        Self { n_per_page, stale: 0, fruitless: (0, 0) }
    }

    /// A page in its turn had rows, of which so many had moved. Says why there is no going on, if so.
    ///
    /// A page that is not full is the last one, unless the service leaves out rows.
    pub(super) fn moved(&mut self, ask: Ask, counted: Counted, moved: u64, holes: bool) -> Option<Error> {
        let Counted { rows, repeated, same_as_last, .. } = counted;
        let full = rows >= ask.n_per_page;
        let is_fruitless = (full || holes) && rows == repeated && moved > 0;
        self.fruitless = if is_fruitless { (self.fruitless.0 + 1, self.fruitless.1 + rows) } else { (0, 0) };
        // Small pages may be behind fewer new rows than a page had at first.
        (self.is_stuck() || (is_fruitless && same_as_last)).then(|| {
            let has = if full { format!("is full ({rows} rows)") } else { format!("has rows ({rows})") };
            Error::paging(format!(
                "page {} {has} and every one of them was on an earlier page: the service seems to ignore the \
                 parameter page, or more rows than a page holds were added while reading",
                ask.page
            ))
        })
    }

    /// The same of rows without a key: whether they are the same shows only in pages as a whole.
    pub(super) fn seen(&mut self, ask: Ask, counted: Counted) -> Option<Error> {
        let Counted { rows, seen_before, echoes, .. } = counted;
        if echoes >= ECHOES {
            return Some(Error::paging(format!(
                "page {} has the keys of the page before it, as have the {ECHOES} before that, but no row is the same: either \
                 the service answers with its last page again and again and writes something new into each row, or \
                 each key has many rows. Pass limit= to read as many rows as there are, or another page_size",
                ask.page
            )));
        }
        self.stale = if rows >= ask.n_per_page && seen_before { self.stale + 1 } else { 0 };
        (self.stale >= STALE_PAGES).then(|| {
            Error::paging(format!(
                "page {} is full ({rows} rows), has no key that is new, and is the same as an earlier page, as are \
                 the ones before it: the service seems to ignore the parameter page. Pass limit={rows} to read one \
                 page, or a larger page_size if so many rows without a key really are alike",
                ask.page
            ))
        })
    }

    /// Whether pages have had nothing new for too long.
    pub(super) fn is_stuck(&self) -> bool {
        self.fruitless.0 >= FRUITLESS || self.fruitless.1 >= self.n_per_page
    }
}
