//! Which page to ask for next, what of an answer is kept, and when a read is at its end. Asks and answers only
//! pass through as numbers, so that every order of events can be tried.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// A page to ask the service for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Counted from 1.
    pub page: u64,
    pub n_per_page: u64,
}

/// How much a read may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Rows of the result.
    pub limit: Option<u64>,
    /// Rows a page.
    pub page_size: u64,
    /// Pages that are asked for and not answered yet.
    pub in_flight: usize,
    /// Those, and the answered ones that wait for an earlier page.
    pub ahead: usize,
}

impl Bounds {
    /// Rows a page that are asked for, unless the service turns out to cap pages.
    pub fn n_per_page(&self) -> u64 {
        self.limit.map_or(self.page_size, |limit| limit.min(self.page_size))
    }
}

/// What an answered page held.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counted {
    pub rows: u64,
    /// Rows whose key an earlier page had.
    pub repeated: u64,
    /// Whether it has no key that is new, and as a whole is an earlier page.
    pub seen_before: bool,
}

/// What becomes of an answered page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first so many of its new rows belong to the result.
    Keep(u64),
    /// Forget it and every later page: they are asked for again.
    Rewind,
}

/// So many pages in a row without a key that is new and without a row that is new end a read. Fewer may be rows that
/// are alike.
const STALE_PAGES: u32 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first page goes alone.
    First,
    /// The first page may have been capped; the second, asked for with what the first had, tells.
    Probe,
    /// Pages have been full so far.
    Open,
    /// A short page was the end; only what has been asked for is still taken.
    Ended {
        short: Option<Ask>,
        rows: u64,
    },
    /// The short page that seemed the end looks capped, so it is asked for once more.
    Check {
        short: Ask,
        rows: u64,
    },
    Done,
}

#[derive(Debug, Clone, Copy)]
enum State {
    InFlight,
    Answered { at: u64, rows: u64 },
    Failed,
}

#[derive(Debug, Clone, Copy)]
struct Outstanding {
    ask: Ask,
    asked_at: u64,
    state: State,
}

/// The state of one read.
///
/// While rows are inserted in a stable order, no key comes twice and no row that was there throughout is missed
/// if requests are served in the order in which they were sent, or one at a time, or if the new rows come first
/// or last and are fewer than a page has. Rows inserted in between while two requests are served in the wrong
/// order can hide one another without a trace; so can deletes.
#[derive(Debug)]
pub struct Planner {
    bounds: Bounds,
    n_per_page: u64,
    phase: Phase,
    next_page: u64,
    /// Asked for and not settled, by page.
    outstanding: BTreeMap<u64, Outstanding>,
    /// Pages in flight that are allowed for now.
    in_flight: usize,
    /// Numbers asks and answers, to know which came first.
    clock: u64,
    /// When the last page arrived that had a repeated key.
    moved_at: u64,
    kept: u64,
    repeated: u64,
    /// How many pages in a row were seen before.
    stale: u32,
    /// A page after the short one had the same number of rows, all new.
    looks_capped: bool,
    grew: bool,
}

impl Planner {
    pub fn new(bounds: Bounds) -> Self {
        let n_per_page = bounds.n_per_page();
        Self {
            bounds,
            n_per_page,
            phase: if n_per_page == 0 { Phase::Done } else { Phase::First },
            next_page: 1,
            outstanding: BTreeMap::new(),
            in_flight: bounds.in_flight,
            clock: 0,
            moved_at: 0,
            kept: 0,
            repeated: 0,
            stale: 0,
            looks_capped: false,
            grew: false,
        }
    }

