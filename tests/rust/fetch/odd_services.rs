//! Services that cap pages, leave out rows, or have several rows a key: every row, or an error.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use converz::error::ErrorKind;
use converz::fetch::{Ask, Bounds, End};
use proptest::prelude::*;

use super::service::{
    Beyond, Change, Conduct, Outcome, Service, Stride, bounds, read, served_in_any_order, served_in_order,
    strides,
};

/// What was read; nothing after a `PagingError`, the one error that a service like these may come to.
fn read_or_paging(service: &Arc<Service>, bounds: Bounds) -> Result<Option<Outcome>, TestCaseError> {
    match read(service, bounds) {
        Ok(outcome) => Ok(Some(outcome)),
        Err(error) => {
            prop_assert!(matches!(error.kind(), ErrorKind::Paging), "{}", error);
            Ok(None)
        }
    }
}

fn whole(rows: u64) -> Vec<u64> {
    (0..rows).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Pages end where a number of bytes is reached, so that each has another number of rows.
    #[test]
    fn caps_by_bytes_lose_nothing(
        total in 0..1500_usize,
        page_size in prop_oneof![2..200_u64, Just(100_000)],
        bytes in 1..1200_u64,
        cap in prop::option::of(1..200_u64),
        stride in strides(),
        in_flight in 1..6_usize,
        turns in served_in_any_order(),
    ) {
        prop_assume!(total as u64 / page_size.min(bytes / 8 + 1).min(cap.unwrap_or(page_size)) < 200);
        let conduct = Conduct { bytes: Some(bytes), cap, stride, turns, ..Conduct::default() };
        let service = Service::new(total, conduct);
        let outcome = read(&service, bounds(None, page_size, in_flight)).unwrap();
        prop_assert_eq!(&outcome.rows, &whole(total as u64), "{:?}", service.asked());
    }

    /// No page is left out as a whole.
    #[test]
    fn rows_that_are_left_out_hide_no_others(
        total in 0..2000_usize,
        page_size in prop_oneof![20..400_u64, Just(100_000)],
        hidden in 0..120_u8,
        cap in prop::option::of(20..400_u64),
        stride in strides(),
        beyond in prop::sample::select(vec![Beyond::Empty, Beyond::Null, Beyond::Status(404), Beyond::LastPage]),
        in_flight in 1..6_usize,
        turns in served_in_any_order(),
    ) {
        let conduct = Conduct { cap, stride, hidden, beyond, turns, ..Conduct::default() };
        let service = Service::new(total, conduct);
        let visible = service.visible();
        let Some(outcome) = read_or_paging(&service, bounds(None, page_size, in_flight))? else { return Ok(()) };
        prop_assert_eq!(&outcome.rows, &visible, "{:?}", service.asked());
        prop_assert_eq!(outcome.repeated, 0);
    }

    /// The same where not every row has a key of its own. Where it cannot be told which are the same, that is said.
    #[test]
    fn rows_without_a_key_of_their_own_that_are_left_out_hide_no_others(
        total in 0..600_usize,
        page_size in prop_oneof![20..200_u64, Just(100_000)],
        hidden in 0..120_u8,
        cap in prop::option::of(20..200_u64),
        stride in strides(),
        (without_key, rows_a_key) in prop_oneof![
            (2..6_u64).prop_map(|every| (Some(every), None)),
            (2..4_u64).prop_map(|rows| (None, Some(rows))),
        ],
        limit in prop::option::of(0..600_u64),
        in_flight in 1..6_usize,
        turns in served_in_any_order(),
    ) {
        let conduct = Conduct { cap, stride, hidden, rows_a_key, without_key, turns, ..Conduct::default() };
        let service = Service::new(total, conduct);
        // The first page, and what follows it, have rows.
        let first = limit.unwrap_or(page_size).min(page_size);
        prop_assume!(limit.is_none_or(|limit| limit >= 20) && first >= 20);
        let mut wanted = service.visible();
        wanted.truncate(limit.map_or(usize::MAX, |limit| limit as usize));
        match read(&service, bounds(limit, page_size, in_flight)) {
            Ok(outcome) => prop_assert_eq!(&outcome.rows, &wanted, "{:?}", service.asked()),
            Err(error) => prop_assert!(matches!(error.kind(), ErrorKind::Paging), "{}", error),
        }
    }

    /// Rows that are left out, and new ones.
    #[test]
    fn rows_that_are_left_out_hide_no_others_while_rows_are_inserted(
        total in 0..400_usize,
        page_size in prop_oneof![20..60_u64, Just(1000)],
        hidden in 0..120_u8,
        cap in prop::option::weighted(0.3, 20..100_u64),
        stride in strides(),
        limit in prop::option::of(20..400_u64),
        in_flight in 1..6_usize,
        changes in prop::collection::btree_map(
            1..20_usize,
            (prop_oneof![Just(0_u8), Just(255), any::<u8>()], 1..4_usize)
                .prop_map(|(at, count)| Change::Insert { at, count }),
            0..6,
        ),
        turns in served_in_order(),
    ) {
        let service = Service::new(total, Conduct { cap, stride, hidden, turns, changes, ..Conduct::default() });
        let Some(outcome) = read_or_paging(&service, bounds(limit, page_size, in_flight))? else { return Ok(()) };
        let rows: HashSet<u64> = outcome.rows.iter().copied().collect();
        prop_assert_eq!(rows.len(), outcome.rows.len(), "a key came twice");
        let mut throughout = service.throughout();
        throughout.retain(|row| !service.is_hidden(*row));
        if let Some(limit) = limit {
            prop_assert!(outcome.rows.len() >= throughout.len().min(limit as usize), "{:?}", service.asked());
        } else {
            throughout.retain(|row| !rows.contains(row));
            prop_assert!(throughout.is_empty(), "missing {:?} of {:?}", throughout, service.asked());
        }
    }

    /// Pages in the middle that are short, or empty, but not two in a row.
    #[test]
    fn a_gap_of_a_page_hides_no_others(
        total in 0..2000_usize,
        page_size in 2..300_u64,
        gap in (0..2000_u64, 0..300_u64),
        in_flight in 1..6_usize,
        turns in served_in_any_order(),
    ) {
        // The first page has rows; where it is short, the gap is its end.
        let start = gap.0.max(1);
        let length = gap.1.min(page_size);
        let short = start < page_size;
        prop_assume!(!short || start + length <= page_size || length < page_size);
        let service = Service::new(total, Conduct { gap: Some((start, start + length)), turns, ..Conduct::default() });
        let outcome = read(&service, bounds(None, page_size, in_flight)).unwrap();
        let visible = service.visible();
        // What cannot be told: all of what follows a short first page is left out.
        let proof_is_empty = short && (start..start * 2).all(|row| row >= total as u64 || service.is_hidden(row));
        if !proof_is_empty {
            prop_assert_eq!(&outcome.rows, &visible, "{:?}", service.asked());
        }
    }

    /// Caps and new rows at once: no row that was there is missed.
    #[test]
    fn caps_lose_nothing_while_rows_are_inserted(
        total in 0..400_usize,
        page_size in prop_oneof![12..60_u64, Just(1000)],
        cap in prop::option::of(12..60_u64),
        bytes in prop::option::of(200..400_u64),
        stride in strides(),
        in_flight in 1..6_usize,
        changes in prop::collection::btree_map(
            0..20_usize,
            (prop_oneof![Just(0_u8), Just(255), any::<u8>()], 1..12_usize)
                .prop_map(|(at, count)| Change::Insert { at, count }),
            0..6,
        ),
        turns in served_in_order(),
    ) {
        let conduct = Conduct { cap, stride, bytes, turns, changes, ..Conduct::default() };
        let service = Service::new(total, conduct);
        let Some(outcome) = read_or_paging(&service, bounds(None, page_size, in_flight))? else { return Ok(()) };
        let rows: HashSet<u64> = outcome.rows.iter().copied().collect();
        prop_assert_eq!(rows.len(), outcome.rows.len(), "a key came twice");
        let missing: Vec<u64> = service.throughout().into_iter().filter(|row| !rows.contains(row)).collect();
        prop_assert!(missing.is_empty(), "missing {:?} of {:?}", missing, service.asked());
    }

    /// So many keys over and over again, whatever the size of pages: every row, or it is told how many were left out.
    #[test]
    fn keys_that_come_again_drop_no_row_silently(
        total in 0..600_usize,
        keys in 1..120_u64,
        page_size in prop_oneof![1..100_u64, Just(1000)],
        limit in prop::option::of(0..600_u64),
        in_flight in 1..6_usize,
        turns in served_in_any_order(),
    ) {
        let service = Service::new(total, Conduct { keys: Some(keys), turns, ..Conduct::default() });
        let Some(outcome) = read_or_paging(&service, bounds(limit, page_size, in_flight))? else { return Ok(()) };
        let wanted = limit.map_or(total, |limit| total.min(limit as usize));
        let told = if outcome.keys_identify { outcome.repeated } else { 0 };
        prop_assert!(outcome.rows.len() as u64 + told >= wanted as u64, "{:?}", service.asked());
        if total as u64 > keys && limit.is_none() && total as u64 > 2 * page_size && keys.is_multiple_of(page_size) {
            prop_assert_eq!(&outcome.rows, &whole(total as u64), "{:?}", service.asked());
        }
    }

    /// Several rows a key: all are there, in every size of page, whether or not the service caps pages.
    #[test]
    fn keys_of_several_rows_drop_none(
        total in 0..300_usize,
        rows_a_key in 2..6_u64,
        page_size in prop_oneof![1..30_u64, Just(1000)],
        limit in prop::option::of(0..300_u64),
        cap in prop::option::of(1..40_u64),
        stride in strides(),
        in_flight in 1..6_usize,
        turns in served_in_any_order(),
    ) {
        let conduct = Conduct { rows_a_key: Some(rows_a_key), cap, stride, turns, ..Conduct::default() };
        let service = Service::new(total, conduct);
        let outcome = read(&service, bounds(limit, page_size, in_flight)).unwrap();
        let wanted = limit.map_or(total, |limit| total.min(limit as usize));
        prop_assert_eq!(&outcome.rows, &whole(wanted as u64), "{:?}", service.asked());
        prop_assert_eq!(outcome.repeated, 0);
    }
}

