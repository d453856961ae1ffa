//! `laixin check` of what an office takes: of a station's settings, of the counter's, of a reader's; each finding says what to do next.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use laixin::broker::SealKey;
use serde_json::Value;

use super::brokers::{Brokers, Office, private};
use crate::support::{LAIXIN, TestStation, bounded};

/// Code, message and what to do next of every finding about one of these parts.
type Findings = Vec<(String, String, String)>;

fn findings(document: &[u8], parts: &[&str]) -> Findings {
    let told: Value = serde_json::from_slice(document).unwrap();
    let items = told["items"].as_array().unwrap().iter();
    let of = items.filter(|item| parts.iter().any(|part| item["part"] == *part));
    let told = of.map(|item| {
        let text = |of: &str| item[of].as_str().unwrap_or_default().to_owned();
        (text("code"), text("message"), text("next"))
    });
    told.collect()
}

/// What a check of this file finds, and how it ends.
fn check(file: &Path) -> (Option<i32>, Findings) {
    let mut asked = bounded(LAIXIN);
    let asked = asked.args(["check", "--json", "--config"]).arg(file);
    let ended = asked.output().unwrap();
    let parts = ["office", "http", "tls", "rights", "configuration"];
    (ended.status.code(), findings(&ended.stdout, &parts))
}

fn codes(findings: &Findings) -> Vec<&str> {
    findings.iter().map(|(code, ..)| code.as_str()).collect()
}

#[test]
fn the_keys_of_a_station_that_are_not_as_they_should_be() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (0, 60));
    let key = office.file("stations.key");
    let table = office.table(&brokers, "desk-a", &format!("stations_key = {key:?}\n"));
    let station = TestStation::with_settings(|text| text + &table);
    let found = || {
        findings(
            &station.try_command(&["check", "--json"], None).stdout,
            &["office"],
        )
    };
    fs::write(brokers.file("desk-a.nkey"), "garbage").unwrap();
    let told = found();
    assert_eq!(codes(&told), ["office_key", "office_key"]);
    let of = |named: &str| told.iter().any(|(_, message, _)| message.contains(named));
    assert!(
        of("office.stations_key") && of("office.brokers.credentials"),
        "{told:?}"
    );
    assert!(told.iter().all(|(.., next)| !next.is_empty()), "{told:?}");
    let seed = nkeys::KeyPair::new_user().seed().unwrap();
    private(&key, &"0a".repeat(32));
    private(&brokers.file("desk-a.nkey"), &seed);
    assert_eq!(codes(&found()), ["office_ready"]);
}

#[test]
fn the_settings_of_a_counter() {
    let mut brokers = Brokers::new(1, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (1, 60));
    let (ended, told) = check(&office.settings_file(&brokers, 0));
    assert_eq!(
        (ended, codes(&told)),
        (Some(0), vec!["counter_ready", "port_free"])
    );
    assert!(told[0].1.contains("1 个站，2 个业务系统"), "{told:?}");

    // Everything that can be wrong at once: each is told, each with what to do.
    let taken = TcpListener::bind(office.addresses[0]).unwrap();
    fs::set_permissions(
        office.file("office.seal"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    fs::set_permissions(
        brokers.file("office.nkey"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    let nothing = brokers.file("nothing.pem");
    fs::write(&nothing, "no certificate").unwrap();
    brokers.secured = format!("authority = {nothing:?}\n");
    let file = office.settings_file(&brokers, 0);
    let own = format!("[http]\ncertificate = {nothing:?}\nkey = {nothing:?}\n");
    let text = fs::read_to_string(&file)
        .unwrap()
        .replace("nats://", "tls://");
    fs::write(&file, text.replace("[http]\n", &own)).unwrap();
    let (ended, told) = check(&file);
    drop(taken);
    let all = [
        "secret_open",
        "office_key",
        "office_tls",
        "secret_open",
        "port_taken",
        "tls_refused",
    ];
    assert_eq!((ended, codes(&told)), (Some(1), all.to_vec()));
    assert!(told[1].1.contains("chmod 600"), "{told:?}");
    assert!(told[2].1.contains("nothing.pem"), "{told:?}");
    assert!(told.iter().all(|(.., next)| !next.is_empty()), "{told:?}");

    // A line that is not understood is named as it is at the start.
    fs::write(&file, "[brokers]\nserver = []\n").unwrap();
    let (ended, told) = check(&file);
    assert_eq!((ended, codes(&told)), (Some(2), vec!["settings_refused"]));
    assert!(told[0].1.contains(":2: brokers.server"), "{told:?}");
}

#[test]
fn the_settings_of_a_reader() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let key = brokers.file("readers.seal");
    private(&key, &SealKey::generated().seed());
    let table = brokers.table("brokers", "desk-a", &brokers.servers());
    let file = brokers.file("reader.toml");
    let text = format!("[reader]\nname = \"reader-1\"\nseal_key = {key:?}\n{table}");
    fs::write(&file, text + "[reading]\nengine = \"tesseract\"\n").unwrap();
    let (ended, told) = check(&file);
    assert_eq!((ended, codes(&told)), (Some(0), vec!["reader_ready"]));
    assert!(told[0].1.contains("reader-1"), "{told:?}");
    fs::remove_file(&key).unwrap();
    let (ended, told) = check(&file);
    assert_eq!((ended, codes(&told)), (Some(1), vec!["office_key"]));
    assert!(told[0].1.contains("reader.seal_key"), "{told:?}");
}
