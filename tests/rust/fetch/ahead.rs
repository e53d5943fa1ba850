//! How far a read runs ahead of whoever takes its pages.

use std::sync::Arc;

use converz::fetch::{Gate, PageLoop};
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use super::service::{Conduct, Served, Service, block_on, bounds, read_with};

#[test]
fn no_more_pages_are_asked_for_than_the_gate_allows() {
    block_on(async {
        let service = Service::new(1000, Conduct::default());
        let gate = Arc::new(Semaphore::new(3));
        let mut pages = PageLoop::new(
            Served(Arc::clone(&service)),
            bounds(None, 10, 8),
            Some(Gate::new(Arc::clone(&gate))),
        );
        let mut taken = Vec::new();
        for asked in [1, 3, 3] {
            taken.push(pages.next().await.unwrap().unwrap());
            assert_eq!(service.asked().len(), asked);
        }
        // All three are held by the consumer, so the fourth has to wait for one of them.
        let fourth = tokio::select! {
            fourth = pages.next() => Some(fourth),
            () = async { for _ in 0..100 { yield_now().await } } => None,
        };
        assert!(fourth.is_none());
        assert_eq!(service.asked().len(), 3);
        taken.remove(0);
        let fourth = pages.next().await.unwrap().unwrap();
        assert_eq!((fourth.number, service.asked().len()), (4, 4));
    });
}

#[test]
fn a_gate_changes_nothing_about_the_rows() {
    for permits in 1..4 {
        for total in [0, 5, 10, 95, 100, 101] {
            let service = Service::new(total, Conduct::default());
            let gate = Arc::new(Semaphore::new(permits));
            let outcome = read_with(&service, bounds(None, 10, 8), Some(Gate::new(gate))).unwrap();
            assert_eq!(outcome.rows, (0..total as u64).collect::<Vec<_>>());
            assert!(service.most_in_flight() <= permits);
        }
    }
}

#[test]
fn no_more_pages_are_asked_for_than_fit_as_soon_as_the_first_has_come() {
    for (json, ahead) in [(1, 4), (40 << 20, 3), (1 << 30, 2)] {
        block_on(async {
            let service = Service::new(1000, Conduct { json, ..Conduct::default() });
            let gate = Some(Gate::by_bytes(4));
            let mut pages = PageLoop::new(Served(Arc::clone(&service)), bounds(None, 10, 8), gate);
            let mut taken = Vec::new();
            while taken.len() < ahead {
                taken.push(pages.next().await.unwrap().unwrap());
            }
            let more = tokio::select! {
                more = pages.next() => Some(more),
                () = async { for _ in 0..100 { yield_now().await } } => None,
            };
            assert!(more.is_none(), "{json}");
            assert_eq!(service.asked().len(), ahead, "{json}");
            taken.clear();
            assert!(pages.next().await.unwrap().is_some());
        });
    }
}
