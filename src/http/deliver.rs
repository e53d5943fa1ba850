//! The body of an answer, from the connection through the worker's threads into a sink.

use std::future::ready;
use std::io::Read;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http_body::Body;
use tokio::sync::mpsc::{self, error::TrySendError};

use super::body_sink::BodySink;
use super::decompress::Decompressor;
use super::encoding::Encoding;
use super::exchange::{Exchange, Response, WORDS};
use super::failure::Failure;
use super::refusal::content_type;
use super::windows::{Pool, WINDOW};
use super::worker::{BodyError, Job, Piece, QUEUE, Source};
use crate::error::{Error, ErrorKind};
use crate::resources::{Work, begin};
use crate::settings::Settings;

/// After the first window, what came in one piece is handed over as it is from this size on; less is gathered.
const LARGE: usize = WINDOW / 8;

type Outcome<T> = Result<Result<T, BodyError>, Error>;

/// Tells the threads that nobody waits for them any more, also when the future is dropped.
struct GiveUp(Arc<AtomicBool>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What failures of a body are told with.
struct Told<'a> {
    settings: &'a Settings,
    encoding: Encoding,
    content_type: String,
}

/// Feeds the body to a new sink.
pub(super) async fn deliver<S: BodySink>(
    mut response: Response,
    exchange: &mut Exchange<'_>,
    new_sink: &(impl Fn() -> S + Sync),
) -> Result<S::Output, Failure> {
    let settings = exchange.settings();
    let content_type = content_type(response.headers());
    // Nothing is nothing in every encoding.
    let encoding = if response.body().size_hint().exact() == Some(0) {
        Encoding::Identity
    } else {
        Encoding::of(response.headers())
            .map_err(|error| Failure::refused_body(error.with_context(&content_type)))?
    };
    let told = Told { settings, encoding, content_type };
    if response.body().size_hint().exact().is_some_and(|length| length > settings.max_response_bytes) {
        return Err(told.failure(BodyError::TooLarge));
    }

    let mut window = Vec::new();
    let mut rest = Bytes::new();
    let mut look_at = exchange.now() + WORDS;
    let whole = loop {
        if rest.is_empty() {
            match exchange.chunk_before(look_at, &mut response).await? {
                Some(Some(chunk)) => rest = chunk,
                Some(None) => break true,
                // Right so far, it may be as slow as the timeouts allow.
                None => {
                    if let Some(outcome) = look(&window, encoding, exchange, new_sink()).await {
                        return told.output(outcome);
                    }
                    look_at = exchange.now() + WORDS;
                }
            }
        }
        take(&mut rest, &mut window);
        if window.len() == WINDOW {
            break false;
        }
    };
    if window.len() as u64 > settings.max_response_bytes {
        return Err(told.failure(BodyError::TooLarge));
    }

    let give_up = GiveUp(Arc::default());
    let (pieces, received) = mpsc::channel(QUEUE);
    let source = Source::new(window.into(), (!whole).then_some(received), Arc::clone(&give_up.0));
    let job = Job {
        source,
        sink: new_sink(),
        encoding,
        max_bytes: settings.max_response_bytes,
        decoded: Arc::clone(exchange.decoded()),
    };
    let mut job = begin(move || job.run());
    if !whole {
        let early = receive(&mut response, exchange, rest, &pieces, &mut job).await;
        match early {
            Ok(None) => {}
            Ok(Some(outcome)) => return told.output(outcome),
            Err(Stopped::Failed(failure)) => return Err(failure),
            Err(Stopped::TooLarge) => return Err(told.failure(BodyError::TooLarge)),
        }
    }
    // The consumer's time, in which no deadline holds.
    let since = exchange.now();
    let outcome = job.await;
    exchange.waited_since(since);
    told.output(outcome)
}

/// What a body that comes slowly becomes, if its beginning says already that it will be nothing.
async fn look<S: BodySink>(
    beginning: &[u8],
    encoding: Encoding,
    exchange: &Exchange<'_>,
    sink: S,
) -> Option<Outcome<S::Output>> {
    if beginning.is_empty() {
        return None;
    }
    let beginning = Bytes::copy_from_slice(beginning);
    let max_bytes = exchange.settings().max_response_bytes.min(WINDOW as u64);
    let judged = begin(move || {
        let mut plain = Vec::new();
        // What came out before the data end is what there is to look at.
        let _ = Decompressor::new(encoding, &*beginning)
            .and_then(|decompressor| decompressor.take(max_bytes).read_to_end(&mut plain));
        sink.foresee(plain.into()).map(|foreseen| foreseen.map_err(BodyError::Sink))
    });
    judged.await.map_or_else(|error| Some(Err(error)), |foreseen| foreseen.map(Ok))
}