#[test]
fn caps_at_any_number_are_no_end() {
    for (cap, total) in [(999, 25_003), (12_345, 25_003), (1, 30), (1000, 25_000)] {
        for stride in [super::service::Stride::Cap, super::service::Stride::Request] {
            let service = Service::new(total, Conduct { cap: Some(cap), stride, ..Conduct::default() });
            let outcome = read(&service, bounds(None, 100_000, 4)).unwrap();
            assert_eq!(outcome.rows, whole(total as u64), "{cap}");
            assert_eq!((outcome.repeated, outcome.end), (0, Some(End::Empty)));
        }
    }
}

#[test]
fn caps_that_begin_later_are_read_around() {
    for total in (500..2000).step_by(37) {
        for in_flight in 1..6 {
            let conduct = Conduct {
                cap: Some(64),
                first_uncapped: true,
                stride: super::service::Stride::Request,
                ..Conduct::default()
            };
            let service = Service::new(total, conduct);
            let outcome = read(&service, bounds(None, 100, in_flight)).unwrap();
            assert_eq!(outcome.rows, whole(total as u64));
        }
    }
}

#[test]
fn a_service_that_leaves_out_rows_is_read_in_pages_as_large_as_can_be() {
    for (cap, most) in [(None, 50), (Some(1000), 60)] {
        let service = Service::new(20_000, Conduct { hidden: 128, cap, ..Conduct::default() });
        let outcome = read(&service, bounds(None, 2000, 4)).unwrap();
        assert_eq!(outcome.rows, service.visible());
        assert!(service.asked().len() < most, "{} requests", service.asked().len());
    }
}

