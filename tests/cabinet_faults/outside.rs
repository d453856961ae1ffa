//! The real daemon beside a simulator in another process: a whole cycle on a wire between two serial ports, and another model.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::bench::Wire;
use super::processes::{Simulator, new_load, on_serial, profile};
use crate::support::{Process, TestStation, wait_for};

/// A wire between two serial ports, which are two links in this folder.
struct SerialWire {
    _socat: Process,
    ends: [String; 2],
}

impl SerialWire {
    fn between(folder: &Path) -> Self {
        let ends = ["station-end", "cabinet-end"].map(|end| folder.join(end).display().to_string());
        let pty = |end: &String| format!("pty,raw,echo=0,link={end}");
        let socat = Command::new("socat")
            .args([pty(&ends[0]), pty(&ends[1])])
            .spawn()
            .expect("socat is there: run `make setup` first");
        wait_for("the serial wire", 20, || {
            ends.iter().all(|end| Path::new(end).exists()).then_some(())
        });
        Self {
            _socat: Process(socat),
            ends,
        }
    }
}

/// `--serial`: the simulator on one end of a wire, the daemon on the other.
#[test]
fn simulator_on_a_serial_port_releases_a_load_and_shows_its_faults() {
    let folder = tempfile::tempdir().expect("a folder");
    let wire = SerialWire::between(folder.path());
    let [ours, theirs] = &wire.ends;
    let mut station = TestStation::with_settings(|text| on_serial(&text, Path::new(ours)));
    std::fs::write(station.folder("cabinet.toml"), profile(Wire::Rtu)).expect("written");
    let mut sim = Simulator::start(&["--serial", theirs, "--baud", "115200"]);
    station.start();
    station.sign_in();
    let view = || station.ok("GET", "/v1/cabinets/cabinet-1", None);
    let until = |step: &str| wait_for(step, 60, || (view()["step"] == step).then_some(()));
    let start = |load: i64| {
        // A busy machine may have just missed a look; nothing else is a reason to ask again.
        wait_for("a cycle to begin", 30, || {
            let body = Some(json!({ "load": load }));
            let (status, told) = station.call("POST", "/v1/cabinets/cabinet-1/cycles", body);
            assert_ne!(told["reason"], "door_not_opened_since", "{told}");
            (status == 201).then_some(())
        });
    };
    until("idle");
    let (_, load) = new_load(&station);
    start(load);
    until("released");
    assert!(sim.truth("dose_mj_cm2") >= 4.0);
    // Seen open while the frames were still good: behind a door that opened unseen no other load is begun.
    wait_for("the letters to be taken out", 30, || {
        (view()["awaits_unloading"] == false).then_some(())
    });
    // Spoilt frames are counted as what they are, and end no rest.
    for (fault, counter) in [
        ("wrong_crc", "crc_errors"),
        ("garbage_after", "bad_replies"),
        ("no_answer", "timeouts"),
    ] {
        let before = view()["link"][counter].as_u64().expect("a number");
        sim.switch(fault, "on");
        wait_for(counter, 30, || {
            (view()["link"][counter].as_u64()? > before).then_some(())
        });
        sim.switch(fault, "off");
        wait_for("the cabinet to answer again", 30, || {
            view()["connected"].as_bool()?.then_some(())
        });
    }
    let (batch, load) = new_load(&station);
    start(load);
    until("irradiating");
    sim.switch("door_open", "on");
    until("quarantined");
    let found = station.ok("GET", &format!("/v1/batches/{batch}"), None);
    assert_eq!(found["loads"][0]["state"], "quarantined");
    assert_eq!(sim.truth("lit_with_door_open_ms"), 0.0);
}

/// Told by every way there is: `check`, `cabinet state`, the API; and the lamp stays out.
#[test]
fn another_model_is_refused_and_named_everywhere() {
    let mut station = TestStation::new();
    let tcp = station.cabinet.to_string();
    let mut sim = Simulator::start(&["--listen", &tcp, "--fault", "wrong_cabinet"]);
    let named = ["identity.model", "LX-TWIN2", "LX-DEMO1"];
    for command in [
        &["check", "--language", "en"][..],
        &["cabinet", "state"],
        &["cabinet", "selftest", "--empty"],
    ] {
        let done = station.try_command(command, None);
        assert_eq!(done.status.code(), Some(1), "{command:?}");
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8(said).expect("UTF-8");
        // In words, where a person reads it.
        let said = said.replace("identity model", "identity.model");
        for word in named {
            assert!(
                said.contains(word),
                "{command:?} does not say {word}: {said}"
            );
        }
    }
    station.start();
    station.sign_in();
    let found = wait_for("the wrong cabinet to be told", 30, || {
        let view = station.ok("GET", "/v1/cabinets/cabinet-1", None);
        view["wrong_cabinet"].is_object().then_some(view)
    });
    let wanted = json!({"point": "model", "read": "\"LX-TWIN2\"", "expected": "\"LX-DEMO1\""});
    assert_eq!(found["wrong_cabinet"], wanted);
    assert!(
        found["points"]
            .as_array()
            .expect("points")
            .iter()
            .all(|p| p["value"].is_null())
    );
    let (_, load) = new_load(&station);
    let (status, refused) = station.call(
        "POST",
        "/v1/cabinets/cabinet-1/cycles",
        Some(json!({ "load": load })),
    );
    assert_eq!((status, &refused["reason"]), (409, &json!("wrong_cabinet")));
    for word in named {
        let detail = refused["detail"].as_str().expect("a text");
        assert!(detail.contains(word), "{detail}");
    }
    let ready = ureq::get(format!("http://{}/readyz", station.address)).call();
    assert!(ready.is_err(), "not ready with another cabinet");
    assert_eq!((sim.truth("strikes"), sim.truth("locked")), (0.0, 0.0));
    // The right one is there: nothing needs to be started again.
    sim.switch("wrong_cabinet", "off");
    wait_for("the right cabinet", 30, || {
        let view = station.ok("GET", "/v1/cabinets/cabinet-1", None);
        (view["step"] == "idle").then_some(())
    });
}
