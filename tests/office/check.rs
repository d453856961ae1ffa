//! `laixin check` of what an office takes: of a station's settings, of the counter's, of a reader's; each finding says what to do next.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use laixin::broker::SealKey;
use serde_json::Value;

use super::brokers::{Brokers, Office, private};
use crate::support::{LAIXIN, TestStation, bounded, wait_for};

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

/// Whoever is told of something amiss is told what to do.
fn each_says_what_to_do(told: &Findings) -> bool {
    let mut amiss = told.iter().filter(|(code, ..)| code != "brokers_answer");
    amiss.all(|(.., next)| !next.is_empty())
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
    assert_eq!(codes(&told), ["office_key", "office_key", "brokers_answer"]);
    let of = |named: &str| told.iter().any(|(_, message, _)| message.contains(named));
    assert!(
        of("office.stations_key") && of("office.brokers.credentials"),
        "{told:?}"
    );
    assert!(each_says_what_to_do(&told), "{told:?}");
    let seed = nkeys::KeyPair::new_user().seed().unwrap();
    private(&key, &"0a".repeat(32));
    private(&brokers.file("desk-a.nkey"), &seed);
    assert_eq!(codes(&found()), ["brokers_answer", "office_ready"]);
}

#[test]
fn the_settings_of_a_counter() {
    let mut brokers = Brokers::new(1, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (1, 60));
    let (ended, told) = wait_for("the broker to greet", 20, || {
        let (ended, told) = check(&office.settings_file(&brokers, 0));
        let greets = codes(&told).contains(&"brokers_answer");
        greets.then_some((ended, told))
    });
    assert_eq!(
        (ended, codes(&told)),
        (
            Some(0),
            vec!["brokers_answer", "counter_ready", "port_free"]
        )
    );
    assert!(told[1].1.contains("1 个站，2 个业务系统"), "{told:?}");

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
        "brokers_answer",
        "port_taken",
        "tls_refused",
    ];
    assert_eq!((ended, codes(&told)), (Some(1), all.to_vec()));
    assert!(told[1].1.contains("chmod 600"), "{told:?}");
    assert!(told[2].1.contains("nothing.pem"), "{told:?}");
    assert!(each_says_what_to_do(&told), "{told:?}");

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
    assert_eq!(
        (ended, codes(&told)),
        (Some(0), vec!["brokers_answer", "reader_ready"])
    );
    assert!(told[1].1.contains("reader-1"), "{told:?}");
    fs::remove_file(&key).unwrap();
    let (ended, told) = check(&file);
    assert_eq!(
        (ended, codes(&told)),
        (Some(1), vec!["office_key", "brokers_answer"])
    );
    assert!(told[0].1.contains("reader.seal_key"), "{told:?}");
}

#[test]
fn a_sealing_key_for_credentials_an_authority_that_is_gone_and_a_station_that_seals_to_itself() {
    let mut brokers = Brokers::new(1, &["desk-a"]);
    let nowhere = brokers.file("nowhere.pem");
    brokers.secured = format!("authority = {nowhere:?}\n");
    let office = Office::new(&brokers, &["desk-a"], (0, 60));
    fs::copy(office.file("desk-a.seal"), brokers.file("desk-a.nkey")).unwrap();
    let own = SealKey::load(&office.file("desk-a.seal")).unwrap();
    let table = office.table(&brokers, "desk-a", "");
    let table = table.replace(&office.public().0, &own.public().0);
    let station = TestStation::with_settings(|text| text + &table);
    let ended = station.try_command(&["check", "--json"], None);
    assert_eq!(ended.status.code(), Some(1));
    let told = findings(&ended.stdout, &["office"]);
    let all = [
        "office_own",
        "office_other_key",
        "office_tls",
        "brokers_answer",
    ];
    assert_eq!(codes(&told), all);
    assert!(told[2].1.contains("nowhere.pem"), "{told:?}");
    assert!(each_says_what_to_do(&told), "{told:?}");
    let secret = own.seed();
    assert!(!String::from_utf8_lossy(&ended.stdout).contains(&secret));
}

#[test]
fn readers_with_the_offices_key_are_refused() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (0, 60));
    let readers = format!("[office.readers]\nseal_to = \"{}\"\n", office.public().0);
    let table = office.table(&brokers, "desk-a", "");
    let station = TestStation::with_settings(|text| text + &table);
    let file = station.folder("station.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text + &readers).unwrap();
    let (ended, told) = check(&file);
    assert_eq!((ended, codes(&told)), (Some(2), vec!["settings_refused"]));
    assert!(told[0].1.contains("readers.seal_to"), "{told:?}");
}

#[test]
fn a_broker_that_is_down_and_one_without_jetstream_are_named() {
    let mut brokers = Brokers::new(3, &["desk-a"]);
    let office = Office::new(&brokers, &["desk-a"], (1, 60));
    let file = office.settings_file(&brokers, 0);
    brokers.kill(0);
    brokers.kill(1);
    let whole = brokers.configuration(1);
    let without: Vec<&str> = whole
        .lines()
        .filter(|line| !line.starts_with("jetstream"))
        .collect();
    let permissions = fs::read_to_string(brokers.file("permissions.conf")).unwrap();
    let permissions = permissions.replace("jetstream: enabled", "");
    fs::write(brokers.file("permissions.conf"), permissions).unwrap();
    brokers.start_with(1, &(without.join("\n") + "\n"));
    let mut told = Vec::new();
    let all = ["broker_silent", "broker_streamless", "brokers_answer"];
    wait_for("two of them to answer", 20, || {
        told = check(&file).1;
        let codes = codes(&told);
        all.iter().all(|code| codes.contains(code)).then_some(())
    });
    assert_eq!(codes(&told)[..3], all, "{told:?}");
    for (n, (_, message, _)) in told[..3].iter().enumerate() {
        let port = brokers.nodes[n].port.to_string();
        assert!(message.contains(&port), "{message}");
    }
    assert!(told[2].1.contains("n2"), "{told:?}");

    // Without any of them an office can do nothing.
    brokers.kill(2);
    let (ended, told) = check(&file);
    assert!(
        ended == Some(1) && codes(&told).contains(&"brokers_none"),
        "{told:?}"
    );
}
