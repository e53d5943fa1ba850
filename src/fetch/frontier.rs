//! How many rows from the first on are known, and which pages begin where those end.

use super::ask::Ask;

/// How far a read has come, in rows of the service's.
#[derive(Debug, Default)]
pub(super) struct Frontier {
    /// Rows from the first on that are known, if none was left out.
    pub(super) rows: u64,
    /// By how many rows that may be too many: a service that begins a page after what was served before it begins it
    /// earlier when other rows are there.
    pub(super) slack: u64,
    /// Rows from the first on that pages may repeat although none has moved, since they had to begin earlier.
    pub(super) reach: u64,
}

impl Frontier {
    /// A page had so many rows.
    pub(super) fn saw(&mut self, ask: Ask, rows: u64) {
        self.rows = self.rows.max(ask.start() + rows);
    }

    /// Rows of a page that may be known although none has moved.
    pub(super) fn overlap(&self, ask: Ask) -> u64 {
        self.reach.saturating_sub(ask.start())
    }

    /// Rows of a proof that may be known although nothing moved since the short page.
    pub(super) fn may_repeat(&self, ask: Ask) -> u64 {
        self.slack.max(self.overlap(ask))
    }

    /// Pages may repeat so many rows from the first on.
    pub(super) fn may_reach(&mut self, rows: u64) {
        self.reach = self.reach.max(rows);
    }

    /// Rows from the first on that are known whichever way the service counts.
    fn surely(&self) -> u64 {
        self.rows.saturating_sub(self.slack)
    }

    /// What follows the rows so far, in a page of the largest size of which they are a multiple.
    pub(super) fn proof(&self, short: Ask) -> Ask {
        let surely = self.surely();
        let most = surely.clamp(1, short.n_per_page);
        let size = (1..=most).rev().find(|size| surely.is_multiple_of(*size)).unwrap_or(1);
        Ask { page: surely / size + 1, n_per_page: size }
    }

    /// The smallest page that has the last row and room for more.
    pub(super) fn straddling(&self) -> Ask {
        let size = (2..=64).find(|size| !self.rows.is_multiple_of(*size)).unwrap_or(2);
        Ask { page: self.rows / size + 1, n_per_page: size }
    }

    /// The first of the pages of about so many rows that begin as few rows as can be before the end of those so far.
    pub(super) fn close_by(&self, deliverable: u64) -> Option<Ask> {
        let surely = self.surely();
        let sizes = (deliverable.div_ceil(2)..=deliverable).rev();
        let size = sizes.min_by_key(|size| surely % size)?;
        Some(Ask { page: surely / size + 1, n_per_page: size })
    }
}
