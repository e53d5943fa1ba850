//! The address of a request.

use url::Url;
use url::form_urlencoded::Serializer;

use super::Request;
use crate::error::{Error, Result};

/// The longest address that the HTTP library can send.
const LONGEST: usize = 65_000;

/// # Errors
/// A query that no address can hold.
pub(super) fn address(base: &Url, request: &Request) -> Result<Url> {
    let mut url = base.clone();
    url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), request.operation.path()));
    let pairs = request.query.pairs();
    if !pairs.is_empty() {
        let encoded = Serializer::new(String::new())
            .extend_pairs(pairs.iter().map(|(name, value)| (*name, value.as_str())))
            .finish();
        // A plus sign is a blank to most services, %20 to all (a real plus sign is %2B by now).
        url.set_query(Some(&encoded.replace('+', "%20")));
    }
    if url.as_str().len() > LONGEST {
        return Err(Error::invalid_input(format!(
            "the filters make an address of {} bytes, and at most {LONGEST} can be sent: pass fewer values at once",
            url.as_str().len()
        )));
    }
    Ok(url)
}

/// Where an address leads, without what may be secret in it.
pub(super) fn shown(url: &Url) -> String {
    format!("{}{}", origin(url), url.path())
}

/// Scheme, host and port.
pub(super) fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}", url.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Operation, Query};

    fn request(query: Query) -> Request {
        Request { operation: Operation::Calls, query, body: None }
    }

    #[test]
    fn values_are_encoded_for_every_reader() {
        let base = Url::parse("https://acme.converz.co/api/v1").unwrap();
        let query = Query::default()
            .with("after", "2025-07-15 12:00")
            .with("campaign", "a+b&c=d%/é")
            .with("campaign", "x,y");
        assert_eq!(
            address(&base, &request(query)).unwrap().as_str(),
            "https://acme.converz.co/api/v1/calls?after=2025-07-15%2012%3A00&campaign=a%2Bb%26c%3Dd%25%2F%C3%A9\
             &campaign=x%2Cy"
        );
        assert_eq!(
            address(&base, &request(Query::default())).unwrap().as_str(),
            "https://acme.converz.co/api/v1/calls"
        );
    }

    #[test]
    fn addresses_have_a_longest() {
        let base = Url::parse("https://acme.converz.co/api/v1").unwrap();
        let query = Query::default().with("campaign", "x".repeat(70_000));
        let error = address(&base, &request(query)).unwrap_err();
        assert!(matches!(error.kind(), crate::error::ErrorKind::InvalidInput), "{error}");
    }

    #[test]
    fn what_may_be_secret_is_not_shown() {
        let url = Url::parse("https://me:secret@other.example:8443/login?key=secret#secret").unwrap();
        assert_eq!(shown(&url), "https://other.example:8443/login");
    }
}
