//! A page in its turn: its rows, and whether it is to be asked for again.

use super::{LeavesOut, Phase, Planner, alike, overlap};
use crate::error::Result;
use crate::fetch::answer::{Counted, Verdict};
use crate::fetch::ask::Ask;
use crate::fetch::end::End;
use crate::fetch::outstanding::Page;

impl Planner {
    pub(super) fn settle_in_turn(&mut self, page: &Page, at: u64, counted: Counted) -> Result<Verdict> {
        let Counted { rows, repeated, same_as_last, .. } = counted;
        let ask = page.ask;
        let new = rows.saturating_sub(repeated);
        let full = rows >= ask.n_per_page;
        let closing = matches!(self.phase, Phase::Closing);

        // Rows had moved when an earlier page was answered, and this one may have been served before that: rows
        // that moved from here to there and rows that moved beyond the earlier page would be in neither. A
        // shared row proves that the two pages meet; otherwise only asking after the earlier answer does.
        if self.is_outdated(page, repeated) {
            self.rewind_to(ask);
            return Ok(Verdict::Rewind);
        }
        if closing {
            self.grew |= new > 0;
            self.count_moved(at, repeated);
            return Ok(Verdict::Keep(self.tally.keep(new)));
        }
        if rows == 0 {
            if self.bounds.trust_short || matches!(self.phase, Phase::First) {
                self.close(End::Empty);
            } else {
                self.nothing_there(End::Empty);
            }
            return Ok(Verdict::Discard);
        }
        if same_as_last
            && (!full || (new == 0 && (self.empties > 0 || self.leaves_out == LeavesOut::PerhapsRows)))
        {
            if counted.alike > 0 {
                return Err(alike(ask));
            }
            self.nothing_there(End::Repeated);
            return Ok(Verdict::Discard);
        }
        if let Some(failure) = self.absent.take() {
            // Pages behind it have rows.
            return Err(failure);
        }
        if self.doubts_first() {
            self.read_with_holes();
            return Ok(Verdict::Rewind);
        }
        let overlapping = self.frontier.overlap(ask);
        if overlapping > 0 && counted.without_key > 0 {
            return Err(overlap());
        }
        self.overlapping += repeated.min(overlapping);
        let moved = repeated.saturating_sub(overlapping);
        if let Some(failure) = self.standstill.moved(ask, counted, moved, self.has_holes()) {
            if same_as_last {
                self.straddle(failure, End::Repeated);
                return Ok(Verdict::Discard);
            }
            return Err(failure);
        }
        if let Some(failure) = self.standstill.seen(ask, counted) {
            return Err(failure);
        }
        self.count_moved(at, moved);
        self.frontier.slack += moved;
        if self.empties > 0 || self.leaves_out == LeavesOut::PerhapsRows {
            self.leaves_out = LeavesOut::Rows;
        }
        Ok(Verdict::Keep(self.take_in(ask, rows, new)))
    }

    /// Takes in a page with rows; says how many of the new ones belong to the result.
    pub(super) fn take_in(&mut self, ask: Ask, rows: u64, new: u64) -> u64 {
        self.frontier.saw(ask, rows);
        self.empties = 0;
        self.phase = Phase::Open;
        if rows < ask.n_per_page {
            if self.bounds.trust_short {
                self.close(End::Short);
            } else if !self.has_holes() {
                self.prove(ask);
            }
        }
        self.tally.keep(new)
    }

    /// A page in its turn has no rows.
    pub(super) fn nothing_there(&mut self, end: End) {
        self.empties += 1;
        self.end = Some(end);
    }

    /// Whether the page must be asked for again, since rows moved after it was asked for.
    pub(super) fn is_outdated(&self, page: &Page, repeated: u64) -> bool {
        matches!(self.phase, Phase::Open) && repeated == 0 && page.asked_at < self.moved_at
    }

    pub(super) fn rewind_to(&mut self, ask: Ask) {
        self.outstanding.forget();
        self.next_page = ask.page;
        self.in_flight = 1;
    }

    pub(super) fn count_moved(&mut self, at: u64, moved: u64) {
        if moved > 0 {
            self.moved_at = self.moved_at.max(at);
            self.tally.repeat(moved);
        } else {
            self.in_flight = (self.in_flight + 1).min(self.bounds.in_flight);
        }
    }
}
