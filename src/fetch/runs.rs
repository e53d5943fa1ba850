//! A set of whole numbers that mostly come one after the other, as the ids of a service in its own order do.

/// Runs of consecutive numbers, in order. A megabyte at most.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// The first and the last number of each.
    runs: Vec<(i64, i64)>,
}

/// With gaps everywhere, runs would take more than the numbers themselves.
const MAX_RUNS: usize = 65_536;

impl Runs {
    pub(super) fn contains(&self, value: i64) -> bool {
        let after = self.runs.partition_point(|(first, _)| *first <= value);
        after > 0 && value <= self.runs[after - 1].1
    }

    /// Takes in a number that follows all others; says whether it did.
    pub(super) fn insert(&mut self, value: i64) -> bool {
        let full = self.runs.len() == MAX_RUNS;
        match self.runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(value) => *last = value,
            Some((_, last)) if value <= *last => return false,
            _ if full => return false,
            _ => self.runs.push((value, value)),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_taken_in_is_there(values in prop::collection::vec(-40_i64..40, 0..60)) {
            let mut runs = Runs::default();
            let mut taken = HashSet::new();
            for value in values {
                let follows = taken.iter().all(|earlier| *earlier < value);
                prop_assert_eq!(runs.insert(value), follows);
                if follows {
                    taken.insert(value);
                }
                for other in -41..41 {
                    prop_assert_eq!(runs.contains(other), taken.contains(&other), "{}", other);
                }
            }
        }
    }

    #[test]
    fn consecutive_numbers_take_no_memory_and_others_not_much() {
        let mut runs = Runs::default();
        assert!((0..1_000_000).all(|value| runs.insert(value)));
        assert_eq!(runs.runs.len(), 1);
        let taken = (0..1_000_000).filter(|place| runs.insert(2_000_000 + place * 2)).count();
        assert_eq!((taken, runs.runs.len()), (MAX_RUNS - 1, MAX_RUNS));
        assert!(runs.insert(2_131_069));
        assert!(Runs::default().insert(i64::MAX) && Runs::default().insert(i64::MIN));
    }
}
