//! Cuts a body: so many of its bytes are sent as they go over the wire, then the connection is closed.

use std::io;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{StreamExt, stream};

/// The mark of an answer that is to be cut after so many bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut(pub u64);

/// Outside of compression, so that it counts what goes over the wire.
pub(super) async fn cut(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let Some(Cut(mut bytes)) = response.extensions_mut().remove::<Cut>() else { return response };
    if let Some(length) = response.body().size_hint().exact() {
        // The header promises the whole body, and the last byte never comes.
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        bytes = bytes.min(length.saturating_sub(1));
    }
    response.map(|body| {
        let cutter = Cutter { body: body.into_data_stream(), left: bytes };
        Body::from_stream(stream::unfold(Some(cutter), async |cutter| cutter?.next().await).fuse())
    })
}

struct Cutter {
    body: BodyDataStream,
    left: u64,
}

impl Cutter {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Option<Self>)> {
        if self.left > 0
            && let Some(Ok(mut bytes)) = self.body.next().await
        {
            bytes.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= bytes.len() as u64;
            return Some((Ok(bytes), Some(self)));
        }
        // What came before is sent while this waits; an error makes the server close the connection at once.
        tokio::task::yield_now().await;
        Some((Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by a fault")), None))
    }
}
