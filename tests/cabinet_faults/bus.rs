//! Two cabinets on one serial bus, and one of them dead.

use std::path::Path;

use serde_json::{Value, json};

use super::bench::Wire;
use super::processes::{Simulator, new_load, on_serial, profile};
use crate::support::{TestStation, wait_for};

/// The demo map with the times of a shared bus (config/cabinets/watts-lync-rtu.toml): a dead unit costs the others a time-out and a silence.
fn shared_bus() -> String {
    profile(Wire::Rtu)
        .replace("poll_ms = 100", "poll_ms = 300")
        .replace("max_age_ms = 250", "max_age_ms = 750")
        .replace("frozen_after_ms = 400", "frozen_after_ms = 1000")
        .replace("backoff_max_ms = 2000", "backoff_max_ms = 5000")
}

fn with_second_cabinet(settings: &str) -> String {
    let at = settings.find("[[scanner]]").expect("a scanner");
    let second =
        "[[cabinet]]\nid = \"cabinet-2\"\nprofile = \"cabinet.toml\"\naddress = \"\"\nunit = 2\n";
    format!("{}{second}{}", &settings[..at], &settings[at..])
}

fn view(station: &TestStation, cabinet: &str) -> Value {
    station.ok("GET", &format!("/v1/cabinets/{cabinet}"), None)
}

/// Ends that a machine which does much else can cause on a bus this slow: the load is still inside, and is tried again.
const FOR_WANT_OF_TIME: [&str; 5] = [
    "cabinet_silent",
    "lamp_went_out",
    "order_failed",
    "reading_missing",
    "unwatched",
];
const TRIES: usize = 5;

#[test]
fn one_cabinet_works_on_while_the_second_unit_on_its_bus_is_dead() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("bus");
    let port: &Path = &link;
    let mut station =
        TestStation::with_settings(|text| on_serial(&with_second_cabinet(&text), port));
    std::fs::write(station.folder("cabinet.toml"), shared_bus()).expect("written");
    let _sim = Simulator::start(&["--pty", &link.display().to_string()]);
    station.start();
    station.sign_in();
    wait_for(
        "the living one to be there and the dead one to be known as dead",
        60,
        || {
            let (first, second) = (view(&station, "cabinet-1"), view(&station, "cabinet-2"));
            let timeouts = second["link"]["timeouts"].as_u64()?;
            (first["step"] == "idle" && second["connected"] == false && timeouts > 0).then_some(())
        },
    );
    let (batch, load) = new_load(&station);
    let released = (0..TRIES).any(|_| {
        wait_for("a cycle to begin", 60, || {
            let body = Some(json!({ "load": load }));
            let (status, told) = station.call("POST", "/v1/cabinets/cabinet-1/cycles", body);
            assert_ne!(told["code"], "wrong_state", "{told}");
            (status == 201).then_some(())
        });
        let ended = wait_for("its end", 120, || {
            let found = view(&station, "cabinet-1");
            let over = ["released", "quarantined"].contains(&found["step"].as_str()?);
            over.then_some(found)
        });
        let failed = ended["cycle"]["failed"].as_str().unwrap_or_default();
        assert!(
            failed.is_empty() || FOR_WANT_OF_TIME.contains(&failed),
            "{ended}"
        );
        failed.is_empty()
    });
    assert!(released, "{TRIES} cycles beside a dead unit, none released");
    let found = station.ok("GET", &format!("/v1/batches/{batch}"), None);
    assert_eq!(found["loads"][0]["state"], "released");
    // The dead one is said to be dead, by name, and takes nothing.
    let dead = view(&station, "cabinet-2");
    assert_eq!(
        (&dead["connected"], &dead["blocked"]["code"]),
        (&json!(false), &json!("cabinet_silent"))
    );
    let (_, other) = new_load(&station);
    let start = Some(json!({ "load": other }));
    let (status, told) = station.call("POST", "/v1/cabinets/cabinet-2/cycles", start);
    assert_eq!(
        (status, &told["reason"]),
        (409, &json!("cabinet_silent")),
        "{told}"
    );
}
