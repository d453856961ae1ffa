//! The real daemon, killed (SIGKILL) and frozen (SIGSTOP) in every state, with the simulator as another process:
//! the controller puts the lamp out within its second, nothing lights again, and the load ends in quarantine
//! unless its release was on record.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::bench::Wire;
use crate::support::{LAIXIN, Process, TestStation, project, wait_for};

/// The controller's second, and what a loaded machine may add before it scans again.
const SILENCE_LIMIT_MS: f64 = 1_000.0 + 500.0;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Signal {
    Kill,
    Stop,
}

/// In which order: an end in quarantine lets the next cycle begin. `preflight` lasts one look and cannot be held from outside, and only a
/// one-sided cabinet turns over: these two are tried with the supervisor alone, in `states`.
const STATES: [&str; 11] = [
    "idle",
    "locked",
    "striking",
    "irradiating",
    "stopping",
    "aborting",
    "alarm",
    "ventilating",
    "quarantined",
    "releasing",
    "released",
];

/// The simulator in its own process, with its side channel.
pub struct Simulator {
    _process: Process,
    control: BufReader<TcpStream>,
}

impl Simulator {
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(LAIXIN)
            .args([
                "cabinet",
                "simulate",
                "--speed",
                "20",
                "--control",
                "127.0.0.1:0",
            ])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the simulator starts");
        let said = BufReader::new(child.stdout.take().expect("piped"));
        let told = said.lines().find_map(|line| {
            let line = line.expect("readable");
            Some(line.strip_prefix("its faults are switched at ")?.to_owned())
        });
        let stream = TcpStream::connect(told.expect("it tells its side channel")).expect("taken");
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).expect("set");
        Self {
            _process: Process(child),
            control: BufReader::new(stream),
        }
    }

    pub fn ask(&mut self, line: &str) -> Vec<String> {
        writeln!(self.control.get_mut(), "{line}").expect("sent");
        let mut said = Vec::new();
        loop {
            let mut answer = String::new();
            self.control.read_line(&mut answer).expect("answered");
            assert!(!answer.starts_with("error"), "{line}: {answer}");
            if answer.trim() == "ok" {
                return said;
            }
            said.push(answer.trim().to_owned());
        }
    }

    pub fn switch(&mut self, fault: &str, to: &str) {
        self.ask(&format!("fault {fault} {to}"));
    }

    pub fn truth(&mut self, key: &str) -> f64 {
        let state = self.ask("state");
        let found = state
            .iter()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        found.expect("a known key").parse().expect("a number")
    }
}

/// The demo profile with times a test can wait for, on this wire.
pub fn profile(wire: Wire) -> String {
    let text =
        std::fs::read_to_string(project("config/cabinets/demo.toml")).expect("the demo profile");
    let text = text
        .replace("target_dose_mj_cm2 = 100.0", "target_dose_mj_cm2 = 4.0")
        .replace("min_exposure_s = 8", "min_exposure_s = 1")
        .replace("strike_max_s = 5", "strike_max_s = 3")
        .replace("preflight_max_s = 5", "preflight_max_s = 3")
        .replace("off_confirm_max_s = 2", "off_confirm_max_s = 4")
        .replace("\nventilation_s = 5", "\nventilation_s = 1");
    if wire == Wire::Tcp {
        return text;
    }
    let line = "device = \"/dev/cabinet-1\"\nbaud = 115200\nparity = \"none\"\nstop_bits = 1\nsilent_ms = 310";
    text.replace("transport = \"tcp\"", "transport = \"rtu\"")
        .replace("\naddress = \"127.0.0.1:1502\"", &format!("\n{line}"))
}

fn in_every_state(wire: Wire, signal: Signal) {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("cabinet-1");
    let mut station = TestStation::with_settings(|text| match wire {
        Wire::Tcp => text,
        Wire::Rtu => on_serial(&text, &link),
    });
    std::fs::write(station.folder("cabinet.toml"), profile(wire)).expect("written");
    let (tcp, pty) = (station.cabinet.to_string(), link.display().to_string());
    let mut sim = Simulator::start(&match wire {
        Wire::Tcp => ["--listen", tcp.as_str()],
        Wire::Rtu => ["--pty", pty.as_str()],
    });
    station.start();
    let mut out_after = Vec::new();
    let mut load = None;
    for state in STATES {
        out_after.extend(one(&mut station, &mut sim, (state, signal), &mut load));
    }
    out_after.sort_unstable();
    let (median, worst) = (
        out_after[out_after.len() / 2],
        out_after[out_after.len() - 1],
    );
    println!("{signal:?} {wire:?}: lamp out after median {median:?}, worst {worst:?}");
    let silence = sim.truth("longest_lit_in_silence_ms");
    assert!(
        silence <= SILENCE_LIMIT_MS,
        "lit {silence} ms after the last heartbeat"
    );
    assert_eq!(sim.truth("lit_with_door_open_ms"), 0.0);
}

pub fn on_serial(settings: &str, link: &Path) -> String {
    let lines = settings.split_inclusive("[[");
    lines
        .map(|section| {
            if section.starts_with("cabinet]]") {
                let mut kept: Vec<_> = section.lines().map(str::to_owned).collect();
                for line in &mut kept {
                    if line.starts_with("address") {
                        *line = format!("address = {:?}", link.display().to_string());
                    }
                }
                kept.join("\n")
            } else {
                section.to_owned()
            }
        })
        .collect()
}

