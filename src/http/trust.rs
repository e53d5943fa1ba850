//! Which certificates are trusted: those of a file, or the system's.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memmem;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::verifier::Verifier;
use crate::error::{Error, Result};
use crate::settings::Settings;

/// How secure connections are made.
///
/// # Errors
/// A file that holds no certificates, or a system without any.
pub(super) fn config(settings: &Settings) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal(format!("no version of TLS: {error}")).with_source(error))?;
    Ok(match verifier(settings, provider)? {
        Some(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier),
        None => builder.with_root_certificates(RootCertStore::empty()),
    }
    .with_no_client_auth())
}

/// None where no certificate is ever looked at.
fn verifier(
    settings: &Settings,
    provider: Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ServerCertVerifier>>> {
    let only = |certificates| Verifier::new(certificates, provider.clone()).map_err(|error| unusable(&error));
    if let Some(path) = &settings.ca_file {
        return Ok(Some(Arc::new(only(read("ca_file", path)?)?)));
    }
    if settings.base_url.scheme() == "http" && settings.is_loopback() {
        return Ok(None);
    }
    if let Some(path) = env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) {
        return Ok(Some(Arc::new(only(read("SSL_CERT_FILE", &PathBuf::from(path))?)?)));
    }
    match system(provider) {
        Ok(verifier) => Ok(Some(verifier)),
        // Plain HTTP needs certificates at most for a proxy, so it works on a machine that has none.
        Err(_) if settings.base_url.scheme() == "http" => Ok(None),
        Err(why) => Err(unusable(&why)),
    }
}

fn unusable(why: &dyn std::fmt::Display) -> Error {
    Error::configuration(format!(
        "no secure connections can be made ({why}): install the system's CA certificates, or pass ca_file= or set \
         SSL_CERT_FILE to a file of PEM certificates"
    ))
}

#[cfg(all(unix, not(target_vendor = "apple")))]
fn system(provider: Arc<CryptoProvider>) -> std::result::Result<Arc<dyn ServerCertVerifier>, String> {
    let found = rustls_native_certs::load_native_certs();
    let why = found.errors.first().map(ToString::to_string);
    match Verifier::new(found.certs, provider) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(error) => Err(why.unwrap_or(error)),
    }
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn system(provider: Arc<CryptoProvider>) -> std::result::Result<Arc<dyn ServerCertVerifier>, String> {
    match rustls_platform_verifier::Verifier::new(provider) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(error) => Err(error.to_string()),
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Byte order marks of UTF-16.
const WIDE: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
/// OpenSSL's own form, a certificate with what it is trusted for; without the latter, it is no longer what it says.
const TRUSTED: &[u8] = b"-----BEGIN TRUSTED CERTIFICATE-----";
/// What old versions of it call a certificate.
const OLD: [(&str, &str); 2] = [
    ("-----BEGIN X509 CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"),
    ("-----END X509 CERTIFICATE-----", "-----END CERTIFICATE-----"),
];

/// The certificates of a PEM file; single ones that the TLS library does not understand are left out, as
/// bundles commonly hold some.
fn read(name: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let refused = |why: String| {
        Error::configuration(format!(
            "{name}={} {why}: it must be a file of PEM certificates",
            path.display()
        ))
    };
    let pem =
        fs::read(path).map_err(|error| refused(format!("cannot be read ({error})")).with_source(error))?;
    // Editors of Windows begin a file with it, and the first certificate would be none.
    let pem = pem.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&pem);
    if memmem::find(pem, TRUSTED).is_some() {
        return Err(Error::configuration(format!(
            "{name}={path} has a TRUSTED CERTIFICATE, a form that only OpenSSL reads: write it as a plain one with \
             `openssl x509 -in {path} -out NEW.pem`, each by itself if the file has several, and use that",
            path = path.display()
        )));
    }
    if WIDE.iter().any(|mark| pem.starts_with(mark)) {
        return Err(refused("is text in UTF-16: save it as UTF-8".to_owned()));
    }
    // A certificate alone, in the form that is not text.
    if pem.starts_with(b"\x30\x82") {
        return Err(refused(format!(
            "is no text but looks like DER: write it as PEM with `openssl x509 -inform der -in {} -out NEW.pem`",
            path.display()
        )));
    }
    let pem = OLD.iter().fold(String::from_utf8_lossy(pem), |pem, (old, new)| {
        if pem.contains(old) { pem.replace(old, new).into() } else { pem }
    });
    let mut certificates = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let der = der.map_err(|error| refused(format!("is broken ({error})")).with_source(error))?;
        if RootCertStore::empty().add(der.clone()).is_ok() {
            certificates.push(der);
        }
    }
    if certificates.is_empty() {
        return Err(refused("holds no certificate that can be used".to_owned()));
    }
    Ok(certificates)
}
