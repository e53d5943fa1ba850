//! The HTTP library, set up so that it does nothing on its own: no redirect, no retry, no timeout.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Proxy};

use super::clock::Clock;
use super::connect::ConnectLayer;
use super::failure::root_cause;
use super::trust::{self, Trust};
use crate::error::{Error, Result};
use crate::settings::Settings;

/// Below the minute after which load balancers commonly drop an idle connection.
const POOL_IDLE: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const STREAM_WINDOW: u32 = 4 << 20;
/// So large that a page whose consumer waits never holds up the others of its connection.
const CONNECTION_WINDOW: u32 = 1 << 30;

pub(super) fn build(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Client> {
    // The HTTP library takes its cryptography from here; one that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = configured(settings, clock)?;
    let client = match trust::choose(settings)? {
        Trust::Only(certificates) => builder.tls_certs_only(certificates).build(),
        Trust::System if settings.base_url.scheme() == "https" => builder.build(),
        // Plain HTTP needs certificates at most for a proxy, so it works on a machine that has none.
        Trust::System => match builder.build() {
            Ok(client) => Ok(client),
            Err(_) => configured(settings, clock)?.tls_certs_only([]).build(),
        },
    };
    client.map_err(|error| {
        Error::configuration(format!(
            "no secure connections can be made ({}): install the system's CA certificates, or pass ca_file= or set \
             SSL_CERT_FILE to a file of PEM certificates",
            root_cause(&error.without_url())
        ))
    })
}

fn configured(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<ClientBuilder> {
    let builder = Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .user_agent(settings.user_agent.as_str())
        .connector_layer(ConnectLayer { clock: Arc::clone(clock), timeout: settings.connect_timeout })
        .pool_idle_timeout(POOL_IDLE)
        .tcp_keepalive(KEEP_ALIVE)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        // Without it every retry would go to the same dead connection.
        .http2_keep_alive_interval(KEEP_ALIVE)
        .http2_keep_alive_timeout(KEEP_ALIVE);
    if settings.is_loopback() {
        // The environment's proxy would be asked for its own loopback.
        return Ok(builder.no_proxy());
    }
    let Some(url) = &settings.proxy else { return Ok(builder) };
    let proxy = Proxy::all(url.as_str())
        .map_err(|error| Error::configuration(format!("proxy cannot be used ({})", error.without_url())))?;
    Ok(builder.no_proxy().proxy(proxy))
}
