//! Connections: TCP, through a proxy where there is one, and TLS; under one timeout, with their progress told.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::clock::Clock;
use super::proxies::{Login, Proxies, tunnel};
use super::sending::Sending;

type BoxError = Box<dyn StdError + Send + Sync>;

#[derive(Clone)]
pub(super) struct Connector {
    pub tcp: HttpConnector,
    pub tls: Arc<ClientConfig>,
    /// The same without HTTP/2, which proxies are not spoken to in.
    pub tls_to_proxy: Arc<ClientConfig>,
    pub proxies: Arc<Proxies>,
    pub login: Arc<Login>,
    pub user_agent: String,
    pub clock: Arc<dyn Clock>,
    pub timeout: Duration,
    /// How many more there may be.
    pub sockets: Arc<Semaphore>,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let progress = Sending::current();
        let waiting = progress.as_ref().map(Sending::connecting);
        let connector = self.clone();
        let refusals = self.login.refusals();
        Box::pin(async move {
            let socket = connector.socket(progress.as_ref()).await?;
            let _connecting = waiting;
            let timer = connector.clock.sleep_until(connector.clock.now() + connector.timeout);
            let proxy = connector.proxies.of(&target).map(|proxy| origin(proxy.uri()));
            let connected = async {
                tokio::select! {
                    biased;
                    result = connector.connect(target, refusals) => result,
                    () = timer => Err(ConnectTimeout.into()),
                }
            };
            match (connected.await, proxy) {
                (Ok(stream), _) => Ok(TokioIo::new(Stream { _socket: Some(socket), ..stream })),
                (Err(cause), Some(proxy)) => Err(Through { proxy, cause }.into()),
                (Err(cause), None) => Err(cause),
            }
        })
    }
}

impl Connector {
    /// The right to one more socket. A connection that became free meanwhile is taken by the request itself, which
    /// then needs no other one.
    async fn socket(&self, progress: Option<&Sending>) -> Result<OwnedSemaphorePermit, BoxError> {
        let sockets = Arc::clone(&self.sockets);
        let Some(progress) = progress else { return Ok(sockets.acquire_owned().await?) };
        tokio::select! {
            biased;
            socket = sockets.acquire_owned() => Ok(socket?),
            () = progress.over() => Err("the request has another connection".into()),
        }
    }

    async fn connect(mut self, target: Uri, refusals: u64) -> Result<Stream, BoxError> {
        let secure = target.scheme() == Some(&Scheme::HTTPS);
        let Some(proxy) = self.proxies.of(&target) else {
            let tcp = self.tcp.call(target.clone()).await?.into_inner();
            return if secure {
                secured(&self.tls, &target, Box::new(tcp)).await
            } else {
                Ok(Stream { io: Box::new(tcp), is_http2: false, is_proxied: false, _socket: None })
            };
        };
        let mut io: Box<dyn Duplex> = match proxy.uri().scheme_str() {
            Some("http") => Box::new(self.tcp.call(proxy.uri().clone()).await?.into_inner()),
            Some("https") => {
                let tcp = self.tcp.call(proxy.uri().clone()).await?.into_inner();
                let secured = secured(&self.tls_to_proxy, proxy.uri(), Box::new(tcp)).await;
                secured.map_err(AtProxy)?.io
            }
            scheme => {
                let scheme = scheme.unwrap_or_default();
                return Err(
                    format!("{scheme} proxies are not supported: pass proxy= with one of HTTP").into()
                );
            }
        };
        if !secure {
            return Ok(Stream { io, is_http2: false, is_proxied: true, _socket: None });
        }
        let tunnel = tunnel(&mut io, &target, &proxy, &self.user_agent, self.clock.date());
        if proxy.basic_auth().is_some() {
            self.login.ask(refusals, tunnel).await??;
        } else {
            tunnel.await??;
        }
        secured(&self.tls, &target, io).await
    }
}

/// TLS over a connection.
async fn secured(config: &Arc<ClientConfig>, target: &Uri, io: Box<dyn Duplex>) -> Result<Stream, BoxError> {
    let host = target.host().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = ServerName::try_from(host.to_owned())?;
    let stream = TlsConnector::from(Arc::clone(config)).connect(name, io).await?;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok(Stream { io: Box::new(stream), is_http2, is_proxied: false, _socket: None })
}

/// Scheme, host and port.
fn origin(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    // The user name that is part of the address is not shown.
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{}://{host}", uri.scheme_str().unwrap_or_default())
}

/// What bytes go through, secure or not.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

pub(super) struct Stream {
    io: Box<dyn Duplex>,
    is_http2: bool,
    /// Whether the proxy is sent the request itself.
    is_proxied: bool,
    /// The right to it.
    _socket: Option<OwnedSemaphorePermit>,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.is_proxied);
        if self.is_http2 { connected.negotiated_h2() } else { connected }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

/// No connection in time.
#[derive(Debug)]
pub(super) struct ConnectTimeout;

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection in time")
    }
}

impl StdError for ConnectTimeout {}

/// No connection through a proxy.
#[derive(Debug)]
pub(super) struct Through {
    /// Its scheme, host and port.
    pub proxy: String,
    cause: BoxError,
}

impl fmt::Display for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "through the proxy {}", self.proxy)
    }
}

impl StdError for Through {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.cause)
    }
}

/// No secure connection to the proxy itself.
#[derive(Debug)]
pub(super) struct AtProxy(BoxError);

impl fmt::Display for AtProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no secure connection to the proxy")
    }
}

impl StdError for AtProxy {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}