#[test]
fn what_lies_beyond_the_last_page_ends_a_read() {
    for beyond in [
        Beyond::Status(204),
        Beyond::Status(400),
        Beyond::Status(404),
        Beyond::Status(410),
        Beyond::Status(416),
        Beyond::Status(422),
        Beyond::Null,
        Beyond::LastPage,
    ] {
        for total in [1, 2, 29, 30, 31, 60] {
            for page_size in [2, 7, 10, 15, 29, 30, 31, 60, 100] {
                for in_flight in [1, 4] {
                    let service = Service::new(total, Conduct { beyond, ..Conduct::default() });
                    let case = format!("{beyond:?}, {total} rows, {page_size} a page");
                    let outcome = read(&service, bounds(None, page_size, in_flight));
                    let outcome = outcome.unwrap_or_else(|error| panic!("{case}: {error}"));
                    assert_eq!(outcome.rows, whole(total as u64), "{case}");
                    assert_eq!(outcome.repeated, 0, "{case}");
                }
            }
        }
    }
}

#[test]
fn other_failures_are_none_to_end_with() {
    for code in [401, 403, 405, 429, 500, 503] {
        for (total, failing) in [(30, 2), (100, 2), (200, 3)] {
            let fails = BTreeMap::from([(failing, super::service::status(code))]);
            let service = Service::new(total, Conduct { fails, ..Conduct::default() });
            let error = read(&service, bounds(None, 100, 1)).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Status { status, .. } if *status == code), "{error}");
        }
    }
}

