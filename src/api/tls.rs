//! TLS by rustls: the station's own certificate or one of the office's authority, and the case systems' certificates where an authority for them
//! is set.

mod shown;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures_util::future::BoxFuture;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_layer::Layer;

use crate::config::{Brokers, Http};

pub use shown::{Shown, tie};

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file cannot be read, or there is nothing of that kind in it.
    #[error("{}: there is no {what} to be read", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// The certificate and the key do not belong together, or are of a kind that is not spoken.
    #[error("{}: the certificate and its key do not fit", file.display())]
    Misfit {
        /// The certificate.
        file: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// An authority cannot be used.
    #[error("{}: holds no authority that certificates can be held against", file.display())]
    Authority {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Whether the caller's connection showed a certificate of the authority for case systems, and which; rustls has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The one that was shown.
    pub shown: Option<Arc<Shown>>,
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |source| TlsError::File {
        file: file.to_owned(),
        what: "certificate",
        source,
    };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file)
        .map_err(unreadable)?
        .collect();
    match found.map_err(unreadable)? {
        none if none.is_empty() => Err(unreadable(rustls::pki_types::pem::Error::NoItemsFound)),
        found => Ok(found),
    }
}

/// The authorities that a PEM file holds.
///
/// # Errors
/// [`TlsError`] with the file.
pub fn authority(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots
            .add(certificate)
            .map_err(|source| TlsError::Authority {
                file: file.to_owned(),
                source: Box::new(source),
            })?;
    }
    Ok(roots)
}

/// Tries the authority that the brokers are known by, and the certificate that is shown to them with its key.
///
/// # Errors
/// [`TlsError`] with the file.
pub fn of_brokers(brokers: &Brokers) -> Result<(), TlsError> {
    brokers.authority.as_deref().map(authority).transpose()?;
    let shown = Http {
        certificate: brokers.certificate.clone(),
        key: brokers.key.clone(),
        ..Http::default()
    };
    server_config(&shown).map(drop)
}

/// What the settings say, read and tried; `None` without a certificate.
///
/// # Errors
/// [`TlsError`] with the file.
pub fn server_config(http: &Http) -> Result<Option<ServerConfig>, TlsError> {
    let (Some(file), Some(key_file)) = (&http.certificate, &http.key) else {
        return Ok(None);
    };
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|source| TlsError::File {
        file: key_file.clone(),
        what: "key",
        source,
    })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let misfit = |source| TlsError::Misfit {
        file: file.clone(),
        source,
    };
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(misfit)?;
    let builder = match &http.client_authority {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let roots = Arc::new(authority(file)?);
            // People have none: whoever is a case system is told by his token, and refused there.
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                .allow_unauthenticated()
                .build();
            builder.with_client_cert_verifier(verifier.map_err(|source| TlsError::Authority {
                file: file.clone(),
                source: Box::new(source),
            })?)
        }
    };
    let mut config = builder
        .with_single_cert(certificates(file)?, key)
        .map_err(misfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(config))
}

/// Notes beside each connection which certificate was shown.
#[derive(Debug, Clone)]
struct Noting(RustlsAcceptor);

impl<I, S> Accept<I, S> for Noting
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Send + 'static,
{
    type Stream = <RustlsAcceptor as Accept<I, S>>::Stream;
    type Service = AddExtension<<RustlsAcceptor as Accept<I, S>>::Service, ClientCertificate>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepting = self.0.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            let certificates = stream.get_ref().1.peer_certificates();
            let shown = certificates.and_then(<[_]>::first);
            let shown = shown.map(|certificate| Arc::new(Shown::of(certificate)));
            let noted = Extension(ClientCertificate { shown }).layer(service);
            Ok((stream, noted))
        })
    }
}

/// Serves over TLS until `closing` is cancelled.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    config: ServerConfig,
    router: Router,
    closing: CancellationToken,
) -> io::Result<()> {
    let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(Arc::new(config)));
    let (handle, stop) = super::ends_with(closing);
    let mut server = axum_server::from_tcp(listener.into_std()?)?
        .acceptor(Noting(acceptor))
        .handle(handle);
    server
        .http_builder()
        .http1()
        .header_read_timeout(super::HEAD_WITHIN);
    let ended = server
        .serve(router.into_make_service_with_connect_info::<SocketAddr>())
        .await;
    stop.abort();
    ended
}
