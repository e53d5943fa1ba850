//! Which page to ask for next, what of an answer is kept, and when a read is at its end. Asks and answers only
//! pass through as numbers, so that every order of events can be tried.
//!
//! # The end
//! A page that holds fewer rows than were asked for proves nothing: services cap pages by rows or by bytes, and then
//! begin the next page after what was served or after what was asked for; others leave rows out after paging. So the
//! end is where nothing follows.
//!
//! After a short page, the *proof* asks for what follows its last row: the rows so far are a multiple of its
//! `n_per_page`, so that it begins there whichever way the service counts. What it brings decides:
//! * rows that are all new: the service caps pages. The read goes on from there in pages of that size;
//! * nothing: the page after the short one is looked at as well, unless the short page was the first. Rows on it show
//!   that the service leaves out rows, nothing shows the end;
//! * rows that were there: the service leaves out rows, or rows moved. The short page, asked for once more, tells: the
//!   same rows have not moved.
//!
//! Where a service leaves out rows, short pages are nothing special any more. If that is known of the first page, which
//! may be capped as well, the read goes on in the largest pages that are seen not to be. A read of more than one page ends
//! with two empty answers in a row, the proof among them.
//!
//! # What cannot be told
//! * A first page that is short, of a service that leaves out rows, where all of as many rows as it has behind those are
//!   left out: the proof is empty though later pages are not.
//! * Two pages in a row of which every row is left out, and a first page of which every row is.
//! * A service that leaves out rows, begins pages after what was asked for, and caps by bytes on later pages only.
//! * Rows that are deleted while they are read move others to where nobody looks any more.

use std::collections::VecDeque;

use crate::error::{Error, Result};

/// A page to ask the service for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Counted from 1.
    pub page: u64,
    pub n_per_page: u64,
}

impl Ask {
    /// Rows before the page, if none was left out.
    fn start(self) -> u64 {
        (self.page - 1).saturating_mul(self.n_per_page)
    }
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
    /// Whether a short page is taken for the last one.
    pub trust_short: bool,
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
    /// Rows that cannot be told apart by a key.
    pub without_key: u64,
    /// Whether it has no key that is new, and as a whole is an earlier page.
    pub seen_before: bool,
    /// Whether it has the rows of the last page that had any, and no others.
    pub same_as_last: bool,
    /// Whether rows without a key are also on the last page that had any.
    pub shares_rows: bool,
    /// Rows of the proof that have keys of rows on it, and are others.
    pub other_rows: u64,
    /// Rows of the proof that were there before and are on it.
    pub of_proof: u64,
}

/// What becomes of an answered page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first so many of its new rows belong to the result.
    Keep(u64),
    /// The same, and every later page that was asked for is forgotten.
    KeepAndForget(u64),
    /// It only showed something.
    Discard,
    /// Forget it and every later page: they are asked for again.
    Rewind,
}

/// What a page was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Its rows. If it is outdated and repeats no row, it is asked for again.
    InTurn { outdated: bool },
    /// What follows a short page; it is left out if it repeats more rows than may be.
    Proof { slack: u64 },
    /// The short page once more.
    Recheck,
    /// Only to be compared with what is there.
    Comparison,
}

/// An answer that says that there is no such page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// Not an array without rows, but meant as one.
    Empty,
    /// An error that can only be about the page.
    Missing,
    /// An error that may be about the page, or about how far a service lets anybody read.
    Refused,
}

/// How it is known that a read is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// An empty page.
    Empty,
    /// The page behind the last row was refused.
    Refused,
    /// The page behind the last row was the last one once more.
    Repeated,
    /// A short page that was trusted.
    Short,
    /// The limit.
    Limit,
    /// There was nothing to page.
    Whole,
}

/// So many pages in a row without a key that is new and without a row that is new end a read. Fewer may be rows that
/// are alike.
const STALE_PAGES: u32 = 3;

/// So many pages in a row may be full and have nothing new where they are smaller than those at first.
const FRUITLESS: u32 = 100;

/// So often a short page is asked for once more because rows had moved.
const RECHECKS: u32 = 20;

