//! Whose certificate a webhook trusts: its own one, by its fingerprint, or those of one authority. None of the system's, and nothing by default.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::config::Webhook;
use crate::digest;

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrustError {
    /// The authority's file holds no certificate that can be used.
    #[error("{} holds no certificate of an authority", file.display())]
    Authority {
        /// The file.
        file: std::path::PathBuf,
    },
    /// rustls refuses.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// The client's side of TLS for this webhook.
///
/// # Errors
/// [`TrustError`].
pub(super) fn config(hook: &Webhook) -> Result<ClientConfig, TrustError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    if let Some(file) = &hook.authority {
        let none = || TrustError::Authority { file: file.clone() };
        let text = std::fs::read(file).map_err(|_| none())?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&text) {
            roots.add(certificate.map_err(|_| none())?)?;
        }
        if roots.is_empty() {
            return Err(none());
        }
        return Ok(builder.with_root_certificates(roots).with_no_client_auth());
    }
    let wanted = hook.fingerprint.clone().unwrap_or_default();
    let pinned = Pinned {
        wanted: wanted.replace(':', "").to_lowercase(),
        provider,
    };
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_no_client_auth())
}

/// Takes exactly one certificate, whatever name and dates stand in it.
#[derive(Debug)]
struct Pinned {
    wanted: String,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if digest::sha256_hex(end_entity) == self.wanted {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
