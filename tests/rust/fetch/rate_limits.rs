//! Services that answer only so many requests a second.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use converz::error::{Error, ErrorKind};
use converz::fetch::Fetched;
use converz::http::Clock;
use converz::query::Operation;

use super::over_http::{integers, page_of, read, serve_calls, spec};
use crate::http::client::{Client, settings};
use crate::http::clock::StoppedClock;
use crate::http::server::{Script, Server, run, status};

const ROWS: u64 = 400;

/// Forty pages, with a clock that the test moves.
fn limited(clock: &StoppedClock, server: &Server, in_flight: usize) -> Client {
    let mut settings = settings(&server.url);
    (settings.page_size, settings.max_concurrency) = (10, in_flight);
    Client::standing_still(clock, settings)
}

/// How a refusal says when to come again.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Asks {
    Seconds,
    Date,
    Nothing,
}

fn refusal(clock: &StoppedClock, asks: Asks) -> Script {
    let date = |time| httpdate::fmt_http_date(time);
    let headers = match asks {
        Asks::Seconds => vec!["Retry-After: 1".to_owned()],
        // To the second above, or it would be in the past.
        Asks::Date => vec![format!("Retry-After: {}", date(clock.date() + Duration::from_millis(1999)))],
        Asks::Nothing => Vec::new(),
    };
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    status("429 Too Many Requests", &headers, r#"{"error":"too many requests","code":"rate"}"#)
}

/// So many requests a second, as many of which may come at once.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    rate: f64,
    most: f64,
    filled: Instant,
}

impl Bucket {
    fn new(clock: &StoppedClock, rate: f64, most: f64) -> Self {
        Self { tokens: most, rate, most, filled: clock.now() }
    }

    fn take(&mut self, now: Instant) -> bool {
        self.tokens = (self.tokens + (now - self.filled).as_secs_f64() * self.rate).min(self.most);
        self.filled = now;
        let taken = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(taken));
        taken
    }
}

fn assert_rate_limited(error: &Error) {
    assert!(matches!(error.kind(), ErrorKind::Status { status: 429, .. }), "{error}");
}

/// Lets time pass whenever every request is answered and all wait, as if nothing else took any.
async fn read_in_time(clock: &StoppedClock, client: &Client, server: &Server) -> Result<Fetched, Error> {
    let passing = async {
        let mut idle = 0;
        loop {
            tokio::task::yield_now().await;
            idle =
                if server.requests() == client.events().len() && clock.sleepers() > 0 { idle + 1 } else { 0 };
            // What was asked for just now is on its way to the server.
            if idle == 20 {
                clock.advance_to_first();
                idle = 0;
            }
        }
    };
    tokio::select! {
        fetched = read(client, spec(Operation::Calls)) => fetched,
        () = passing => unreachable!(),
    }
}

#[test]
fn a_read_obeys_seconds_and_lasts_no_longer_than_the_service_allows() {
    assert_as_fast_as_allowed(Asks::Seconds);
}

#[test]
fn a_read_obeys_dates_and_lasts_no_longer_than_the_service_allows() {
    assert_as_fast_as_allowed(Asks::Date);
}

#[test]
fn a_read_that_is_not_told_when_finds_out_the_pace() {
    assert_as_fast_as_allowed(Asks::Nothing);
}

fn assert_as_fast_as_allowed(asks: Asks) {
    run(async {
        for (rate, burst) in [(10.0, 10.0), (10.0, 1.0), (3.0, 30.0)] {
            for in_flight in [1, 4, 8] {
                let clock = StoppedClock::new();
                let bucket = Mutex::new(Bucket::new(&clock, rate, burst));
                let (rows, now) = (serve_calls(ROWS), clock.clone());
                let server = Server::answering(&clock, move |request| {
                    if bucket.lock().unwrap().take(now.now()) { rows(request) } else { refusal(&now, asks) }
                });
                let client = limited(&clock, &server, in_flight);
                let case = format!("{rate} a second, {asks:?}, {in_flight} in flight");
                let fetched = read_in_time(&clock, &client, &server).await;
                let fetched = fetched.unwrap_or_else(|error| panic!("{case}: {error}"));
                assert!(
                    integers(&fetched.batches, "call_id").into_iter().eq((1..=ROWS.cast_signed()).map(Some)),
                    "{case}"
                );
                let requests = fetched.receipt.requests - fetched.receipt.retries;
                // Whoever is told to wait for a second gets no more than what comes in one.
                let (rate, more) =
                    if asks == Asks::Nothing { (rate / 1.15, 2.0) } else { (rate.min(burst), 1.0) };
                let most = (requests as f64 - burst) / rate + more;
                let took = clock.elapsed().as_secs_f64();
                assert!(took <= most + 1e-6, "{case}: {took} s where {most} s are enough");
                let retries = fetched.receipt.retries;
                assert!(retries <= 4 * requests, "{case}: {retries} retries of {requests} requests");
            }
        }
    });
}

