//! Rows that come and go while they are read.

use std::collections::{BTreeMap, HashSet};

use converz::error::ErrorKind;
use converz::fetch::Bounds;
use proptest::prelude::*;

use super::service::{Change, Conduct, Service, Turn, bounds, read, served_in_any_order, served_in_order};

fn inserts(at: impl Strategy<Value = u8>) -> impl Strategy<Value = BTreeMap<usize, Change>> {
    let insert = (at, 1..12_usize).prop_map(|(at, count)| Change::Insert { at, count });
    prop::collection::btree_map(0..20_usize, insert, 0..10)
}

/// No key twice, and every row that was there throughout is there.
fn assert_nothing_is_lost(
    total: usize,
    page_size: u64,
    in_flight: usize,
    out_of_order: bool,
    conduct: Conduct,
) -> Result<(), TestCaseError> {
    let size = page_size.min(total as u64).min(conduct.cap.unwrap_or(page_size));
    let service = Service::new(total, conduct);
    let outcome = match read(&service, bounds(None, page_size, in_flight)) {
        Ok(outcome) => outcome,
        Err(error) => {
            // As many new rows as a page has look as if the service ignored `page`.
            prop_assert!(matches!(error.kind(), ErrorKind::Paging), "{}", error);
            prop_assert!(service.changed() as u64 >= size, "{}", error);
            return Ok(());
        }
    };
    let rows: HashSet<u64> = outcome.rows.iter().copied().collect();
    prop_assert_eq!(rows.len(), outcome.rows.len(), "a key came twice");
    // A jump by more than a page leaves no shared row that would tell of it.
    if out_of_order && service.changed() as u64 >= size {
        return Ok(());
    }
    let missing: Vec<u64> = service.throughout().into_iter().filter(|row| !rows.contains(row)).collect();
    prop_assert!(missing.is_empty(), "missing {:?} of {:?}", missing, service.asked());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Requests are served in the order in which they are sent, and answered in any.
    #[test]
    fn rows_that_are_inserted_anywhere_lose_no_other(
        total in 0..250_usize,
        page_size in 2..60_u64,
        in_flight in 1..6_usize,
        cap in prop::option::of(prop::sample::select(vec![10_u64, 20])),
        changes in inserts(any::<u8>()),
        turns in served_in_order(),
    ) {
        assert_nothing_is_lost(total, page_size, in_flight, false, Conduct { cap, turns, changes, ..Conduct::default() })?;
    }

    /// New rows come first or last, as in any order by time, and fewer than a page holds: then the order of
    /// serving does not matter either.
    #[test]
    fn rows_that_are_inserted_at_an_end_lose_no_other(
        total in 0..250_usize,
        page_size in 2..60_u64,
        in_flight in 1..6_usize,
        cap in prop::option::of(prop::sample::select(vec![10_u64, 20])),
        changes in prop_oneof![inserts(Just(0)), inserts(Just(255))],
        turns in served_in_any_order(),
    ) {
        assert_nothing_is_lost(total, page_size, in_flight, true, Conduct { cap, turns, changes, ..Conduct::default() })?;
    }

    /// One page after the other, the order is that of the pages.
    #[test]
    fn one_page_at_a_time_nothing_is_lost(
        total in 0..250_usize,
        page_size in 2..60_u64,
        changes in inserts(any::<u8>()),
        turns in served_in_any_order(),
    ) {
        assert_nothing_is_lost(total, page_size, 1, false, Conduct { turns, changes, ..Conduct::default() })?;
    }

    /// What deletes can do is documented: for each row deleted, one may be missed. No key comes twice even so.
    #[test]
    fn rows_that_are_deleted_hide_no_more_than_their_number(
        total in 0..250_usize,
        page_size in 2..60_u64,
        in_flight in 1..6_usize,
        changes in prop::collection::btree_map(
            1..20_usize,
            (any::<u8>(), 1..12_usize).prop_map(|(at, count)| Change::Delete { at, count }),
            0..10,
        ),
        turns in served_in_order(),
    ) {
        let service = Service::new(total, Conduct { turns, changes, ..Conduct::default() });
        let outcome = read(&service, bounds(None, page_size, in_flight)).unwrap();
        let rows: HashSet<u64> = outcome.rows.iter().copied().collect();
        prop_assert_eq!(rows.len(), outcome.rows.len());
        let missing = service.throughout().into_iter().filter(|row| !rows.contains(row)).count();
        prop_assert!(missing <= service.changed(), "{} of {} deleted", missing, service.changed());
    }

    #[test]
    fn a_limit_is_reached_although_rows_are_repeated(
        page_size in 12..60_u64,
        limit in 1..200_u64,
        in_flight in 1..6_usize,
        changes in inserts(Just(0)),
        turns in served_in_order(),
    ) {
        let service = Service::new(250, Conduct { turns, changes, ..Conduct::default() });
        if let Ok(outcome) = read(&service, bounds(Some(limit), page_size, in_flight)) {
            prop_assert_eq!(outcome.rows.len() as u64, limit);
            let distinct: HashSet<u64> = outcome.rows.iter().copied().collect();
            prop_assert_eq!(distinct.len() as u64, limit);
        } else {
            prop_assert!(service.changed() as u64 >= page_size.min(limit));
        }
    }
}

#[test]
fn repeated_rows_are_counted_and_the_first_ones_stay() {
    // Three new rows before the second page: it begins with the last three of the first.
    let changes = BTreeMap::from([(1, Change::Insert { at: 0, count: 3 })]);
    let service = Service::new(25, Conduct { changes, ..Conduct::default() });
    let outcome = read(&service, bounds(None, 10, 1)).unwrap();
    assert_eq!(outcome.rows, (0..25).collect::<Vec<_>>());
    assert_eq!(outcome.repeated, 3);
}

#[test]
fn a_page_that_was_served_before_its_rows_moved_is_asked_for_again() {
    // Page 3 is served before the insert and page 2 after it, so that rows 18 and 19 are in neither.
    let changes = BTreeMap::from([(2, Change::Insert { at: 0, count: 2 })]);
    let turns =
        vec![Turn { before: 0, after: 0 }, Turn { before: 5, after: 0 }, Turn { before: 0, after: 0 }];
    let service = Service::new(25, Conduct { turns, changes, ..Conduct::default() });
    let outcome = read(&service, bounds(None, 10, 2)).unwrap();
    assert_eq!(outcome.rows, (0..25).collect::<Vec<_>>());
    let pages: Vec<u64> = service.asked().iter().map(|ask| ask.page).collect();
    assert_eq!(pages.iter().filter(|page| **page == 3).count(), 2, "{pages:?}");
}

#[test]
fn rows_that_are_added_behind_a_short_page_are_read() {
    // Page 2 is served with 5 rows, page 3 after ten more were added at the end.
    let changes = BTreeMap::from([(2, Change::Insert { at: 255, count: 10 })]);
    let service = Service::new(15, Conduct { changes, ..Conduct::default() });
    let outcome = read(&service, bounds(None, 10, 2)).unwrap();
    assert_eq!(outcome.rows, (0..25).collect::<Vec<_>>());
    assert!(!outcome.grew);
}

#[test]
fn rows_of_a_page_after_a_trusted_short_one_are_kept() {
    let changes = BTreeMap::from([(2, Change::Insert { at: 255, count: 10 })]);
    let service = Service::new(15, Conduct { changes, ..Conduct::default() });
    let outcome = read(&service, Bounds { trust_short: true, ..bounds(None, 10, 2) }).unwrap();
    assert_eq!(outcome.rows, (0..15).chain(20..25).collect::<Vec<_>>());
    assert!(outcome.grew);
}