/// Where rows are left out, a refusal is the end if a page that holds all that there is shows that nothing follows.
#[test]
fn a_refusal_behind_rows_that_are_left_out_is_the_end_of_what_fits_a_page() {
    for code in [400, 422] {
        for total in [8_usize, 30, 33, 64, 100, 400, 900] {
            for left_out in [vec![3], vec![0, 1], vec![2, 5, 6]] {
                for in_flight in [1, 4] {
                    let beyond = Beyond::Status(code);
                    let conduct = Conduct { beyond, left_out: left_out.clone(), ..Conduct::default() };
                    let service = Service::new(total, conduct);
                    let outcome = read(&service, bounds(None, 10_000, in_flight)).unwrap();
                    let case = format!("{total} {left_out:?}: {:?}", service.asked());
                    assert_eq!(outcome.rows, service.visible(), "{case}");
                    assert_eq!(outcome.end, Some(End::Refused), "{case}");
                }
            }
        }
    }
}

/// The refusal may be about how far a service lets anybody read, and then it says so.
#[test]
fn a_refusal_for_depth_where_rows_are_left_out_is_no_end() {
    for page_size in [100, 10_000] {
        for from in 3..12 {
            let fails = (from..60).map(|page| (page, super::service::status(400))).collect();
            let conduct = Conduct { fails, hidden: 20, cap: Some(100), ..Conduct::default() };
            let service = Service::new(5000, conduct);
            let outcome = read(&service, bounds(None, page_size, 4));
            assert!(outcome.is_err(), "{:?}", service.asked());
        }
    }
}

/// Many services refuse pages from a number of rows on, however many there are.
#[test]
fn a_refusal_for_depth_is_no_end() {
    for code in [400, 422] {
        let fails = (4..60).map(|page| (page, super::service::status(code))).collect();
        let service = Service::new(1000, Conduct { fails, ..Conduct::default() });
        let error = read(&service, bounds(None, 100, 4)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Status { status, .. } if *status == code), "{error}");
    }
}

#[test]
fn the_first_page_must_be_there() {
    for beyond in [Some(204), Some(400), Some(404)] {
        let fails = BTreeMap::from([(1, super::service::status(beyond.unwrap()))]);
        let service = Service::new(100, Conduct { fails, ..Conduct::default() });
        assert!(read(&service, bounds(None, 50, 4)).is_err());
    }
}

#[test]
fn no_proof_is_asked_for_beyond_a_limit() {
    for (limit, asked) in [(30, vec![(1, 30)]), (100, vec![(1, 100)]), (150, vec![(1, 100), (2, 100)])] {
        let service = Service::new(150, Conduct::default());
        let outcome = read(&service, bounds(Some(limit), 100, 4)).unwrap();
        assert_eq!((outcome.rows.len() as u64, outcome.end), (limit, Some(End::Limit)));
        let asks: Vec<_> = asked.into_iter().map(|(page, n_per_page)| Ask { page, n_per_page }).collect();
        assert_eq!(service.asked(), asks);
    }
}

