//! What a client is told once: where the service is, the key, and the bounds of its patience.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use crate::error::{Error, Result};

/// The key, which no formatting shows.
#[derive(Clone)]
pub struct ApiKey(Arc<str>);

impl ApiKey {
    /// # Errors
    /// A key that cannot be the value of an HTTP header.
    pub fn new(key: &str) -> Result<Self> {
        // Files of secrets end with a line feed.
        let key = key.trim_ascii_end();
        if key.is_empty() {
            return Err(Error::configuration(
                "api_key is empty: pass api_key= or set the environment variable CONVERZ_API_KEY",
            ));
        }
        // The value is not shown: it may be the real key with a stray line feed.
        if !key.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) {
            return Err(Error::configuration(
                "api_key has a character that a header cannot carry: only visible ASCII characters without \
                 blanks are allowed",
            ));
        }
        Ok(Self(key.into()))
    }

    /// The key itself, for the header that carries it and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// The settings of a client. The fields' defaults are those of [`Settings::new`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Ends without a slash; operations add `/calls` and the like.
    pub base_url: Url,
    pub api_key: ApiKey,
    /// One request with its retries.
    pub timeout: Duration,
    pub connect_timeout: Duration,
    /// From the request's last byte to the answer's first.
    pub first_byte_timeout: Duration,
    /// No byte of a body for so long.
    pub stall_timeout: Duration,
    /// Of one request; the pages of a read share four times as many.
    pub max_retries: u32,
    /// Rows a page.
    pub page_size: u32,
    /// Pages in flight.
    pub max_concurrency: usize,
    /// Sockets.
    pub max_connections: usize,
    /// Bytes of an update's request.
    pub max_update_bytes: usize,
    /// Decompressed bytes of a page.
    pub max_response_bytes: u64,
    /// Nesting of a page's JSON.
    pub max_depth: usize,
    /// Bytes of one value of a page.
    pub max_value_bytes: usize,
    /// A file of PEM certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// A proxy instead of the environment's; never used for loopback.
    pub proxy: Option<Url>,
    pub user_agent: String,
    /// Replace what cannot be a character, or part of a name, with U+FFFD and take the last of equal keys, instead of refusing the page.
    pub lossy: bool,
    /// Which page is taken for the last one.
    pub last_page: LastPage,
}

/// Which page is taken for the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastPage {
    /// An empty one, which proves that no row follows.
    #[default]
    Empty,
    /// One with fewer rows than were asked for, as a service has that neither caps its pages nor leaves out rows.
    Short,
}

impl LastPage {
    /// The name by which a user chooses it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Short => "short",
        }
    }
}

/// The largest page that the API documents.
pub const MAX_PAGE_SIZE: u32 = 1_000_000;

/// More sockets than that are no client's any more.
const MAX_CONNECTIONS: usize = 1_000;

/// The longest that a timeout can be: ten years, which clocks can still count.
pub const MAX_SECONDS: u64 = 10 * 366 * 24 * 60 * 60;

impl Settings {
    /// Settings with every default, for a base URL that is checked here.
    ///
    /// # Errors
    /// A base URL that cannot work, or plain HTTP to another machine without `allow_http`.
    pub fn new(base_url: &str, api_key: ApiKey, allow_http: bool) -> Result<Self> {
        Ok(Self {
            base_url: parse_base_url(base_url, allow_http)?,
            api_key,
            timeout: Duration::from_secs(900),
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(300),
            stall_timeout: Duration::from_secs(60),
            max_retries: 5,
            page_size: 100_000,
            max_concurrency: 4,
            max_connections: 100,
            max_update_bytes: 16 << 20,
            max_response_bytes: 4 << 30,
            max_depth: 128,
            max_value_bytes: 64 << 20,
            ca_file: None,
            proxy: None,
            user_agent: concat!("converz/", env!("CARGO_PKG_VERSION")).to_owned(),
            lossy: false,
            last_page: LastPage::default(),
        })
    }

