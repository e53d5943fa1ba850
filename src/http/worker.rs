//! The threads' part of an answer: windows of received bytes → decompression → the sink.

use std::io::{self, BufRead, Read};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc as sync;
use std::thread;

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

use super::body_sink::BodySink;
use super::decompress::Decompressor;
use super::encoding::Encoding;
use super::windows::{Pool, WINDOW};
use crate::error::{Error, panic_text};
use crate::resources;

/// Windows between two threads.
pub(super) const QUEUE: usize = 4;
/// What one thread decompresses on its own at a time.
const SMALL: usize = 64 << 10;

pub(super) enum Piece {
    Window(Bytes),
    /// The body is complete; a channel that closes without it was given up.
    End,
}

/// Why a body did not become an output.
pub(super) enum BodyError {
    Sink(Error),
    /// Compressed data that end too early.
    Cut(String),
    /// Compressed data that are broken.
    Corrupt(String),
    TooLarge,
    /// A window larger than what is allowed for decompression.
    TooMuchMemory,
    Panicked(String),
    /// Nobody waits for the output any more.
    GivenUp,
}

/// The received bytes, as a reader that waits for them.
pub(super) struct Source {
    current: Bytes,
    pieces: Option<mpsc::Receiver<Piece>>,
    given_up: Arc<AtomicBool>,
}

impl Source {
    /// `pieces` is absent where `first` is all there is.
    pub fn new(first: Bytes, pieces: Option<mpsc::Receiver<Piece>>, given_up: Arc<AtomicBool>) -> Self {
        Self { current: first, pieces, given_up }
    }

    fn whole(&self) -> bool {
        self.pieces.is_none()
    }

    /// The next window as a whole; none at the end of the body.
    fn window(&mut self) -> io::Result<Option<Bytes>> {
        let is_over = self.fill_buf()?.is_empty();
        Ok((!is_over).then(|| mem::take(&mut self.current)))
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.is_empty() {
            let Some(pieces) = &mut self.pieces else { break };
            let piece = pieces.blocking_recv();
            if self.given_up.load(Ordering::Relaxed) {
                return Err(given_up());
            }
            match piece {
                Some(Piece::Window(window)) => self.current = window,
                Some(Piece::End) => self.pieces = None,
                None => return Err(given_up()),
            }
        }
        Ok(&self.current)
    }

    fn consume(&mut self, amount: usize) {
        self.current.advance(amount);
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let size = available.len().min(buffer.len());
        buffer[..size].copy_from_slice(&available[..size]);
        self.consume(size);
        Ok(size)
    }
}

pub(super) struct Job<S> {
    pub source: Source,
    pub sink: S,
    pub encoding: Encoding,
    pub max_bytes: u64,
    pub decoded: Arc<AtomicU64>,
}

impl<S: BodySink> Job<S> {
    /// Feeds the sink until the body ends.
    pub fn run(self) -> Result<S::Output, BodyError> {
        match self.encoding {
            Encoding::Identity => self.pass_on(),
            _ if self.source.whole() => self.decompress_here(),
            _ => self.decompress_beside(),
        }
    }

    fn pass_on(mut self) -> Result<S::Output, BodyError> {
        while let Some(window) = self.source.window().map_err(|error| classify(&error))? {
            self.decoded.fetch_add(window.len() as u64, Ordering::Relaxed);
            push(&mut self.sink, window)?;
        }
        self.sink.finish().map_err(BodyError::Sink)
    }

    fn decompress_here(mut self) -> Result<S::Output, BodyError> {
        let given_up = Arc::clone(&self.source.given_up);
        let mut windows = Windows::new(self.encoding, self.source, self.max_bytes, self.decoded)?;
        let pool = Pool::new(SMALL);
        loop {
            // A few kilobytes may decompress to gigabytes.
            if given_up.load(Ordering::Relaxed) {
                return Err(BodyError::GivenUp);
            }
            let mut window = pool.take();
            window.resize(SMALL, 0);
            let size = windows.fill(&mut window)?;
            if size == 0 {
                return self.sink.finish().map_err(BodyError::Sink);
            }
            window.truncate(size);
            push(&mut self.sink, pool.window(window))?;
        }
    }

    /// Decompresses on a second thread, so that it overlaps with what the sink does.
    fn decompress_beside(mut self) -> Result<S::Output, BodyError> {
        let (full, filled) = sync::sync_channel::<Bytes>(QUEUE);
        let given_up = Arc::clone(&self.source.given_up);
        let (hand_over, handed) = sync::sync_channel::<(Source, Arc<AtomicU64>)>(1);
        let (encoding, max_bytes) = (self.encoding, self.max_bytes);
        let decompress = move || -> Result<(), BodyError> {
            let Ok((source, decoded)) = handed.recv() else { return Err(BodyError::GivenUp) };
            let mut windows = Windows::new(encoding, source, max_bytes, decoded)?;
            let pool = Pool::new(WINDOW);
            loop {
                let mut window = pool.take();
                window.resize(WINDOW, 0);
                let size = windows.fill(&mut window)?;
                window.truncate(size);
                if size == 0 {
                    return Ok(());
                }
                // A sink that failed takes no more.
                full.send(pool.window(window)).map_err(|_| BodyError::GivenUp)?;
            }
        };
        let thread = thread::Builder::new().name("converz-decompress".to_owned()).spawn(decompress);
        // Where the system has no thread for it, this one does both.
        let Ok(thread) = thread else { return self.decompress_here() };
        // A thread that is gone before it has begun panicked, which its end tells.
        let _ = hand_over.send((self.source, self.decoded));
        for window in filled {
            if given_up.load(Ordering::Relaxed) {
                return Err(BodyError::GivenUp);
            }
            push(&mut self.sink, window)?;
        }
        match thread.join() {
            Ok(Ok(())) => self.sink.finish().map_err(BodyError::Sink),
            Ok(Err(error)) => Err(error),
            Err(panic) => Err(BodyError::Panicked(panic_text(&*panic))),
        }
    }
}

