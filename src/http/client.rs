//! The HTTP library, set up so that it does nothing on its own: no redirect, no retry, no timeout.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;

use super::clock::Clock;
use super::connect::Connector;
use super::proxies::Proxies;
use super::trust;
use super::upload::Upload;
use crate::error::Result;
use crate::settings::Settings;

pub(super) type Client = hyper_util::client::legacy::Client<Connector, Upload>;

/// Below the minute after which load balancers commonly drop an idle connection.
const POOL_IDLE: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Probes that stay unanswered before a connection counts as dead.
const PROBES: u32 = 3;
const STREAM_WINDOW: u32 = 4 << 20;
/// So large that a page whose consumer waits never holds up the others of its connection.
const CONNECTION_WINDOW: u32 = 1 << 30;

/// # Errors
/// Certificates or a proxy that cannot be used.
pub(super) fn build(settings: &Settings, clock: &Arc<dyn Clock>, proxies: &Arc<Proxies>) -> Result<Client> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEP_ALIVE));
    tcp.set_keepalive_interval(Some(KEEP_ALIVE));
    tcp.set_keepalive_retries(Some(PROBES));
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    tcp.set_tcp_user_timeout(Some(POOL_IDLE));

    let tls_to_proxy = trust::config(settings)?;
    let mut tls = tls_to_proxy.clone();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connector = Connector {
        tcp,
        tls: Arc::new(tls),
        tls_to_proxy: Arc::new(tls_to_proxy),
        proxies: Arc::clone(proxies),
        login: Arc::default(),
        user_agent: settings.user_agent.clone(),
        clock: Arc::clone(clock),
        timeout: settings.connect_timeout,
        sockets: Arc::new(Semaphore::new(settings.max_connections)),
    };
    Ok(hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        // Without it every retry would go to the same dead connection.
        .http2_keep_alive_interval(KEEP_ALIVE)
        .http2_keep_alive_timeout(KEEP_ALIVE)
        .build(connector))
}
