//! Killed at every stage: nothing lost, nothing twice.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::support::{TestStation, project, wait_for};

const LETTERS: [&str; 3] = ["A001", "A002", "A032"];

/// Kills the station at moments spread over arrival, reading and drafting; each time it goes on where it was.
#[test]
fn killed_again_and_again_nothing_is_lost_and_nothing_is_twice() {
    let mut station = TestStation::new();
    station.start();
    station.sign_in();
    let batch = station.open_batch(3);
    for letter in LETTERS {
        for part in ["p1", "env"] {
            let name = format!("{letter}_{part}.jpg");
            station.scan(&project("tests/letters").join(&name), &name);
        }
    }
    for pause_ms in [0, 150, 300, 500, 800, 1200, 1900] {
        // The moment of the kill is the point of this test, so it is a time and not a condition.
        std::thread::park_timeout(Duration::from_millis(pause_ms));
        station.kill();
        station.start();
    }
    station.sign_in();
    for letter in LETTERS {
        let found = station.wait_for_stage(letter, &["drafted"], 120);
        assert_eq!(
            found["draft"]["draft"]["pages"].as_array().map(Vec::len),
            Some(2),
            "pages of {letter}"
        );
    }
    let listed = station.ok("GET", "/v1/letters?limit=100", None);
    assert_eq!(
        listed["items"].as_array().map(Vec::len),
        Some(3),
        "{listed}"
    );
    assert_eq!(
        station.ok("GET", &format!("/v1/batches/{batch}"), None)["letters"],
        3
    );

    let left: Vec<_> = std::fs::read_dir(station.folder("inbox"))
        .expect("the inbox")
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.ends_with(".jpg"))
        .collect();
    assert!(left.is_empty(), "still in the inbox: {left:?}");
    station.command(&["verify"], None);
}

/// A draft that the case system acknowledged stays acknowledged; one whose answer was lost is answered alike again.
#[test]
fn killed_between_claims_and_acks_every_draft_is_registered_once() {
    let mut station = TestStation::new();
    station.start();
    station.sign_in();
    station.open_batch(1);
    station.scan(&project("tests/letters/A001_p1.jpg"), "A001_p1.jpg");
    station.wait_for_stage("A001", &["drafted"], 90);
    let token = station.command(&["token", "add", "case", "--scope", "case_system"], None);
    let token = token.trim();
    let mut registered: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..3 {
        let claim = Some(json!({"limit": 10, "lease_seconds": 10}));
        let (status, claimed) = station.call_with_token(token, "POST", "/v1/drafts/claims", claim);
        assert_eq!(status, 200);
        station.kill();
        station.start();
        for draft in claimed["drafts"].as_array().expect("a list") {
            let id = draft["id"].as_str().expect("an id");
            let ack = Some(json!({"case_number": format!("SZ-{id}"), "lease": draft["lease"]}));
            let path = format!("/v1/drafts/{id}/ack");
            assert_eq!(
                station.call_with_token(token, "POST", &path, ack.clone()).0,
                200
            );
            *registered.entry(id.to_owned()).or_default() += 1;
            station.kill();
            station.start();
            assert_eq!(
                station.call_with_token(token, "POST", &path, ack).0,
                200,
                "the same answer again"
            );
        }
    }
    assert_eq!(registered, BTreeMap::from([("A001".to_owned(), 1)]));
    station.sign_in();
    wait_for("the stage to be kept", 5, || {
        (station.ok("GET", "/v1/letters/A001", None)["stage"] == "registered").then_some(())
    });
}
