//! Answers whose rows are written while they are read: a bounded piece at a time, however long the page is.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

use super::service::Service;
use crate::sandbox::forking::outside;
use crate::sandbox::problem::Problem;
use crate::sandbox::store::Page;

/// Bytes of a piece.
const PIECE: usize = 256 * 1024;
/// Pieces that wait for a slow reader.
const WAITING: usize = 4;

enum Piece {
    Some(Bytes),
    Last(Bytes),
    Failed(Problem),
}

/// A page, sent while it is read. One that fits a piece has a `Content-Length`.
pub(super) async fn page(service: Arc<Service>, page: Page) -> Response {
    let (sender, mut pieces) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut buffer = Vec::new();
        let result = service.store.read(|connection| {
            page.write(connection, &mut buffer, |buffer| {
                if buffer.len() < PIECE {
                    return true;
                }
                let full = std::mem::replace(buffer, Vec::with_capacity(PIECE + PIECE / 8));
                // False when nobody listens any more.
                outside(|| sender.blocking_send(Piece::Some(full.into())).is_ok())
            })
        });
        let last = match result {
            Ok(()) => Piece::Last(buffer.into()),
            Err(problem) => Piece::Failed(problem),
        };
        // Nobody may listen any more.
        let _ = sender.blocking_send(last);
    });
    match pieces.recv().await {
        Some(Piece::Last(bytes)) => json(bytes),
        Some(Piece::Some(bytes)) => json(Body::from_stream(rest(bytes, pieces).fuse())),
        Some(Piece::Failed(problem)) => problem.into_response(),
        None => Problem::internal("the page was not written").into_response(),
    }
}

/// The first piece, which is there, and those that follow.
fn rest(first: Bytes, pieces: mpsc::Receiver<Piece>) -> impl stream::Stream<Item = io::Result<Bytes>> {
    stream::unfold((Some(Piece::Some(first)), Some(pieces)), async |(first, pieces)| {
        let mut pieces = pieces?;
        let piece = match first {
            Some(piece) => Some(piece),
            None => pieces.recv().await,
        };
        Some(match piece {
            Some(Piece::Some(bytes)) => (Ok(bytes), (None, Some(pieces))),
            Some(Piece::Last(bytes)) => (Ok(bytes), (None, None)),
            // The status has been sent: all that is left is to end the body before its end.
            Some(Piece::Failed(problem)) => (Err(io::Error::other(problem.message)), (None, None)),
            None => (Err(io::Error::other("the page was not written")), (None, None)),
        })
    })
    // The compressor asks once more after the end.
    .fuse()
}

/// An answer of JSON.
pub(super) fn json(body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.into()).into_response()
}
