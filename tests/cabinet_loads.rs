//! Several loads one after the other, as a program outside runs them: the contract's calls and nothing else.

use serde_json::{Value, json};

use crate::support::{TestStation, wait_for};

fn new_load(station: &TestStation) -> Value {
    load_with(station, &batch_of(station, 1), None)
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

#[test]
fn a_quarantined_load_says_which_cycle_quarantined_it() {
    let station = running(&[]);
    let batch = batch_of(&station, 1);
    let load = load_with(&station, &batch, None);
    let (status, begun) = start(&station, &load);
    assert_eq!(status, 201, "{begun}");
    station.call("POST", "/v1/cabinets/cabinet-1/abort", None);
    wait_for("the quarantine", 60, || {
        let loads = &station.ok("GET", &format!("/v1/batches/{batch}"), None)["loads"];
        if loads[0]["state"] != "quarantined" {
            return None;
        }
        assert_eq!(loads[0]["cycle"], begun["cycle"]);
        Some(())
    });
}

fn batch_of(station: &TestStation, count: u32) -> Value {
    let new =
        json!({"carrier": "letter", "count": count, "received_at": "2026-03-02T09:00:00+08:00"});
    station.ok("POST", "/v1/batches", Some(new))["id"].clone()
}

fn load_with(station: &TestStation, batch: &Value, letters: Option<u32>) -> Value {
    let loads = format!("/v1/batches/{batch}/loads");
    let mut body = json!({"cabinet": "cabinet-1"});
    if let Some(letters) = letters {
        body["letters"] = json!(letters);
    }
    station.ok("POST", &loads, Some(body))["id"].clone()
}

/// A letter of one page comes; until it has a draft.
fn comes(station: &TestStation, name: &str) {
    let page = crate::support::project("tests/letters/A001_p1.jpg");
    station.scan_its_own(&page, &format!("{name}_p1.jpg"));
    wait_for(name, 120, || {
        let (status, letter) = station.call("GET", &format!("/v1/letters/{name}"), None);
        (status == 200 && letter["stage"] == "drafted").then_some(())
    });
}

/// The letters that wait for a person because they may be of another load, and which one that is.
fn waiting_for_a_person(station: &TestStation) -> Vec<(String, String)> {
    let holds = station.ok("GET", "/v1/holds", None);
    let holds = holds["items"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    holds
        // These tests scan one image again and again, which is a finding of its own.
        .filter(|hold| hold["reason"] != "same_bytes")
        .map(|hold| {
            assert_eq!(hold["reason"], "unreleased_load", "{hold}");
            let next = text(&hold["next_action"]);
            assert!(next.contains("put them back to be disinfected"), "{next}");
            (text(&hold["letter"]), text(&hold["detail"]))
        })
        .collect()
}

fn released(station: &TestStation, load: &Value) {
    assert_eq!(start(station, load).0, 201);
    wait_for("the release", 60, || {
        let view = station.ok("GET", "/v1/cabinets/cabinet-1", None);
        let over = view["step"] == "released" && view["cycle"]["load"] == *load;
        over.then_some(())
    });
}

/// Whether it cannot be confirmed because a person has to look first.
fn is_held(station: &TestStation, letter: &str) -> bool {
    let (_, told) = station.change_letter(letter, "confirm");
    told["detail"].to_string().contains("held for a person")
}

/// Four letters in two loads, one of them released: the first two are that one's, the others wait for a person.
#[test]
fn letters_beyond_those_of_the_released_load_wait_for_a_person() {
    let station = running(&[]);
    let batch = batch_of(&station, 4);
    let first = load_with(&station, &batch, Some(2));
    let second = load_with(&station, &batch, Some(2));
    released(&station, &first);
    comes(&station, "NS001");
    comes(&station, "NS002");
    assert_eq!(waiting_for_a_person(&station), [], "an ordinary day");
    comes(&station, "NS003");
    let other = format!("load {second}");
    assert_eq!(
        waiting_for_a_person(&station),
        [("NS003".to_owned(), other)]
    );
    assert!(is_held(&station, "NS003"));
    assert!(!is_held(&station, "NS002"));
    let holds = station.ok("GET", "/v1/holds", None)["items"].clone();
    let mut holds = holds.as_array().expect("a list").iter();
    let hold = holds
        .find(|hold| hold["letter"] == "NS003")
        .expect("its hold")["id"]
        .clone();
    let resolve = format!("/v1/holds/{hold}/resolve");
    let found = json!({"note": "两封信装在一个信封内"});
    station.ok("POST", &resolve, Some(found));
    assert!(!is_held(&station, "NS003"));
    // Released, the second load's letters are nobody's question any more.
    released(&station, &second);
    comes(&station, "NS004");
    assert_eq!(waiting_for_a_person(&station), []);
}

/// Nobody said how many letters each load has: whose they are cannot be told, and each waits.
#[test]
fn of_loads_without_a_number_every_letter_waits_while_one_is_not_released() {
    let station = running(&[]);
    let batch = batch_of(&station, 2);
    let first = load_with(&station, &batch, None);
    let second = load_with(&station, &batch, None);
    released(&station, &first);
    comes(&station, "UN001");
    let other = format!("load {second}");
    assert_eq!(
        waiting_for_a_person(&station),
        [("UN001".to_owned(), other)]
    );
}

/// A batch that is complete, and another one that waits: one letter more is not the first one's.
#[test]
fn a_letter_of_a_waiting_batch_is_not_handed_over_with_another_ones_cycle() {
    let station = running(&[]);
    let (one, two) = (batch_of(&station, 1), batch_of(&station, 1));
    released(&station, &load_with(&station, &one, None));
    comes(&station, "CB001");
    assert_eq!(waiting_for_a_person(&station), []);
    comes(&station, "CB002");
    let on_the_desk = ("CB002".to_owned(), format!("batch {two}"));
    assert_eq!(
        waiting_for_a_person(&station),
        std::slice::from_ref(&on_the_desk)
    );
    let waiting = load_with(&station, &two, None);
    comes(&station, "CB003");
    let in_the_cabinet = ("CB003".to_owned(), format!("load {waiting}"));
    assert_eq!(
        waiting_for_a_person(&station),
        [on_the_desk, in_the_cabinet]
    );
}

/// Behind a door that was not opened yet: that no door opened would help is said first.
#[test]
fn a_load_that_is_released_or_unknown_is_told_so_before_anything_about_the_door() {
    let station = running(&["--nobody"]);
    let load = new_load(&station);
    released(&station, &load);
    let (status, told) = start(&station, &load);
    assert_eq!(
        (status, &told["code"]),
        (409, &json!("wrong_state")),
        "{told}"
    );
    assert!(told["detail"].to_string().contains("released"), "{told}");
    let (_, told) = start(&station, &json!(999));
    assert!(told["detail"].to_string().contains("999"), "{told}");
    assert_ne!(told["reason"], "door_not_opened_since", "{told}");
}

#[test]
fn no_load_has_more_letters_than_its_batch_has_left() {
    let station = running(&[]);
    let batch = batch_of(&station, 3);
    load_with(&station, &batch, Some(2));
    let loads = format!("/v1/batches/{batch}/loads");
    let beyond = |letters: i64| {
        let body = json!({"cabinet": "cabinet-1", "letters": letters});
        station.call("POST", &loads, Some(body))
    };
    for none in [0, 10_001] {
        assert_eq!(beyond(none).1["code"], "body_invalid", "{none}");
    }
    let (status, told) = beyond(2);
    assert_eq!((status, &told["code"]), (409, &json!("wrong_state")));
    assert!(told["detail"].to_string().contains("1 are left"), "{told}");
    assert_eq!(beyond(1).0, 201);
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
        let done = station.try_command(&["check", "--language", "en"], None);
        let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        assert_eq!(done.status.code(), Some(1), "{told}");
        assert!(told.contains("unit 1 is another cabinet already"), "{told}");
        let run = station.try_command(&["run"], None);
        assert_eq!(run.status.code(), Some(2), "{name}: `run` takes it");
    }
}

/// One letter more than was signed in and loaded, and nothing else waits anywhere: it may never have been disinfected. An operator alone does not let it go on.
#[test]
fn one_letter_more_than_was_loaded_waits_for_an_officer() {
    let mut station = running(&[]);
    let batch = batch_of(&station, 1);
    released(&station, &load_with(&station, &batch, Some(1)));
    comes(&station, "OM001");
    comes(&station, "OM002");
    // It named its own batch, which was released.
    let beyond = "1 released, this one is beyond".to_owned();
    assert_eq!(
        waiting_for_a_person(&station),
        [("OM002".to_owned(), beyond)]
    );
    assert!(is_held(&station, "OM002"));
    let holds = station.ok("GET", "/v1/holds", None)["items"].clone();
    let mut holds = holds.as_array().expect("a list").iter();
    let hold = holds
        .find(|hold| hold["letter"] == "OM002")
        .expect("its hold")["id"]
        .clone();
    let resolve = format!("/v1/holds/{hold}/resolve");
    let found = json!({"note": "签收时少点一件"});
    station.add_person("op", "operator");
    station.sign_in_as("op");
    let (status, told) = station.call("POST", &resolve, Some(found.clone()));
    assert_eq!(
        (status, &told["code"]),
        (403, &json!("forbidden")),
        "{told}"
    );
    station.sign_in();
    station.ok("POST", &resolve, Some(found));
    assert!(!is_held(&station, "OM002"));
}

/// Its letters could not be told from another batch's any more.
#[test]
fn a_batch_is_not_closed_while_its_load_has_its_cycle() {
    let station = running(&[]);
    let batch = batch_of(&station, 1);
    let load = load_with(&station, &batch, Some(1));
    assert_eq!(start(&station, &load).0, 201);
    until_step(&station, "irradiating");
    let note = json!({"note": "明天再来"});
    let close = format!("/v1/batches/{batch}/close");
    let (status, told) = station.call("POST", &close, Some(note));
    assert_eq!(status, 409, "{told}");
}
