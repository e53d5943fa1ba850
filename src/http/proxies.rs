//! Which proxy a request goes through, and the tunnel that it opens to a secure service.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use base64::prelude::{BASE64_STANDARD, Engine};
use http::Uri;
use http::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Mutex;

use super::redact::excerpt;
use super::retry_after::retry_after;
use crate::error::{Error, Result};
use crate::settings::Settings;

/// The longest head that an answer to CONNECT may have.
const LONGEST: usize = 64 << 10;

/// The proxy of the settings, or those of the environment. This machine's own services are never behind one.
#[derive(Debug)]
pub(super) struct Proxies {
    matcher: Option<Matcher>,
}

impl Proxies {
    /// # Errors
    /// A proxy that cannot be used.
    pub fn new(settings: &Settings) -> Result<Self> {
        if settings.is_loopback() {
            return Ok(Self { matcher: None });
        }
        let Some(url) = &settings.proxy else { return Ok(Self { matcher: Some(Matcher::from_system()) }) };
        let proxies = Self { matcher: Some(Matcher::builder().all(url.as_str()).build()) };
        // Without it what it is meant to hide would go out directly.
        match settings.base_url.as_str().parse().ok().and_then(|target| proxies.of(&target)) {
            Some(_) => Ok(proxies),
            None => Err(Error::configuration("proxy cannot be used: its address cannot be read")),
        }
    }

    pub fn of(&self, target: &Uri) -> Option<Intercept> {
        self.matcher.as_ref()?.intercept(target)
    }

    /// User and password for a proxy that is sent the request itself; for one that tunnels, they go with the CONNECT.
    pub fn authorization(&self, target: &Uri) -> Option<HeaderValue> {
        if target.scheme_str() != Some("http") {
            return None;
        }
        self.of(target)?.basic_auth().cloned()
    }

    /// What must not be shown of the proxy of an address: user, password, and both as they are sent.
    pub fn secrets(&self, target: &Uri) -> Vec<String> {
        let mut secrets = Vec::new();
        let Some(proxy) = self.of(target) else { return secrets };
        let sent = proxy.basic_auth().and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
        if let Some(sent) = sent {
            let plain = BASE64_STANDARD.decode(sent).unwrap_or_default();
            let plain = String::from_utf8_lossy(&plain);
            let (user, password) = plain.split_once(':').unwrap_or((&plain, ""));
            secrets.extend([user, password, sent].map(str::to_owned));
            secrets.retain(|secret| !secret.is_empty());
        }
        secrets
    }
}

/// What is known of user and password at a proxy. Until it has taken them, one request asks it at a time: directories
/// lock accounts after three wrong passwords.
#[derive(Debug, Default)]
pub(super) struct Login {
    taken: AtomicBool,
    refusals: AtomicU64,
    /// The last refusal.
    asking: Mutex<Option<Refused>>,
}

impl Login {
    /// How often it was refused so far.
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Acquire)
    }

    /// The outcome of asking for a tunnel, or of another request that asked meanwhile, if it was refused; `before` says how
    /// often that had happened when this one began.
    pub async fn ask(
        &self,
        before: u64,
        tunnel: impl Future<Output = io::Result<Result<(), Refused>>>,
    ) -> io::Result<Result<(), Refused>> {
        let mut asking = None;
        if !self.taken.load(Ordering::Acquire) {
            let last = self.asking.lock().await;
            match &*last {
                Some(refused) if self.refusals() != before => {
                    return Ok(Err(refused.clone()));
                }
                // Now it is known, and all may ask at once.
                _ if self.taken.load(Ordering::Acquire) => {}
                _ => asking = Some(last),
            }
        }
        let answer = tunnel.await;
        match &answer {
            Ok(Ok(())) => self.taken.store(true, Ordering::Release),
            Ok(Err(refused)) if refused.status == 407 => {
                self.taken.store(false, Ordering::Release);
                if let Some(last) = &mut asking {
                    **last = Some(refused.clone());
                    self.refusals.fetch_add(1, Ordering::AcqRel);
                }
            }
            _ => {}
        }
        answer
    }
}