/// One state: how long the lamp burned on after the signal, if it was lit.
fn one(
    station: &mut TestStation,
    sim: &mut Simulator,
    (state, signal): (&str, Signal),
    inside: &mut Option<(i64, i64)>,
) -> Option<Duration> {
    sim.ask("heal");
    station.sign_in();
    wait_for("a cabinet that can be used", 30, || {
        let view = station.ok("GET", "/v1/cabinets/cabinet-1", None);
        if view["step"] == "alarm" {
            // The lamp is seen out again; refused until it is.
            station.call("POST", "/v1/cabinets/cabinet-1/acknowledge", None);
        }
        let free = ["idle", "released", "quarantined"].contains(&view["step"].as_str()?);
        (free && view["connected"].as_bool()?).then_some(())
    });
    let load = brought_to(station, sim, state, *inside);
    let was_lit = sim.truth("relay_closed") == 1.0;
    let began = Instant::now();
    match signal {
        Signal::Kill => station.kill(),
        Signal::Stop => send("STOP", station.pid()),
    }
    let out_after = wait_for("the lamp to be out", 20, || {
        (sim.truth("relay_closed") == 0.0).then(|| began.elapsed())
    });
    // Whatever could still light it would do so within the controller's second.
    wait_for("the controller's second to pass", 20, || {
        (began.elapsed() > Duration::from_millis(1_200)).then_some(())
    });
    let strikes = sim.truth("strikes");
    sim.ask("heal");
    records(station, "DROP TRIGGER IF EXISTS full");
    match signal {
        Signal::Kill => {
            station.start();
            station.sign_in();
        }
        Signal::Stop => send("CONT", station.pid()),
    }
    if let Some((batch, load)) = load {
        let ended = wait_for("the load to have its end", 60, || {
            let found = station.ok("GET", &format!("/v1/batches/{batch}"), None);
            let at = found["loads"]
                .as_array()?
                .iter()
                .find(|l| l["id"] == load)?;
            let state = at["state"].as_str()?.to_owned();
            ["released", "quarantined"]
                .contains(&state.as_str())
                .then_some(state)
        });
        let good = match state {
            "released" => ended == "released",
            // Frozen after the look that said so, and before it is on record.
            "releasing" if signal == Signal::Stop => true,
            _ => ended == "quarantined",
        };
        assert!(good, "{signal:?} in {state}: {ended}");
        // What is in quarantine stays inside until a cycle releases it.
        *inside = (ended == "quarantined").then_some((batch, load));
    }
    assert_eq!(
        sim.truth("strikes"),
        strikes,
        "{signal:?} in {state}: struck again"
    );
    assert_eq!(sim.truth("relay_closed"), 0.0, "{signal:?} in {state}");
    was_lit.then_some(out_after)
}

/// A load in a cycle that stands in this state, its batch and itself: the one that is inside, or a new one.
fn brought_to(
    station: &TestStation,
    sim: &mut Simulator,
    state: &str,
    inside: Option<(i64, i64)>,
) -> Option<(i64, i64)> {
    match state {
        "idle" => return None,
        "locked" => sim.switch("lock_stuck", "on"),
        "striking" => sim.switch("lamp_never_strikes", "on"),
        "ventilating" => sim.switch("ozone_high", "on"),
        "releasing" => records(
            station,
            "CREATE TRIGGER full BEFORE UPDATE ON cycles WHEN NEW.outcome = 'released'
             BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        ),
        _ => {}
    }
    let (batch, load) = inside.unwrap_or_else(|| new_load(station));
    let begun = station.ok(
        "POST",
        "/v1/cabinets/cabinet-1/cycles",
        Some(json!({"load": load})),
    );
    // Of this cycle: what is shown may still be the end of the one before.
    let stands_in = |state: &str| {
        let view = station.ok("GET", "/v1/cabinets/cabinet-1", None);
        (view["step"] == state && view["cycle"]["cycle"] == begun["cycle"]).then_some(())
    };
    let fault = match state {
        // The sensor goes on showing a lamp that is out.
        "stopping" | "aborting" | "alarm" => Some("irradiance_frozen"),
        "quarantined" => Some("door_open"),
        _ => None,
    };
    if let Some(fault) = fault {
        wait_for("the lamp", 30, || stands_in("irradiating"));
        sim.switch(fault, "on");
    }
    if ["aborting", "alarm"].contains(&state) {
        station.ok("POST", "/v1/cabinets/cabinet-1/abort", None);
    }
    wait_for(state, 30, || stands_in(state));
    Some((batch, load))
}

pub fn new_load(station: &TestStation) -> (i64, i64) {
    let new = json!({"carrier": "letter", "count": 1, "received_at": "2026-03-02T09:00:00+08:00"});
    let number = |answer: serde_json::Value| answer["id"].as_i64().expect("a number");
    let batch = number(station.ok("POST", "/v1/batches", Some(new)));
    let path = format!("/v1/batches/{batch}/loads");
    let load = station.ok("POST", &path, Some(json!({"cabinet": "cabinet-1"})));
    (batch, number(load))
}

fn records(station: &TestStation, change: &str) {
    let at = station.folder("data/station.sqlite3");
    let records = rusqlite::Connection::open(at).expect("opened");
    records.busy_timeout(Duration::from_secs(20)).expect("set");
    records.execute_batch(change).expect("changed");
}

fn send(signal: &str, pid: u32) {
    let sent = Command::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .status();
    assert!(sent.expect("kill is there").success());
}

#[test]
fn daemon_killed_in_every_state_tcp() {
    in_every_state(Wire::Tcp, Signal::Kill);
}

#[test]
fn daemon_killed_in_every_state_rtu() {
    in_every_state(Wire::Rtu, Signal::Kill);
}

#[test]
fn daemon_frozen_in_every_state_tcp() {
    in_every_state(Wire::Tcp, Signal::Stop);
}

#[test]
fn daemon_frozen_in_every_state_rtu() {
    in_every_state(Wire::Rtu, Signal::Stop);
}
