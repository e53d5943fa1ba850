//! Which rows of the pages belong to the result.

use crate::decode::Page;

/// Takes the pages in order.
#[derive(Debug, Clone)]
pub(super) struct InResult {
    /// Rows that are still to come, at most.
    left: u64,
}

impl InResult {
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self { left: limit.unwrap_or(u64::MAX) }
    }

    /// Whether no more rows belong to it.
    pub(super) fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// Whether all rows of the page that comes next belong to it, as far as the limit goes.
    pub(super) fn has_room_for(&self, page: &Page) -> bool {
        page.num_rows() as u64 <= self.left
    }

    /// What of the page belongs to it: of the rows to keep, if not all are, those within the limit.
    pub(super) fn part(&mut self, page: Page, keep: Option<Vec<bool>>) -> Page {
        let page = match keep {
            Some(keep) => page.filter(&keep),
            None => page,
        };
        let rows = page.num_rows() as u64;
        let kept = rows.min(self.left);
        self.left -= kept;
        if kept < rows { page.filter(&(0..rows).map(|row| row < kept).collect::<Vec<_>>()) } else { page }
    }
}
