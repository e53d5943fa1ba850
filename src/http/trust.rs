//! Which certificates are trusted: those of a file, or the system's.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Certificate;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::{Error, Result};
use crate::settings::Settings;

pub(super) enum Trust {
    Only(Vec<Certificate>),
    System,
}

/// # Errors
/// A file that holds no certificates.
pub(super) fn choose(settings: &Settings) -> Result<Trust> {
    if let Some(path) = &settings.ca_file {
        return read("ca_file", path).map(Trust::Only);
    }
    if settings.base_url.scheme() == "http" && settings.is_loopback() {
        return Ok(Trust::Only(Vec::new()));
    }
    match env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) {
        Some(path) => read("SSL_CERT_FILE", &PathBuf::from(path)).map(Trust::Only),
        None => Ok(Trust::System),
    }
}

/// The certificates of a PEM file; single ones that the TLS library does not understand are left out, as
/// bundles commonly hold some.
fn read(name: &str, path: &Path) -> Result<Vec<Certificate>> {
    let refused = |why: String| {
        Error::configuration(format!(
            "{name}={} {why}: it must be a file of PEM certificates",
            path.display()
        ))
    };
    let pem = fs::read(path).map_err(|error| refused(format!("cannot be read ({error})")))?;
    let mut certificates = Vec::new();
    for der in CertificateDer::pem_slice_iter(&pem) {
        let der = der.map_err(|error| refused(format!("is broken ({error})")))?;
        if RootCertStore::empty().add(der.clone()).is_ok() {
            certificates.extend(Certificate::from_der(&der));
        }
    }
    if certificates.is_empty() {
        return Err(refused("holds no certificate that can be used".to_owned()));
    }
    Ok(certificates)
}
