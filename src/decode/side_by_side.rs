//! The same work on many things, on several threads where it is worthwhile.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// More threads than this have nothing to do for long.
const MAX_THREADS: usize = 4;

/// How many threads are worthwhile.
pub(super) fn num_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
}

/// The results of the work on each item, in order. Each thread takes a run of items.
pub(super) fn side_by_side<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let share = items.len().div_ceil(num_threads()).max(1);
    let mut items = items.into_iter();
    let mut runs: Vec<Vec<T>> = Vec::new();
    while items.len() > 0 {
        runs.push(items.by_ref().take(share).collect());
    }
    let count = runs.len();
    // Runs are taken by whoever is free, since the system may have fewer threads.
    let runs = Mutex::new(runs.into_iter().enumerate());
    let next = || runs.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work_on_runs = || {
        let mut done = Vec::new();
        while let Some((place, run)) = next() {
            done.push((place, run.into_iter().map(&work).collect::<Vec<R>>()));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> =
            (1..count).map_while(|_| thread::Builder::new().spawn_scoped(scope, work_on_runs).ok()).collect();
        let mut done = work_on_runs();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().flat_map(|(_, results)| results).collect()
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
