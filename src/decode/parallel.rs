//! Decodes one page on several threads, for bodies that arrive faster than one thread reads them.
//!
//! A body is cut into stretches, each with a thread and a decoder of its own. Where a stretch may begin is guessed:
//! before a row, after bytes that look like those between the rows so far. The guess is right exactly if the decoder of
//! the stretch before it ends there in the state before a row, since what follows then means the same to both. Until
//! that is known a stretch keeps its bytes; if the guess was wrong, the decoder before it goes on with them.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use memchr::memmem::Finder;

use super::page_decoder::PageDecoder;
use super::side_by_side::num_threads;
use super::{Options, Page};
use crate::error::{Error, Result};
use crate::resources;

/// When a page is cut, and into how many stretches at a time.
#[derive(Debug, Clone, Copy)]
pub struct Cutting {
    /// Stretches that are decoded at the same time; one means that nothing is cut.
    pub threads: usize,
    /// Bytes that are decoded without another thread.
    pub alone: usize,
    /// A stretch has at least so many bytes, so that batches do not become small.
    pub stretch: usize,
    /// A stretch goes on as long as its decoder has fewer bytes than this before it.
    pub lag: usize,
}

/// Pages are decoded beside each other, too, and each thread more costs a stretch of memory a page.
const THREADS: usize = 2;

impl Default for Cutting {
    fn default() -> Self {
        Self { threads: num_threads().min(THREADS), alone: 1 << 20, stretch: 8 << 20, lag: 1 << 20 }
    }
}

/// What a thread made of its stretch.
struct Decoded {
    decoder: PageDecoder,
    /// The whole stretch, unless it was known in time that it begins where a row does.
    kept: Vec<Bytes>,
    /// Why not everything was decoded.
    lack: Option<Error>,
}

/// A thread that waits for the decoder of its stretch.
struct Idle {
    decoder: Sender<PageDecoder>,
    pieces: Sender<Bytes>,
    read: Arc<AtomicUsize>,
    rows_before: Arc<OnceLock<usize>>,
    thread: JoinHandle<Option<Decoded>>,
}

impl Idle {
    /// None if the system has no thread.
    fn start() -> Option<Self> {
        let (pieces, received) = channel();
        let (decoder, handed) = channel();
        let read = Arc::new(AtomicUsize::new(0));
        let rows_before = Arc::new(OnceLock::new());
        let work = {
            let (read, rows_before) = (Arc::clone(&read), Arc::clone(&rows_before));
            move || Some(decode(handed.recv().ok()?, received, &rows_before, &read))
        };
        let thread = thread::Builder::new().name("converz-decode".to_owned()).spawn(work).ok()?;
        Some(Self { decoder, pieces, read, rows_before, thread })
    }
}

/// A stretch that is being decoded.
struct Stretch {
    /// Where it begins in the body.
    offset: u64,
    /// Absent once it has all its bytes.
    pieces: Option<Sender<Bytes>>,
    sent: usize,
    read: Arc<AtomicUsize>,
    /// The rows before it, once it is known that it begins where a row does.
    rows_before: Arc<OnceLock<usize>>,
    /// Present until somebody waits for it.
    thread: Option<JoinHandle<Option<Decoded>>>,
}

/// A page that is given up leaves no thread behind.
impl Drop for Stretch {
    fn drop(&mut self) {
        self.pieces = None;
        // Whether it panicked does not matter any more.
        self.thread.take().map(JoinHandle::join);
    }
}

impl Stretch {
    fn start(idle: Idle, decoder: PageDecoder, offset: u64) -> Self {
        let Idle { decoder: hand_over, pieces, read, rows_before, thread } = idle;
        // The thread waits for it.
        let _ = hand_over.send(decoder);
        Self { offset, pieces: Some(pieces), sent: 0, read, rows_before, thread: Some(thread) }
    }

    fn send(&mut self, piece: Bytes) {
        self.sent += piece.len();
        if let Some(pieces) = &self.pieces {
            // The thread receives until there is no more to come, unless it panics, which its end tells.
            let _ = pieces.send(piece);
        }
    }

    /// Whether another thread should go on.
    fn is_behind(&self, cutting: &Cutting) -> bool {
        self.sent >= cutting.stretch && self.sent - self.read.load(Ordering::Relaxed) >= cutting.lag
    }

    /// Says that it begins where a row does, and after how many.
    fn settle(&self, rows_before: usize) {
        let _ = self.rows_before.set(rows_before);
    }

