//! A letter that grows old in a station of its own: destroyed when its time is over and not before, by two persons, and everything else stays as it was.

use serde_json::{Value, json};

use crate::support::clock::Clock;
use crate::support::{TestStation, reader};

const DAY_S: i64 = 86_400;

/// A registered letter in a station whose policy is one year.
fn registered() -> (TestStation, Option<Clock>) {
    let mut station = TestStation::with_settings(|text| {
        reader::chosen(&text)
            + "[evidence]\nsecond_dir = \"data/second\"\n[[retention]]\npolicy = \"一年\"\nyears = 1\n"
    });
    reader::surround(&mut station);
    let clock = Clock::of(&mut station);
    station.start();
    station.add_person("boss", "administrator");
    station.sign_in();
    station.open_batch(2);
    for (at, name) in ["A1_p1.png", "B2_p1.png"].into_iter().enumerate() {
        station.scan_bytes(&reader::page(at as u64 + 1), name);
    }
    let token = station.command(&["token", "add", "cases", "--scope", "case_system"], None);
    station.wait_for_stage("A1", &["drafted"], 60);
    station.wait_for_stage("B2", &["drafted"], 60);
    let claim = Some(json!({"limit": 2, "lease_seconds": 60}));
    let (_, claimed) = station.call_with_token(token.trim(), "POST", "/v1/drafts/claims", claim);
    assert_eq!(
        claimed["drafts"].as_array().map(Vec::len),
        Some(2),
        "{claimed}"
    );
    let ack = Some(json!({"case_number": "SZ-1"}));
    let acked = station.call_with_token(token.trim(), "POST", "/v1/drafts/A1/ack", ack);
    assert_eq!(acked.0, 200, "{}", acked.1);
    (station, clock)
}

/// Lets days pass as a station sees them that is off now and then: up to five weeks at a time.
fn let_pass(station: &mut TestStation, clock: &Clock, passed: &mut i64, days: i64) {
    let end = *passed + days;
    while *passed < end {
        station.stop();
        *passed = end.min(*passed + 35);
        clock.set(*passed * DAY_S);
        station.start();
        // What is done then is dated: a station where nothing was done for longer takes its clock for wrong.
        station.sign_in();
    }
}

fn destruction(station: &TestStation) -> (u16, Value) {
    let wish = Some(json!({"policy": "一年"}));
    station.call("POST", "/v1/letters/A1/destruction", wish)
}

#[test]
fn a_letter_of_350_days_is_not_destroyed_and_one_of_368_is_by_two_persons_and_verify_finds_no_fault()
 {
    let (mut station, clock) = registered();
    let Some(clock) = clock else { return };
    let originals = || {
        let told = station.command(&["verify"], None);
        assert!(told.contains("originals: "), "{told}");
        told
    };
    assert!(originals().contains("originals: 2 of 2 unaltered"));
    let mut passed = 0;
    let_pass(&mut station, &clock, &mut passed, 350);
    let (status, early) = destruction(&station);
    assert_eq!(status, 409, "{early}");
    assert!(
        early["detail"]
            .as_str()
            .is_some_and(|told| told.contains("not yet 1 years")),
        "{early}"
    );
    let_pass(&mut station, &clock, &mut passed, 18);
    let (status, proposed) = destruction(&station);
    assert_eq!(status, 201, "{proposed}");
    let approve = format!("/v1/retentions/{}/approve", proposed["id"]);
    // Whoever proposed it does not approve it.
    assert_eq!(station.call("POST", &approve, Some(json!({}))).0, 403);
    station.sign_in_as("boss");
    let (status, told) = station.call("POST", &approve, Some(json!({})));
    assert_eq!(status, 200, "{told}");
    station.sign_in();
    let (status, gone) = station.call("GET", "/v1/letters/A1/pages/1", None);
    assert_eq!(
        (status, &gone["code"]),
        (409, &json!("letter_withheld")),
        "{gone}"
    );
    let told = station.command(&["verify"], None);
    assert!(told.contains("originals: 1 of 1 unaltered"), "{told}");
    assert!(told.contains("second copies: 1 of 1 unaltered"), "{told}");
}
