//! How many pages are in flight while rows move.

use converz::fetch::{Bounds, Counted, Planner, Verdict};

fn asked(planner: &mut Planner) -> Vec<u64> {
    std::iter::from_fn(|| planner.next_ask()).map(|ask| ask.page).collect()
}

fn settle(planner: &mut Planner, page: u64, rows: u64, repeated: u64) -> Verdict {
    planner.answered(page, rows);
    assert_eq!(planner.due(), Some(page));
    planner.settle_page(page, Counted { rows, repeated, ..Counted::default() }).unwrap()
}

#[test]
fn after_rows_have_moved_pages_go_one_by_one_until_they_have_stopped() {
    let mut planner = Planner::new(Bounds { limit: None, page_size: 10, in_flight: 4, ahead: 8 });
    assert_eq!(asked(&mut planner), [1]);
    assert_eq!(settle(&mut planner, 1, 10, 0), Verdict::Keep(10));
    assert_eq!(asked(&mut planner), [2, 3, 4, 5]);
    planner.answered(3, 10);
    assert_eq!(asked(&mut planner), [6]);

    assert_eq!(settle(&mut planner, 2, 10, 1), Verdict::Keep(9));
    // Page 3 was asked for before page 2 showed that rows move, and does not overlap it.
    assert_eq!(
        planner.settle_page(3, Counted { rows: 10, repeated: 0, ..Counted::default() }).unwrap(),
        Verdict::Rewind
    );
    assert_eq!(asked(&mut planner), [3]);
    assert_eq!(settle(&mut planner, 3, 10, 2), Verdict::Keep(8));
    assert_eq!(asked(&mut planner), [4]);
    assert_eq!(settle(&mut planner, 4, 10, 0), Verdict::Keep(10));
    assert_eq!(asked(&mut planner), [5, 6]);
    assert_eq!(settle(&mut planner, 5, 10, 0), Verdict::Keep(10));
    assert_eq!(asked(&mut planner), [7, 8]);
    assert_eq!((planner.rows(), planner.repeated_keys()), (47, 3));
}

#[test]
fn pages_that_overlap_need_not_be_asked_for_again() {
    let mut planner = Planner::new(Bounds { limit: None, page_size: 10, in_flight: 4, ahead: 8 });
    asked(&mut planner);
    settle(&mut planner, 1, 10, 0);
    assert_eq!(asked(&mut planner), [2, 3, 4, 5]);
    planner.answered(3, 10);
    assert_eq!(settle(&mut planner, 2, 10, 1), Verdict::Keep(9));
    assert_eq!(
        planner.settle_page(3, Counted { rows: 10, repeated: 2, ..Counted::default() }).unwrap(),
        Verdict::Keep(8)
    );
}

#[test]
fn answered_pages_wait_for_an_earlier_one_in_bounded_number() {
    let mut planner = Planner::new(Bounds { limit: None, page_size: 10, in_flight: 2, ahead: 4 });
    asked(&mut planner);
    settle(&mut planner, 1, 10, 0);
    assert_eq!(asked(&mut planner), [2, 3]);
    for (answered, next) in [(3, vec![4]), (4, vec![5]), (5, vec![])] {
        planner.answered(answered, 10);
        assert_eq!(asked(&mut planner), next);
    }
    settle(&mut planner, 2, 10, 0);
    assert_eq!(asked(&mut planner), [6]);
}