    fn is_idle(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until everything that was sent is decoded.
    fn end(mut self) -> Result<Decoded> {
        self.pieces = None;
        let thread = self.thread.take().ok_or_else(|| Error::internal("a stretch has ended before"))?;
        let decoded = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        let decoded = decoded.ok_or_else(|| Error::internal("a stretch had no decoder"))?;
        decoded.lack.clone().map_or(Ok(decoded), Err)
    }

    /// The same for one that begins where a row does, after so many others.
    fn end_after(self, rows: usize, options: &Arc<Options>) -> Result<PageDecoder> {
        let offset = self.offset;
        let Decoded { mut decoder, kept, .. } = self.end()?;
        if decoder.failure().is_some() && !kept.is_empty() {
            // Its error counts the rows from a beginning that was not known then.
            decoder = PageDecoder::before_row(Arc::clone(options), offset);
            decoder.set_rows_before(rows);
            kept.iter().try_for_each(|piece| decoder.push(piece))?;
        }
        if let Some(error) = decoder.failure() {
            return Err(error.clone());
        }
        decoder.set_rows_before(rows);
        Ok(decoder)
    }
}

/// What a stretch's thread does.
fn decode(
    mut decoder: PageDecoder,
    pieces: Receiver<Bytes>,
    rows_before: &OnceLock<usize>,
    read: &AtomicUsize,
) -> Decoded {
    let mut kept = Vec::new();
    let mut keeps = true;
    let mut lack = None;
    for piece in pieces {
        lack = lack.or_else(|| resources::check().err());
        if lack.is_some() {
            continue;
        }
        if keeps
            && decoder.failure().is_none()
            && let Some(rows) = rows_before.get()
        {
            keeps = false;
            decoder.set_rows_before(*rows);
            kept = Vec::new();
        }
        // An error is looked at when it is known whether the stretch begins where a row does.
        let _ = decoder.push(&piece);
        read.fetch_add(piece.len(), Ordering::Relaxed);
        if keeps {
            kept.push(piece);
        }
    }
    Decoded { decoder, kept, lack }
}

/// Decodes one page, on other threads where that is worthwhile.
pub struct ParallelDecoder {
    options: Arc<Options>,
    cutting: Cutting,
    stage: Stage,
    /// Bytes so far.
    offset: u64,
    /// The stretches that are known to be right, and their rows.
    done: Vec<Page>,
    rows: usize,
}

enum Stage {
    /// On the thread of whoever brings the bytes.
    Alone {
        decoder: Box<PageDecoder>,
        for_good: bool,
    },
    Beside(Stretches),
    Failed(Error),
}

/// The stretches in order; the last one gets what comes.
struct Stretches {
    running: VecDeque<Stretch>,
    between_rows: Box<Finder<'static>>,
    /// Where in the bytes between rows the next row begins.
    row: usize,
}

impl Stretches {
    /// Where in the bytes a row seems to begin.
    fn find_row(&self, bytes: &[u8]) -> Option<usize> {
        self.between_rows.find(bytes).map(|at| at + self.row)
    }
}

impl ParallelDecoder {
    pub fn new(options: &Arc<Options>, cutting: Cutting) -> Self {
        Self {
            options: Arc::clone(options),
            cutting,
            stage: Stage::Alone {
                decoder: Box::new(PageDecoder::new(Arc::clone(options))),
                for_good: cutting.threads < 2,
            },
            offset: 0,
            done: Vec::new(),
            rows: 0,
        }
    }

    /// Decodes what arrived, now or on another thread.
    ///
    /// # Errors
    /// Those of [`PageDecoder::push`], for these bytes or for earlier ones.
    pub fn push(&mut self, window: &Bytes) -> Result<()> {
        let result = self.push_unfailed(window);
        if let Err(error) = &result {
            self.stage = Stage::Failed(error.clone());
        }
        result
    }

    fn push_unfailed(&mut self, window: &Bytes) -> Result<()> {
        let cut = self.cut(window)?;
        let piece = window.slice(cut..);
        self.offset += piece.len() as u64;
        match &mut self.stage {
            Stage::Failed(error) => Err(error.clone()),
            Stage::Beside(stretches) => {
                if let Some(last) = stretches.running.back_mut() {
                    last.send(piece);
                }
                Ok(())
            }
            Stage::Alone { decoder, for_good } => {
                decoder.push(&piece)?;
                if !*for_good
                    && self.offset >= self.cutting.alone as u64
                    && let Some((between_rows, row)) = decoder.between_rows()
                {
                    let between_rows = Box::new(Finder::new(between_rows).into_owned());
                    self.go_beside(between_rows, row);
                }
                Ok(())
            }
        }
    }

