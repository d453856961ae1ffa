//! A lamp that was not seen out: who may say that it is dealt with.

use serde_json::{Value, json};

use super::bench::Wire;
use super::processes::{Simulator, new_load, profile};
use crate::support::{TestStation, wait_for};

fn view(station: &TestStation) -> Value {
    station.ok("GET", "/v1/cabinets/cabinet-1", None)
}

fn until_step(station: &TestStation, step: &str) {
    wait_for(step, 60, || (view(station)["step"] == step).then_some(()));
}

fn acknowledged(station: &TestStation) -> (u16, Value) {
    station.call("POST", "/v1/cabinets/cabinet-1/acknowledge", None)
}

#[test]
fn an_alarm_is_acknowledged_by_maintenance_and_by_no_operator() {
    let mut station = TestStation::new();
    station.add_person("op", "operator");
    station.add_person("fitter", "maintenance");
    std::fs::write(station.folder("cabinet.toml"), profile(Wire::Tcp)).expect("written");
    let tcp = station.cabinet.to_string();
    let mut sim = Simulator::start(&["--listen", &tcp]);
    station.start();
    station.sign_in_as("op");
    until_step(&station, "idle");
    let (_, load) = new_load(&station);
    let start = Some(json!({ "load": load }));
    station.ok("POST", "/v1/cabinets/cabinet-1/cycles", start);
    until_step(&station, "irradiating");
    sim.switch("relay_welded", "on");
    station.ok("POST", "/v1/cabinets/cabinet-1/abort", None);
    until_step(&station, "alarm");
    let refused_to_operator = |station: &TestStation| {
        let (status, told) = acknowledged(station);
        assert_eq!(
            (status, &told["code"]),
            (403, &json!("forbidden")),
            "{told}"
        );
        assert!(told["detail"].to_string().contains("maintenance"), "{told}");
        assert_eq!(view(station)["step"], "alarm");
    };
    refused_to_operator(&station);
    sim.switch("relay_welded", "off");
    wait_for("the lamp to be seen out", 30, || {
        let lamp = view(&station)["points"].as_array()?.clone();
        let lamp = lamp.iter().find(|point| point["point"] == "lamp_on")?;
        (lamp["value"] == 0.0).then_some(())
    });
    refused_to_operator(&station);
    station.sign_in_as("fitter");
    wait_for("maintenance to end the alarm", 30, || {
        (acknowledged(&station).0 == 204).then_some(())
    });
    until_step(&station, "quarantined");
    // A quarantine is the mailroom's: its own reason refuses it, not the role.
    station.sign_in_as("op");
    let (status, told) = acknowledged(&station);
    assert_eq!(
        (status, &told["reason"]),
        (409, &json!("override_needed")),
        "{told}"
    );
}