#[test]
fn no_page_dies_of_waiting_for_its_turn_while_others_have_theirs() {
    run(async {
        for asks in [Asks::Seconds, Asks::Date] {
            for in_flight in [4, 8] {
                let clock = StoppedClock::new();
                let (attempts, rows, now) = (Mutex::new(HashMap::new()), serve_calls(ROWS), clock.clone());
                // More refusals of one page than a page has retries, and in all more than a read has.
                let server = Server::answering(&clock, move |request| {
                    let page = page_of(request);
                    let mut attempts = attempts.lock().unwrap();
                    let attempt = attempts.entry(page).or_insert(0);
                    *attempt += 1;
                    if page % 7 == 3 && page <= 40 && *attempt <= 7 {
                        refusal(&now, asks)
                    } else {
                        rows(request)
                    }
                });
                let client = limited(&clock, &server, in_flight);
                let fetched = read_in_time(&clock, &client, &server).await.unwrap();
                assert_eq!(fetched.receipt.rows, ROWS);
                assert_eq!(fetched.receipt.retries, 7 * 6, "{:?}", fetched.receipt);
            }
        }
    });
}

#[test]
fn a_service_that_never_serves_again_ends_the_read() {
    run(async {
        // All pages, those after some, and one among others: each page that is answered, at most ten, begins the count
        // of the others anew.
        type Refused = fn(u64) -> bool;
        let cases: [(Refused, u64); 3] =
            [(|_| true, 21), (|page| page > 5, 4 * 10 * 21), (|page| page == 3, 10 * 21)];
        for (refused, most) in cases {
            for asks in [Asks::Seconds, Asks::Date, Asks::Nothing] {
                let clock = StoppedClock::new();
                let (rows, now) = (serve_calls(ROWS), clock.clone());
                let server = Server::answering(&clock, move |request| {
                    if refused(page_of(request)) { refusal(&now, asks) } else { rows(request) }
                });
                let client = limited(&clock, &server, 4);
                assert_rate_limited(&read_in_time(&clock, &client, &server).await.unwrap_err());
                assert!(server.requests() as u64 <= most, "{asks:?}: {} requests", server.requests());
            }
        }
    });
}

#[test]
fn a_wait_that_one_page_is_asked_for_holds_the_others_back() {
    run(async {
        let clock = StoppedClock::new();
        let times = Arc::new(Mutex::new(Vec::new()));
        let (rows, now, seen) = (serve_calls(ROWS), clock.clone(), Arc::clone(&times));
        let server = Server::answering(&clock, move |request| {
            let mut seen = seen.lock().unwrap();
            seen.push(now.elapsed());
            // Every tenth request, and what comes before its time.
            if seen.len() % 10 == 0 { refusal(&now, Asks::Seconds) } else { rows(request) }
        });
        let client = limited(&clock, &server, 4);
        let fetched = read_in_time(&clock, &client, &server).await.unwrap();
        assert_eq!(fetched.receipt.rows, ROWS);
        let times = times.lock().unwrap();
        for refused in times.iter().skip(9).step_by(10) {
            let during =
                times.iter().filter(|time| *time > refused && **time < *refused + Duration::from_secs(1));
            assert_eq!(during.count(), 0, "{times:?}");
        }
    });
}

#[test]
fn the_time_of_a_page_begins_when_it_may_be_asked_for() {
    run(async {
        let clock = StoppedClock::new();
        let (count, rows) = (AtomicU64::new(0), serve_calls(ROWS));
        // Each page is told to wait for most of the time that it has.
        let server =
            Server::answering(&clock, move |request| match count.fetch_add(1, Ordering::Relaxed) % 2 {
                0 => status("503 Busy", &["Retry-After: 600"], ""),
                _ => rows(request),
            });
        let client = limited(&clock, &server, 1);
        let fetched = read_in_time(&clock, &client, &server).await.unwrap();
        assert_eq!((fetched.receipt.rows, fetched.receipt.retries), (ROWS, fetched.receipt.requests / 2));
    });
}