    /// Whether a page is to be asked for now.
    pub fn wants(&self) -> bool {
        match self.phase {
            Phase::First | Phase::Probe | Phase::Check { .. } => self.outstanding.is_empty(),
            Phase::Open => {
                let in_flight =
                    self.outstanding.values().filter(|page| matches!(page.state, State::InFlight)).count();
                // Where rows have moved, pages that wait may be for nothing.
                let ahead =
                    if self.in_flight < self.bounds.in_flight { self.in_flight } else { self.bounds.ahead };
                in_flight < self.in_flight
                    && self.outstanding.len() < ahead
                    && self.outstanding.values().all(goes_on)
                    && self.bounds.limit.is_none_or(|limit| self.kept + self.expected() < limit)
            }
            Phase::Ended { .. } | Phase::Done => false,
        }
    }

    /// The next page to ask for now, if any.
    pub fn next_ask(&mut self) -> Option<Ask> {
        if !self.wants() {
            return None;
        }
        let ask = if let Phase::Check { short, .. } = self.phase {
            short
        } else {
            self.next_page += 1;
            Ask { page: self.next_page - 1, n_per_page: self.n_per_page }
        };
        let asked_at = self.tick();
        self.outstanding.insert(ask.page, Outstanding { ask, asked_at, state: State::InFlight });
        Some(ask)
    }

    /// A page was answered, in whatever order.
    pub fn answered(&mut self, page: u64, rows: u64) {
        let at = self.tick();
        if let Some(outstanding) = self.outstanding.get_mut(&page) {
            outstanding.state = State::Answered { at, rows };
        }
    }

    /// A page has failed for good. Nothing more is asked for; whether it matters is for [`Self::forgive`].
    pub fn failed(&mut self, page: u64) {
        if let Some(outstanding) = self.outstanding.get_mut(&page) {
            outstanding.state = State::Failed;
        }
    }

    /// The page whose answer is looked at next: rows keep the order of pages.
    pub fn due(&self) -> Option<u64> {
        let (page, outstanding) = self.outstanding.first_key_value()?;
        (!matches!(outstanding.state, State::InFlight)).then_some(*page)
    }

    /// Whether the failure of the page that is due is without consequence: a short page before it was the
    /// end, and some services refuse to be asked beyond it.
    pub fn forgive(&mut self, page: u64) -> bool {
        let forgiven = matches!(self.phase, Phase::Ended { .. });
        if forgiven {
            self.outstanding.remove(&page);
            self.settle();
        }
        forgiven
    }

    /// Whether the page that is due is the only one of the read, so that no key can be repeated.
    pub fn is_alone(&self, rows: u64) -> bool {
        self.phase == Phase::First
            && (self.bounds.limit.is_some_and(|limit| rows >= limit)
                || (rows < self.n_per_page && !may_be_a_cap(rows)))
    }

