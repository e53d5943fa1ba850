//! Why an attempt failed, whether another may help, and whether the service may have read the request.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use rustls::Error as TlsError;

use super::address;
use super::connect::{AtProxy, ConnectTimeout, Through};
use super::proxies::Refused;
use super::status::passes;
use super::tls_error::explain;
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;

#[derive(Debug)]
pub(super) struct Failure {
    pub error: Error,
    /// For logs: without anything that the service wrote.
    pub brief: String,
    /// Whether another attempt may help.
    pub retry: bool,
    /// The wait that the service asks for.
    pub retry_after: Option<Duration>,
    /// Whether it was not the request's turn (429): others may be served meanwhile.
    pub busy: bool,
    /// Whether the service may have applied the request.
    pub in_doubt: bool,
}

impl Failure {
    /// A failure that another attempt may cure.
    pub fn passing(error: Error, brief: impl Into<String>) -> Self {
        Self { error, brief: brief.into(), retry: true, retry_after: None, busy: false, in_doubt: true }
    }

    /// A failure that would come again.
    pub fn lasting(error: Error, brief: impl Into<String>) -> Self {
        Self { retry: false, ..Self::passing(error, brief) }
    }

    pub fn unsent(self) -> Self {
        Self { in_doubt: false, ..self }
    }

    pub fn doubted(self, in_doubt: bool) -> Self {
        Self { in_doubt, ..self }
    }

    /// No answer in the time that a setting allows.
    pub fn timeout(what: &str, setting: &str, limit: Duration) -> Self {
        let message = format!("{what} within {setting}={} s", limit.as_secs_f64());
        Self::passing(Error::timeout(&message), message)
    }

    /// The HTTP library failed before an answer came.
    pub fn unanswered(error: hyper_util::client::legacy::Error, settings: &Settings) -> Self {
        let failure = Self::before_answer(&error, settings);
        Self { error: failure.error.with_source(error), ..failure }
    }

    fn before_answer(error: &hyper_util::client::legacy::Error, settings: &Settings) -> Self {
        let target = address::origin(&settings.base_url);
        let proxy = find::<Through>(error).map(|through| &through.proxy);
        let through = proxy.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
        if find::<ConnectTimeout>(error).is_some() {
            let what = format!("no connection to {target}{through}");
            return Self::timeout(&what, "connect_timeout", settings.connect_timeout).unsent();
        }
        let cause = root_cause(error);
        if !error.is_connect() && find::<hyper::Error>(error).is_some_and(is_no_http) {
            let message = format!(
                "what answers at {target}{through} does not speak HTTP/1.1 ({cause}): check the scheme, host and port of \
                 base_url"
            );
            return Self::passing(Error::connection(&message), message);
        }
        if !error.is_connect() {
            let message = format!("the connection to {target}{through} died before the answer: {cause}");
            return Self::passing(Error::connection(&message), message);
        }
        if let Some(refused) = find::<Refused>(error) {
            let message = format!("no connection to {target}{through}: {refused}");
            let failure = Self::passing(Error::connection(&message), message).unsent();
            // A password that is tried again and again locks its account.
            let busy = refused.status == 429;
            return Self { retry: passes(refused.status), retry_after: refused.retry_after, busy, ..failure };
        }
        if let Some(tls) = find::<TlsError>(error) {
            let target = match proxy {
                Some(proxy) if find::<AtProxy>(error).is_some() => format!("the proxy {proxy}"),
                _ => format!("{target}{through}"),
            };
            let message = format!("no secure connection to {target}: {}", explain(tls));
            return Self::lasting(Error::connection(&message), message).unsent();
        }
        let likely = if proxy.is_none() && settings.is_loopback() && is_refused(error) {
            ". Nothing listens at this port of this machine: a sandbox that was there has stopped, or the port is another one"
        } else {
            ""
        };
        let message = format!("no connection to {target}{through}: {cause}{likely}");
        Self::passing(Error::connection(&message), message).unsent()
    }

    /// The body ended before it was complete.
    pub fn cut(cause: &str) -> Self {
        let message = format!("the answer was cut: {cause}");
        Self::passing(Error::connection(&message), message)
    }

    /// The sink or the service's encoding refused the body.
    pub fn refused_body(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Connection => Self::passing(error, "the answer was cut"),
            ErrorKind::LimitExceeded => Self::lasting(error, "the answer exceeds a limit"),
            ErrorKind::OutOfMemory => Self::lasting(error, "there is no more memory"),
            ErrorKind::Internal => Self::lasting(error, "a defect of this library"),
            _ => Self::lasting(error, "the answer is not what was asked for"),
        }
    }
}

/// What an error is about: the innermost of its causes.
pub(super) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

/// Whether the connection was at its end, whether or not it said goodbye.
pub(super) fn is_end_of_connection(error: &(dyn StdError + 'static)) -> bool {
    let kinds = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    kinds
        .into_iter()
        .any(|kind| matches!(kind, io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset))
}

/// Whether what came is none, be it another protocol, HTTP/2 without being asked, or the alert of TLS.
fn is_no_http(error: &hyper::Error) -> bool {
    // What came before the request has no name of its own.
    error.is_parse() && !error.is_parse_too_large() || error.to_string().contains("unexpected message")
}

fn is_refused(error: &(dyn StdError + 'static)) -> bool {
    let mut kinds = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    kinds.any(|kind| kind == io::ErrorKind::ConnectionRefused)
}

fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// An error and its causes, with those that `io::Error` hides.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn StdError + 'static) = *error;
        match error.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}
