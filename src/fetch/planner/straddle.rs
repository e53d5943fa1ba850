//! The last rows once more with room for others, where an answer says that nothing follows and may mean something else.

use super::{MOST_EMPTIES, Phase, Planner, RARELY_ALL_LEFT_OUT};
use crate::error::{Error, Result};
use crate::fetch::answer::{Counted, Verdict};
use crate::fetch::ask::Ask;
use crate::fetch::end::End;

impl Planner {
    /// The last rows: if only they come where more would have room, nothing follows them.
    pub(super) fn settle_straddle(
        &mut self,
        ask: Ask,
        at: u64,
        counted: Counted,
        failure: Error,
        end: End,
    ) -> Result<Verdict> {
        let Counted { rows, repeated, without_key, .. } = counted;
        if rows != self.frontier.rows.saturating_sub(ask.start()) || repeated + without_key != rows {
            if end != End::Repeated || self.standstill.is_stuck() {
                return Err(failure);
            }
            // Just as many rows as the page has came before it.
            self.count_moved(at, self.n_per_page);
            self.frontier.slack += self.n_per_page;
            self.phase = Phase::Open;
            return Ok(Verdict::Discard);
        }
        self.phase = Phase::Open;
        self.empties = 1;
        self.nothing_there(end);
        Ok(Verdict::Discard)
    }

    /// Has everything asked for in one page, with room for more: where rows are left out, which of them comes last does not
    /// tell where it stands.
    ///
    /// # Errors
    /// The failure where a page cannot hold that.
    pub(super) fn compare_whole(&mut self, refused: Ask, failure: Error, end: End) -> Result<()> {
        let (start, most) = (refused.start(), self.bounds.n_per_page());
        if start.saturating_add(RARELY_ALL_LEFT_OUT) > most {
            return Err(failure);
        }
        self.phase = Phase::Whole { failure, end };
        let n_per_page = (start * 2).max(start + RARELY_ALL_LEFT_OUT).min(most);
        self.special = Some((Ask { page: 1, n_per_page }, false));
        Ok(())
    }

    /// Everything in one page: if that is what is known, nothing follows it.
    pub(super) fn settle_whole(&mut self, counted: Counted, failure: Error, end: End) -> Result<Verdict> {
        let Counted { rows, repeated, without_key, .. } = counted;
        if without_key > 0 || repeated != rows || rows < self.tally.kept() {
            return Err(failure);
        }
        self.phase = Phase::Open;
        self.empties = MOST_EMPTIES;
        self.end = Some(end);
        Ok(Verdict::Discard)
    }

    /// Has the last row and what would follow it asked for.
    pub(super) fn straddle(&mut self, failure: Error, end: End) {
        self.phase = Phase::Straddle { failure, end };
        self.special = Some((self.frontier.straddling(), false));
    }
}
