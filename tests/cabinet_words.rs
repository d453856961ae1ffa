//! What the program says of a cabinet on the command line and at `/readyz`: the point, what was read, what is expected, what to do; and
//! nothing of how it is written.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{LAIXIN, TestStation, project, wait_for};

fn said(done: &Output) -> String {
    let (out, err) = (&done.stdout, &done.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

/// A station whose profile is not quite its cabinet's.
fn with_profile(change: impl FnOnce(String) -> String) -> TestStation {
    let station = TestStation::new();
    let file = station.folder("cabinet.toml");
    let profile = std::fs::read_to_string(&file).expect("the profile");
    std::fs::write(&file, change(profile)).expect("written");
    station
}

/// The profile's point at another address.
fn moved(profile: String, point: &str, address: u16) -> String {
    let at = profile.find(&format!("[points.{point}]")).expect("there");
    let begin = at + profile[at..].find("address = ").expect("there");
    let end = begin + profile[begin..].find('\n').expect("a line");
    format!(
        "{}address = {address}{}",
        &profile[..begin],
        &profile[end..]
    )
}

fn readyz(station: &TestStation) -> (u16, Value) {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build();
    let asked =
        ureq::Agent::new_with_config(agent).get(format!("http://{}/readyz", station.address));
    let mut answer = asked.call().expect("it answers");
    let status = answer.status().as_u16();
    (status, answer.body_mut().read_json().expect("JSON"))
}

#[test]
fn an_unknown_register_is_named_by_check_state_readyz_and_the_refusal() {
    let mut station = with_profile(|profile| moved(profile, "ozone_mg_m3", 8));
    station.start_simulator();
    let figures = [
        "ozone_mg_m3",
        "input_register 8",
        "Modbus exception 2",
        "0 … 20 mg/m3",
    ];
    for command in [&["check", "--language", "en"][..], &["cabinet", "state"]] {
        let told = wait_for("the cabinet", 20, || {
            let done = station.try_command(command, None);
            let told = said(&done);
            (!told.contains("no answer")).then_some((done.status.code(), told))
        });
        assert_eq!(told.0, Some(1), "{}", told.1);
        for figure in figures {
            assert!(told.1.contains(figure), "{figure}: {}", told.1);
        }
    }
    let state = said(&station.try_command(&["cabinet", "state"], None));
    assert!(
        state.contains("door_closed") && state.contains("yes"),
        "{state}"
    );
    for never in ["Flag(", "Number(", "Some("] {
        assert!(!state.contains(never), "{state}");
    }
    station.start();
    station.sign_in();
    let message = wait_for("not ready", 20, || {
        let (status, ready) = readyz(&station);
        let parts = ready["parts"].as_array().expect("parts").iter();
        let part = parts
            .clone()
            .find(|part| part["part"] == "cabinet/cabinet-1")?;
        (status == 503 && part["code"] == "reading_missing").then(|| part["message"].to_string())
    });
    let new = json!({"carrier": "letter", "count": 1, "received_at": "2026-03-02T09:00:00+08:00"});
    let batch = station.ok("POST", "/v1/batches", Some(new))["id"].clone();
    let loads = format!("/v1/batches/{batch}/loads");
    let load = station.ok("POST", &loads, Some(json!({"cabinet": "cabinet-1"})));
    let cycle = json!({"load": load["id"]});
    let (status, refused) = station.call("POST", "/v1/cabinets/cabinet-1/cycles", Some(cycle));
    assert_eq!(
        (status, &refused["reason"]),
        (409, &json!("reading_missing"))
    );
    for figure in figures {
        assert!(message.contains(figure), "{figure}: {message}");
        assert!(
            refused["detail"].to_string().contains(figure),
            "{figure}: {refused}"
        );
    }
    assert_eq!(refused["trouble"]["point"], "ozone_mg_m3");
    // Whoever asks whether it is ready is answered; it is no error of the station's each time.
    assert!(!station.log().contains("/readyz"), "{}", station.log());
    let health = said(&station.try_command(&["health"], None));
    assert!(
        health.contains("Modbus 异常码 2") && health.contains("臭氧浓度"),
        "{health}"
    );
}

#[test]
fn health_of_an_unknown_device_is_an_error_that_names_the_known_ones() {
    let station = TestStation::new();
    let done = station.try_command(&["health", "--device", "nope"], None);
    // There is no database before the first start or account; here is one.
    assert_eq!(done.status.code(), Some(2), "{}", said(&done));
    assert!(said(&done).contains("cabinet-1"), "{}", said(&done));
    let known = station.try_command(&["health", "--device", "cabinet-1"], None);
    assert_eq!(known.status.code(), Some(0), "{}", said(&known));
}

#[test]
fn a_port_that_does_not_open_is_told_with_what_to_do() {
    for (device, words) in [
        ("/dev/no-such-port", ["port_missing", "plug its adapter in"]),
        ("/dev/null", ["port_not_serial", "no serial port"]),
    ] {
        let station = TestStation::with_settings(|text| {
            let at = text.find("address = ").expect("a cabinet");
            let end = at + text[at..].find('\n').expect("a line");
            format!("{}address = \"{device}\"{}", &text[..at], &text[end..])
        });
        let file = station.folder("cabinet.toml");
        let profile = std::fs::read_to_string(&file).expect("the profile");
        let serial = profile
            .replace("transport = \"tcp\"", "transport = \"rtu\"")
            .replace(
                "address = \"127.0.0.1:1502\"",
                "device = \"/dev/cabinet-1\"\nbaud = 9600\nparity = \"none\"\nstop_bits = 1\nsilent_ms = 200",
            );
        std::fs::write(&file, serial).expect("written");
        for command in [&["check", "--language", "en"][..], &["cabinet", "state"]] {
            let done = station.try_command(command, None);
            assert_eq!(done.status.code(), Some(1), "{}", said(&done));
            // The code is for programs; check tells it in words.
            let [code, step] = words;
            assert!(said(&done).contains(step), "{step}: {}", said(&done));
            let has_code = said(&done).contains(code);
            assert_eq!(has_code, command[0] == "cabinet", "{}", said(&done));
        }
    }
}

#[test]
fn a_simulated_cabinet_on_no_port_is_wrong_usage_in_plain_words() {
    for port in ["/dev/null", "/dev/no-such-port"] {
        let done = Command::new(LAIXIN)
            .args(["cabinet", "simulate", "--serial", port])
            .output()
            .expect("it ends");
        assert_eq!(done.status.code(), Some(2), "{}", said(&done));
        let told = said(&done);
        assert!(told.contains(port) && told.contains("--pty"), "{told}");
        for never in ["Err(", "Os {", "Custom {", "answers on"] {
            assert!(!told.contains(never), "{told}");
        }
    }
}

#[test]
fn a_self_test_on_the_command_line_says_what_it_waits_for() {
    let mut station = TestStation::new();
    let silent = station.try_command(&["cabinet", "selftest", "--empty"], None);
    let told = String::from_utf8_lossy(&silent.stderr).into_owned();
    assert!(
        told.contains("waits up to") && told.contains(&station.cabinet.to_string()),
        "{told}"
    );
    assert!(told.contains("does not answer"), "{told}");
    station.start_simulator();
    let done = station.try_command(&["cabinet", "selftest", "--empty"], None);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(
        String::from_utf8_lossy(&done.stderr).contains("has begun"),
        "{}",
        said(&done)
    );
    let hidden = station.try_command(
        &["cabinet", "selftest", "--empty", "--by", "wang\u{202e}gnaw"],
        None,
    );
    assert_eq!(hidden.status.code(), Some(2), "{}", said(&hidden));
}

/// Falling towards its limit: good by the limit alone when it was written, worth a look by where it is going.
#[test]
fn one_measurement_is_not_said_to_be_good_and_worth_a_look() {
    let station = TestStation::new();
    let records = rusqlite::Connection::open(station.folder("data/station.sqlite3"));
    let records = records.expect("opened");
    let now = laixin::clock::now().0;
    for day in 0..=30 {
        let (at, value) = (now - (30 - day) * 86_400_000, 14.0 - 0.1 * day as f64);
        records
            .execute(
                "INSERT INTO device_health (at_ms, device, point, value, limit_value, state, code)
                 VALUES (?1, 'cabinet-1', 'irradiance_mw_cm2', ?2, 9.5, 'good', NULL)",
                (at, value),
            )
            .expect("written");
    }
    let told = station.command(&["health"], None);
    let of_now = told.lines().filter(|line| line.contains("11 mW/cm²"));
    let of_now: Vec<&str> = of_now.collect();
    assert_eq!(of_now.len(), 2, "in the log and as it is now: {told}");
    for line in of_now {
        assert!(line.contains("留意") && !line.contains("正常"), "{line}");
    }
}

#[test]
fn check_says_that_a_cabinet_has_passed_no_self_test_and_is_content_after_one() {
    let mut station = TestStation::new();
    station.start_simulator();
    let never = "it has passed no self test";
    let told = said(&station.try_command(&["check", "--language", "en"], None));
    assert!(told.contains(never), "{told}");
    // Compressed times are said, with the figures.
    let less = "asks for 5 mJ/cm2 and 1 s, less than any disinfection takes (10 mJ/cm2, 5 s)";
    assert!(told.contains(less), "{told}");
    let done = station.try_command(&["cabinet", "selftest", "--empty"], None);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let told = said(&station.try_command(&["check", "--language", "en"], None));
    assert!(!told.contains(never), "{told}");
}

#[test]
fn the_readme_lists_every_command_once() {
    let readme = std::fs::read_to_string(project("README.md")).expect("it is there");
    let rows = readme.lines().filter(|line| line.starts_with("| `laixin "));
    let mut commands: Vec<&str> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap_or_default().split('`'))
        .map(str::trim)
        .filter(|command| command.starts_with("laixin ") || command.starts_with("cabinet "))
        .map(|command| command.trim_start_matches("laixin "))
        .collect();
    commands.sort_unstable();
    let all = commands.len();
    commands.dedup();
    assert_eq!(commands.len(), all, "{commands:?}");
}
