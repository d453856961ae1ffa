//! `laixin check`: as one JSON document, in the station's language, beside a running station, and what it finds amiss around it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{LAIXIN, TestStation, reader};

fn json_of(station: &TestStation, more: &[&str]) -> (Option<i32>, Value) {
    let done = station.try_command(&[&["check", "--json"], more].concat(), None);
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    let document = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (done.status.code(), document)
}

fn found<'a>(document: &'a Value, code: &str) -> Option<&'a Value> {
    let items = document["items"].as_array().expect("a list");
    items.iter().find(|item| item["code"] == code)
}

#[test]
fn check_as_json_is_one_document_that_says_what_to_do() {
    let station = TestStation::new();
    let data = station.folder("data");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("opened to everybody");
    let (code, document) = json_of(&station, &[]);
    assert_eq!(code, Some(1), "{document}");
    let silent = found(&document, "cabinet_silent").expect("nobody answers");
    assert_eq!(
        (silent["part"].as_str(), silent["state"].as_str()),
        (Some("cabinet cabinet-1"), Some("bad"))
    );
    let (told, next) = (&silent["message"], &silent["next"]);
    assert!(
        told.as_str().is_some_and(|told| told.contains("没有应答")),
        "{silent}"
    );
    assert!(
        next.as_str().is_some_and(|next| next.contains("检查电源")),
        "{silent}"
    );
    for code in [
        "open_to_others",
        "no_administrator",
        "in_the_clear",
        "backup_not_yet",
        "disk_room",
        "roster_has",
        "self_test_never",
    ] {
        assert!(found(&document, code).is_some(), "{code}: {document:#}");
    }
    let english = json_of(&station, &["--language", "en"]).1;
    let silent = found(&english, "cabinet_silent").expect("nobody answers");
    assert!(
        silent["message"]
            .as_str()
            .is_some_and(|told| told.contains("no answer"))
    );
    let bad = english["items"].as_array().expect("a list");
    let bad = bad.iter().filter(|item| item["state"] == "bad").count();
    assert_eq!(english["bad"], bad);
}

#[test]
fn check_tells_that_the_mount_of_a_scanner_folder_is_gone() {
    let station = TestStation::new();
    assert!(found(&json_of(&station, &[]).1, "mount_gone").is_none());
    // As if the folder itself had been the mount when the station last had it.
    let inbox = station.folder("inbox").canonicalize().expect("there");
    let told = format!("{0}\n{0}\n", inbox.display());
    fs::write(station.folder("data").join("scanner-1.mount"), told).expect("written");
    let document = json_of(&station, &[]).1;
    let gone = found(&document, "mount_gone").expect("told");
    assert_eq!(gone["state"], "bad");
    assert!(
        gone["next"]
            .as_str()
            .is_some_and(|next| next.contains("重新挂载")),
        "{gone}"
    );
}

#[test]
fn settings_that_cannot_be_read_are_a_finding_of_the_json_too() {
    let station = TestStation::with_settings(|text| text);
    fs::write(station.folder("station.toml"), "[station]\nnmae = 1\n").expect("written");
    let (code, document) = json_of(&station, &[]);
    assert_eq!(code, Some(2), "{document}");
    let refused = found(&document, "settings_refused").expect("refused");
    assert!(
        refused["message"]
            .as_str()
            .is_some_and(|told| told.contains("nmae")),
        "{refused}"
    );
}

/// A serial port has one master: asked a second time it would be said to be taken by another program.
#[test]
fn beside_a_running_station_its_serial_port_is_not_told_to_be_busy() {
    let station = TestStation::with_settings(|text| {
        let at = text.find("address = ").expect("a cabinet");
        let end = at + text[at..].find('\n').expect("a line");
        format!(
            "{}address = \"/dev/no-such-port\"{}",
            &text[..at],
            &text[end..]
        )
    });
    let file = station.folder("cabinet.toml");
    let profile = fs::read_to_string(&file).expect("the profile");
    let serial = profile
        .replace("transport = \"tcp\"", "transport = \"rtu\"")
        .replace(
            "address = \"127.0.0.1:1502\"",
            "device = \"/dev/cabinet-1\"\nbaud = 9600\nparity = \"none\"\nstop_bits = 1\nsilent_ms = 200",
        );
    fs::write(&file, serial).expect("written");
    let missing = json_of(&station, &[]).1;
    assert!(found(&missing, "port_missing").is_some(), "{missing:#}");
    let lock = fs::File::create(station.folder("data/lock")).expect("a lock");
    lock.lock().expect("as the station that runs");
    let beside = json_of(&station, &[]).1;
    assert!(found(&beside, "port_in_use").is_some(), "{beside:#}");
    assert!(found(&beside, "port_missing").is_none(), "{beside:#}");
}

