//! A page that several threads decode is the page that one decodes, or the same error.

use std::sync::Arc;

use bytes::Bytes;
use converz::decode::{Cutting, Options, Page, ParallelDecoder, unify};
use converz::error::Result;
use proptest::prelude::*;

use super::helpers::{only_batch, page};
use super::oracle;
use super::property::{Writer, rows};
use super::random::Random;

/// Cuts wherever a row seems to begin.
const EVERYWHERE: Cutting = Cutting { threads: 3, alone: 0, stretch: 0, lag: 0 };

fn in_parallel(windows: impl Iterator<Item = Bytes>, options: &Options, cutting: Cutting) -> Result<Page> {
    let mut decoder = ParallelDecoder::new(&Arc::new(options.clone()), cutting);
    for window in windows {
        decoder.push(&window)?;
    }
    decoder.finish()
}

fn windows(body: &[u8], size: usize) -> impl Iterator<Item = Bytes> {
    let body = Bytes::copy_from_slice(body);
    (0..body.len()).step_by(size).map(move |start| body.slice(start..body.len().min(start + size)))
}

/// Compares with the page that one thread decodes.
fn assert_same(body: &[u8], parallel: Result<Page>, options: &Options) {
    match (page(body, options), parallel) {
        (Ok(one), Ok(several)) => {
            assert_eq!(one.num_rows(), several.num_rows());
            assert_eq!(one.column_names(), several.column_names());
            let table = |page| only_batch(&unify(vec![page], options, &[], &[]).unwrap());
            let (one, several) = (table(one), table(several));
            if let Some(difference) = oracle::difference(&one, &several) {
                panic!("{difference}");
            }
        }
        // The bytes that a message shows around a fault are those at hand.
        (Err(one), Err(several)) => {
            let place = |error: &converz::error::Error| {
                (format!("{:?}", error.kind()), error.message().split(", near ").next().map(str::to_owned))
            };
            assert_eq!(place(&one), place(&several));
        }
        (one, several) => panic!("one thread: {one:?}, several: {several:?}"),
    }
}

fn body(rows: usize, row: impl Fn(usize) -> String) -> Vec<u8> {
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("[{}]", rows.join(",")).into_bytes()
}

#[test]
fn a_large_page_is_cut_into_stretches_of_its_own_batches() {
    let options = Options::default();
    let body = body(100_000, |number| {
        format!("{{\"call_id\":{number},\"campaign\":\"sales\",\"n\":{}.5}}", number % 7)
    });
    let cutting = Cutting { threads: 2, alone: 1 << 20, stretch: 1 << 20, lag: 0 };
    let several = in_parallel(windows(&body, 64 << 10), &options, cutting).unwrap();
    let unified = unify(vec![several.clone()], &options, &[], &[]).unwrap();
    // One thread makes two batches of it.
    assert!(unified.batches.len() >= 3, "{} batches", unified.batches.len());
    assert_same(&body, Ok(several), &options);
}

#[test]
fn windows_are_free_once_they_are_read() {
    let body = body(20_000, |number| format!("{{\"call_id\":{number}}}"));
    for cutting in [Cutting { threads: 1, ..EVERYWHERE }, EVERYWHERE] {
        let watch = Arc::new(());
        let mut decoder = ParallelDecoder::new(&Arc::default(), cutting);
        for window in windows(&body, 1024) {
            decoder.push(&Bytes::from_owner(Watched(window, Arc::clone(&watch)))).unwrap();
        }
        let count = body.len().div_ceil(1024);
        // Most of them are, though stretches that are still guesses keep theirs.
        assert!(Arc::strong_count(&watch) < count, "{} of {count}", Arc::strong_count(&watch) - 1);
        assert_eq!(decoder.finish().unwrap().num_rows(), 20_000);
        assert_eq!(Arc::strong_count(&watch), 1);
    }
}

