//! Bytes → decoder, in several splits and on several threads, against serde_json and the oracle of the tests: accepted
//! and refused alike, and the same table.
//!
//!     fuzz/run 60 decode

#![no_main]

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use converz::decode::{Cutting, Options, Page, PageDecoder, ParallelDecoder, string_views, unify};
use converz::error::Error;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/rust/decode/oracle.rs"]
mod oracle;

const DEPTH: usize = 16;

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>, options: &Arc<Options>) -> Result<RecordBatch, String> {
    let mut decoder = PageDecoder::new(Arc::clone(options));
    let mut result = Ok(());
    for piece in pieces {
        result = decoder.push(piece);
        if result.is_err() {
            break;
        }
    }
    table(result.and_then(|()| decoder.finish()), options)
}

/// The same, cut wherever a row seems to begin.
fn decode_in_parallel(body: &[u8], size: usize, options: &Arc<Options>) -> Result<RecordBatch, String> {
    let mut decoder = ParallelDecoder::new(options, Cutting { threads: 2, alone: 0, stretch: 0, lag: 0 });
    let result = body.chunks(size).try_for_each(|window| decoder.push(&window.to_vec().into()));
    table(result.and_then(|()| decoder.finish()), options)
}

fn table(page: Result<Page, Error>, options: &Options) -> Result<RecordBatch, String> {
    let page = page.map_err(|error| error.to_string())?;
    let unified = unify(vec![page], options, &[], &[]).expect("nothing is pinned");
    let (_, viewed) = string_views(&unified.schema, unified.batches.clone()).expect("one schema");
    for (batch, viewed) in unified.batches.iter().zip(&viewed) {
        for (column, views) in batch.columns().iter().zip(viewed.columns()) {
            if let Some(strings) = column.as_string_opt::<i32>() {
                assert!(views.as_string_view().iter().eq(strings.iter()), "{views:?} of {strings:?}");
            }
        }
    }
    Ok(arrow_select::concat::concat_batches(&unified.schema, &unified.batches).expect("one schema"))
}

fuzz_target!(|input: &[u8]| {
    // The first byte says how the rest is split.
    let Some((split, body)) = input.split_first() else { return };
    let options = Arc::new(Options { max_depth: DEPTH, ..Options::default() });
    let whole = decode(std::iter::once(body), &options);
    match (&whole, oracle::rows(body, DEPTH, oracle::Reading::default())) {
        (Ok(table), Ok(rows)) => {
            if let Some(difference) = oracle::difference(table, &oracle::table(&rows, true)) {
                panic!("{difference}");
            }
        }
        (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) => panic!("accepted, but {error}"),
        (Err(error), Ok(_)) => panic!("refused: {error}"),
    }
    let size = usize::from(*split).max(1);
    let cut = body.len().min(size);
    let mut splits =
        vec![decode(body.chunks(size), &options), decode([&body[..cut], &body[cut..]].into_iter(), &options)];
    // Threads take far longer than the rest.
    if split % 16 == 0 {
        splits.push(decode_in_parallel(body, size, &options));
    }
    for split in splits {
        match (&whole, split) {
            (Ok(whole), Ok(split)) => {
                if let Some(difference) = oracle::difference(whole, &split) {
                    panic!("in pieces: {difference}");
                }
            }
            (Err(_), Err(_)) => {}
            (whole, split) => panic!("whole {whole:?}, in pieces {split:?}"),
        }
    }
    // Whatever it is, being lenient must not break it.
    let lossy =
        Arc::new(Options { max_depth: DEPTH, max_value_bytes: 64, lossy: true, ..Options::default() });
    let _ = decode(body.chunks(size), &lossy);
});
