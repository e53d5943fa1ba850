//! The same work on many things, on several threads where it is worthwhile.

use std::panic::resume_unwind;
use std::thread;

/// More threads than this have nothing to do for long.
const MAX_THREADS: usize = 4;

/// How many threads are worthwhile.
pub(super) fn num_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
}

/// The results of the work on each item, in order. Each thread takes a run of items, this one the first.
pub(super) fn side_by_side<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let share = items.len().div_ceil(num_threads()).max(1);
    let mut items = items.into_iter();
    let mut runs: Vec<Vec<T>> = Vec::new();
    while items.len() > 0 {
        runs.push(items.by_ref().take(share).collect());
    }
    let work_on = |run: Vec<T>| run.into_iter().map(&work).collect::<Vec<R>>();
    thread::scope(|scope| {
        let mut runs = runs.into_iter();
        let first = runs.next().unwrap_or_default();
        let others: Vec<_> = runs.map(|run| scope.spawn(|| work_on(run))).collect();
        let mut results = work_on(first);
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for count in [0, 1, 2, 3, 7, 100] {
            let squares: Vec<usize> = (0..count).map(|number| number * number).collect();
            assert_eq!(side_by_side((0..count).collect(), |number: usize| number * number), squares);
        }
    }

    #[test]
    #[should_panic(expected = "the seventh")]
    fn a_panic_is_passed_on() {
        side_by_side((0..8).collect(), |number: usize| assert!(number != 7, "the seventh"));
    }
}
