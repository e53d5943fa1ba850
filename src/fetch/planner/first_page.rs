//! The first page in other sizes, where the service leaves out rows of it and may cap it as well.

use super::{LeavesOut, Phase, Planner};
use crate::fetch::answer::{Counted, Verdict};
use crate::fetch::ask::Ask;

impl Planner {
    /// The first page in another size: where it has fewer rows than it had, it is the size that bounds it.
    pub(super) fn settle_widened(&mut self, ask: Ask, counted: Counted) -> Verdict {
        self.phase = Phase::Open;
        if counted.repeated == counted.rows && counted.rows < self.frontier.rows {
            self.go_on_with(ask.n_per_page);
            self.widen();
        }
        // A page that lost a row that moved has fewer rows as well.
        if matches!(self.phase, Phase::Open) && self.n_per_page > self.frontier.rows {
            self.confirm();
        }
        Verdict::Discard
    }

    /// The first page as it was: with other rows, what was seen of other sizes may have come of rows that moved.
    pub(super) fn settle_confirmed(&mut self, ask: Ask, at: u64, counted: Counted) -> Verdict {
        self.phase = Phase::Open;
        let Counted { rows, repeated, same_as_last, .. } = counted;
        if same_as_last || rows == 0 {
            return Verdict::Discard;
        }
        self.moved_at = at;
        self.frontier.may_reach(self.frontier.rows);
        self.frontier.rows = 0;
        let keep = self.take_in(ask, rows, rows.saturating_sub(repeated));
        // Every page can hold as many rows as this one shows.
        self.go_on_with(rows);
        Verdict::KeepAndForget(keep)
    }

    /// Whether nothing is known yet of how the service pages.
    pub(super) fn doubts_first(&self) -> bool {
        self.leaves_out == LeavesOut::PerhapsRows && self.is_first_short()
    }

    /// Goes on behind the first page, of which rows are left out and which may be capped as well.
    pub(super) fn read_with_holes(&mut self) {
        self.leaves_out = LeavesOut::Rows;
        self.frontier.reach = self.bounds.n_per_page();
        self.go_on_with(self.frontier.rows);
        self.widen();
    }

    /// Goes on behind the first page, in pages of another size.
    pub(super) fn go_on_with(&mut self, n_per_page: u64) {
        self.n_per_page = n_per_page;
        self.next_page = self.frontier.rows / n_per_page + 1;
    }

    /// Has the first page asked for in twice the size, unless that is known.
    pub(super) fn widen(&mut self) {
        let twice = self.n_per_page * 2;
        if twice < self.frontier.reach {
            self.phase = Phase::Widen;
            self.special = Some((Ask { page: 1, n_per_page: twice }, false));
        }
    }

    /// Has the first page asked for as it was.
    pub(super) fn confirm(&mut self) {
        self.phase = Phase::Confirm;
        self.special = Some((Ask { page: 1, n_per_page: self.bounds.n_per_page() }, false));
    }
}