/// All that a page has left comes again: that is what a service does that answers with the last page once more, too.
#[test]
fn a_page_that_comes_again_is_no_end_while_others_follow() {
    for (total, page_size, cap, left_out) in [
        (23, 3, None, vec![0, 2, 3, 4, 5]),
        (113, 64, Some(2), vec![0]),
        (12, 100, Some(3), vec![2, 4, 5]),
        (18, 100, Some(2), vec![2, 4, 5]),
    ] {
        for stride in [Stride::Cap, Stride::Request] {
            for in_flight in [1, 4] {
                let conduct = Conduct { cap, stride, left_out: left_out.clone(), ..Conduct::default() };
                let service = Service::new(total, conduct);
                let outcome = read(&service, bounds(None, page_size, in_flight)).unwrap();
                assert_eq!(outcome.rows, service.visible(), "{total} {stride:?}: {:?}", service.asked());
            }
        }
    }
}

/// Such pages are not taken for rows that moved for ever.
#[test]
fn pages_without_a_new_key_are_an_error_where_rows_are_left_out_too() {
    let service = Service::new(858, Conduct { hidden: 20, keys: Some(60), ..Conduct::default() });
    let error = read(&service, bounds(None, 30, 4)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Paging), "{error}");
    assert!(error.message().contains("not every row has a key of its own"), "{error}");
}

/// What says that there is no such page says so of every later one.
#[test]
fn an_absent_page_in_the_middle_is_an_error() {
    for code in [204, 404, 410, 416] {
        for in_flight in [1, 4] {
            for failing in [2, 3] {
                let fails = BTreeMap::from([(failing, super::service::status(code))]);
                let service = Service::new(500, Conduct { fails, ..Conduct::default() });
                let error = read(&service, bounds(None, 100, in_flight)).unwrap_err();
                assert!(
                    matches!(error.kind(), ErrorKind::Status { status, .. } if *status == code),
                    "{error}"
                );
            }
        }
    }
}

/// Pages that all have just the same keys are not the last page once more.
#[test]
fn pages_of_the_same_keys_and_other_rows_are_all_read() {
    for keys in [1, 2, 3, 15, 16, 17, 40, 1000] {
        for pages in [2, 3, 5] {
            for beyond in [Beyond::Empty, Beyond::LastPage, Beyond::Status(404)] {
                let rows = keys * pages;
                let conduct = Conduct { keys: Some(keys as u64), beyond, ..Conduct::default() };
                match read(&Service::new(rows, conduct), bounds(None, keys as u64, 3)) {
                    Ok(outcome) => {
                        let expected: Vec<_> = (0..rows as u64).collect();
                        assert_eq!(outcome.rows, expected, "{keys} keys, {pages} pages, {beyond:?}");
                        assert!(!outcome.keys_identify);
                    }
                    // Without keys, a full page that comes again may be rows that are alike.
                    Err(error) => {
                        assert!(matches!(error.kind(), ErrorKind::Paging), "{error}");
                        assert_eq!(beyond, Beyond::LastPage);
                    }
                }
            }
        }
    }
}

/// The same where the last page is not full.
#[test]
fn a_page_of_known_keys_and_other_rows_is_read() {
    for keys in [3, 16, 17, 40] {
        // Of the page before, and of one long before it.
        for (pages, rows) in
            [(1, keys * 2 - 1), (1, keys * 3 - 2), (1, keys * 2 + 1), (2, keys * 5 / 2), (5, keys * 6)]
        {
            let page_size = keys / pages;
            if page_size == 0 || keys % page_size > 0 {
                continue;
            }
            let service = Service::new(rows, Conduct { keys: Some(keys as u64), ..Conduct::default() });
            let outcome = read(&service, bounds(None, page_size as u64, 3)).unwrap();
            assert_eq!(
                outcome.rows,
                (0..rows as u64).collect::<Vec<_>>(),
                "{keys} keys, {rows} rows of {page_size}"
            );
        }
    }
}

/// Its last page once more has other rows each time, as far as can be seen.
#[test]
fn a_service_that_writes_into_its_rows_and_repeats_its_last_page_is_no_endless_read() {
    for rows in [20, 34, 51, 60] {
        let conduct = Conduct { stamps: true, beyond: Beyond::LastPage, ..Conduct::default() };
        let service = Service::new(rows, conduct);
        let error = read(&service, bounds(None, 17, 3)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Paging), "{error}");
        assert!(service.asked().len() < 150, "{}", service.asked().len());
        // Where there is an end, it is found.
        let service = Service::new(rows, Conduct { stamps: true, ..Conduct::default() });
        assert_eq!(read(&service, bounds(None, 17, 3)).unwrap().rows.len(), rows);
    }
}
