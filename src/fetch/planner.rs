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
//!   same rows have not moved;
//! * only rows that were there, as they are there: a service that answers with the last page once more, or one that
//!   leaves out rows. The pages in turn have to tell.
//!
//! Where a service leaves out rows, short pages are nothing special any more. If that is known of the first page, which
//! may be capped as well, the read goes on in the largest pages that are seen not to be. A read of more than one page ends
//! with two empty answers in a row, the proof among them: a single one may be a page that has lost all of its rows. Where
//! rows are left out, it takes more small ones.
//!
//! An answer that says that there is no such page is an empty one, until a later page has rows.
//!
//! # What cannot be told
//! * A first page that is short, of a service that leaves out rows, where all of as many rows as it has behind those are
//!   left out: the proof is empty though later pages are not.
//! * Two pages in a row of which every row is left out, and a first page of which every row is.
//! * A service that leaves out rows, begins pages after what was asked for, and caps later pages only.
//! * A service that caps pages and ignores `page`.
//! * Rows that are deleted while they are read move others to where nobody looks any more.

use super::answer::{Absence, Counted, Role, Verdict};
use super::ask::{Ask, Bounds};
use super::end::End;
use super::frontier::Frontier;
use super::outstanding::{Outstanding, Page, State};
use super::standstill::Standstill;
use super::tally::Tally;
use crate::error::{Error, Result};

/// So many answers without rows in a row end a read.
const EMPTIES: u64 = 2;

/// So many where the service leaves out rows and pages are so small that several in a row may have lost all of theirs.
const MOST_EMPTIES: u64 = 20;

/// So many rows are rarely all left out.
const RARELY_ALL_LEFT_OUT: u64 = 64;

/// So often a short page is asked for once more because rows had moved.
const RECHECKS: u32 = 20;