enum Stopped {
    Failed(Failure),
    TooLarge,
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Hands windows over until the body ends, or returns what the job ended with before.
async fn receive<T>(
    response: &mut Response,
    exchange: &mut Exchange<'_>,
    mut rest: Bytes,
    pieces: &mpsc::Sender<Piece>,
    job: &mut Work<Result<T, BodyError>>,
) -> Result<Option<Outcome<T>>, Stopped> {
    let pool = Pool::new(WINDOW);
    let mut window = pool.take();
    loop {
        let ended = if rest.is_empty() {
            // The worker has nothing to do, so it gets what there is rather than what may come.
            let idle = !window.is_empty() && pieces.capacity() == pieces.max_capacity();
            tokio::select! {
                biased;
                outcome = &mut *job => return Ok(Some(outcome)),
                chunk = exchange.chunk(response) => match chunk? {
                    Some(chunk) => {
                        rest = chunk;
                        false
                    }
                    None => true,
                },
                () = ready(()), if idle => {
                    let gathered = gather(&mut window, &pool);
                    if let Some(outcome) = hand_over(Piece::Window(gathered), pieces, exchange, job).await {
                        return Ok(Some(outcome));
                    }
                    continue;
                }
            }
        } else {
            false
        };
        let large = if rest.len() < LARGE {
            take(&mut rest, &mut window);
            Bytes::new()
        } else {
            mem::take(&mut rest)
        };
        if exchange.received() > exchange.settings().max_response_bytes {
            return Err(Stopped::TooLarge);
        }
        if window.len() == WINDOW || ((ended || !large.is_empty()) && !window.is_empty()) {
            let gathered = gather(&mut window, &pool);
            if let Some(outcome) = hand_over(Piece::Window(gathered), pieces, exchange, job).await {
                return Ok(Some(outcome));
            }
        }
        if !large.is_empty()
            && let Some(outcome) = hand_over(Piece::Window(large), pieces, exchange, job).await
        {
            return Ok(Some(outcome));
        }
        if ended {
            return Ok(hand_over(Piece::End, pieces, exchange, job).await);
        }
    }
}

/// Waits until the worker takes a piece, which does not count as a stall; or returns what the job ended with.
async fn hand_over<T>(
    piece: Piece,
    pieces: &mpsc::Sender<Piece>,
    exchange: &mut Exchange<'_>,
    job: &mut Work<Result<T, BodyError>>,
) -> Option<Outcome<T>> {
    let piece = match pieces.try_send(piece) {
        Ok(()) => return None,
        Err(TrySendError::Full(piece) | TrySendError::Closed(piece)) => piece,
    };
    let since = exchange.now();
    let outcome = tokio::select! {
        biased;
        outcome = &mut *job => Some(outcome),
        Ok(permit) = pieces.reserve() => {
            permit.send(piece);
            None
        }
    };
    exchange.waited_since(since);
    outcome
}

/// Moves bytes into a window until it is full.
fn take(rest: &mut Bytes, window: &mut Vec<u8>) {
    let size = rest.len().min(WINDOW - window.len());
    window.extend_from_slice(&rest.split_to(size));
}

/// What was gathered in a window, in whose place an empty one comes.
fn gather(window: &mut Vec<u8>, pool: &Pool) -> Bytes {
    let mut empty = pool.take();
    empty.clear();
    pool.window(mem::replace(window, empty))
}

impl Told<'_> {
    fn output<T>(&self, outcome: Outcome<T>) -> Result<T, Failure> {
        let result = outcome.map_err(|error| {
            let reads = matches!(error.kind(), ErrorKind::Internal);
            Failure::refused_body(if reads { error.with_context("reading the answer failed") } else { error })
        })?;
        result.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: BodyError) -> Failure {
        let name = self.encoding.name();
        match error {
            BodyError::Sink(error) => Failure::refused_body(match error.kind() {
                ErrorKind::Decode => error.with_context(&self.content_type),
                _ => error,
            }),
            BodyError::Cut(cause) => Failure::cut(&format!("its {name} data end too early ({cause})")),
            BodyError::Corrupt(cause) => {
                let error = Error::decode(format!("the {name} data of the answer are broken ({cause})"))
                    .with_context(&self.content_type);
                Failure::passing(error, format!("the {name} data of the answer are broken"))
            }
            BodyError::TooLarge => Failure::refused_body(Error::limit_exceeded(format!(
                "the answer is larger than max_response_bytes={}: ask for fewer rows a page (page_size=), or raise \
                 max_response_bytes",
                self.settings.max_response_bytes
            ))),
            BodyError::TooMuchMemory => Failure::refused_body(Error::limit_exceeded(format!(
                "the {name} data of the answer need more memory to decompress than is allowed"
            ))),
            BodyError::Panicked(message) => {
                Failure::refused_body(Error::internal(format!("reading the answer failed: {message}")))
            }
            BodyError::GivenUp => Failure::refused_body(Error::internal("reading the answer was given up")),
        }
    }
}
