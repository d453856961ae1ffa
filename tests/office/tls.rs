//! Brokers that speak TLS and ask for a certificate, as the shipped configuration has them.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;

use super::brokers::{Brokers, Node, Office, ask, code_of, feed, station};
use crate::support::{free_address, wait_for};

/// An authority called `name`.pem, and what it signed: `broker`, `client`, each with its key.
fn certificates(folder: &Path, name: &str) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new([name.to_owned()]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = authority.self_signed(&key).unwrap();
    fs::write(folder.join(format!("{name}.pem")), own.pem()).unwrap();
    let issuer = Issuer::new(authority, key);
    for whose in ["broker", "client"] {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let signed = certificate.signed_by(&key, &issuer).unwrap();
        fs::write(folder.join(format!("{name}-{whose}.pem")), signed.pem()).unwrap();
        fs::write(
            folder.join(format!("{name}-{whose}.key")),
            key.serialize_pem(),
        )
        .unwrap();
    }
}

/// One broker that asks for certificates of `office`, and how one of `whose` connects to it.
fn brokers(folder: &Path) -> Brokers {
    certificates(folder, "office");
    let file = |name: &str| folder.join(name).display().to_string();
    let node = Node {
        host: "127.0.0.1".into(),
        port: free_address().port(),
        cluster: free_address().port(),
        namespace: None,
    };
    let tls = format!(
        "tls {{ cert_file: {:?}, key_file: {:?}, ca_file: {:?}, verify: true }}\n",
        file("office-broker.pem"),
        file("office-broker.key"),
        file("office.pem"),
    );
    Brokers::at(vec![node], &["desk-a"], &tls)
}

fn shows(folder: &Path, (authority, whose): (&str, Option<&str>)) -> String {
    let authority = folder.join(format!("{authority}.pem"));
    let own = whose.map(|whose| {
        let [certificate, key] =
            ["pem", "key"].map(|ending| folder.join(format!("{whose}-client.{ending}")));
        format!("certificate = {certificate:?}\nkey = {key:?}\n")
    });
    format!("authority = {authority:?}\n{}", own.unwrap_or_default())
}

#[test]
fn a_draft_and_its_receipt_go_through_brokers_that_speak_tls() {
    let folder = tempfile::tempdir().unwrap();
    let mut brokers = brokers(folder.path());
    brokers.secured = shows(folder.path(), ("office", Some("office")));
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    feed(&station, &["H00001"]);
    let draft = office.claim(0, 1).remove(0);
    let path = format!("/v1/drafts/{}/ack", draft["id"].as_str().unwrap());
    let body = json!({"case_number": "SZ-1", "lease": draft["lease"]});
    assert_eq!(office.call(0, "POST", &path, Some(body)).0, 200);
    wait_for("the receipt", 30, || {
        let acked = "SELECT case_number FROM drafts WHERE state = 'acked'";
        (ask(&station, acked) == ["SZ-1"]).then_some(())
    });
}

#[test]
fn a_broker_of_another_authority_and_a_station_without_a_certificate_do_not_come_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut brokers = brokers(folder.path());
    certificates(folder.path(), "stranger");
    let pairs = [
        ("stranger", Some("office")),
        ("office", Some("stranger")),
        ("office", None),
    ];
    for pair in pairs {
        brokers.secured = shows(folder.path(), pair);
        let office = Office::new(&brokers, &["desk-a"], (0, 60));
        let station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
        wait_for(&format!("{pair:?} to be refused"), 40, || {
            (code_of(&station, "office")? == "brokers_unreachable").then_some(())
        });
    }
}
