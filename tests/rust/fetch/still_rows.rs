//! Rows that stay where they are: exactly those that were asked for, in order, with no more requests than that takes.

use std::collections::BTreeMap;

use converz::error::{Error, ErrorKind};
use converz::fetch::Ask;
use proptest::prelude::*;

use super::service::{Conduct, Service, bounds, read, served_in_any_order, strides};

fn pages(asked: &[Ask]) -> Vec<u64> {
    asked.iter().map(|ask| ask.page).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_row_comes_once_and_in_order(
        total in 0..3000_usize,
        page_size in prop_oneof![1..40_u64, 1..3000_u64, Just(100_000)],
        limit in prop::option::of(prop_oneof![0..40_u64, 0..3500_u64]),
        cap in prop::option::of(prop::sample::select(vec![10_u64, 64, 100, 128, 250, 1000, 1024])),
        stride in strides(),
        in_flight in 1..6_usize,
        turns in served_in_any_order(),
    ) {
        // The smallest pages of the largest tables take long to serve and show nothing else.
        prop_assume!(total as u64 / page_size < 200);
        let service = Service::new(total, Conduct { cap, stride, turns, ..Conduct::default() });
        let outcome = read(&service, bounds(limit, page_size, in_flight)).unwrap();

        let wanted = limit.map_or(total, |limit| total.min(limit as usize));
        prop_assert_eq!(&outcome.rows, &(0..wanted as u64).collect::<Vec<_>>());
        prop_assert_eq!((outcome.repeated, outcome.grew), (0, false));

        let asked = service.asked();
        prop_assert_eq!(outcome.answered, asked.len());
        prop_assert!(service.most_in_flight() <= in_flight);
        prop_assert_eq!(pages(&asked), (1..=asked.len() as u64).collect::<Vec<_>>());
        if limit == Some(0) {
            prop_assert!(asked.is_empty());
            return Ok(());
        }
        let first = limit.map_or(page_size, |limit| limit.min(page_size));
        prop_assert_eq!(asked[0].n_per_page, first);
        // A first page that may be capped sets the size of the others.
        let size = first.min(cap.unwrap_or(first)).min(total as u64);
        prop_assert!(asked[1..].iter().all(|ask| ask.n_per_page == size));
        let needed = (wanted as u64).div_ceil(size.max(1)).max(1) as usize;
        if limit.is_some_and(|limit| limit <= total as u64) {
            prop_assert_eq!(asked.len(), needed);
        } else {
            // The end shows in a short page, while others are in flight.
            prop_assert!(asked.len() <= needed + in_flight, "{} of {}", asked.len(), needed);
        }
    }

    #[test]
    fn a_service_that_ignores_page_is_an_error(
        total in 1..300_usize,
        page_size in 1..200_u64,
        in_flight in 1..6_usize,
        cap in prop::option::of(prop::sample::select(vec![10_u64, 64, 100])),
        turns in served_in_any_order(),
    ) {
        let conduct = Conduct { cap, ignores_page: true, turns, ..Conduct::default() };
        let service = Service::new(total, conduct);
        let result = read(&service, bounds(None, page_size, in_flight));
        let rows = (total as u64).min(page_size).min(cap.unwrap_or(page_size));
        if rows == page_size || rows.is_multiple_of(10) || rows.is_multiple_of(64) {
            let error = result.unwrap_err();
            prop_assert!(matches!(error.kind(), ErrorKind::Paging), "{}", error);
            prop_assert!(error.message().contains("page 2"), "{}", error);
        } else {
            prop_assert_eq!(result.unwrap().rows.len() as u64, rows);
        }
    }

    /// Nothing is raised that is not known to lose rows.
    #[test]
    fn caps_that_begin_later_are_an_error(
        total in 500..2000_usize,
        stride in strides(),
        in_flight in 2..6_usize,
        turns in served_in_any_order(),
    ) {
        let conduct = Conduct {
            cap: Some(64), first_uncapped: true, stride, turns, ..Conduct::default()
        };
        let service = Service::new(total, conduct);
        // The second and third page are in flight together, and both are capped.
        let error = read(&service, bounds(None, 100, in_flight)).unwrap_err();
        prop_assert!(matches!(error.kind(), ErrorKind::Paging), "{}", error);
        prop_assert!(error.message().contains("page_size of at most 64"), "{}", error);
    }

    #[test]
    fn failures_count_only_before_the_end(
        total in 1..400_usize,
        failing in 1..12_u64,
        limit in prop::option::of(1..400_u64),
        in_flight in 1..6_usize,
        turns in served_in_any_order(),
    ) {
        let fails = BTreeMap::from([(failing, Error::connection("gone"))]);
        let service = Service::new(total, Conduct { fails, turns, ..Conduct::default() });
        let result = read(&service, bounds(limit, 50, in_flight));

        let size = limit.map_or(50, |limit| limit.min(50));
        let full = total as u64 / size;
        // One more page is read to see the end, unless the limit is the end.
        let last = match limit {
            Some(limit) if limit <= total as u64 => limit.div_ceil(size),
            _ if full == 0 && total.is_multiple_of(10) => 2,
            _ => full + 1,
        };
        if failing <= last {
            let error = result.unwrap_err();
            prop_assert_eq!(error.message(), "gone");
        } else {
            let wanted = limit.map_or(total, |limit| total.min(limit as usize));
            prop_assert_eq!(result.unwrap().rows, (0..wanted as u64).collect::<Vec<_>>());
        }
    }

    #[test]
    fn rows_without_a_key_are_all_kept(
        total in 0..300_usize, page_size in 1..100_u64, every in 1..5_u64, turns in served_in_any_order(),
    ) {
        let service = Service::new(total, Conduct { without_key: Some(every), turns, ..Conduct::default() });
        prop_assert_eq!(read(&service, bounds(None, page_size, 4)).unwrap().rows.len(), total);
    }

    #[test]
    fn a_service_that_ignores_page_is_an_error_without_keys_too(
        page_size in 1..200_u64,
        in_flight in 1..6_usize,
        every in 1..5_u64,
        turns in served_in_any_order(),
    ) {
        let conduct = Conduct { ignores_page: true, without_key: Some(every), turns, ..Conduct::default() };
        let service = Service::new(300, conduct);
        let error = read(&service, bounds(None, page_size, in_flight)).unwrap_err();
        prop_assert!(matches!(error.kind(), ErrorKind::Paging), "{}", error);
        // The first page has keys that are new if any row has one.
        let page = if every == 1 || page_size == 1 { "page 4" } else { "page 5" };
        prop_assert!(error.message().contains(page), "{}", error);
    }
}

#[test]
fn the_first_page_goes_alone_and_then_as_many_as_are_allowed() {
    for in_flight in 1..5 {
        let turns = vec![super::service::Turn { before: 3, after: 3 }];
        let service = Service::new(1000, Conduct { turns, ..Conduct::default() });
        read(&service, bounds(None, 100, in_flight)).unwrap();
        assert_eq!(service.most_in_flight(), in_flight);

        let short = Service::new(99, Conduct::default());
        read(&short, bounds(None, 100, in_flight)).unwrap();
        assert_eq!(short.asked(), [Ask { page: 1, n_per_page: 100 }]);
    }
}

#[test]
fn a_first_page_that_may_be_capped_is_asked_about_once() {
    let cases = [(0, 1), (1, 1), (9, 1), (10, 2), (64, 2), (65, 1), (99, 1), (100, 5)];
    for (total, requests) in cases {
        let service = Service::new(total, Conduct::default());
        let outcome = read(&service, bounds(None, 100, 4)).unwrap();
        assert_eq!((outcome.rows.len(), service.asked().len()), (total, requests), "{total} rows");
    }
}
