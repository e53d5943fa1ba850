//! Answers to whoever asked: bodies as they come, of known length or not, whole or cut.

use std::fmt;
use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc::{Receiver, channel};

use super::tape::Exchange;
use crate::resources::begin;

/// Pieces on their way.
pub const QUEUE: usize = 4;
const WINDOW: usize = 64 << 10;

/// What marks answers that say that there is none.
pub const REFUSED: &str = "converz-recording";

/// The answer ends in the middle.
#[derive(Debug)]
pub struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer is cut here")
    }
}

impl std::error::Error for Cut {}

/// A body in pieces.
#[derive(Debug)]
pub struct Pieces {
    pieces: Receiver<Result<Bytes, Cut>>,
    /// Bytes still to come, if that is known.
    left: Option<u64>,
}

impl Pieces {
    pub fn new(pieces: Receiver<Result<Bytes, Cut>>, length: Option<u64>) -> Self {
        Self { pieces, left: length }
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let piece = std::task::ready!(self.pieces.poll_recv(context));
        if let (Some(left), Some(Ok(bytes))) = (&mut self.left, &piece) {
            *left = left.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

pub type Reply = Response<Pieces>;

/// An answer with a status, headers and a body that comes.
pub fn reply(status: u16, headers: &[(String, String)], body: Pieces) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value))
        {
            reply.headers_mut().append(name, value);
        }
    }
    reply
}

/// An answer that was recorded.
pub fn recorded(exchange: &Exchange) -> Reply {
    let (sender, receiver) = channel(QUEUE);
    let (body, cut) = (exchange.received.clone(), exchange.cut);
    let length = (!cut).then_some(body.size);
    // Whoever asked may go before all of it is read.
    drop(begin(move || {
        let mut reader = body.open().map_err(drop)?;
        loop {
            let mut window = vec![0; WINDOW];
            match reader.read(&mut window) {
                Ok(0) => break,
                Ok(count) => {
                    window.truncate(count);
                    sender.blocking_send(Ok(window.into())).map_err(drop)?;
                }
                Err(_) => {
                    return sender.blocking_send(Err(Cut)).map_err(drop);
                }
            }
        }
        if cut { sender.blocking_send(Err(Cut)).map_err(drop) } else { Ok(()) }
    }));
    reply(exchange.status, &exchange.headers, Pieces::new(receiver, length))
}

/// An answer in a few words, as the API answers errors.
pub fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = serde_json::json!({"error": message, "code": code}).to_string();
    let (sender, receiver) = channel(1);
    let length = body.len() as u64;
    // There is room for one.
    let _ = sender.try_send(Ok(body.into()));
    let mut reply = Response::new(Pieces::new(receiver, Some(length)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    reply
}

/// Says why there is no answer, so that the client knows that it is not the service that says so.
pub fn refused(message: &str) -> Reply {
    let mut reply = error(StatusCode::NOT_FOUND, "not_recorded", message);
    reply.headers_mut().insert(REFUSED, http::HeaderValue::from_static("refused"));
    reply
}
