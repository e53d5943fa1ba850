//! How many pages are in flight while rows move.

use std::collections::HashMap;

use converz::fetch::{Bounds, Counted, Planner, Verdict};

/// A planner whose pages are known by their numbers.
struct Pages {
    planner: Planner,
    tickets: HashMap<u64, u64>,
}

impl Pages {
    fn new(in_flight: usize, ahead: usize) -> Self {
        let bounds = Bounds { limit: None, page_size: 10, in_flight, ahead, trust_short: false };
        Self { planner: Planner::new(bounds), tickets: HashMap::new() }
    }

    fn asked(&mut self) -> Vec<u64> {
        let asked = std::iter::from_fn(|| self.planner.next_ask());
        asked
            .map(|(ticket, ask)| {
                self.tickets.insert(ask.page, ticket);
                ask.page
            })
            .collect()
    }

    fn answered(&mut self, page: u64) {
        self.planner.answered(self.tickets[&page], 10);
    }

    fn settle(&mut self, page: u64, repeated: u64) -> Verdict {
        assert_eq!(self.planner.due().map(|(_, ask)| ask.page), Some(page));
        self.planner.settle_page(Counted { rows: 10, repeated, ..Counted::default() }).unwrap()
    }

    fn answer_and_settle(&mut self, page: u64, repeated: u64) -> Verdict {
        self.answered(page);
        self.settle(page, repeated)
    }
}

#[test]
fn after_rows_have_moved_pages_go_one_by_one_until_they_have_stopped() {
    let mut pages = Pages::new(4, 8);
    assert_eq!(pages.asked(), [1]);
    assert_eq!(pages.answer_and_settle(1, 0), Verdict::Keep(10));
    assert_eq!(pages.asked(), [2, 3, 4, 5]);
    pages.answered(3);
    assert_eq!(pages.asked(), [6]);

    assert_eq!(pages.answer_and_settle(2, 1), Verdict::Keep(9));
    // Page 3 was asked for before page 2 showed that rows move, and does not overlap it.
    assert_eq!(pages.settle(3, 0), Verdict::Rewind);
    assert_eq!(pages.asked(), [3]);
    assert_eq!(pages.answer_and_settle(3, 2), Verdict::Keep(8));
    assert_eq!(pages.asked(), [4]);
    assert_eq!(pages.answer_and_settle(4, 0), Verdict::Keep(10));
    assert_eq!(pages.asked(), [5, 6]);
    assert_eq!(pages.answer_and_settle(5, 0), Verdict::Keep(10));
    assert_eq!(pages.asked(), [7, 8]);
    assert_eq!((pages.planner.rows(), pages.planner.repeated_keys()), (47, 3));
}

#[test]
fn pages_that_overlap_need_not_be_asked_for_again() {
    let mut pages = Pages::new(4, 8);
    pages.asked();
    pages.answer_and_settle(1, 0);
    assert_eq!(pages.asked(), [2, 3, 4, 5]);
    pages.answered(3);
    assert_eq!(pages.answer_and_settle(2, 1), Verdict::Keep(9));
    assert_eq!(pages.settle(3, 2), Verdict::Keep(8));
}

#[test]
fn answered_pages_wait_for_an_earlier_one_in_bounded_number() {
    let mut pages = Pages::new(2, 4);
    pages.asked();
    pages.answer_and_settle(1, 0);
    assert_eq!(pages.asked(), [2, 3]);
    for (answered, next) in [(3, vec![4]), (4, vec![5]), (5, vec![])] {
        pages.answered(answered);
        assert_eq!(pages.asked(), next);
    }
    pages.answer_and_settle(2, 0);
    assert_eq!(pages.asked(), [6]);
}