    /// Moves the decoder to a thread of its own, if the system has one.
    fn go_beside(&mut self, between_rows: Box<Finder<'static>>, row: usize) {
        let Some(idle) = Idle::start() else {
            if let Stage::Alone { for_good, .. } = &mut self.stage {
                *for_good = true;
            }
            return;
        };
        let beside = Stage::Beside(Stretches { running: VecDeque::new(), between_rows, row });
        let alone = mem::replace(&mut self.stage, beside);
        if let (Stage::Alone { decoder, .. }, Stage::Beside(stretches)) = (alone, &mut self.stage) {
            let stretch = Stretch::start(idle, *decoder, 0);
            stretch.settle(0);
            stretches.running.push_back(stretch);
        }
    }

    /// Begins a new stretch in the window if the last one has enough to do; gives what of the window belongs to that.
    fn cut(&mut self, window: &Bytes) -> Result<usize> {
        let Stage::Beside(stretches) = &mut self.stage else { return Ok(0) };
        let Some(last) = stretches.running.back() else { return Ok(0) };
        let cut = if last.is_behind(&self.cutting) { stretches.find_row(window) } else { None };
        // Without a thread for another one, the last stretch goes on.
        let cut = cut.and_then(|cut| Some((cut, Idle::start()?)));
        let (cut, idle) = cut.unzip();
        if let Some(cut) = cut
            && let Some(last) = stretches.running.back_mut()
        {
            last.send(window.slice(..cut));
            last.pieces = None;
            self.offset += cut as u64;
        }
        while let Stage::Beside(Stretches { running, .. }) = &self.stage
            && (cut.is_some() && running.len() >= self.cutting.threads
                || running.len() > 1 && running.front().is_some_and(Stretch::is_idle))
        {
            self.settle_oldest()?;
        }
        let (Some(cut), Some(idle)) = (cut, idle) else { return Ok(0) };
        if let Stage::Beside(stretches) = &mut self.stage {
            let decoder = PageDecoder::before_row(Arc::clone(&self.options), self.offset);
            let stretch = Stretch::start(idle, decoder, self.offset);
            if stretches.running.is_empty() {
                stretch.settle(self.rows);
            }
            stretches.running.push_back(stretch);
        }
        Ok(cut)
    }

    /// Waits for the oldest stretch, and for the others if it shows that they begin in a wrong place.
    fn settle_oldest(&mut self) -> Result<()> {
        let Stage::Beside(stretches) = &mut self.stage else { return Ok(()) };
        let Some(oldest) = stretches.running.pop_front() else { return Ok(()) };
        let mut decoder = oldest.end_after(self.rows, &self.options)?;
        if decoder.is_before_row()? {
            self.rows += decoder.num_rows();
            self.done.push(decoder.into_page());
            if let Some(next) = stretches.running.front() {
                next.settle(self.rows);
            }
            return Ok(());
        }
        for other in mem::take(&mut stretches.running) {
            for piece in other.end()?.kept {
                decoder.push(&piece)?;
            }
        }
        // What looks like the bytes between rows comes elsewhere, too.
        self.stage = Stage::Alone { decoder: Box::new(decoder), for_good: true };
        Ok(())
    }

    /// Ends the page.
    ///
    /// # Errors
    /// Those of [`PageDecoder::finish`].
    pub fn finish(mut self) -> Result<Page> {
        while let Stage::Beside(Stretches { running, .. }) = &self.stage
            && running.len() > 1
        {
            self.settle_oldest()?;
        }
        let last = match self.stage {
            Stage::Failed(error) => return Err(error),
            Stage::Alone { decoder, .. } => *decoder,
            Stage::Beside(mut stretches) => match stretches.running.pop_front() {
                Some(last) => last.end_after(self.rows, &self.options)?,
                None => return Err(Error::internal("a page has no last stretch")),
            },
        };
        let last = last.finish()?;
        let mut pages = self.done.into_iter().chain([last]);
        let first = pages.next().unwrap_or_default();
        pages.try_fold(first, Page::followed_by)
    }
}

impl fmt::Debug for ParallelDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParallelDecoder").field("offset", &self.offset).finish_non_exhaustive()
    }
}
