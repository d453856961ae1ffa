//! Whose certificate is trusted: the device's own one, by its fingerprint, or those of one authority. Nothing else, and nothing by default.

use std::fmt::Write;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};

use super::Trust;
use crate::order::Trouble;

/// The fingerprint of a certificate that was refused last.
pub(super) type Refused = Arc<Mutex<Option<String>>>;

pub(super) fn config(trust: &Trust, refused: &Refused) -> Result<ClientConfig, Trouble> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| not_possible(&error))?;
    let wanted = match trust {
        Trust::Authority(file) => {
            let mut roots = RootCertStore::empty();
            let text = fs::read(file).map_err(Trouble::Disk)?;
            for certificate in CertificateDer::pem_slice_iter(&text) {
                let certificate = certificate.map_err(|error| not_possible(&error))?;
                roots
                    .add(certificate)
                    .map_err(|error| not_possible(&error))?;
            }
            return Ok(builder.with_root_certificates(roots).with_no_client_auth());
        }
        Trust::Fingerprint(wanted) => wanted.replace(':', "").to_lowercase(),
        Trust::Nothing => String::new(),
    };
    let pinned = Pinned {
        wanted,
        provider,
        refused: Arc::clone(refused),
    };
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_no_client_auth())
}

fn not_possible(error: &dyn std::error::Error) -> Trouble {
    Trouble::Answer {
        doing: "the TLS settings",
        why: error.to_string(),
    }
}

/// Takes exactly one certificate, whatever name and dates stand in it: a device makes its own and never renews it.
#[derive(Debug)]
struct Pinned {
    wanted: String,
    provider: Arc<CryptoProvider>,
    refused: Refused,
}

pub(super) fn fingerprint(certificate: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(certificate) {
        let _ = write!(text, "{byte:02x}"); // writing into a String does not fail
    }
    text
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
        let found = fingerprint(end_entity);
        if found == self.wanted {
            return Ok(ServerCertVerified::assertion());
        }
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        Err(rustls::CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
