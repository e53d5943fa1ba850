//! The pages that were asked for and are not settled.

use std::collections::VecDeque;

use super::ask::Ask;

#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    InFlight,
    Answered { at: u64, rows: u64 },
    Failed,
}

/// A page that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) ticket: u64,
    pub(super) ask: Ask,
    pub(super) asked_at: u64,
    pub(super) state: State,
}

/// The pages in the order in which they are looked at. It also numbers asks and answers, to know which came first.
#[derive(Debug, Default)]
pub(super) struct Outstanding {
    pages: VecDeque<Page>,
    tickets: u64,
    clock: u64,
}

impl Outstanding {
    /// A page is asked for; it is looked at after all others.
    pub(super) fn ask(&mut self, ask: Ask) -> u64 {
        let page = self.page(ask);
        self.pages.push_back(page);
        page.ticket
    }

    /// A page is asked for; it is looked at before all others.
    pub(super) fn ask_first(&mut self, ask: Ask) -> u64 {
        let page = self.page(ask);
        self.pages.push_front(page);
        page.ticket
    }

    pub(super) fn answered(&mut self, ticket: u64, rows: u64) {
        let at = self.tick();
        self.set(ticket, State::Answered { at, rows });
    }

    pub(super) fn failed(&mut self, ticket: u64) {
        self.set(ticket, State::Failed);
    }

    pub(super) fn front(&self) -> Option<&Page> {
        self.pages.front()
    }

    pub(super) fn pop(&mut self) -> Option<Page> {
        self.pages.pop_front()
    }

    pub(super) fn forget(&mut self) {
        self.pages.clear();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Page> {
        self.pages.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.pages.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.pages.iter().filter(|page| matches!(page.state, State::InFlight)).count()
    }

    /// Rows that these pages bring if none is repeated.
    pub(super) fn expected(&self) -> u64 {
        let rows = self.pages.iter().map(|page| match page.state {
            State::InFlight => page.ask.n_per_page,
            State::Answered { rows, .. } => rows,
            State::Failed => 0,
        });
        rows.sum()
    }

    fn page(&mut self, ask: Ask) -> Page {
        self.tickets += 1;
        Page { ticket: self.tickets, ask, asked_at: self.tick(), state: State::InFlight }
    }

    fn set(&mut self, ticket: u64, state: State) {
        if let Some(page) = self.pages.iter_mut().find(|page| page.ticket == ticket) {
            page.state = state;
        }
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}
