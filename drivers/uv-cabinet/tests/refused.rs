//! Registers that a cabinet does not have, and ports that cannot be opened: each by its name, and at the cost of no other point.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::support::{DEMO, bounded};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_serial::{SerialPort as _, SerialStream};
use uv_cabinet::{
    Address, Cabinet, Command, LinkProblem, Missing, Point, PortProblem, Profile,
    sim::{self, Fault, SimHandle, SimSettings},
};

struct Bench {
    cabinet: Cabinet,
    profile: Profile,
    sim: SimHandle,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The simulated cabinet, and a profile that has these points elsewhere.
async fn bench(moved: &[(Point, u16)]) -> Bench {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let text = DEMO.replace("127.0.0.1:1502", &format!("127.0.0.1:{port}"));
    let mut profile = Profile::parse(&text).expect("shipped");
    for (point, address) in moved {
        profile.points.get_mut(point).expect("there").address = *address;
    }
    for spec in profile.points.values_mut() {
        (spec.max_age, spec.frozen_after) = (Duration::from_secs(20), None);
    }
    let (sim, plug) = sim::start(listener, SimSettings::default());
    let (cabinet, task) = Cabinet::new(profile.clone());
    let plug = tokio::spawn(async move {
        let _ = plug.await;
    });
    Bench {
        cabinet,
        profile,
        sim,
        tasks: [tokio::spawn(task.run()), plug],
    }
}

#[tokio::test]
async fn an_unknown_register_costs_no_other_point_of_its_read() {
    // Right behind its neighbours, so that all of them are one read.
    let moved = [
        (Point::LampTemperatureC, 7),
        (Point::OzoneMgM3, 8),
        (Point::FanOn, 5),
    ];
    let bench = bench(&moved).await;
    for look in 0..3 {
        let readings = bounded(bench.cabinet.poll()).await;
        let now = Instant::now();
        let mut missing = readings.troubles(now);
        missing.sort_by_key(|(point, _)| *point);
        let refused = || Missing::Refused { exception: 2 };
        let expected = [(Point::FanOn, refused()), (Point::OzoneMgM3, refused())];
        assert_eq!(missing, expected, "look {look}");
        assert!(readings.flag(Point::DoorClosed, now).is_ok());
        assert!(readings.number(Point::ScanCounter, now).is_ok());
    }
    let (point, missing) = (Point::FanOn, Missing::Refused { exception: 2 });
    let told = bench.profile.trouble(point, &missing, None).to_string();
    assert_eq!(
        told,
        "fan_on at discrete_input 5: read Modbus exception 2, expected 0 / 1 (refused)"
    );
}

#[tokio::test]
async fn nothing_is_searched_while_the_lamp_may_burn() {
    let bench = bench(&[(Point::LampTemperatureC, 7), (Point::OzoneMgM3, 8)]).await;
    bench
        .cabinet
        .command(Command::Heartbeat)
        .await
        .expect("obeyed");
    let before = bench.cabinet.link_quality().requests;
    bounded(bench.cabinet.poll()).await;
    let asked = bench.cabinet.link_quality().requests - before;
    assert_eq!(asked, 3, "the reads of a look, whatever becomes of them");
}

#[tokio::test]
async fn a_cabinet_that_refuses_everything_is_not_asked_for_everything_again_and_again() {
    let bench = bench(&[]).await;
    bounded(bench.cabinet.poll()).await;
    bench.sim.switch_on(Fault::Exception2);
    bounded(bench.cabinet.poll()).await;
    let before = bench.cabinet.link_quality().requests;
    bounded(bench.cabinet.poll()).await;
    assert_eq!(bench.cabinet.link_quality().requests - before, 2);
    bench.sim.switch_off(Fault::Exception2);
    let readings = bounded(bench.cabinet.poll()).await;
    assert_eq!(readings.troubles(Instant::now()), []);
}

#[tokio::test]
async fn an_order_that_the_cabinet_does_not_know_is_found_without_writing() {
    let bench = bench(&[(Point::FanCommand, 50), (Point::Heartbeat, 9)]).await;
    let mut refused = bounded(bench.cabinet.probe()).await.refused;
    refused.sort_by_key(|(point, _)| *point);
    let points: Vec<_> = refused.iter().map(|(point, _)| *point).collect();
    assert_eq!(points, [Point::FanCommand, Point::Heartbeat]);
}

#[tokio::test]
async fn without_its_scan_counter_nothing_that_a_controller_says_is_believed() {
    let bench = bench(&[(Point::ScanCounter, 60)]).await;
    let readings = bounded(bench.cabinet.poll()).await;
    let now = Instant::now();
    let refused = Missing::Refused { exception: 2 };
    assert_eq!(readings.flag(Point::DoorClosed, now), Err(refused.clone()));
    assert_eq!(readings.troubles(now), [(Point::ScanCounter, refused)]);
}

async fn problem_of(port: &Path) -> LinkProblem {
    let text = include_str!("../../../config/cabinets/demo.toml")
        .replace("transport = \"tcp\"", "transport = \"rtu\"")
        .replace(
            "address = \"127.0.0.1:1502\"",
            "device = \"/dev/cabinet-1\"\nbaud = 9600\nparity = \"none\"\nstop_bits = 1\nsilent_ms = 200",
        );
    let mut profile = Profile::parse(&text).expect("a serial profile");
    let device = Address::Device(port.to_owned());
    profile.link.move_to(device).expect("a serial line");
    let (cabinet, task) = Cabinet::new(profile);
    let driver = tokio::spawn(task.run());
    // While the next try is waited for, the reason stays the one of the last.
    let mut found = Vec::new();
    for _ in 0..2 {
        let readings = bounded(cabinet.poll()).await;
        match readings.get(Point::DoorClosed, Instant::now()) {
            Err(Missing::NoAnswer(problem)) => found.push(problem),
            other => panic!("{}: {other:?}", port.display()),
        }
    }
    driver.abort();
    assert_eq!(found[0], found[1]);
    found[0]
}

#[tokio::test]
async fn each_reason_why_a_port_does_not_open_has_its_own_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, b"").expect("written");
    let (_line, theirs) = SerialStream::pair().expect("a pseudo-terminal");
    let theirs_name = PathBuf::from(theirs.name().expect("it has a name"));
    // Somebody else's driver has it.
    let taken = tokio_serial::new(theirs_name.to_string_lossy(), 9600).exclusive(true);
    let _taken = SerialStream::open(&taken).expect("nobody has it");
    for (port, problem) in [
        (Path::new("/dev/no-such-port"), PortProblem::Missing),
        (Path::new("/dev/null"), PortProblem::NotAPort),
        (&file, PortProblem::NotAPort),
        (folder.path(), PortProblem::NotAPort),
        (&theirs_name, PortProblem::Busy),
    ] {
        let told = problem_of(port).await;
        assert_eq!(told, LinkProblem::Port(problem), "{}", port.display());
    }
}