    /// Whether the service is on this machine, where no proxy is used and plain HTTP is harmless.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.base_url)
    }

    /// The proxy as it may be shown: without its user and password.
    pub fn shown_proxy(&self) -> Option<String> {
        self.proxy.clone().map(|mut url| {
            // Only a URL without a host refuses them, and then it has none.
            if !url.username().is_empty() {
                let _ = url.set_username("***");
            }
            if url.password().is_some() {
                let _ = url.set_password(Some("***"));
            }
            url.into()
        })
    }

    /// # Errors
    /// Bounds that no read or update could keep.
    pub fn validate(&self) -> Result<()> {
        for (name, value) in [
            ("timeout", self.timeout),
            ("connect_timeout", self.connect_timeout),
            ("first_byte_timeout", self.first_byte_timeout),
            ("stall_timeout", self.stall_timeout),
        ] {
            if value.is_zero() || value.as_secs() > MAX_SECONDS {
                return Err(unusable_seconds(name, value.as_secs_f64()));
            }
        }
        if self.max_retries > 1000 {
            return Err(Error::configuration(format!(
                "max_retries={} is not a number from 0 to 1000",
                self.max_retries
            )));
        }
        if let Some(proxy) = &self.proxy {
            check_proxy(proxy)?;
        }
        if self.page_size == 0 || self.page_size > MAX_PAGE_SIZE {
            return Err(Error::configuration(format!(
                "page_size={} is not a number of rows from 1 to {MAX_PAGE_SIZE}",
                self.page_size
            )));
        }
        if self.max_concurrency == 0 || self.max_concurrency > 64 {
            return Err(Error::configuration(format!(
                "max_concurrency={} is not a number of pages from 1 to 64",
                self.max_concurrency
            )));
        }
        if self.max_connections == 0 || self.max_connections > MAX_CONNECTIONS {
            return Err(Error::configuration(format!(
                "max_connections={} is not a number of connections from 1 to {MAX_CONNECTIONS}",
                self.max_connections
            )));
        }
        if self.max_update_bytes < 1024 {
            return Err(Error::configuration(format!(
                "max_update_bytes={} is too few for a row: pass at least 1024",
                self.max_update_bytes
            )));
        }
        for (name, value) in [
            ("max_response_bytes", self.max_response_bytes),
            ("max_depth", self.max_depth as u64),
            ("max_value_bytes", self.max_value_bytes as u64),
        ] {
            if value == 0 {
                return Err(Error::configuration(format!(
                    "{name}=0 refuses every answer: pass a number above 0"
                )));
            }
        }
        if !self.user_agent.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            return Err(Error::configuration(format!(
                "user_agent={:?} has a character that a header cannot carry: only visible ASCII characters are allowed",
                self.user_agent
            )));
        }
        Ok(())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url.as_str())
            .field("api_key", &self.api_key)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("first_byte_timeout", &self.first_byte_timeout)
            .field("stall_timeout", &self.stall_timeout)
            .field("max_retries", &self.max_retries)
            .field("page_size", &self.page_size)
            .field("max_concurrency", &self.max_concurrency)
            .field("max_connections", &self.max_connections)
            .field("max_update_bytes", &self.max_update_bytes)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("max_depth", &self.max_depth)
            .field("max_value_bytes", &self.max_value_bytes)
            .field("ca_file", &self.ca_file)
            .field("proxy", &self.shown_proxy())
            .field("user_agent", &self.user_agent)
            .field("lossy", &self.lossy)
            .field("last_page", &self.last_page)
            .finish()
    }
}

fn unusable_seconds(name: &str, seconds: f64) -> Error {
    Error::configuration(format!(
        "{name}={seconds} cannot be waited for: pass seconds above 0 and up to {MAX_SECONDS}"
    ))
}

/// Which page is taken for the last one, by its name.
///
/// # Errors
/// Another name.
pub fn parse_last_page(text: &str) -> Result<LastPage> {
    [LastPage::Empty, LastPage::Short].into_iter().find(|page| page.name() == text).ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        Error::configuration(format!(
            "last_page={shown:?} is neither \"empty\" nor \"short\": pass which page ends a read"
        ))
    })
}

/// The address of a proxy.
///
/// # Errors
/// An invalid address. It is not shown, since it may hold a password.
pub fn parse_proxy(text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|error| {
        Error::configuration(format!(
            "proxy is not a URL ({error}): it looks like http://proxy.example.com:3128"
        ))
        .with_source(error)
    })?;
    check_proxy(&url)?;
    Ok(url)
}

fn check_proxy(url: &Url) -> Result<()> {
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(Error::configuration(
            "proxy must start with http:// or https:// and name a host: it looks like \
             http://proxy.example.com:3128",
        ));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(Error::configuration(
            "proxy has a path, a query or a fragment: give only scheme, host, port and user",
        ));
    }
    Ok(())
}

