//! How far an update has come, and what that means for each of its rows.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::encode::{RequestPlan, UpdateFrame, push_run};
use crate::error::{Error, ErrorKind, UpdateFailure};

/// How far an update has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpdateProgress {
    /// Rows before the first range that is not finished.
    pub rows: usize,
    pub total_rows: usize,
    /// Cells that were written.
    pub cells: usize,
    pub total_cells: usize,
    /// Requests that were answered with success.
    pub requests: usize,
    pub total_requests: usize,
    pub retries: u64,
    pub bytes: u64,
}

/// Requests go out in order and stop at the first failure: those before `answered` were applied, the one there is on
/// its way or failed, and those behind it were not sent.
#[derive(Debug, Default)]
pub(super) struct Account {
    state: Mutex<Counts>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    answered: usize,
    /// Whether the request after those may have been applied.
    in_doubt: bool,
    cells: usize,
    retries: u64,
    bytes: u64,
}

impl Account {
    fn state(&self) -> MutexGuard<'_, Counts> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sending(&self) {
        self.state().in_doubt = true;
    }

    pub(super) fn answered(&self, request: &RequestPlan, attempts: u32) {
        let mut state = self.state();
        state.answered += 1;
        state.in_doubt = false;
        state.cells += request.cells;
        state.retries += u64::from(attempts.saturating_sub(1));
        state.bytes += request.bytes as u64;
    }

    pub(super) fn failed(&self, in_doubt: bool) {
        self.state().in_doubt = in_doubt;
    }

    pub(super) fn progress(&self, frame: &UpdateFrame, requests: &[RequestPlan]) -> UpdateProgress {
        let state = *self.state();
        let total_rows = frame.num_rows();
        UpdateProgress {
            rows: requests.get(state.answered).map_or(total_rows, |next| next.range.start),
            total_rows,
            cells: state.cells,
            total_cells: requests.iter().map(|request| request.cells).sum(),
            requests: state.answered,
            total_requests: requests.len(),
            retries: state.retries,
            bytes: state.bytes,
        }
    }

    /// The error of an update that stops here.
    pub(super) fn failure(&self, frame: &UpdateFrame, requests: &[RequestPlan], cause: Error) -> Error {
        let state = *self.state();
        let rows = classify(frame, requests, state.answered, state.in_doubt);
        let message = format!(
            "{cause}; of {} rows {} are committed, {} in doubt and {} not written",
            frame.num_rows(),
            count(&rows.committed),
            count(&rows.in_doubt),
            count(&rows.unsent),
        );
        let RowSets { committed, in_doubt, unsent } = rows;
        Error::new(ErrorKind::Update(Box::new(UpdateFailure { committed, in_doubt, unsent, cause })), message)
    }
}

fn count(runs: &[Range<usize>]) -> usize {
    runs.iter().map(Range::len).sum()
}

#[derive(Debug, Default)]
struct RowSets {
    committed: Vec<Range<usize>>,
    in_doubt: Vec<Range<usize>>,
    unsent: Vec<Range<usize>>,
}

/// What the requests of a range mean for one of its rows.
const ANSWERED: u8 = 1;
const CURRENT: u8 = 2;
const LATER: u8 = 4;

/// A row is committed if every request with it was answered, in doubt if one with it may have been applied or if only
/// some were, and unsent otherwise, as a row without a value is, of which no request speaks.
fn classify(frame: &UpdateFrame, requests: &[RequestPlan], answered: usize, in_doubt: bool) -> RowSets {
    let mut sets = RowSets::default();
    let mut index = 0;
    let mut row = 0;
    for of_range in requests.chunk_by(|one, next| one.range == next.range) {
        let range = of_range[0].range.clone();
        push_run(&mut sets.unsent, row..range.start);
        row = range.end;
        let first = index;
        index += of_range.len();
        if first > answered {
            push_run(&mut sets.unsent, range);
            continue;
        }
        let mut marks = vec![0_u8; range.len()];
        for (index, request) in (first..).zip(of_range) {
            let mark = match index.cmp(&answered) {
                std::cmp::Ordering::Less => ANSWERED,
                std::cmp::Ordering::Equal => CURRENT,
                std::cmp::Ordering::Greater => LATER,
            };
            for run in frame.touched(request) {
                for row in &mut marks[run.start - range.start..run.end - range.start] {
                    *row |= mark;
                }
            }
        }
        let mut start = range.start;
        for same in marks.chunk_by(|one, next| one == next) {
            let mark = same[0];
            let set = if mark == ANSWERED {
                &mut sets.committed
            } else if mark & ANSWERED != 0 || (in_doubt && mark & CURRENT != 0) {
                &mut sets.in_doubt
            } else {
                &mut sets.unsent
            };
            push_run(set, start..start + same.len());
            start += same.len();
        }
    }
    push_run(&mut sets.unsent, row..frame.num_rows());
    sets
}

/// Rows that at least one request touches.
pub(super) fn touched_rows(frame: &UpdateFrame, requests: &[RequestPlan]) -> usize {
    requests
        .chunk_by(|one, next| one.range == next.range)
        .map(|same| {
            let range = &same[0].range;
            match same {
                [only] => only.rows,
                _ if same.iter().any(|request| request.rows == range.len()) => range.len(),
                _ => {
                    let mut touched = vec![false; range.len()];
                    for run in same.iter().flat_map(|request| frame.touched(request)) {
                        touched[run.start - range.start..run.end - range.start].fill(true);
                    }
                    touched.into_iter().filter(|row| *row).count()
                }
            }
        })
        .sum()
}