#[derive(Debug, Clone)]
enum Phase {
    /// The first page goes alone.
    First,
    /// Page after page.
    Open,
    /// What follows a short page.
    Proof,
    /// The short page once more.
    Recheck,
    /// The first page in another size.
    Widen,
    /// The last rows, and what would follow them.
    Straddle {
        failure: Error,
        end: End,
    },
    /// A short page was trusted; only what has been asked for is still taken.
    Closing,
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
    ticket: u64,
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
    /// Asked for and not settled, in the order in which they are looked at.
    outstanding: VecDeque<Outstanding>,
    tickets: u64,
    /// Pages in flight that are allowed for now.
    in_flight: usize,
    /// Numbers asks and answers, to know which came first.
    clock: u64,
    /// When the last page arrived that had a repeated key.
    moved_at: u64,
    /// Rows from the first on that are known, if none was left out.
    frontier: u64,
    /// By how many rows that may be too many: a service that begins a page after what was served before it begins it
    /// earlier when other rows are there.
    slack: u64,
    /// Rows from the first on that pages may repeat although none has moved, since they had to begin earlier.
    reach: u64,
    /// The last short page that was not trusted.
    short: Option<Ask>,
    /// What a phase is about, and whether it was asked for; it is looked at before anything else.
    special: Option<(Ask, bool)>,
    /// Whether there were rows without a key.
    keyless: bool,
    /// Rows of the proof that were there before.
    proof_repeated: u64,
    rechecks: u32,
    /// Answers without rows in a row.
    empties: u32,
    /// Whether the service leaves out rows.
    holes: bool,
    kept: u64,
    repeated: u64,
    /// How many pages in a row were seen before.
    stale: u32,
    /// How many pages in a row were full and had nothing new, and how many rows.
    fruitless: (u32, u64),
    grew: bool,
    end: Option<End>,
}

impl Planner {
    pub fn new(bounds: Bounds) -> Self {
        let n_per_page = bounds.n_per_page();
        let nothing = n_per_page == 0;
        Self {
            bounds,
            n_per_page,
            phase: if nothing { Phase::Done } else { Phase::First },
            next_page: 1,
            outstanding: VecDeque::new(),
            tickets: 0,
            in_flight: bounds.in_flight,
            clock: 0,
            moved_at: 0,
            frontier: 0,
            slack: 0,
            reach: 0,
            short: None,
            special: None,
            keyless: false,
            proof_repeated: 0,
            rechecks: 0,
            empties: 0,
            holes: false,
            kept: 0,
            repeated: 0,
            stale: 0,
            fruitless: (0, 0),
            grew: false,
            end: nothing.then_some(End::Limit),
        }
    }

    /// Whether a page is to be asked for now.
    pub fn wants(&self) -> bool {
        let in_flight = self.outstanding.iter().filter(|page| matches!(page.state, State::InFlight)).count();
        match self.phase {
            Phase::First => self.outstanding.is_empty(),
            Phase::Proof | Phase::Recheck | Phase::Widen | Phase::Straddle { .. } => {
                self.special.is_some_and(|(_, asked)| !asked) && in_flight < self.bounds.in_flight
            }
            Phase::Open if self.empties > 0 => self.outstanding.is_empty(),
            Phase::Open => {
                // Where rows have moved, pages that wait may be for nothing.
                let ahead =
                    if self.in_flight < self.bounds.in_flight { self.in_flight } else { self.bounds.ahead };
                in_flight < self.in_flight
                    && self.outstanding.len() < ahead
                    && self.outstanding.iter().all(|page| self.goes_on(page))
                    && self.bounds.limit.is_none_or(|limit| self.kept + self.expected() < limit)
            }
            Phase::Closing | Phase::Done => false,
        }
    }

