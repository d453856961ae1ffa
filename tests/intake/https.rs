//! A scanner over https: only the certificate of the settings is spoken to, whatever stands in it.

use axum::Router;
use axum::routing::get;
use laixin::config::{Scanner, ScannerKind};
use laixin::scan::device_of;
use scanner::Trouble;
use sha2::{Digest, Sha256};

const CAPABILITIES: &str = r#"<s:ScannerCapabilities xmlns:s="s" xmlns:p="p"><p:MakeAndModel>Tls 1</p:MakeAndModel><p:SerialNumber>T-1</p:SerialNumber></s:ScannerCapabilities>"#;
const STATUS: &str =
    r#"<s:ScannerStatus xmlns:s="s" xmlns:p="p"><p:State>Idle</p:State></s:ScannerStatus>"#;

/// A device with a certificate of its own; its address, the fingerprint, and the certificate as PEM.
async fn device() -> (String, String, String) {
    // Another test may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let der = own.cert.der().to_vec();
    let fingerprint = Sha256::digest(&der)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .join(":");
    let key = own.signing_key.serialize_der();
    let tls = axum_server::tls_rustls::RustlsConfig::from_der(vec![der], key)
        .await
        .unwrap();
    let routes = Router::new()
        .route("/eSCL/ScannerCapabilities", get(async || CAPABILITIES))
        .route("/eSCL/ScannerStatus", get(async || STATUS));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = axum_server::from_tcp_rustls(listener, tls).unwrap();
    tokio::spawn(server.serve(routes.into_make_service()));
    (
        format!("https://localhost:{port}/eSCL"),
        fingerprint,
        own.cert.pem(),
    )
}

fn scanner(url: &str) -> Scanner {
    Scanner {
        kind: ScannerKind::Escl,
        url: Some(url.to_owned()),
        serial: Some("T-1".into()),
        ..Scanner::folder("s1", "/nonexistent")
    }
}

#[tokio::test]
async fn the_pinned_certificate_is_taken_and_no_other() {
    let (url, fingerprint, _) = device().await;
    let pinned = Scanner {
        fingerprint: Some(fingerprint.clone()),
        ..scanner(&url)
    };
    let portrait = device_of(&pinned).unwrap().look().await.unwrap();
    assert_eq!(
        (portrait.model.as_str(), portrait.serial.as_deref()),
        ("Tls 1", Some("T-1"))
    );
    let other = Scanner {
        fingerprint: Some("00".repeat(32)),
        ..scanner(&url)
    };
    match device_of(&other).unwrap().look().await {
        Err(Trouble::Certificate { found }) => {
            assert_eq!(
                found,
                fingerprint.replace(':', "").to_lowercase(),
                "the administrator is told which it has"
            );
        }
        answer => panic!("{answer:?}"),
    }
    assert!(
        matches!(
            device_of(&scanner(&url)).unwrap().look().await,
            Err(Trouble::Certificate { .. })
        ),
        "nothing is trusted by default"
    );
}

#[tokio::test]
async fn an_authority_of_the_settings_is_accepted() {
    let (url, _, pem) = device().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, pem).unwrap();
    let signed = Scanner {
        authority: Some(file),
        ..scanner(&url)
    };
    assert_eq!(
        device_of(&signed).unwrap().look().await.unwrap().state,
        "Idle"
    );
}
