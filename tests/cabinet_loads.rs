//! Several loads one after the other, as a program outside runs them: the contract's calls and nothing else.

use serde_json::{Value, json};

use crate::support::{TestStation, wait_for};

fn new_load(station: &TestStation) -> Value {
    new_load_of(station, 1)
}

fn new_load_of(station: &TestStation, letters: u32) -> Value {
    let new = json!({"carrier": "letter", "count": letters, "received_at": "2026-03-02T09:00:00+08:00"});
    let batch = station.ok("POST", "/v1/batches", Some(new))["id"].clone();
    load_of(station, &batch)
}

fn load_of(station: &TestStation, batch: &Value) -> Value {
    let loads = format!("/v1/batches/{batch}/loads");
    station.ok("POST", &loads, Some(json!({"cabinet": "cabinet-1"})))["id"].clone()
}

fn start(station: &TestStation, load: &Value) -> (u16, Value) {
    let cycle = json!({"load": load});
    station.call("POST", "/v1/cabinets/cabinet-1/cycles", Some(cycle))
}

fn until_step(station: &TestStation, step: &str) {
    wait_for(step, 60, || {
        let view = station.ok("GET", "/v1/cabinets/cabinet-1", None);
        (view["step"] == step).then_some(())
    });
}

fn running(extra: &[&str]) -> TestStation {
    let mut station = TestStation::new();
    station.start_simulator_with(extra);
    station.start();
    station.sign_in();
    until_step(&station, "idle");
    station
}

/// The shipped simulator's operator opens the door between two loads: whoever only makes the contract's calls is not refused.
#[test]
fn loads_run_one_after_the_other_at_once_after_each_release() {
    let station = running(&[]);
    for _ in 0..3 {
        let load = new_load(&station);
        let (status, told) = start(&station, &load);
        assert_eq!(status, 201, "{told}");
        wait_for("the release", 60, || {
            let view = station.ok("GET", "/v1/cabinets/cabinet-1", None);
            let over = view["step"] == "released" && view["cycle"]["load"] == load;
            over.then_some(())
        });
    }
}

#[test]
fn another_load_behind_a_door_that_never_opened_is_refused_with_what_to_do() {
    let mut station = running(&["--nobody"]);
    let first = new_load(&station);
    assert_eq!(start(&station, &first).0, 201);
    until_step(&station, "released");
    let second = new_load(&station);
    for _ in 0..2 {
        let (status, told) = start(&station, &second);
        assert_eq!(
            (status, &told["code"], &told["reason"]),
            (
                409,
                &json!("cabinet_refuses"),
                &json!("door_not_opened_since")
            ),
            "{told}"
        );
        let detail = told["detail"].to_string();
        assert!(detail.contains("Open the door"), "{detail}");
        let view = station.ok("GET", "/v1/cabinets/cabinet-1", None);
        assert_eq!(view["awaits_unloading"], true);
        // The second time after a restart.
        station.stop();
        station.start();
        station.sign_in();
        until_step(&station, "idle");
    }
}

/// A file comes for the released load while another one lies about: a person is told, the batch is not closed over it.
#[test]
fn pages_that_come_while_another_load_waits_are_a_finding() {
    let station = running(&[]);
    let first = new_load_of(&station, 5);
    assert_eq!(start(&station, &first).0, 201);
    until_step(&station, "released");
    let page = crate::support::project("tests/letters/A001_p1.jpg");
    station.scan(&page, "ALONE_p1.jpg");
    let letter = |name: &str| {
        wait_for(name, 60, || {
            let all = station.ok("GET", "/v1/letters", None);
            let found = all["items"].as_array()?.iter();
            found
                .filter(|letter| letter.to_string().contains(name))
                .count()
                .checked_sub(1)
        })
    };
    letter("ALONE");
    let none = station.ok("GET", "/v1/holds", None);
    assert_eq!(none["items"].as_array().map(Vec::len), Some(0), "{none}");
    let waiting = new_load(&station);
    station.scan(&page, "BESIDE_p1.jpg");
    letter("BESIDE");
    station.scan(&page, "AGAIN_p1.jpg");
    letter("AGAIN");
    let holds = station.ok("GET", "/v1/holds", None);
    let holds: Vec<_> = holds["items"]
        .as_array()
        .expect("a list")
        .iter()
        // The same sheet is put in again and again here, which is a finding of its own.
        .filter(|hold| hold["reason"] != "same_bytes")
        .collect();
    assert_eq!(holds.len(), 1, "{holds:?}");
    assert_eq!(holds[0]["reason"], "unreleased_load");
    assert_eq!(holds[0]["detail"], format!("load {waiting}"));
    // Looked at once, it is not asked again for the same load.
    let resolve = format!("/v1/holds/{}/resolve", holds[0]["id"]);
    station.ok(
        "POST",
        &resolve,
        Some(json!({"note": "looked: not that load's"})),
    );
    station.scan(&page, "LATER_p1.jpg");
    letter("LATER");
    let after = station.ok("GET", "/v1/holds", None);
    let again = after.to_string().contains("unreleased_load");
    assert!(!again, "{after}");
}

#[test]
fn check_finds_two_cabinets_that_are_one_however_their_address_is_written() {
    for name in ["[::ffff:127.0.0.1]", "127.0.0.1"] {
        let mut station = TestStation::with_settings(|text| {
            let at = text.find("address = \"127.0.0.1:").expect("a cabinet");
            let port = text[at + "address = \"127.0.0.1:".len()..]
                .split('"')
                .next()
                .expect("a port")
                .to_owned();
            text.replacen(
                "[[scanner]]",
                &format!(
                    "[[cabinet]]\nid = \"cabinet-2\"\nprofile = \"cabinet.toml\"\naddress = \"{name}:{port}\"\n[[scanner]]"
                ),
                1,
            )
        });
        station.start_simulator();
        let done = station.try_command(&["check"], None);
        let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        assert_eq!(done.status.code(), Some(1), "{told}");
        assert!(told.contains("unit 1 is another cabinet already"), "{told}");
        let run = station.try_command(&["run"], None);
        assert_eq!(run.status.code(), Some(2), "{name}: `run` takes it");
    }
}
