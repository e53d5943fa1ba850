//! What follows a short page, and whether the page is as it was.

use super::{EMPTIES, LeavesOut, Phase, Planner, RECHECKS, alike};
use crate::error::{Error, Result};
use crate::fetch::answer::{Counted, Verdict};
use crate::fetch::ask::Ask;
use crate::fetch::end::End;

impl Planner {
    /// What follows a short page.
    pub(super) fn settle_proof(&mut self, ask: Ask, at: u64, counted: Counted) -> Result<Verdict> {
        let Counted { rows, repeated, same_as_last, shares_rows, .. } = counted;
        let full = rows >= ask.n_per_page;
        let allowed = self.may_repeat(ask);
        if rows == 0 {
            self.nothing_behind(End::Empty);
            return Ok(Verdict::Discard);
        }
        if same_as_last && counted.alike > 0 {
            return Err(alike(ask));
        }
        if same_as_last || (rows == repeated && repeated <= allowed && !full) {
            self.nothing_new_behind();
            return Ok(Verdict::Discard);
        }
        if repeated > allowed {
            self.proof_repeated = repeated;
            self.phase = Phase::Recheck;
            self.special = self.short.map(|short| (short, false));
            return Ok(Verdict::Discard);
        }
        if shares_rows {
            return Err(Error::paging(format!(
                "page {} of {} rows repeats rows of the page before, and rows have no key that tells them apart: \
                 whether the service leaves out rows or rows moved cannot be told. Read ranges that fit one page",
                ask.page, ask.n_per_page
            )));
        }
        // The service caps its pages, so that everything asked for behind the short one began too late.
        let deliverable = self.short.map_or(1, |short| self.frontier.rows.saturating_sub(short.start()));
        self.count_moved(at, 0);
        self.n_per_page = ask.n_per_page;
        self.next_page = ask.page + 1;
        self.frontier.may_reach(self.frontier.rows);
        (self.frontier.rows, self.frontier.slack) = (0, repeated);
        let keep = self.take_in(ask, rows, rows - repeated);
        if full && !self.keyless {
            self.enlarge(deliverable);
        }
        Ok(Verdict::KeepAndForget(keep))
    }

    /// The short page once more, since what was to follow it was there before.
    pub(super) fn settle_recheck(&mut self, ask: Ask, at: u64, counted: Counted) -> Result<Verdict> {
        let Counted { rows, repeated, same_as_last, other_rows, of_proof, .. } = counted;
        if other_rows > 0 || (same_as_last && of_proof <= self.frontier.slack) {
            // Rows that had been read moved behind the page when it was asked for the last time.
            self.frontier.may_reach(self.frontier.rows + self.proof_repeated);
            self.moved_behind = true;
            self.prove(ask);
            return Ok(Verdict::Discard);
        }
        if same_as_last {
            // Nothing has moved, so what follows is on the page itself: the service leaves out rows.
            self.leaves_out = LeavesOut::Rows;
            self.phase = Phase::Open;
            if ask.page == 1 {
                self.read_with_holes();
            }
            return Ok(Verdict::Discard);
        }
        self.rechecks += 1;
        if self.rechecks > RECHECKS {
            return Err(Error::paging(format!(
                "page {} had other rows each of the {RECHECKS} times that it was asked for: rows move faster than they \
                 can be read. Read ranges that fit one page",
                ask.page
            )));
        }
        self.count_moved(at, self.proof_repeated);
        self.moved_at = at;
        self.next_page = ask.page + 1;
        // What was known has moved by as many rows as the proof had of it.
        self.frontier.may_reach(self.frontier.rows + self.proof_repeated);
        self.frontier.rows = 0;
        self.moved_behind = false;
        // Where the first page begins is known, and so where it ends.
        self.frontier.slack = if ask.page == 1 { 0 } else { self.frontier.slack + self.proof_repeated };
        Ok(Verdict::KeepAndForget(self.take_in(ask, rows, rows.saturating_sub(repeated))))
    }

    /// Has what follows a short page asked for.
    pub(super) fn prove(&mut self, short: Ask) {
        // The page itself shows nothing new, so the proof begins behind its first row.
        self.frontier.slack = self.frontier.slack.min(self.frontier.rows.saturating_sub(short.start() + 1));
        self.short = Some(short);
        self.phase = Phase::Proof;
        self.special = Some((self.frontier.proof(short), false));
    }

    /// No row follows the short page.
    pub(super) fn nothing_behind(&mut self, end: End) {
        self.phase = Phase::Open;
        // A result that fits a page needs no more than the one answer, which is as plain as can be. Not where rows were seen
        // behind the page before: they may be left out by now.
        let plain = self.is_first_short() && self.outstanding.is_empty() && self.rechecks == 0;
        self.empties = if plain { EMPTIES } else { 1 };
        self.end = Some(end);
    }

    /// Only rows that were there follow the short page, as where a service answers with the last page once more, or
    /// where rows moved. One that leaves out rows may look the same.
    pub(super) fn nothing_new_behind(&mut self) {
        self.phase = Phase::Open;
        self.leaves_out = LeavesOut::PerhapsRows;
        self.end = Some(End::Repeated);
    }

    /// Rows of a proof that may be known although no row is left out. Where the first page ends is known, so that none of its
    /// rows may be.
    pub(super) fn may_repeat(&self, proof: Ask) -> u64 {
        if self.is_first_short() && !self.moved_behind { 0 } else { self.frontier.may_repeat(proof) }
    }

    pub(super) fn is_first_short(&self) -> bool {
        self.short.is_none_or(|short| short.page == 1)
    }

    /// Pages of about as many rows as the service was seen to deliver, although they cannot begin behind the rows
    /// so far: where those are a multiple of small numbers only, the proof was small, too.
    pub(super) fn enlarge(&mut self, deliverable: u64) {
        if self.n_per_page.saturating_mul(4) >= deliverable {
            return;
        }
        if let Some(Ask { page, n_per_page }) = self.frontier.close_by(deliverable) {
            (self.n_per_page, self.next_page) = (n_per_page, page);
            self.frontier.may_reach(self.frontier.rows);
        }
    }
}
