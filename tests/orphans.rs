//! A test that is ended by a signal runs none of its destructors; nothing it started may go on without it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Process, TestStation, wait_for};

const ALONE: &str = "LAIXIN_TEST_ORPHANS";

/// The process that is killed: it has a station and a cabinet, and says which.
#[test]
#[ignore = "run by a_test_ended_by_a_signal_leaves_no_station_and_no_cabinet_behind"]
fn has_a_station() {
    if std::env::var_os(ALONE).is_none() {
        println!("skipped: only its parent runs this");
        return;
    }
    let mut station = TestStation::new();
    station.start_simulator();
    station.start();
    println!("started {} {}", station.pid(), station.simulator_pid());
    std::thread::park_timeout(std::time::Duration::from_secs(60));
}

#[test]
fn a_test_ended_by_a_signal_leaves_no_station_and_no_cabinet_behind() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "orphans::has_a_station",
            "--ignored",
            "--nocapture",
        ])
        .env(ALONE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut test = Process(child);
    let said = BufReader::new(test.0.stdout.take().unwrap()).lines();
    let started = said
        .map(Result::unwrap)
        .find_map(|line| Some(line.split_once("started ")?.1.to_owned()))
        .expect("it says what it started");
    let running = |pid: &str| {
        let state = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
        // One that ended and that nobody waited for runs no more.
        state.is_ok_and(|state| !state.contains(") Z "))
    };
    let pids: Vec<&str> = started.split_whitespace().collect();
    assert_eq!(pids.len(), 2);
    assert!(pids.iter().all(|pid| running(pid)), "{started}");
    let pid = rustix::process::Pid::from_child(&test.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    wait_for("everything to end with the test", 10, || {
        (!pids.iter().any(|pid| running(pid))).then_some(())
    });
}
