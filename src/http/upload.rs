//! The body of an update as a stream that notes how far the HTTP library has taken it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;

use super::progress::Progress;

/// The HTTP library buffers sixteen pieces at most, so small ones make the progress that of the wire.
const PIECE: usize = 16 << 10;

#[derive(Debug)]
pub(super) struct Upload {
    pub left: Bytes,
    pub progress: Progress,
}

impl Stream for Upload {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.left.len().min(PIECE);
        let piece = self.left.split_to(size);
        self.progress.handed_over(self.left.is_empty());
        Poll::Ready(Some(Ok(piece)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let pieces = self.left.len().div_ceil(PIECE);
        (pieces, Some(pieces))
    }
}
