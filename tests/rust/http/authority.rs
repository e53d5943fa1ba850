//! A certificate authority, and servers that speak TLS with its certificates.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::clock::StoppedClock;
use super::server::answer;

pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: TemporaryFile,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = TemporaryFile::new(&issuer.pem());
        Self { issuer, file }
    }

    pub fn file(&self) -> PathBuf {
        self.file.0.clone()
    }

    /// A certificate for some names, of which one may be an address.
    pub fn certificate(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        server_config(certificate.der().clone(), &key)
    }
}

/// A certificate that nobody but itself vouches for, with its file.
pub fn self_signed(
    names: &[&str],
    change: impl FnOnce(&mut CertificateParams),
) -> (ServerConfig, TemporaryFile) {
    let mut params =
        CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    // As `openssl req -x509` makes them.
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (server_config(certificate.der().clone(), &key), TemporaryFile::new(&certificate.pem()))
}

/// A server that shows the certificate of a file, without having its key.
pub fn with_foreign_key(file: &TemporaryFile) -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(&file.0).unwrap();
    let key = PrivateKeyDer::try_from(KeyPair::generate().unwrap().serialize_der()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let key = provider.key_provider.load_private_key(key).unwrap();
    let shown = SingleCertAndKey::from(CertifiedKey::new(vec![certificate], key));
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown))
}

fn server_config(certificate: CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap()
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Goodbye,
    Close,
    Reset,
}

/// Answers every request with `[1]` over HTTP/1.1, and counts the connections.
pub struct TlsServer {
    pub port: u16,
    connections: Arc<AtomicUsize>,
}

impl TlsServer {
    pub async fn start(config: ServerConfig) -> Self {
        Self::start_after(config, Ending::Goodbye, answer("200 OK", &[], "[1]"), std::future::ready).await
    }

    /// Gives that answer, and closes the connection without the goodbye of TLS.
    pub async fn answering_rudely(config: ServerConfig, ending: Ending, answer: Vec<u8>) -> Self {
        Self::start_after(config, ending, answer, std::future::ready).await
    }

    /// Lets time pass before the handshake, while the client is patient for so long.
    pub async fn start_slow(config: ServerConfig, clock: &StoppedClock, patience: Duration) -> Self {
        let clock = clock.clone();
        Self::start_after(config, Ending::Goodbye, answer("200 OK", &[], "[1]"), move |()| {
            let clock = clock.clone();
            async move {
                clock.asleep_for(patience).await;
                clock.advance(patience * 9 / 10);
            }
        })
        .await
    }

    async fn start_after<F>(
        config: ServerConfig,
        ending: Ending,
        answer: Vec<u8>,
        before: impl Fn(()) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let (acceptor, answer) = (acceptor.clone(), answer.clone());
                let before = before(());
                tokio::spawn(async move {
                    before.await;
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                        return;
                    }
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"[]") {
                        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    stream.write_all(&answer).await.unwrap();
                    stream.flush().await.unwrap();
                    match ending {
                        Ending::Goodbye => stream.shutdown().await.unwrap(),
                        Ending::Close => drop(stream.into_inner().0),
                        Ending::Reset => stream.get_ref().0.set_zero_linger().unwrap(),
                    }
                });
            }
        });
        Self { port, connections }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// A file that goes with its owner.
pub struct TemporaryFile(pub PathBuf);

impl TemporaryFile {
    pub fn new(text: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("converz-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