    /// Decides about the page that is due.
    ///
    /// # Errors
    /// `Paging` if the service ignores `page`, or caps pages in a way that loses rows.
    pub fn settle_page(&mut self, page: u64, counted: Counted) -> Result<Verdict> {
        let Some(Outstanding { ask, asked_at, state: State::Answered { at, .. } }) =
            self.outstanding.remove(&page)
        else {
            return Err(Error::internal(format!("page {page} was settled before it was answered")));
        };
        let Counted { rows, repeated, seen_before } = counted;
        let new = rows.saturating_sub(repeated);
        let full = rows >= ask.n_per_page;

        if let Phase::Check { short, rows: before } = self.phase {
            return self.settle_check(short, before, rows, new);
        }
        // Rows had moved when an earlier page was answered, and this one may have been served before that: rows
        // that moved from here to there and rows that moved beyond the earlier page would be in neither. A
        // shared row proves that the two pages meet; otherwise only asking after the earlier answer does.
        let ended = matches!(self.phase, Phase::Ended { .. });
        if !ended && repeated == 0 && asked_at < self.moved_at {
            self.outstanding.clear();
            self.next_page = page;
            self.in_flight = 1;
            return Ok(Verdict::Rewind);
        }
        if full && new == 0 && !ended {
            return Err(Error::paging(format!(
                "page {page} is full ({rows} rows) and every one of them was on an earlier page: the service \
                 seems to ignore the parameter page, or more rows than a page holds were added while reading"
            )));
        }
        self.stale = if full && seen_before { self.stale + 1 } else { 0 };
        if self.stale >= STALE_PAGES && !ended {
            return Err(Error::paging(format!(
                "page {page} is full ({rows} rows), has no key that is new, and is the same as an earlier page, as are \
                 the ones before it: the service seems to ignore the parameter page. Pass limit={rows} to read one \
                 page, or a larger page_size if so many rows without a key really are alike"
            )));
        }
        if repeated > 0 {
            self.moved_at = self.moved_at.max(at);
            self.repeated += repeated;
        } else {
            self.in_flight = (self.in_flight + 1).min(self.bounds.in_flight);
        }
        let keep = self.keep(new);

        self.phase = match self.phase {
            Phase::First | Phase::Probe | Phase::Open if full => Phase::Open,
            Phase::First if may_be_a_cap(rows) => {
                self.n_per_page = rows;
                Phase::Probe
            }
            Phase::First => Phase::Ended { short: None, rows },
            Phase::Probe | Phase::Open => Phase::Ended { short: Some(ask), rows },
            Phase::Ended { short, rows: short_rows } => {
                self.grew |= new > 0;
                self.looks_capped |= repeated == 0 && rows == short_rows && may_be_a_cap(rows);
                Phase::Ended { short, rows: short_rows }
            }
            phase @ (Phase::Check { .. } | Phase::Done) => phase,
        };
        self.settle();
        Ok(Verdict::Keep(keep))
    }

    /// Whether everything that belongs to the result has been settled.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    pub fn rows(&self) -> u64 {
        self.kept
    }

    pub fn repeated_keys(&self) -> u64 {
        self.repeated
    }

    /// Whether pages after the last one by count had rows.
    pub fn grew(&self) -> bool {
        self.grew
    }

    fn settle_check(&mut self, short: Ask, before: u64, rows: u64, new: u64) -> Result<Verdict> {
        if rows <= before {
            return Err(Error::paging(format!(
                "page {} has {rows} rows where {} were asked for, and still later pages have rows: the service \
                 caps its pages, and what it left out cannot be told. Pass a page_size of at most {rows}",
                short.page, short.n_per_page
            )));
        }
        let keep = self.keep(new);
        self.phase = Phase::Done;
        Ok(Verdict::Keep(keep))
    }

    fn keep(&mut self, new: u64) -> u64 {
        let keep = self.bounds.limit.map_or(new, |limit| new.min(limit.saturating_sub(self.kept)));
        self.kept += keep;
        keep
    }

    /// Ends the read when the limit is reached, or when the last page that was asked for is settled.
    fn settle(&mut self) {
        if self.bounds.limit.is_some_and(|limit| self.kept >= limit) {
            self.outstanding.clear();
            self.phase = Phase::Done;
        } else if let Phase::Ended { short, rows } = self.phase
            && self.outstanding.is_empty()
        {
            self.phase = match short {
                Some(short) if self.looks_capped => Phase::Check { short, rows },
                _ => Phase::Done,
            };
        }
    }

    /// Rows that the outstanding pages bring if none is repeated.
    fn expected(&self) -> u64 {
        self.outstanding
            .values()
            .map(|page| match page.state {
                State::InFlight => page.ask.n_per_page,
                State::Answered { rows, .. } => rows,
                State::Failed => 0,
            })
            .sum()
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}

/// Whether pages after this one may have rows, as far as is known.
fn goes_on(page: &Outstanding) -> bool {
    match page.state {
        State::InFlight => true,
        State::Answered { rows, .. } => rows >= page.ask.n_per_page,
        State::Failed => false,
    }
}

/// Caps are round numbers, to people or to machines.
fn may_be_a_cap(rows: u64) -> bool {
    rows > 0 && (rows.is_multiple_of(10) || rows.is_multiple_of(64))
}
