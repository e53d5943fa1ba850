//! How fast bodies decode in memory: `cargo bench --no-default-features --bench decode -- FILE...`, with the files
//! that `tests/benchmarks/bodies.py` writes. For each the best and the median of the runs, in MB of body a second, by
//! the clock and by the time that the thread had a processor (on Linux; what counts where others are busy, too).
//! The peak is only right for the first file of a process. `--quick` runs everything once, to see that it runs.

use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, hint};

use bytes::Bytes;
use converz::decode::{Cutting, Options, PageDecoder, ParallelDecoder, Unified, unify};

const RUNS: usize = 15;
/// As a connection delivers them.
const PIECE: usize = 256 << 10;

/// Decodes a body in pieces of that size.
type Way = fn(&Bytes, usize) -> Unified;

fn decode(body: &Bytes, piece: usize) -> Unified {
    let options = Arc::new(Options::default());
    let mut decoder = PageDecoder::new(Arc::clone(&options));
    for piece in body.chunks(piece) {
        decoder.push(piece).expect("the body is valid");
    }
    let page = decoder.finish().expect("the body is whole");
    unify(vec![page], &options, &[], &[]).expect("nothing is pinned")
}

fn decode_in_parallel(body: &Bytes, piece: usize) -> Unified {
    let options = Arc::new(Options::default());
    let mut decoder = ParallelDecoder::new(&options, Cutting::default());
    for start in (0..body.len()).step_by(piece) {
        decoder.push(&body.slice(start..body.len().min(start + piece))).expect("the body is valid");
    }
    let page = decoder.finish().expect("the body is whole");
    unify(vec![page], &options, &[], &[]).expect("nothing is pinned")
}

fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

/// How long this thread has had a processor.
fn on_processor() -> Duration {
    let status = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = status.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

fn main() {
    let runs = if env::args().any(|argument| argument == "--quick") { 1 } else { RUNS };
    for path in env::args().skip(1).filter(|argument| !argument.starts_with("--")) {
        let body = Bytes::from(fs::read(&path).expect("the file can be read"));
        // A new peak begins here.
        let _ = fs::write("/proc/self/clear_refs", "5");
        let before = peak();
        let table = decode(&body, PIECE);
        let above = (peak() - before) as f64 / 1024.0;
        let finished: usize = table.batches.iter().map(arrow_array::RecordBatch::get_array_memory_size).sum();
        let finished = finished as f64 / f64::from(1 << 20);
        println!(
            "{path}: {:.1} MB, {} batches; peak {above:.1} MiB above the body, {:.2} times the table of {finished:.1} MiB",
            body.len() as f64 / 1e6,
            table.batches.len(),
            above / finished
        );
        drop(table);
        let ways: [(&str, usize, Way); 3] = [
            ("in one piece", body.len(), decode),
            ("in pieces of 256 KiB", PIECE, decode),
            ("on several threads", PIECE, decode_in_parallel),
        ];
        for (name, piece, decode) in ways {
            let mut clock = Vec::new();
            let mut processor = Vec::new();
            for _ in 0..runs {
                let (start, busy) = (Instant::now(), on_processor());
                let table = hint::black_box(decode(&body, piece));
                clock.push(start.elapsed());
                processor.push(on_processor().saturating_sub(busy));
                drop(table);
            }
            for (kind, times) in [("clock", &mut clock), ("processor", &mut processor)] {
                times.sort();
                let speed = |time: &Duration| body.len() as f64 / 1e6 / time.as_secs_f64();
                println!(
                    "  {name}, {kind}: best {:.0}, median {:.0} MB/s",
                    speed(&times[0]),
                    speed(&times[runs / 2])
                );
            }
        }
    }
}
