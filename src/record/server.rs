//! The service on a port of 127.0.0.1 that asks a recorder.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::question::Question;
use super::recorder::Recorder;
use super::reply::{Reply, error, refused};

/// Bytes of an update.
const LARGEST_REQUEST: usize = 256 << 20;

/// Answers until it is dropped, and then closes every connection. Only those who know the key are answered, since whoever
/// asks may be asking with somebody's key.
pub async fn serve(listener: TcpListener, recorder: Arc<Recorder>, api_key: Arc<str>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that is gone already; or no more files, which those that end give back.
                let Ok((socket, _)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                // A socket that refuses is about to be closed.
                let _ = socket.set_nodelay(true);
                let (recorder, api_key) = (Arc::clone(&recorder), Arc::clone(&api_key));
                connections.spawn(async move {
                    let service = service_fn(move |request| {
                        let (recorder, api_key) = (Arc::clone(&recorder), Arc::clone(&api_key));
                        async move { Ok::<_, Infallible>(answer(request, recorder, &api_key).await) }
                    });
                    // Whoever breaks off is answered no more.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(request: Request<Incoming>, recorder: Arc<Recorder>, api_key: &str) -> Reply {
    let (head, mut body) = request.into_parts();
    if head.headers.get("x-api-key").is_none_or(|key| key.as_bytes() != api_key.as_bytes()) {
        return error(StatusCode::UNAUTHORIZED, "unauthorized", "the key is not that of the recording");
    }
    let mut sent = Vec::new();
    while let Some(piece) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        match piece.map(Frame::into_data) {
            Ok(Ok(bytes)) if sent.len() + bytes.len() <= LARGEST_REQUEST => sent.extend_from_slice(&bytes),
            Ok(Ok(_)) => {
                return refused("the update is larger than a recording holds: pass fewer rows at once");
            }
            Ok(Err(_)) => {}
            Err(_) => return error(StatusCode::BAD_REQUEST, "cut", "the request was cut"),
        }
    }
    let query = head.uri.query().unwrap_or_default();
    match Question::of(&head.method, head.uri.path(), query, Bytes::from(sent)) {
        Ok(question) => recorder.answer(question).await,
        Err(error) => refused(error.message()),
    }
}
