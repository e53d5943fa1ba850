//! What a person is told of a secure connection that cannot be made: why, and what to do.

use rustls::{AlertDescription, CertificateError, Error as TlsError};

/// What the cryptography behind TLS can check.
const KNOWN: &str = "RSA (2048 to 8192 bits; PKCS #1, or PSS with a salt as long as the digest), ECDSA on P-256 or P-384 with \
                     SHA-256 or SHA-384, and Ed25519";

pub(super) fn explain(error: &TlsError) -> String {
    let (why, advice) = match error {
        TlsError::InvalidCertificate(why) => return explain_certificate(error, why),
        TlsError::AlertReceived(AlertDescription::HandshakeFailure) => (
            "the service found no algorithm in common".to_owned(),
            format!("its certificate may have a key that cannot be used here, which can be {KNOWN}"),
        ),
        TlsError::InvalidMessage(_) => {
            (error.to_string(), "the answer is not TLS: check the scheme and port of base_url".to_owned())
        }
        _ => (error.to_string(), "check base_url and what is in between".to_owned()),
    };
    format!("{why}; {advice}")
}

#[expect(deprecated, reason = "either form may come")]
fn explain_certificate(error: &TlsError, why: &CertificateError) -> String {
    let advice = match why {
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            return "the certificate names no host (it has no subjectAltName; the common name does not count): it must \
                    be made anew with the host of base_url in it"
                .to_owned();
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is another host's: check base_url"
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid today: check this machine's clock, or tell the service's operator"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { signature_algorithm_id, .. } => {
            return unsupported(signature_algorithm_id, &[]);
        }
        CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id,
            public_key_algorithm_id,
        } => return unsupported(signature_algorithm_id, public_key_algorithm_id),
        CertificateError::UnsupportedSignatureAlgorithm => return unsupported(&[], &[]),
        CertificateError::BadSignature => {
            return format!(
                "the certificate is not trusted: it is not signed by the authority of that name that is trusted, or with too \
                 short a key: pass ca_file= or set SSL_CERT_FILE to a file with that authority's certificate; keys can be \
                 {KNOWN}"
            );
        }
        _ => {
            "the certificate is not trusted: if an authority of your own or a proxy signed it, pass ca_file= or set \
             SSL_CERT_FILE to a file with that authority's certificate"
        }
    };
    format!("{error}; {advice}")
}

/// A certificate whose signature cannot be checked, whoever is trusted.
fn unsupported(signature: &[u8], key: &[u8]) -> String {
    let named = ALGORITHMS.iter().find(|(id, _)| [key, signature].iter().any(|found| contains(found, id)));
    let name = named.map_or("an algorithm that is not known", |(_, name)| *name);
    format!(
        "the certificate, or an authority's, is signed with {name}, which cannot be checked here, so ca_file= does not help: \
         have it signed with one of {KNOWN}"
    )
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Object identifiers as DER has them, the more telling first.
const ALGORITHMS: &[(&[u8], &str)] = &[
    (&[43, 129, 4, 0, 35], "a key on P-521"),
    (&[43, 101, 113], "Ed448"),
    (
        &[42, 134, 72, 134, 247, 13, 1, 1, 10],
        "RSA-PSS of an unusual kind (a key of its own, or another salt)",
    ),
    (&[42, 134, 72, 134, 247, 13, 1, 1, 5], "SHA-1, which is broken"),
    (&[42, 134, 72, 206, 61, 4, 1], "SHA-1, which is broken"),
    (&[42, 134, 72, 134, 247, 13, 1, 1, 14], "RSA with SHA-224"),
    (&[42, 134, 72, 206, 61, 4, 3, 1], "ECDSA with SHA-224"),
    (&[42, 134, 72, 206, 61, 4, 3, 4], "ECDSA with SHA-512"),
    (&[96, 134, 72, 1, 101, 3, 4, 3], "SHA-3"),
];