/// Asks a proxy for a tunnel to a secure service.
///
/// # Errors
/// `Refused`, or that of the connection.
pub(super) async fn tunnel(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    target: &Uri,
    proxy: &Intercept,
    user_agent: &str,
    date: SystemTime,
) -> io::Result<Result<(), Refused>> {
    let host = target.host().unwrap_or_default();
    let port = target.port_u16().unwrap_or(443);
    let mut request =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {user_agent}\r\n")
            .into_bytes();
    if let Some(authorization) = proxy.basic_auth() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await?;
    stream.flush().await?;

    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    // The service says nothing before it is spoken to, so nothing of what it says is among these bytes.
    while !head.windows(4).any(|four| four == b"\r\n\r\n") && !head.windows(2).any(|two| two == b"\n\n") {
        let size = stream.read(&mut buffer).await?;
        if size == 0 || head.len() > LONGEST {
            return Err(io::Error::other("the proxy did not answer in HTTP"));
        }
        head.extend_from_slice(&buffer[..size]);
    }
    judge(&String::from_utf8_lossy(&head), date)
}

fn judge(head: &str, date: SystemTime) -> io::Result<Result<(), Refused>> {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().splitn(3, ' ');
    let status = first.next().filter(|version| version.starts_with("HTTP/")).and(first.next());
    let Some(status) = status.filter(|status| status.len() == 3).and_then(|status| status.parse().ok())
    else {
        return Err(io::Error::other("the proxy did not answer in HTTP"));
    };
    if (200..300).contains(&status) {
        return Ok(Ok(()));
    }
    let mut asks = Vec::new();
    let mut about_time = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        for header in [RETRY_AFTER, DATE] {
            if name.eq_ignore_ascii_case(header.as_str())
                && let Ok(value) = HeaderValue::from_str(value.trim())
            {
                about_time.insert(header, value);
            }
        }
        let scheme = value.split_whitespace().next().unwrap_or_default();
        if name.eq_ignore_ascii_case("proxy-authenticate") && !scheme.is_empty() {
            asks.push(excerpt(scheme, 20));
        }
    }
    Ok(Err(Refused {
        status,
        reason: excerpt(first.next().unwrap_or_default(), 100),
        asks,
        retry_after: retry_after(&about_time, date),
    }))
}

/// A proxy that opens no tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub status: u16,
    reason: String,
    /// The ways to log in that it knows.
    asks: Vec<String>,
    /// The wait that it asks for.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy answered {}", self.status)?;
        if !self.reason.is_empty() {
            write!(f, " {}", self.reason)?;
        }
        let basic = self.asks.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
        f.write_str(match self.status {
            407 if basic || self.asks.is_empty() => {
                "; check the user and the password in proxy=, or in the environment variable HTTPS_PROXY"
            }
            407 => {
                return write!(
                    f,
                    "; it asks for {}, and only Basic (user and password in proxy=) is known here: a local proxy that \
                     knows it can stand in between",
                    self.asks.join(", ")
                );
            }
            429 => {
                f.write_str(", which limits how often it is asked: lower max_concurrency, or ask who runs the proxy")?;
                return match self.retry_after {
                    Some(wait) => write!(f, "; it asks to wait {} s", wait.as_secs_f64()),
                    None => Ok(()),
                };
            }
            408 | 425 => "",
            502..=504 => ": it may not reach the service",
            400..500 => "; ask who runs the proxy to allow this address, or check proxy= and the environment variable HTTPS_PROXY",
            _ => "",
        })
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_proxies_are_read() {
        for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200\r\nVia: x\r\n\r\n", "HTTP/1.1 204 No\r\n\r\n"] {
            assert_eq!(judge(head, SystemTime::UNIX_EPOCH).unwrap(), Ok(()), "{head}");
        }
        for (head, told) in [
            ("HTTP/1.1 403 Forbidden\r\n\r\n", "answered 403 Forbidden; ask who runs the proxy"),
            ("HTTP/1.1 502\r\n\r\n", "answered 502: it may not reach"),
            (
                "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\n\r\n",
                "429 Slow, which limits how often it is asked: lower",
            ),
            ("HTTP/1.1 429\r\nretry-after:7\r\n\r\n", "it asks to wait 7 s"),
            (
                "HTTP/1.1 407 Log in\r\nProxy-Authenticate: Basic realm=x\r\n\r\n",
                "407 Log in; check the user",
            ),
            (
                "HTTP/1.1 407 No\r\nproxy-authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n",
                "it asks for Negotiate, NTLM, and only Basic",
            ),
        ] {
            let refused = judge(head, SystemTime::UNIX_EPOCH).unwrap().unwrap_err();
            assert!(refused.to_string().contains(told), "{refused}");
        }
        for head in ["", "\r\n\r\n", "220 smtp\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1\r\n\r\n"] {
            assert!(judge(head, SystemTime::UNIX_EPOCH).is_err(), "{head}");
        }
    }
}