/// What is known of a service's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeavesOut {
    Nothing,
    /// The last short page was followed by nothing but rows that were there, which is the end, or rows are left out.
    PerhapsRows,
    Rows,
}

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
    outstanding: Outstanding,
    /// Pages in flight that are allowed for now.
    in_flight: usize,
    /// When the last page arrived that had a repeated key.
    moved_at: u64,
    frontier: Frontier,
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
    empties: u64,
    leaves_out: LeavesOut,
    /// Why there is no such page, of one that was taken for one behind the last.
    absent: Option<Error>,
    /// Rows that were left out since pages had to begin earlier.
    overlapping: u64,
    tally: Tally,
    standstill: Standstill,
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
            outstanding: Outstanding::default(),
            in_flight: bounds.in_flight,
            moved_at: 0,
            frontier: Frontier::default(),
            short: None,
            special: None,
            keyless: false,
            proof_repeated: 0,
            rechecks: 0,
            empties: 0,
            leaves_out: LeavesOut::Nothing,
            absent: None,
            overlapping: 0,
            tally: Tally::new(bounds.limit),
            standstill: Standstill::new(n_per_page),
            grew: false,
            end: nothing.then_some(End::Limit),
        }
    }

    /// Whether a page is to be asked for now.
    pub fn wants(&self) -> bool {
        let in_flight = self.outstanding.in_flight();
        match self.phase {
            Phase::First => self.outstanding.is_empty(),
            Phase::Proof | Phase::Recheck | Phase::Widen | Phase::Straddle { .. } => {
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
            Phase::Proof => Role::Proof {
                slack: self.outstanding.front().map_or(0, |page| self.frontier.may_repeat(page.ask)),
            },
            Phase::Recheck => Role::Recheck,
            Phase::Widen | Phase::Straddle { .. } => Role::Comparison,
            Phase::Open if self.doubts_first() => Role::Comparison,
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
        let page = self.outstanding.pop();
        let Some(page @ Page { state: State::Answered { at, .. }, .. }) = page else {
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
            self.outstanding.forget();
        }
        self.finish();
        Ok(verdict)
    }

    /// Decides about the page that is due and has failed.
    ///
    /// # Errors
    /// The failure, unless it says that there is no such page and there need not be one.
    pub fn settle_failure(&mut self, failure: Error, absence: Option<Absence>) -> Result<Verdict> {
        let Some(page) = self.outstanding.pop() else {
            return Err(Error::internal("a page was settled before it was asked for"));
        };
        self.special = None;
        // Some services refuse to be asked beyond the end, and here it is known.
        if matches!(self.phase, Phase::Closing) || self.is_proven() {
            self.finish();
            return Ok(Verdict::Discard);
        }
        let Some(absence) = absence else { return Err(failure) };
        let end = if absence == Absence::Empty { End::Empty } else { End::Refused };
        match &self.phase {
            Phase::Proof if absence == Absence::Doubtful => self.straddle(failure, end),
            Phase::Proof => {
                self.absent = Some(failure);
                self.nothing_behind(end);
            }
            Phase::Open if self.is_outdated(&page, 0) => {
                self.rewind_to(page.ask);
                return Ok(Verdict::Rewind);
            }
            // Nobody knows whether it is the end or as far as the service lets one read.
            Phase::Open
                if absence == Absence::Doubtful || (absence == Absence::Refused && self.empties == 0) =>
            {
                if self.has_holes() {
                    return Err(failure);
                }
                self.straddle(failure, end);
            }
            Phase::Open => {
                self.absent = Some(failure);
                self.nothing_there(end);
            }
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
        self.tally.kept()
    }

    pub fn repeated_keys(&self) -> u64 {
        self.tally.repeated()
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
    ///
    /// # Errors
    /// `Paging` if some were left out that are the same rows.
    pub fn keep_repeated(&mut self) -> Result<()> {
        if self.overlapping > 0 {
            return Err(overlap());
        }
        self.tally.keep_repeated();
        self.keyless = true;
        Ok(())
    }

    fn settle_in_turn(&mut self, page: &Page, at: u64, counted: Counted) -> Result<Verdict> {
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

    /// What follows a short page.
    fn settle_proof(&mut self, ask: Ask, at: u64, counted: Counted) -> Result<Verdict> {
        let Counted { rows, repeated, same_as_last, shares_rows, .. } = counted;
        let full = rows >= ask.n_per_page;
        let allowed = self.frontier.may_repeat(ask);
        if rows == 0 {
            self.nothing_behind(End::Empty);
            return Ok(Verdict::Discard);
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
    fn settle_recheck(&mut self, ask: Ask, at: u64, counted: Counted) -> Result<Verdict> {
        let Counted { rows, repeated, same_as_last, other_rows, of_proof, .. } = counted;
        if other_rows > 0 || (same_as_last && of_proof <= self.frontier.slack) {
            // Rows that had been read moved behind the page when it was asked for the last time.
            self.frontier.may_reach(self.frontier.rows + self.proof_repeated);
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
        self.frontier.slack += self.proof_repeated;
        Ok(Verdict::KeepAndForget(self.take_in(ask, rows, rows.saturating_sub(repeated))))
    }

    /// The first page in another size: where it has fewer rows than it had, it is the size that bounds it.
    fn settle_widened(&mut self, ask: Ask, counted: Counted) -> Verdict {
        self.phase = Phase::Open;
        if counted.repeated == counted.rows && counted.rows < self.frontier.rows {
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

    /// Takes in a page with rows; says how many of the new ones belong to the result.
    fn take_in(&mut self, ask: Ask, rows: u64, new: u64) -> u64 {
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

    /// Has what follows a short page asked for.
    fn prove(&mut self, short: Ask) {
        // The page itself shows nothing new, so the proof begins behind its first row.
        self.frontier.slack = self.frontier.slack.min(self.frontier.rows.saturating_sub(short.start() + 1));
        self.short = Some(short);
        self.phase = Phase::Proof;
        self.special = Some((self.frontier.proof(short), false));
    }

    /// Goes on behind the first page, of which rows are left out and which may be capped as well.
    fn read_with_holes(&mut self) {
        self.leaves_out = LeavesOut::Rows;
        self.frontier.reach = self.bounds.n_per_page();
        self.go_on_with(self.frontier.rows);
        self.widen();
    }

    /// Goes on behind the first page, in pages of another size.
    fn go_on_with(&mut self, n_per_page: u64) {
        self.n_per_page = n_per_page;
        self.next_page = self.frontier.rows / n_per_page + 1;
    }

    /// Has the first page asked for in twice the size, unless that is known.
    fn widen(&mut self) {
        let twice = self.n_per_page * 2;
        if twice < self.frontier.reach {
            self.phase = Phase::Widen;
            self.special = Some((Ask { page: 1, n_per_page: twice }, false));
        }
    }

    /// Has the last row and what would follow it asked for.
    fn straddle(&mut self, failure: Error, end: End) {
        self.phase = Phase::Straddle { failure, end };
        self.special = Some((self.frontier.straddling(), false));
    }

    /// No row follows the short page.
    fn nothing_behind(&mut self, end: End) {
        self.phase = Phase::Open;
        // A result that fits a page needs no more than the one answer, which is as plain as can be.
        self.empties = if self.is_first_short() && self.outstanding.is_empty() { EMPTIES } else { 1 };
        self.end = Some(end);
    }

    /// Only rows that were there follow the short page, as where a service answers with the last page once more, or
    /// where rows moved. One that leaves out rows may look the same.
    fn nothing_new_behind(&mut self) {
        self.phase = Phase::Open;
        self.leaves_out = LeavesOut::PerhapsRows;
        self.end = Some(End::Repeated);
    }

    fn has_holes(&self) -> bool {
        self.leaves_out == LeavesOut::Rows
    }

    fn is_first_short(&self) -> bool {
        self.short.is_none_or(|short| short.page == 1)
    }

    /// Whether nothing is known yet of how the service pages.
    fn doubts_first(&self) -> bool {
        self.leaves_out == LeavesOut::PerhapsRows && self.is_first_short()
    }

    /// Whether as many answers had no rows as prove the end.
    fn is_proven(&self) -> bool {
        let small = RARELY_ALL_LEFT_OUT.div_ceil(self.n_per_page.max(1)).clamp(EMPTIES, MOST_EMPTIES);
        self.empties >= if self.has_holes() { small } else { EMPTIES }
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
        if !self.tally.has_room(0) {
            self.outstanding.forget();
            self.end = Some(End::Limit);
            self.phase = Phase::Done;
        } else if self.outstanding.is_empty() {
            match self.phase {
                Phase::Closing => self.phase = Phase::Done,
                Phase::Open if self.is_proven() => self.phase = Phase::Done,
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
        if let Some(Ask { page, n_per_page }) = self.frontier.close_by(deliverable) {
            (self.n_per_page, self.next_page) = (n_per_page, page);
            self.frontier.may_reach(self.frontier.rows);
        }
    }

    /// Whether the page must be asked for again, since rows moved after it was asked for.
    fn is_outdated(&self, page: &Page, repeated: u64) -> bool {
        matches!(self.phase, Phase::Open) && repeated == 0 && page.asked_at < self.moved_at
    }

    fn rewind_to(&mut self, ask: Ask) {
        self.outstanding.forget();
        self.next_page = ask.page;
        self.in_flight = 1;
    }

    fn count_moved(&mut self, at: u64, moved: u64) {
        if moved > 0 {
            self.moved_at = self.moved_at.max(at);
            self.tally.repeat(moved);
        } else {
            self.in_flight = (self.in_flight + 1).min(self.bounds.in_flight);
        }
    }

    /// Whether pages after this one may have rows, as far as is known.
    fn goes_on(&self, page: &Page) -> bool {
        match page.state {
            State::InFlight => true,
            State::Answered { rows, .. } => rows >= page.ask.n_per_page || (self.has_holes() && rows > 0),
            State::Failed => false,
        }
    }
}

fn overlap() -> Error {
    Error::paging(
        "the service leaves out rows or caps its pages, so that pages had to overlap, and not every row has a key of \
         its own: which rows are the same cannot be told. Read ranges that fit one page"
            .to_owned(),
    )
}