/// Hands a window on, unless there is no memory for what is made of it.
fn push(sink: &mut impl BodySink, window: Bytes) -> Result<(), BodyError> {
    resources::check().and_then(|()| sink.push(window)).map_err(BodyError::Sink)
}

/// Decompressed windows up to a limit.
struct Windows {
    decompressor: Decompressor<Source>,
    left: u64,
    decoded: Arc<AtomicU64>,
}

impl Windows {
    fn new(
        encoding: Encoding,
        source: Source,
        max_bytes: u64,
        decoded: Arc<AtomicU64>,
    ) -> Result<Self, BodyError> {
        let decompressor = Decompressor::new(encoding, source).map_err(|error| classify(&error))?;
        Ok(Self { decompressor, left: max_bytes, decoded })
    }

    fn fill(&mut self, window: &mut [u8]) -> Result<usize, BodyError> {
        let size = self.decompressor.fill(window).map_err(|error| classify(&error))?;
        self.decoded.fetch_add(size as u64, Ordering::Relaxed);
        self.left = self.left.checked_sub(size as u64).ok_or(BodyError::TooLarge)?;
        Ok(size)
    }
}

#[derive(Debug)]
struct GivenUp;

impl std::fmt::Display for GivenUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("given up")
    }
}

impl std::error::Error for GivenUp {}

fn given_up() -> io::Error {
    io::Error::other(GivenUp)
}

fn classify(error: &io::Error) -> BodyError {
    if error.get_ref().and_then(|inner| inner.downcast_ref::<GivenUp>()).is_some() {
        BodyError::GivenUp
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        BodyError::Cut(error.to_string())
    } else if super::decompress::needs_too_much(error) {
        BodyError::TooMuchMemory
    } else if super::decompress::lacks_memory(error) {
        BodyError::Sink(resources::none_left())
    } else {
        BodyError::Corrupt(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use super::*;
    use crate::error::Result as SinkResult;

    /// Refuses everything, if it is told to.
    struct Sink {
        refuses: bool,
    }

    impl BodySink for Sink {
        type Output = ();

        fn push(&mut self, _: Bytes) -> SinkResult<()> {
            if self.refuses { Err(Error::decode("refused")) } else { Ok(()) }
        }

        fn finish(self) -> SinkResult<()> {
            Ok(())
        }
    }

    fn compressed() -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&vec![b'1'; 40 * WINDOW]).unwrap();
        encoder.finish().unwrap()
    }

    /// A job whose body has begun, run by a thread of its own.
    fn begin(
        refuses: bool,
    ) -> (mpsc::Sender<Piece>, Arc<AtomicBool>, thread::JoinHandle<Result<(), BodyError>>) {
        let mut first = compressed();
        first.truncate(first.len() - 9);
        let (pieces, received) = mpsc::channel(QUEUE);
        let given_up = Arc::new(AtomicBool::new(false));
        let job = Job {
            source: Source::new(first.into(), Some(received), Arc::clone(&given_up)),
            sink: Sink { refuses },
            encoding: Encoding::Gzip,
            max_bytes: u64::MAX,
            decoded: Arc::default(),
        };
        (pieces, given_up, thread::spawn(move || job.run()))
    }

    /// Waits until the threads, each of which holds the flag, have gone.
    fn wait_for_threads(given_up: &Arc<AtomicBool>) {
        while Arc::strong_count(given_up) > 1 {
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn threads_end_when_nobody_waits() {
        let (pieces, given_up, thread) = begin(false);
        given_up.store(true, Ordering::Relaxed);
        drop(pieces);
        assert!(matches!(thread.join().unwrap(), Err(BodyError::GivenUp)));
        wait_for_threads(&given_up);
    }

    #[test]
    fn a_sink_that_refuses_does_not_wait_for_the_rest() {
        let (pieces, given_up, thread) = begin(true);
        assert!(matches!(thread.join().unwrap(), Err(BodyError::Sink(_))));
        drop(pieces);
        wait_for_threads(&given_up);
    }

    #[test]
    fn a_body_that_ends_early_was_cut() {
        let (pieces, given_up, thread) = begin(false);
        pieces.blocking_send(Piece::End).unwrap_or_default();
        assert!(matches!(thread.join().unwrap(), Err(BodyError::Cut(_))));
        wait_for_threads(&given_up);
    }
}
