//! Rows that stay where they are: exactly those that were asked for, in order, with no more requests than that takes.

use std::collections::BTreeMap;

use converz::error::{Error, ErrorKind};
use converz::fetch::{Ask, Bounds, End};
use proptest::prelude::*;

use super::service::{Beyond, Conduct, Service, beyond, bounds, read, served_in_any_order, strides};

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
        cap in prop::option::of(prop_oneof![1..40_u64, 1..1500_u64]),
        stride in strides(),
        beyond in beyond(),
        in_flight in 1..6_usize,
        turns in served_in_any_order(),
    ) {
        // The smallest pages of the largest tables take long to serve and show nothing else.
        prop_assume!(total as u64 / page_size.min(cap.unwrap_or(page_size)) < 200);
        let service = Service::new(total, Conduct { cap, stride, beyond, turns, ..Conduct::default() });
        let outcome = read(&service, bounds(limit, page_size, in_flight));
        let first = limit.map_or(page_size, |limit| limit.min(page_size));
        let size = first.min(cap.unwrap_or(first)).min(total as u64);
        // One row that comes again whatever is asked for: nothing shows whether there are others.
        if beyond == Beyond::LastPage && cap == Some(1) && first > 1 && total > 0 {
            return Ok(());
        }
        let outcome = outcome.unwrap();

        let wanted = limit.map_or(total, |limit| total.min(limit as usize));
        prop_assert_eq!(&outcome.rows, &(0..wanted as u64).collect::<Vec<_>>());
        prop_assert_eq!((outcome.repeated, outcome.grew), (0, false));
        prop_assert!(outcome.keys_identify);

        let asked = service.asked();
        prop_assert!(service.most_in_flight() <= in_flight);
        if limit == Some(0) {
            prop_assert!(asked.is_empty());
            return Ok(());
        }
        prop_assert_eq!(asked[0].n_per_page, first);
        let is_limit = limit.is_some_and(|limit| limit <= total as u64);
        prop_assert_eq!(outcome.end == Some(End::Limit), is_limit);
        if beyond != Beyond::Empty {
            return Ok(());
        }
        prop_assert_eq!(outcome.answered, asked.len());
        let needed = (wanted as u64).div_ceil(size.max(1)).max(1) as usize;
        if is_limit {
            prop_assert_eq!(asked.len(), needed);
            prop_assert_eq!(pages(&asked), (1..=asked.len() as u64).collect::<Vec<_>>());
            prop_assert!(asked[1..].iter().all(|ask| ask.n_per_page == size));
        } else if needed == 1 && size < first {
            // A first page that is short: what follows it is asked for, in as few rows as it has.
            let proof = Ask { page: 2, n_per_page: size };
            prop_assert_eq!(&asked[1..], if total == 0 { &[][..] } else { &[proof][..] });
        } else {
            // The end is what follows the last row and one empty page, or two; others are in flight by then.
            prop_assert!(asked.len() <= needed + 1 + in_flight.max(2), "{} of {}", asked.len(), needed);
        }
    }

    /// A page that is short is trusted where the user says so.
    #[test]
    fn short_pages_end_a_read_where_they_are_trusted(
        total in 0..1000_usize,
        page_size in 1..400_u64,
        limit in prop::option::of(0..1200_u64),
        beyond in beyond(),
        in_flight in 1..6_usize,
        turns in served_in_any_order(),
    ) {
        let service = Service::new(total, Conduct { beyond, turns, ..Conduct::default() });
        let trusting = Bounds { trust_short: true, ..bounds(limit, page_size, in_flight) };
        // Where the last page is full, the one behind it has to tell.
        let size = limit.map_or(page_size, |limit| limit.min(page_size));
        prop_assume!(beyond != Beyond::LastPage || !(total as u64).is_multiple_of(size.max(1)));
        let outcome = read(&service, trusting).unwrap();
        let wanted = limit.map_or(total, |limit| total.min(limit as usize));
        prop_assert_eq!(&outcome.rows, &(0..wanted as u64).collect::<Vec<_>>());
        let asked = service.asked().len();
        if limit.is_some_and(|limit| limit <= total as u64) {
            prop_assert_eq!(outcome.end, Some(End::Limit));
            prop_assert_eq!(asked, (wanted as u64).div_ceil(size.max(1)) as usize);
        } else if !(total as u64).is_multiple_of(size) {
            prop_assert_eq!(outcome.end, Some(End::Short));
            prop_assert!(asked < wanted.div_ceil(size as usize) + in_flight);
        }
    }

    #[test]
    fn a_service_that_ignores_page_is_an_error(
        total in 1..300_usize,
        page_size in 1..200_u64,
        in_flight in 1..6_usize,
        cap in prop::option::of(1..100_u64),
        turns in served_in_any_order(),
    ) {
        let conduct = Conduct { cap, ignores_page: true, turns, ..Conduct::default() };
        let service = Service::new(total, conduct);
        let result = read(&service, bounds(None, page_size, in_flight));
        let rows = (total as u64).min(page_size).min(cap.unwrap_or(page_size));
        // A page of one row that comes again even where two are asked for: a service that caps pages and ignores `page` at
        // once cannot be told from one with a single row.
        let capped_at_one = cap == Some(1);
        if rows == page_size && total > 1 && !capped_at_one {
            let error = result.unwrap_err();
            prop_assert!(matches!(error.kind(), ErrorKind::Paging), "{}", error);
            prop_assert!(error.message().contains("page 2"), "{}", error);
        } else {
            // What there is, comes again: nothing shows that there is more.
            let outcome = result.unwrap();
            prop_assert_eq!((outcome.rows.len() as u64, outcome.end), (rows, Some(End::Repeated)));
        }
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

        let wanted = limit.map_or(total, |limit| total.min(limit as usize));
        let size = limit.map_or(50, |limit| limit.min(50));
        let full = total as u64 / size;
        let is_limit = limit.is_some_and(|limit| limit <= total as u64);
        // The pages with rows, and two that show the end.
        let last = match limit {
            Some(limit) if is_limit => limit.div_ceil(size),
            _ if full == 0 => 2,
            _ => full + 2,
        };
        match result {
            Ok(outcome) => {
                prop_assert_eq!(outcome.rows, (0..wanted as u64).collect::<Vec<_>>());
                // With a short page, the second that shows the end is the proof, which has a number of its own.
                let proven = u64::from(!is_limit && !(total as u64).is_multiple_of(size) && full > 0);
                prop_assert!(failing > last - proven);
            }
            Err(error) => {
                prop_assert_eq!(error.message(), "gone");
                prop_assert!(failing <= last || service.asked().iter().any(|ask| ask.page == failing && ask.n_per_page != size));
            }
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
        assert_eq!(short.asked(), [Ask { page: 1, n_per_page: 100 }, Ask { page: 2, n_per_page: 99 }]);
    }
}