/// A window that tells when nobody has it any more.
struct Watched(Bytes, #[allow(dead_code)] Arc<()>);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[test]
fn a_page_that_is_given_up_leaves_no_thread_behind() {
    let watch = Arc::new(());
    let body = body(50_000, |number| format!("{{\"call_id\":{number}}}"));
    let mut decoder = ParallelDecoder::new(&Arc::default(), EVERYWHERE);
    for window in windows(&body, 100_000) {
        decoder.push(&Bytes::from_owner(Watched(window, Arc::clone(&watch)))).unwrap();
    }
    drop(decoder);
    assert_eq!(Arc::strong_count(&watch), 1);
}

#[test]
fn what_looks_like_the_bytes_between_rows_is_no_row() {
    let options = Options { key: Some("call_id"), ..Options::default() };
    // In a list of objects, and (a quote can't be) all but in a text.
    let body = body(3_000, |number| {
        format!(
            r#"{{"call_id":{number},"text":"}},{{\"call_id\":","list":[{{"call_id":1}},{{"call_id":2}},{{"call_id":3}}]}}"#
        )
    });
    for size in [7, 64, 1000, 100_000] {
        assert_same(&body, in_parallel(windows(&body, size), &options, EVERYWHERE), &options);
        let cutting = Cutting { threads: 2, alone: 500, stretch: 5_000, lag: 0 };
        assert_same(&body, in_parallel(windows(&body, size), &options, cutting), &options);
    }
}

#[test]
fn an_error_names_its_byte_and_row_in_the_whole_page() {
    let options = Options::default();
    let good = body(2_000, |number| format!("{{\"call_id\":{number},\"n\":{number}}}"));
    for broken in [1usize, 20, 777, 1_500, 1_998] {
        let mut bad = good.clone();
        let at = bad
            .windows(16)
            .position(|part| part.starts_with(format!("\"n\":{broken}}}").as_bytes()))
            .unwrap();
        bad[at + 4] = b'x';
        let error = in_parallel(windows(&bad, 512), &options, EVERYWHERE).unwrap_err();
        assert!(
            error.message().contains(&format!("row {}, column \"n\", byte {}", broken + 1, at + 4)),
            "{error}"
        );
        assert_same(&bad, Err(error), &options);
    }
    // Cut, with something after the end, with one column too many, with an early end.
    for bad in [
        good[..good.len() - 1].to_vec(),
        [good.as_slice(), b"x"].concat(),
        [&good[..good.len() - 1], br#",{"call_id":1,"call_id":2}]"#].concat(),
        [&good[..good.len() / 2 / 16 * 16], b"]", &good[good.len() / 2..]].concat(),
        [good.as_slice(), b",", &good[1..]].concat(),
    ] {
        assert_same(&bad, in_parallel(windows(&bad, 512), &options, EVERYWHERE), &options);
    }
}

#[test]
fn columns_are_limited_in_the_whole_page() {
    let options = Options::default();
    // Each stretch has few enough.
    let wide = |from: usize| {
        let members: Vec<String> = (from..from + 9_000).map(|number| format!("\"c{number}\":1")).collect();
        format!("{{\"call_id\":1,{}}}", members.join(","))
    };
    let body = format!("[{{\"call_id\":1}},{{\"call_id\":2}},{},{}]", wide(0), wide(9_000));
    let error = in_parallel(windows(body.as_bytes(), 512), &options, EVERYWHERE).unwrap_err();
    assert!(error.message().contains("more than 16384 columns"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn several_threads_decode_what_one_does(
        rows in rows(), seed: u64, free: bool, threads in 1usize..4, alone in 0usize..200, stretch in 0usize..300
    ) {
        let options = Options::default();
        let mut random = Random::new(seed);
        let mut body = Writer::page(&rows, seed, free).into_bytes();
        // Every other page is broken somewhere.
        if random.below(2) == 0 {
            let at = random.below(body.len());
            body[at] = b"x{}[],:\" \\0"[random.below(11)];
        }
        let cutting = Cutting { threads, alone, stretch, lag: random.below(2) * 100 };
        let size = 1 + random.below(150);
        assert_same(&body, in_parallel(windows(&body, size), &options, cutting), &options);
    }
}
