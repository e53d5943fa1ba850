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
//! * A service that leaves out rows, refuses whatever begins behind its first page, and caps that one as well.
//! * Rows that are deleted while they are read move others to where nobody looks any more.

mod asking;
mod first_page;
mod in_turn;
mod short_page;
mod straddle;

use super::answer::{Absence, Counted, Verdict};
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
    /// The first page once more, as it was.
    Confirm,
    /// The last rows, and what would follow them.
    Straddle {
        failure: Error,
        end: End,
    },
    /// Everything so far in one page, and what would follow it.
    Whole {
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
    /// Whether none of them is on the first page any more.
    moved_behind: bool,
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
            moved_behind: false,
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
            Phase::Confirm => self.settle_confirmed(page.ask, at, counted),
            Phase::Straddle { failure, end } => self.settle_straddle(page.ask, at, counted, failure, end)?,
            Phase::Whole { failure, end } => self.settle_whole(counted, failure, end)?,
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
                    self.compare_whole(page.ask, failure, end)?;
                } else {
                    self.straddle(failure, end);
                }
            }
            Phase::Open => {
                self.absent = Some(failure);
                self.nothing_there(end);
            }
            Phase::Straddle { failure, .. } | Phase::Whole { failure, .. } => return Err(failure.clone()),
            Phase::First | Phase::Recheck | Phase::Widen | Phase::Confirm | Phase::Closing | Phase::Done => {
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

    fn has_holes(&self) -> bool {
        self.leaves_out == LeavesOut::Rows
    }

    /// Whether as many answers had no rows as prove the end.
    fn is_proven(&self) -> bool {
        let small = RARELY_ALL_LEFT_OUT.div_ceil(self.n_per_page.max(1)).clamp(EMPTIES, MOST_EMPTIES);
        self.empties >= if self.has_holes() { small } else { EMPTIES }
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
}

/// The last page came once more, or one of other rows that nothing tells apart from those.
fn alike(ask: Ask) -> Error {
    Error::paging(format!(
        "page {} of {} rows has the same rows as the page before, some of which are the same as each other and have no \
         key: whether the service answers with its last page once more or these are further rows cannot be told. Ask \
         for the column of the key as well, or read ranges that fit one page",
        ask.page, ask.n_per_page
    ))
}

fn overlap() -> Error {
    Error::paging(
        "the service leaves out rows or caps its pages, so that pages had to overlap, and not every row has a key of \
         its own: which rows are the same cannot be told. Read ranges that fit one page"
            .to_owned(),
    )
}