/// The list of a running station: its cabinet is seen through its own task, and the list is kept until it is made anew.
#[test]
fn a_running_station_checks_itself() {
    let mut station = TestStation::with_settings(|text| reader::chosen(&text));
    reader::surround(&mut station);
    station.add_person("keeper", "maintenance");
    station.start_simulator();
    station.start();
    station.sign_in_as("keeper");
    crate::support::wait_for("the cabinet", 20, || {
        let seen = station.call("GET", "/v1/cabinets/cabinet-1", None).1;
        (seen["connected"] == true).then_some(())
    });
    assert!(
        station.ok("GET", "/v1/check", None)["checked_at"].is_null()
            || found(&station.ok("GET", "/v1/check", None), "port_ours").is_some()
    );
    let made = station.ok("POST", "/v1/check", None);
    for code in ["cabinet_answers", "port_ours", "reading_works", "disk_room"] {
        assert!(found(&made, code).is_some(), "{code}: {made:#}");
    }
    let kept = station.ok("GET", "/v1/check", None);
    assert_eq!(kept["checked_at"], made["checked_at"]);
    station.sign_in();
    assert_eq!(station.call("GET", "/v1/check", None).0, 403);
}

/// Whether anything keeps the clock right was said in the papers alone.
#[test]
fn check_says_whether_anything_keeps_the_clock_right() {
    let station = TestStation::new();
    let programs = station.folder("programs");
    fs::create_dir(&programs).expect("made");
    let file = programs.join("timedatectl");
    let path = std::env::var("PATH").expect("set");
    for (answer, code, state) in [
        ("yes", "clock_synchronised", "good"),
        ("no", "clock_not_synchronised", "warning"),
    ] {
        fs::write(&file, format!("#!/bin/sh\necho {answer}\n")).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a program");
        let done = std::process::Command::new(LAIXIN)
            .args(["check", "--json", "--config"])
            .arg(station.folder("station.toml"))
            .env("PATH", format!("{}:{path}", programs.display()))
            .output()
            .expect("it runs");
        let document: Value = serde_json::from_slice(&done.stdout).expect("a document");
        let clock = found(&document, code).unwrap_or_else(|| panic!("{document:#}"));
        assert_eq!(
            (&clock["part"], &clock["state"]),
            (&"clock".into(), &state.into())
        );
        let next = clock["next"].as_str().unwrap_or_default();
        assert_eq!(next.contains("date -s"), state == "warning", "{next}");
    }
}

/// It came after five minutes: until then page, alerts and metrics knew of nothing.
#[test]
fn the_first_check_of_a_station_comes_with_its_start() {
    let mut station = TestStation::new();
    station.add_person("keeper", "maintenance");
    station.start();
    station.sign_in_as("keeper");
    crate::support::wait_for("the first check", 30, || {
        let list = station.ok("GET", "/v1/check", None);
        let is_made = !list["checked_at"].is_null();
        (is_made && found(&list, "disk_room").is_some()).then_some(())
    });
}

/// In a Chinese list it stood in English: “127.0.0.2 is at 127.0.0.2, which handoff.push_to does not name”.
#[test]
fn check_tells_in_the_readers_language_that_a_webhooks_address_is_not_named() {
    let station = TestStation::with_settings(|text| {
        text + "push_to = [\"10.0.0.0/8\"]\n[[webhook]]\nid = \"cases\"\nurl = \"http://127.0.0.2:8471/hook\"\nplain = true\nsecret_file = \"secret\"\n"
    });
    for (language, told) in [
        ("zh", "地址 127.0.0.2 不在 handoff.push_to 之内"),
        ("en", "the address 127.0.0.2 is not in handoff.push_to"),
    ] {
        let document = json_of(&station, &["--language", language]).1;
        let found = found(&document, "hook_not_allowed").expect("it is not named");
        let message = found["message"].as_str().unwrap_or_default();
        assert!(message.contains(told), "{found}");
    }
}
