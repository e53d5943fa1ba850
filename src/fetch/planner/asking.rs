//! Which page is asked for next, and which answer is looked at next.

use super::{LeavesOut, Phase, Planner};
use crate::fetch::answer::Role;
use crate::fetch::ask::Ask;
use crate::fetch::outstanding::{Page, State};

impl Planner {
    /// Whether a page is to be asked for now.
    pub fn wants(&self) -> bool {
        let in_flight = self.outstanding.in_flight();
        match self.phase {
            Phase::First => self.outstanding.is_empty(),
            Phase::Proof
            | Phase::Recheck
            | Phase::Widen
            | Phase::Confirm
            | Phase::Straddle { .. }
            | Phase::Whole { .. } => {
                self.special.is_some_and(|(_, asked)| !asked) && in_flight < self.bounds.in_flight
            }
            Phase::Open if self.empties > 0 || self.leaves_out == LeavesOut::PerhapsRows => {
                self.outstanding.is_empty()
            }
            Phase::Open => {
                // Where rows have moved, pages that wait may be for nothing.
                let ahead =
                    if self.in_flight < self.bounds.in_flight { self.in_flight } else { self.bounds.ahead };
                in_flight < self.in_flight
                    && self.outstanding.len() < ahead
                    && self.outstanding.iter().all(|page| self.goes_on(page))
                    && self.tally.has_room(self.outstanding.expected())
            }
            Phase::Closing | Phase::Done => false,
        }
    }

    /// The next page to ask for now, if any, with a number of its own by which it is known.
    pub fn next_ask(&mut self) -> Option<(u64, Ask)> {
        if !self.wants() {
            return None;
        }
        if let Some((ask, asked @ false)) = &mut self.special {
            *asked = true;
            return Some((self.outstanding.ask_first(*ask), *ask));
        }
        let ask = Ask { page: self.next_page, n_per_page: self.n_per_page };
        self.next_page += 1;
        Some((self.outstanding.ask(ask), ask))
    }

    /// A page was answered, in whatever order.
    pub fn answered(&mut self, ticket: u64, rows: u64) {
        self.outstanding.answered(ticket, rows);
    }

    /// A page has failed for good. Nothing more is asked for; whether it matters is for [`Self::settle_failure`].
    pub fn failed(&mut self, ticket: u64) {
        self.outstanding.failed(ticket);
    }

    /// The page whose answer is looked at next: rows keep the order of pages.
    pub fn due(&self) -> Option<(u64, Ask)> {
        if self.special.is_some_and(|(_, asked)| !asked) {
            return None;
        }
        let page = self.outstanding.front()?;
        (!matches!(page.state, State::InFlight)).then_some((page.ticket, page.ask))
    }

    /// Whether the page that is due is the only one of the read, so that no key can be repeated.
    pub fn is_alone(&self, rows: u64) -> bool {
        matches!(self.phase, Phase::First)
            && (self.bounds.limit.is_some_and(|limit| rows >= limit)
                || rows == 0
                || (rows < self.n_per_page && self.bounds.trust_short))
    }

    /// Whether no page was settled yet, so that the one that is due repeats none.
    pub fn is_first(&self) -> bool {
        matches!(self.phase, Phase::First)
    }

    /// What the page that is due was asked for.
    pub fn role(&self) -> Role {
        match self.phase {
            Phase::Proof => {
                Role::Proof { slack: self.outstanding.front().map_or(0, |page| self.may_repeat(page.ask)) }
            }
            Phase::Recheck | Phase::Confirm => Role::Recheck,
            Phase::Widen | Phase::Straddle { .. } | Phase::Whole { .. } => Role::Comparison,
            Phase::Open if self.doubts_first() => Role::Comparison,
            _ => Role::InTurn {
                outdated: self.outstanding.front().is_some_and(|page| self.is_outdated(page, 0)),
            },
        }
    }

    /// Whether pages after this one may have rows, as far as is known.
    pub(super) fn goes_on(&self, page: &Page) -> bool {
        match page.state {
            State::InFlight => true,
            State::Answered { rows, .. } => rows >= page.ask.n_per_page || (self.has_holes() && rows > 0),
            State::Failed => false,
        }
    }
}