    /// The next page to ask for now, if any, with a number of its own by which it is known.
    pub fn next_ask(&mut self) -> Option<(u64, Ask)> {
        if !self.wants() {
            return None;
        }
        self.tickets += 1;
        let ticket = self.tickets;
        let asked_at = self.tick();
        let outstanding = |ask| Outstanding { ticket, ask, asked_at, state: State::InFlight };
        if let Some((ask, asked @ false)) = &mut self.special {
            *asked = true;
            self.outstanding.push_front(outstanding(*ask));
            return Some((ticket, *ask));
        }
        let ask = Ask { page: self.next_page, n_per_page: self.n_per_page };
        self.next_page += 1;
        self.outstanding.push_back(outstanding(ask));
        Some((ticket, ask))
    }

    /// A page was answered, in whatever order.
    pub fn answered(&mut self, ticket: u64, rows: u64) {
        let at = self.tick();
        self.set(ticket, State::Answered { at, rows });
    }

    /// A page has failed for good. Nothing more is asked for; whether it matters is for [`Self::settle_failure`].
    pub fn failed(&mut self, ticket: u64) {
        self.set(ticket, State::Failed);
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
            Phase::Recheck => Role::Recheck,
            Phase::Widen | Phase::Straddle { .. } => Role::Comparison,
            _ => Role::InTurn {
                outdated: self.outstanding.front().is_some_and(|page| self.is_outdated(page, 0)),
            },
        }
    }

    /// Decides about the page that is due.
    ///
    /// # Errors
    /// `Paging` if the service ignores `page`, or pages cannot be put together.
    pub fn settle_page(&mut self, counted: Counted) -> Result<Verdict> {
        let page = self.outstanding.pop_front();
        let Some(page @ Outstanding { state: State::Answered { at, .. }, .. }) = page else {
            return Err(Error::internal("a page was settled before it was answered"));
        };
        self.special = None;
        self.keyless |= counted.without_key > 0;
        let verdict = match self.phase.clone() {
            Phase::Proof => self.settle_proof(page.ask, at, counted)?,
            Phase::Recheck => self.settle_recheck(page.ask, at, counted)?,
            Phase::Widen => self.settle_widened(page.ask, counted),
            Phase::Straddle { failure, end } => self.settle_straddle(page.ask, at, counted, failure, end)?,
            _ => self.settle_in_turn(&page, at, counted)?,
        };
        if matches!(verdict, Verdict::KeepAndForget(_) | Verdict::Rewind) {
            self.outstanding.clear();
        }
        self.finish();
        Ok(verdict)
    }

    /// Decides about the page that is due and has failed.
    ///
    /// # Errors
    /// The failure, unless it says that there is no such page and there need not be one.
    pub fn settle_failure(&mut self, failure: Error, absence: Option<Absence>) -> Result<Verdict> {
        let Some(page) = self.outstanding.pop_front() else {
            return Err(Error::internal("a page was settled before it was asked for"));
        };
        self.special = None;
        // Some services refuse to be asked beyond the end, and here it is known.
        if matches!(self.phase, Phase::Closing) || self.empties > 1 {
            self.finish();
            return Ok(Verdict::Discard);
        }
        let Some(absence) = absence else { return Err(failure) };
        let end = if absence == Absence::Empty { End::Empty } else { End::Refused };
        match &self.phase {
            Phase::Proof => self.nothing_behind(end),
            Phase::Open if self.is_outdated(&page, 0) => {
                self.rewind_to(page.ask);
                return Ok(Verdict::Rewind);
            }
            // Nobody knows whether it is the end or as far as the service lets one read.
            Phase::Open if absence == Absence::Refused && self.empties == 0 => {
                if self.holes {
                    return Err(failure);
                }
                self.straddle(failure, end);
            }
            Phase::Open => self.nothing_there(end),
            Phase::Straddle { failure, .. } => return Err(failure.clone()),
            Phase::First | Phase::Recheck | Phase::Widen | Phase::Closing | Phase::Done => {
                return Err(failure);
            }
        }
        self.finish();
        Ok(Verdict::Discard)
    }

    /// Whether everything that belongs to the result has been settled.
    pub fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Done)
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

    /// How it is known that the read is complete, once it is.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// There were rows that cannot be told apart by a key.
    pub fn had_rows_without_key(&mut self) {
        self.keyless = true;
    }

    /// Keys turn out not to tell rows apart, so that every row that was left out belongs to the result.
    pub fn keep_repeated(&mut self) {
        self.keep(self.repeated);
        self.repeated = 0;
        self.keyless = true;
    }

    fn settle_in_turn(&mut self, page: &Outstanding, at: u64, counted: Counted) -> Result<Verdict> {
        let Counted { rows, repeated, seen_before, same_as_last, .. } = counted;
        let ask = page.ask;
        let new = rows.saturating_sub(repeated);
        let full = rows >= ask.n_per_page;
        let allowed = self.reach.saturating_sub(ask.start());
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
            return Ok(Verdict::Keep(self.keep(new)));
        }
        if rows == 0 {
            if self.bounds.trust_short || matches!(self.phase, Phase::First) {
                self.close(End::Empty);
            } else {
                self.nothing_there(End::Empty);
            }
            return Ok(Verdict::Discard);
        }
        if same_as_last && (!full || (new == 0 && self.empties > 0)) {
            self.nothing_there(End::Repeated);
            return Ok(Verdict::Discard);
        }
        let moved = repeated.saturating_sub(allowed);
        self.fruitless = if full && new == 0 && moved > 0 {
            (self.fruitless.0 + 1, self.fruitless.1 + rows)
        } else {
            (0, 0)
        };
        // Small pages may be behind fewer new rows than a page had at first.
        if self.is_stuck() || (self.fruitless.0 > 0 && same_as_last) {
            let failure = Error::paging(format!(
                "page {} is full ({rows} rows) and every one of them was on an earlier page: the service \
                 seems to ignore the parameter page, or more rows than a page holds were added while reading",
                ask.page
            ));
            if same_as_last {
                self.straddle(failure, End::Repeated);
                return Ok(Verdict::Discard);
            }
            return Err(failure);
        }
        self.stale = if full && seen_before { self.stale + 1 } else { 0 };
        if self.stale >= STALE_PAGES {
            return Err(Error::paging(format!(
                "page {} is full ({rows} rows), has no key that is new, and is the same as an earlier page, as are \
                 the ones before it: the service seems to ignore the parameter page. Pass limit={rows} to read one \
                 page, or a larger page_size if so many rows without a key really are alike",
                ask.page
            )));
        }
        self.count_moved(at, moved);
        self.slack += moved;
        self.holes |= self.empties > 0;
        Ok(Verdict::Keep(self.take_in(ask, rows, new)))
    }

    /// What follows a short page.
    fn settle_proof(&mut self, ask: Ask, at: u64, counted: Counted) -> Result<Verdict> {
        let Counted { rows, repeated, same_as_last, shares_rows, .. } = counted;
        let full = rows >= ask.n_per_page;
        let allowed = self.may_repeat(ask);
        if rows == 0 || same_as_last || (rows == repeated && repeated <= allowed && !full) {
            self.nothing_behind(if same_as_last { End::Repeated } else { End::Empty });
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
        let deliverable = self.short.map_or(1, |short| self.frontier.saturating_sub(short.start()));
        self.count_moved(at, 0);
        self.n_per_page = ask.n_per_page;
        self.next_page = ask.page + 1;
        self.reach = self.reach.max(self.frontier);
        (self.frontier, self.slack) = (0, repeated);
        let keep = self.take_in(ask, rows, rows - repeated);
        if full && !self.keyless {
            self.enlarge(deliverable);
        }
        Ok(Verdict::KeepAndForget(keep))
    }

    /// The short page once more, since what was to follow it was there before.
    fn settle_recheck(&mut self, ask: Ask, at: u64, counted: Counted) -> Result<Verdict> {
        let Counted { rows, repeated, same_as_last, other_rows, of_proof, .. } = counted;
        if other_rows > 0 || (same_as_last && of_proof <= self.slack) {
            // Rows that had been read moved behind the page when it was asked for the last time.
            self.reach = self.reach.max(self.frontier + self.proof_repeated);
            self.prove(ask);
            return Ok(Verdict::Discard);
        }
        if same_as_last {
            // Nothing has moved, so what follows is on the page itself: the service leaves out rows.
            self.holes = true;
            self.phase = Phase::Open;
            if ask.page == 1 {
                self.reach = ask.n_per_page;
                self.go_on_with(rows);
                self.widen();
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
        self.reach = self.reach.max(self.frontier + self.proof_repeated);
        self.frontier = 0;
        self.slack += self.proof_repeated;
        Ok(Verdict::KeepAndForget(self.take_in(ask, rows, rows.saturating_sub(repeated))))
    }

    /// The first page in another size: where it has fewer rows than it had, it is the size that bounds it.
    fn settle_widened(&mut self, ask: Ask, counted: Counted) -> Verdict {
        self.phase = Phase::Open;
        if counted.repeated == counted.rows && counted.rows < self.frontier {
            self.go_on_with(ask.n_per_page);
            self.widen();
        }
        Verdict::Discard
    }

    /// The last rows: if only they come where more would have room, nothing follows them.
    fn settle_straddle(
        &mut self,
        ask: Ask,
        at: u64,
        counted: Counted,
        failure: Error,
        end: End,
    ) -> Result<Verdict> {
        let Counted { rows, repeated, without_key, .. } = counted;
        if rows != self.frontier.saturating_sub(ask.start()) || repeated + without_key != rows {
            if end != End::Repeated || self.is_stuck() {
                return Err(failure);
            }
            // Just as many rows as the page has came before it.
            self.count_moved(at, self.n_per_page);
            self.slack += self.n_per_page;
            self.phase = Phase::Open;
            return Ok(Verdict::Discard);
        }
        self.phase = Phase::Open;
        self.empties = 1;
        self.nothing_there(end);
        Ok(Verdict::Discard)
    }

    /// Takes in a page with rows; says how many of the new ones belong to the result.
    fn take_in(&mut self, ask: Ask, rows: u64, new: u64) -> u64 {
        self.frontier = self.frontier.max(ask.start() + rows);
        self.empties = 0;
        self.phase = Phase::Open;
        if rows < ask.n_per_page {
            if self.bounds.trust_short {
                self.close(End::Short);
            } else if !self.holes {
                self.prove(ask);
            }
        }
        self.keep(new)
    }

    /// Has what follows a short page asked for.
    fn prove(&mut self, short: Ask) {
        // The page itself shows nothing new, so the proof begins behind its first row.
        self.slack = self.slack.min(self.frontier.saturating_sub(short.start() + 1));
        self.short = Some(short);
        self.phase = Phase::Proof;
        self.special = Some((self.proof(short), false));
    }

    /// Goes on behind the first page, in pages of another size.
    fn go_on_with(&mut self, n_per_page: u64) {
        self.n_per_page = n_per_page;
        self.next_page = self.frontier / n_per_page + 1;
    }

    /// Has the first page asked for in twice the size, unless that is known.
    fn widen(&mut self) {
        let twice = self.n_per_page * 2;
        if twice < self.reach {
            self.phase = Phase::Widen;
            self.special = Some((Ask { page: 1, n_per_page: twice }, false));
        }
    }

    /// Has the last row and what would follow it asked for.
    fn straddle(&mut self, failure: Error, end: End) {
        self.phase = Phase::Straddle { failure, end };
        self.special = Some((self.straddling(), false));
    }

    /// No row follows the short page.
    fn nothing_behind(&mut self, end: End) {
        let first = self.short.is_none_or(|short| short.page == 1);
        self.phase = Phase::Open;
        self.empties = 1;
        // A result that fits a page needs no more than the one answer, if that is as plain as can be.
        if first && end != End::Repeated && self.outstanding.is_empty() {
            self.empties = 2;
        }
        self.end = Some(end);
    }

    /// A page in its turn has no rows.
    fn nothing_there(&mut self, end: End) {
        self.empties += 1;
        self.end = Some(end);
    }

    fn close(&mut self, end: End) {
        self.phase = Phase::Closing;
        self.end = Some(end);
    }

    /// Ends the read when the limit is reached, or when the last page that was asked for is settled.
    fn finish(&mut self) {
        if self.bounds.limit.is_some_and(|limit| self.kept >= limit) {
            self.outstanding.clear();
            self.end = Some(End::Limit);
            self.phase = Phase::Done;
        } else if self.outstanding.is_empty() {
            match self.phase {
                Phase::Closing => self.phase = Phase::Done,
                Phase::Open if self.empties > 1 => self.phase = Phase::Done,
                _ => {}
            }
        }
    }

    /// Pages of about as many rows as the service was seen to deliver, although they cannot begin behind the rows
    /// so far: where those are a multiple of small numbers only, the proof was small, too.
    fn enlarge(&mut self, deliverable: u64) {
        if self.n_per_page.saturating_mul(4) >= deliverable {
            return;
        }
        let surely = self.surely();
        let sizes = (deliverable.div_ceil(2)..=deliverable).rev();
        if let Some(size) = sizes.min_by_key(|size| surely % size) {
            self.n_per_page = size;
            self.next_page = surely / size + 1;
            self.reach = self.reach.max(self.frontier);
        }
    }

    /// Whether pages have had nothing new for too long.
    fn is_stuck(&self) -> bool {
        self.fruitless.0 >= FRUITLESS || self.fruitless.1 >= self.bounds.n_per_page()
    }

    /// Rows of a proof that may be known although nothing moved since the short page.
    fn may_repeat(&self, ask: Ask) -> u64 {
        self.slack.max(self.reach.saturating_sub(ask.start()))
    }

    /// Rows from the first on that are known whichever way the service counts.
    fn surely(&self) -> u64 {
        self.frontier.saturating_sub(self.slack)
    }

    /// What follows the rows so far, in a page of the largest size of which they are a multiple.
    fn proof(&self, short: Ask) -> Ask {
        let surely = self.surely();
        let most = surely.clamp(1, short.n_per_page);
        let size = (1..=most).rev().find(|size| surely.is_multiple_of(*size)).unwrap_or(1);
        Ask { page: surely / size + 1, n_per_page: size }
    }

    /// The smallest page that has the last row and room for more.
    fn straddling(&self) -> Ask {
        let size = (2..=64).find(|size| !self.frontier.is_multiple_of(*size)).unwrap_or(2);
        Ask { page: self.frontier / size + 1, n_per_page: size }
    }

    /// Whether the page must be asked for again, since rows moved after it was asked for.
    fn is_outdated(&self, page: &Outstanding, repeated: u64) -> bool {
        matches!(self.phase, Phase::Open) && repeated == 0 && page.asked_at < self.moved_at
    }

    fn rewind_to(&mut self, ask: Ask) {
        self.outstanding.clear();
        self.next_page = ask.page;
        self.in_flight = 1;
    }

    fn count_moved(&mut self, at: u64, moved: u64) {
        if moved > 0 {
            self.moved_at = self.moved_at.max(at);
            self.repeated += moved;
        } else {
            self.in_flight = (self.in_flight + 1).min(self.bounds.in_flight);
        }
    }

    fn keep(&mut self, new: u64) -> u64 {
        let keep = self.bounds.limit.map_or(new, |limit| new.min(limit.saturating_sub(self.kept)));
        self.kept += keep;
        keep
    }

    /// Rows that the outstanding pages bring if none is repeated.
    fn expected(&self) -> u64 {
        self.outstanding
            .iter()
            .map(|page| match page.state {
                State::InFlight => page.ask.n_per_page,
                State::Answered { rows, .. } => rows,
                State::Failed => 0,
            })
            .sum()
    }

    /// Whether pages after this one may have rows, as far as is known.
    fn goes_on(&self, page: &Outstanding) -> bool {
        match page.state {
            State::InFlight => true,
            State::Answered { rows, .. } => rows >= page.ask.n_per_page || (self.holes && rows > 0),
            State::Failed => false,
        }
    }

    fn set(&mut self, ticket: u64, state: State) {
        if let Some(page) = self.outstanding.iter_mut().find(|page| page.ticket == ticket) {
            page.state = state;
        }
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}
