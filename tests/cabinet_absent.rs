//! A cabinet without some sensor: nothing is told of a point that is not there, by none of the ways in which devices are told.

use serde_json::{Value, json};

use crate::support::{TestStation, project, wait_for};

const MISSING: [&str; 5] = [
    "irradiance_mw_cm2",
    "ozone_mg_m3",
    "locked",
    "estop_pressed",
    "scan_counter",
];

fn without_point(profile: &str, point: &str) -> String {
    let begin = profile.find(&format!("[points.{point}]")).expect("there");
    let end = begin + profile[begin..].find("\n[").expect("another follows") + 1;
    format!("{}{}", &profile[..begin], &profile[end..])
}

/// The demo cabinet without anything that it may do without.
fn bare(profile: &str) -> String {
    let bare = MISSING.iter().fold(profile.to_owned(), |profile, point| {
        without_point(&profile, point)
    });
    let lines = bare.lines().filter(|line| {
        !["irradiance_", "target_dose", "ozone_release"]
            .iter()
            .any(|key| line.starts_with(key))
    });
    let lines: Vec<&str> = lines.collect();
    lines
        .join("\n")
        .replace("dose = \"measured\"", "dose = \"timer\"")
        .replace("ozone = \"measured\"", "ozone = \"timer\"")
        .replace(
            "without = []",
            "without = [\"locked\", \"estop_pressed\", \"scan_counter\"]",
        )
        .replace(
            "[timing]\n",
            "[timing]\ntimer_exposure_s = 2\ntimer_ventilation_s = 2\n",
        )
}

fn of_a_missing_sensor(text: &str) -> Vec<&str> {
    let told = text.lines().filter(|line| !line.starts_with('#'));
    let about = |line: &&str| {
        ["irradiance", "ozone", "estop", "scan_counter", "locked"]
            .iter()
            .any(|word| line.contains(word))
    };
    told.filter(about).collect()
}

fn points(items: &Value) -> Vec<String> {
    let items = items["items"].as_array().expect("a list").iter();
    let point = |item: &Value| item["point"].as_str().expect("a name").to_owned();
    items.map(point).collect()
}

/// A whole cycle of a cabinet without UV sensor, ozone sensor, lock's contact, stop button and scan counter.
#[test]
fn a_sensor_that_the_profile_declares_missing_is_in_no_health_log_list_or_metric() {
    let mut station = TestStation::new();
    let file = station.folder("cabinet.toml");
    let whole = std::fs::read_to_string(&file).expect("the profile");
    std::fs::write(&file, bare(&whole)).expect("written");
    let token = station.command(&["token", "add", "devices", "--scope", "maintenance"], None);
    let get = |station: &TestStation, path: &str| {
        let (status, body) = station.call_with_token(token.trim(), "GET", path, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    };
    station.start_simulator();
    station.start();
    station.sign_in();
    let view = |station: &TestStation| station.ok("GET", "/v1/cabinets/cabinet-1", None);
    wait_for("the cabinet", 60, || {
        (view(&station)["step"] == "idle").then_some(())
    });
    let new = json!({"carrier": "letter", "count": 1, "received_at": "2026-03-02T09:00:00+08:00"});
    let batch = station.ok("POST", "/v1/batches", Some(new))["id"].clone();
    let into = Some(json!({"cabinet": "cabinet-1"}));
    let load = station.ok("POST", &format!("/v1/batches/{batch}/loads"), into)["id"].clone();
    let start = Some(json!({ "load": load }));
    station.ok("POST", "/v1/cabinets/cabinet-1/cycles", start);
    let released = wait_for("the release", 60, || {
        let view = view(&station);
        (view["step"] == "released").then_some(view)
    });
    // What a cycle leaves in the log is there with the first look after its end.
    let asked = released["link"]["requests"].as_u64().expect("a number");
    wait_for("more looks", 60, || {
        (view(&station)["link"]["requests"].as_u64()? > asked + 60).then_some(())
    });
    let devices = wait_for("the log", 60, || {
        let told = points(&get(&station, "/v1/health/devices"));
        told.contains(&"lamp_hours_h".to_owned()).then_some(told)
    });
    let log = points(&get(&station, "/v1/health/log?limit=200"));
    let shown = view(&station)["points"].clone();
    let shown = points(&json!({ "items": shown }));
    for missing in MISSING {
        for told in [&devices, &log, &shown] {
            assert!(
                !told.iter().any(|point| point == missing),
                "{missing}: {told:?}"
            );
        }
    }
    let metrics = ureq::get(format!("http://{}/metrics", station.address)).call();
    let metrics = metrics.expect("answered").body_mut().read_to_string();
    let metrics = metrics.expect("text");
    assert!(metrics.contains("cabinet_lamp_strikes"), "{metrics}");
    assert_eq!(of_a_missing_sensor(&metrics), [""; 0]);
    for table in [&["health"][..], &["health", "--csv"]] {
        let told = station.command(table, None);
        assert!(told.contains("lamp_hours_h"), "{told}");
        assert_eq!(of_a_missing_sensor(&told), [""; 0], "{told}");
    }
    let check = station.try_command(&["check", "--language", "en"], None);
    let told = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(
        told.contains("no UV sensor: timer mode, no dose is ever recorded"),
        "{told}"
    );
}

/// A station that measured, and whose profile was changed since: what is in the log is history.
#[test]
fn a_sensor_that_is_gone_from_the_profile_is_not_told_as_if_it_were_measured_now() {
    let station = TestStation::new();
    let records = rusqlite::Connection::open(station.folder("data/station.sqlite3"));
    records
        .expect("opened")
        .execute_batch(
            "INSERT INTO device_health (at_ms, device, point, value, limit_value, state, code) VALUES
             (1770000000000, 'cabinet-1', 'irradiance_mw_cm2', 0.0, NULL, 'good', NULL),
             (1770000000000, 'cabinet-1', 'lamp_hours_h', 7.0, NULL, 'good', NULL)",
        )
        .expect("written");
    let told = station.command(&["health"], None);
    assert!(
        told.contains("irradiance_mw_cm2"),
        "it has the sensor: {told}"
    );
    let demo = std::fs::read_to_string(project("config/cabinets/demo.toml")).expect("shipped");
    std::fs::write(
        station.folder("cabinet.toml"),
        bare(
            &demo
                .replace("min_exposure_s = 8", "min_exposure_s = 1")
                .replace("\nventilation_s = 5", "\nventilation_s = 1"),
        ),
    )
    .expect("written");
    let told = station.command(&["health"], None);
    assert!(told.contains("lamp_hours_h"), "{told}");
    assert!(!told.contains("irradiance_mw_cm2"), "{told}");
}