#[test]
fn a_result_that_fits_a_page_is_proven_by_one_small_request() {
    for (total, requests) in [(0, 1), (1, 2), (9, 2), (10, 2), (30, 2), (64, 2), (99, 2), (100, 5)] {
        let service = Service::new(total, Conduct::default());
        let outcome = read(&service, bounds(None, 100, 4)).unwrap();
        assert_eq!((outcome.rows.len(), service.asked().len()), (total, requests), "{total} rows");
        assert_eq!(outcome.end, Some(End::Empty));
    }
    for beyond in [Beyond::Status(404), Beyond::Status(400), Beyond::Status(204), Beyond::Null] {
        let service = Service::new(30, Conduct { beyond, ..Conduct::default() });
        let outcome = read(&service, bounds(None, 100, 4)).unwrap();
        assert_eq!((outcome.rows.len(), service.asked().len()), (30, 2), "{beyond:?}");
        let refused = matches!(beyond, Beyond::Status(400 | 404));
        assert_eq!(outcome.end, Some(if refused { End::Refused } else { End::Empty }));
    }
}

#[test]
fn one_page_after_the_other_takes_two_requests_to_prove_the_end() {
    for (total, asked) in [
        (300, vec![(1, 100), (2, 100), (3, 100), (4, 100), (5, 100)]),
        (250, vec![(1, 100), (2, 100), (3, 100), (6, 50), (4, 100)]),
    ] {
        let service = Service::new(total, Conduct::default());
        assert_eq!(read(&service, bounds(None, 100, 1)).unwrap().rows.len(), total);
        let asks: Vec<_> = service.asked().iter().map(|ask| (ask.page, ask.n_per_page)).collect();
        assert_eq!(asks, asked);
    }
}
