//! A station's sealing key that is not the one which the office's settings name: held on both sides, told on both sides, nothing lost.

use std::fs;

use laixin::broker::SealKey;
use laixin::domain::outgoing::Kind;
use serde_json::{Value, json};

use super::brokers::{Brokers, Office, ask, code_of, feed, station};
use super::withdrawn::Hand;
use crate::support::{TestStation, wait_for};

fn acked(office: &Office, claim: &Value, number: &str) {
    let path = format!("/v1/drafts/{}/ack", claim["id"].as_str().unwrap());
    let body = json!({"case_number": number, "lease": claim["lease"]});
    assert_eq!(office.call(0, "POST", &path, Some(body)).0, 200);
}

fn numbers(station: &TestStation) -> Vec<String> {
    ask(
        station,
        "SELECT case_number FROM drafts WHERE state = 'acked' ORDER BY case_number",
    )
}

/// Whether the office says that it does not know the station.
fn is_unknown(office: &Office) -> bool {
    let (status, told) = office.call(0, "GET", "/readyz", None);
    let mut parts = told["parts"].as_array().unwrap().iter();
    parts.any(|one| one["part"] == "station/desk-a" && one["code"] == "station_unknown")
        && status == 503
}

#[test]
fn a_changed_sealing_key_is_told_on_both_sides_and_the_old_one_back_again_has_lost_nothing() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 300));
    office.up(&brokers, 0);
    let mut station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    feed(&station, &["H00001"]);
    let first = office.claim(0, 1).remove(0);
    station.stop();
    let file = office.file("desk-a.seal");
    let old = fs::read_to_string(&file).unwrap();
    // The test speaks with the key that the office knows, later on.
    let hand = Hand::new(&brokers, &office);
    fs::write(&file, SealKey::generated().seed()).unwrap();
    station.start();
    station.sign_in();

    feed(&station, &["H00002"]);
    wait_for("the package to be out", 30, || {
        let out = "SELECT message FROM outbox WHERE state = 'sent' AND letter_id = 'H00002'";
        (ask(&station, out).len() == 1).then_some(())
    });
    assert_eq!(code_of(&station, "office/key"), None);
    let (_, body) = office.call(0, "POST", "/v1/drafts/claims", None);
    assert_eq!(body["drafts"], json!([]));
    assert!(is_unknown(&office));
    wait_for("the station to hear of it", 20, || {
        (code_of(&station, "office/key")? == "seal_key_unknown").then_some(())
    });
    // What opens takes nothing back.
    hand.says("alert_1", Kind::AlertRaised, None);
    let (_, alerts) = office.call(0, "GET", "/v1/alerts", None);
    assert!(!alerts["items"].as_array().unwrap().is_empty());
    assert!(is_unknown(&office));

    // A receipt meanwhile: it waits for the key that it was sealed to.
    acked(&office, &first, "SZ-1");
    std::thread::park_timeout(std::time::Duration::from_secs(5));
    station.stop();
    fs::write(&file, old).unwrap();
    station.start();
    station.sign_in();
    wait_for("the receipt", 150, || {
        (numbers(&station) == ["SZ-1"]).then_some(())
    });
    feed(&station, &["H00003"]);
    acked(&office, &office.claim(0, 1)[0], "SZ-3");
    wait_for("the next receipt", 30, || {
        (numbers(&station) == ["SZ-1", "SZ-3"]).then_some(())
    });
    assert_eq!(code_of(&station, "office/key"), None);
}

#[test]
fn once_the_office_seals_to_the_new_key_what_only_the_old_one_opens_goes() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 300));
    office.up(&brokers, 0);
    let mut station = station(&office.table(&brokers, "desk-a", "pages = false\n"), 20);
    feed(&station, &["H00001"]);
    let first = office.claim(0, 1).remove(0);
    station.stop();
    acked(&office, &first, "SZ-1");
    office.kill(0);
    let new = SealKey::generated();
    fs::write(office.file("desk-a.seal"), new.seed()).unwrap();
    station.start();
    station.sign_in();
    wait_for("the receipt that does not open", 20, || {
        (code_of(&station, "office/key")? == "seal_key_unknown").then_some(())
    });
    office.knows("desk-a", new);
    office.up(&brokers, 0);
    feed(&station, &["H00002"]);
    acked(&office, &office.claim(0, 1)[0], "SZ-2");
    wait_for("the station to be content", 30, || {
        code_of(&station, "office/key").is_none().then_some(())
    });
    assert_eq!(numbers(&station), ["SZ-2"]);
    wait_for("the old receipt to go", 100, || {
        station
            .log()
            .contains("sealed to another key")
            .then_some(())
    });
    assert_eq!(code_of(&station, "office/key"), None);
}
