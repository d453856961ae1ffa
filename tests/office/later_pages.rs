//! A page that turns up after its letter was registered through the office.

use std::fs;
use std::path::PathBuf;

use laixin::digest;
use serde_json::{Value, json};

use super::brokers::{Brokers, Office, ask};
use super::files::scanning;
use crate::support::{TestStation, project, wait_for};

/// The letter of one page, registered, its receipt taken; what the claim of it was.
fn registered(station: &TestStation, office: &Office, (name, file): &(&str, PathBuf)) -> Value {
    station.scan(file, name);
    station.wait_for_stage("S008", &["drafted"], 120);
    let claim = office.claim(0, 1).remove(0);
    let body = json!({"case_number": "SZ-8", "lease": claim["lease"]});
    let acked = office.call(0, "POST", "/v1/drafts/desk-a.S008/ack", Some(body));
    assert_eq!(acked.0, 200, "{}", acked.1);
    wait_for("the receipt", 30, || {
        let acked = "SELECT case_number FROM drafts WHERE state = 'acked'";
        (ask(station, acked) == ["SZ-8"]).then_some(())
    });
    claim
}

/// The change that a page brings which is taken into the registered letter.
fn change_by(station: &TestStation, office: &Office, (name, file): &(&str, PathBuf)) -> Value {
    station.scan(file, name);
    let held = wait_for("the page to be held", 30, || {
        let held = station.ok("GET", "/v1/arrivals?state=held", None);
        let item = &held["items"][0];
        item["kept_as"].is_string().then(|| item.clone())
    });
    let take = format!("/v1/arrivals/{}/take", held["id"].as_str().unwrap());
    let why = json!({"letter": "S008", "reason": "第二页夹在信封里，刚找到"});
    station.ok("POST", &take, Some(why));
    wait_for("the change", 120, || {
        let (_, told) = office.call(0, "GET", "/v1/amendments", None);
        told["items"].get(0).cloned()
    })
}

#[test]
fn a_page_found_after_the_registration_is_named_and_fetched_at_the_office() {
    let brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (2, 60));
    office.up(&brokers, 0);
    office.up(&brokers, 1);
    let station = scanning(&office.table(&brokers, "desk-a", ""));
    let sheets =
        ["S008_p1.jpg", "S008_p2.jpg"].map(|name| (name, project("tests/letters").join(name)));
    let claim = registered(&station, &office, &sheets[0]);
    let pdf = "/v1/letters/desk-a.S008/archive.pdf";
    let page = "/v1/letters/desk-a.S008/pages/2";
    let (_, before) = office.bytes(0, pdf);
    assert_eq!(office.bytes(0, page).0, 404);

    let change = change_by(&station, &office, &sheets[1]);
    assert_eq!(
        (&change["letter"], &change["kind"], &change["pages"]),
        (&json!("desk-a.S008"), &json!("page_added"), &json!([2]))
    );
    // The draft stays as it was registered; its files are those of the letter by now, at every process of the office.
    assert_eq!(change["draft"]["pages"], claim["draft"]["pages"]);
    let sent =
        "SELECT detail ->> '$.pdf' FROM ledger WHERE action = 'draft.handed_out' ORDER BY seq";
    let has_all = || {
        let (status, original) = office.bytes(1, page);
        assert_eq!(status, 200);
        assert!(
            original == fs::read(&sheets[1].1).unwrap(),
            "every byte of it"
        );
        let (_, now) = office.bytes(1, pdf);
        let both = [&before, &now].map(|pdf| digest::sha256_hex(pdf));
        assert_eq!(ask(&station, sent), both);
        assert_ne!(both[0], both[1]);
    };
    has_all();
    let (_, others) = office.call_as_other(1, ("GET", "/v1/amendments"), None);
    assert_eq!(others["items"], json!([]));
    assert_eq!(office.call_as_other(1, ("GET", page), None).0, 404);

    let known = format!("/v1/amendments/{}/ack", change["id"]);
    assert_eq!(office.call(1, "POST", &known, None).0, 200);
    has_all();
    wait_for("the station to hear that it is known", 30, || {
        let open = "SELECT kind FROM amendments WHERE acked_ms IS NULL";
        ask(&station, open).is_empty().then_some(())
    });
}

/// The office knows nothing of such a letter any more; two 404s said that the letter ends where it ended before.
#[test]
fn a_page_found_after_the_brokers_lost_what_they_knew_of_its_letter_is_fetched_all_the_same() {
    let mut brokers = Brokers::new(1, &["desk-a"]);
    let mut office = Office::new(&brokers, &["desk-a"], (1, 60));
    office.up(&brokers, 0);
    let station = scanning(&office.table(&brokers, "desk-a", ""));
    let sheets =
        ["S008_p1.jpg", "S008_p2.jpg"].map(|name| (name, project("tests/letters").join(name)));
    registered(&station, &office, &sheets[0]);

    brokers.kill(0);
    fs::remove_dir_all(brokers.file("node-0")).unwrap();
    brokers.start(0);
    let change = change_by(&station, &office, &sheets[1]);
    assert_eq!(change["pages"], json!([2]));
    let (status, original) = office.bytes(0, "/v1/letters/desk-a.S008/pages/2");
    assert_eq!(status, 200);
    assert!(
        original == fs::read(&sheets[1].1).unwrap(),
        "every byte of it"
    );
    assert_eq!(
        office.bytes(0, "/v1/letters/desk-a.S008/archive.pdf").0,
        200
    );
}