fn parse_base_url(text: &str, allow_http: bool) -> Result<Url> {
    if text.is_empty() {
        return Err(Error::configuration(
            "base_url is empty: pass base_url= or set the environment variable CONVERZ_BASE_URL, \
             for instance to https://yourdomain.converz.co",
        ));
    }
    // A URL that is refused may hold a password, so only its parts are shown.
    let mut url = Url::parse(text).map_err(|error| {
        Error::configuration(format!(
            "base_url is not a URL ({error}): it looks like https://yourdomain.converz.co"
        ))
        .with_source(error)
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::configuration(format!(
            "base_url has the scheme {}: only https (and http to this machine) can be used",
            url.scheme()
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::configuration(
            "base_url holds a user name or password: the service knows only api_key",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::configuration(
            "base_url has a query or a fragment: give only scheme, host, port and path",
        ));
    }
    if url.scheme() == "http" && !allow_http && !is_loopback(&url) {
        return Err(Error::configuration(format!(
            "base_url is plain http to {}: the key and all data could be read on the way. Use https, or pass \
             allow_http=True if the network in between is trusted",
            url.host_str().unwrap_or_default()
        )));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    // A base URL without a path is a customer's domain; one with a path is taken as it is.
    url.set_path(if path.is_empty() { "/api/v1" } else { &path });
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Result<String> {
        Ok(Settings::new(text, ApiKey::new("k").unwrap(), false)?.base_url.to_string())
    }

    #[test]
    fn a_base_url_without_a_path_gets_the_documented_one() {
        assert_eq!(base("https://acme.converz.co").unwrap(), "https://acme.converz.co/api/v1");
        assert_eq!(base("https://acme.converz.co/").unwrap(), "https://acme.converz.co/api/v1");
        assert_eq!(base("https://docs.example.com/mock/v2/").unwrap(), "https://docs.example.com/mock/v2");
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        for url in ["http://127.0.0.1:80", "http://127.9.9.9", "http://[::1]:8080", "http://localhost:1"] {
            assert!(base(url).is_ok(), "{url}");
        }
        for url in [
            "http://acme.converz.co",
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
        ] {
            let error = base(url).unwrap_err();
            assert!(error.message().contains("allow_http"), "{url}: {error}");
        }
        assert!(Settings::new("http://10.0.0.1", ApiKey::new("k").unwrap(), true).is_ok());
    }

    #[test]
    fn urls_that_cannot_work_are_refused_without_showing_them() {
        for url in [
            "",
            "acme",
            "ftp://acme.converz.co",
            "https://me:secret@acme.converz.co",
            "https://a.example/?key=secret",
            "https://a.example/#secret",
        ] {
            let error = base(url).unwrap_err();
            assert!(matches!(error.kind(), crate::error::ErrorKind::Configuration), "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        let key = ApiKey::new("canary").unwrap();
        let settings = Settings::new("https://acme.converz.co", key.clone(), false).unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey(…)");
        assert!(!format!("{settings:?}").contains("canary"));
        assert!(!ApiKey::new("canary\ncanary").unwrap_err().to_string().contains("canary"));
        assert_eq!(ApiKey::new("canary \r\n").unwrap().expose(), "canary");
    }

    #[test]
    fn the_user_and_password_of_a_proxy_are_not_shown() {
        let mut settings =
            Settings::new("https://acme.converz.co", ApiKey::new("k").unwrap(), false).unwrap();
        settings.proxy = Some(parse_proxy("http://hidden:hidden@proxy.example:3128").unwrap());
        assert_eq!(settings.shown_proxy().as_deref(), Some("http://***:***@proxy.example:3128/"));
        assert!(!format!("{settings:?} {settings:#?}").contains("hidden"));
        settings.proxy = Some(parse_proxy("http://hidden@proxy.example:3128").unwrap());
        assert_eq!(settings.shown_proxy().as_deref(), Some("http://***@proxy.example:3128/"));
        for proxy in [
            "proxy:hidden",
            "10.0.0.1:3128",
            "socks5://me:hidden@proxy:1",
            "http://",
            "http://me:hidden@proxy:x",
            "http://me:hidden@proxy/path",
        ] {
            let error = parse_proxy(proxy).unwrap_err();
            assert!(matches!(error.kind(), crate::error::ErrorKind::Configuration), "{proxy}");
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
    }

    #[test]
    fn bounds_that_cannot_work_are_refused_by_name() {
        type Change = fn(&mut Settings);
        let cases: [(&str, Change); 17] = [
            ("timeout=0", |settings| settings.timeout = Duration::ZERO),
            ("connect_timeout=0", |settings| settings.connect_timeout = Duration::ZERO),
            ("first_byte_timeout=0", |settings| settings.first_byte_timeout = Duration::ZERO),
            ("stall_timeout=", |settings| settings.stall_timeout = Duration::MAX),
            ("max_retries=", |settings| settings.max_retries = u32::MAX),
            ("page_size=0", |settings| settings.page_size = 0),
            ("page_size=1000001", |settings| settings.page_size = 1_000_001),
            ("max_concurrency=0", |settings| settings.max_concurrency = 0),
            ("max_concurrency=65", |settings| settings.max_concurrency = 65),
            ("max_connections=0", |settings| settings.max_connections = 0),
            ("max_connections=1001", |settings| settings.max_connections = 1_001),
            ("max_update_bytes=", |settings| settings.max_update_bytes = 1),
            ("max_response_bytes=0", |settings| settings.max_response_bytes = 0),
            ("max_depth=0", |settings| settings.max_depth = 0),
            ("max_value_bytes=0", |settings| settings.max_value_bytes = 0),
            ("user_agent=", |settings| settings.user_agent = "a\r\nb".to_owned()),
            ("proxy", |settings| settings.proxy = Url::parse("socks5://proxy:1").ok()),
        ];
        for (start, change) in cases {
            let mut settings =
                Settings::new("https://acme.converz.co", ApiKey::new("k").unwrap(), false).unwrap();
            assert!(settings.validate().is_ok());
            change(&mut settings);
            let error = settings.validate().expect_err(start);
            assert!(error.message().starts_with(start), "{error}");
        }
    }
}
