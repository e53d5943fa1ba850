//! Rows as runs: sorted ranges that neither overlap nor touch.

use std::ops::Range;

/// Adds a run behind the others, joined to the last one where they touch.
pub(crate) fn push_run(runs: &mut Vec<Range<usize>>, run: Range<usize>) {
    match runs.last_mut() {
        _ if run.is_empty() => {}
        Some(last) if last.end == run.start => last.end = run.end,
        _ => runs.push(run),
    }
}
