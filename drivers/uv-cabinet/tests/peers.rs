//! The driver against peers that are not ours: pymodbus on TCP and on a serial line, and a cabinet
//! on a pseudo-terminal whose replies come late or twice. A pseudo-terminal has no baud rate.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::peer::{Peer, Wire, drive, is_the_cabinet_that_peers_serve, patient, rtu_profile};
use crate::support::{bounded, poll_until, profile};
use tokio::time::{interval, timeout};
use uv_cabinet::{
    Address, Kind, LinkProblem, Missing, Point, PortProblem, Profile, Readings, Table, Transport,
};

#[tokio::test]
async fn pymodbus_on_tcp() {
    let mut peer = Peer::python("pymodbus_cabinet.py", &["tcp"]);
    let port = peer.line().await.parse().expect("a port");
    let (cabinet, driver) = drive(patient(profile(port)));
    is_the_cabinet_that_peers_serve(&cabinet).await;
    drop(cabinet);
    bounded(driver).await.expect("ends with its last handle");
}

#[tokio::test]
async fn pymodbus_on_a_serial_line() {
    let wire = Wire::new().await;
    let port = wire.ends[0].display().to_string();
    let mut peer = Peer::python("pymodbus_cabinet.py", &["rtu", &port]);
    assert_eq!(peer.line().await, "ready");
    let (cabinet, driver) = drive(patient(rtu_profile(&wire.ends[1], 100, 200)));
    is_the_cabinet_that_peers_serve(&cabinet).await;
    drop(cabinet);
    bounded(driver).await.expect("ends with its last handle");
}

#[tokio::test]
async fn libmodbus_on_tcp() {
    let mut peer = Peer::libmodbus(&["serve", "tcp"]);
    let port = peer.line().await.parse().expect("a port");
    let (cabinet, driver) = drive(patient(profile(port)));
    is_the_cabinet_that_peers_serve(&cabinet).await;
    drop(cabinet);
    bounded(driver).await.expect("ends with its last handle");
}

#[tokio::test]
async fn libmodbus_on_a_serial_line() {
    let wire = Wire::new().await;
    let port = wire.ends[0].display().to_string();
    let mut peer = Peer::libmodbus(&["serve", "rtu", &port]);
    assert_eq!(peer.line().await, "ready");
    let (cabinet, driver) = drive(patient(rtu_profile(&wire.ends[1], 100, 200)));
    is_the_cabinet_that_peers_serve(&cabinet).await;
    drop(cabinet);
    bounded(driver).await.expect("ends with its last handle");
}

/// Every point in an input register of its own, ten apart, so that each is read by a request whose
/// reply looks like all the others'; also the first request after an error.
fn one_request_a_point(device: &Path) -> (Profile, BTreeMap<Point, u32>) {
    let mut profile = rtu_profile(device, 30, 300);
    profile.points.remove(&Point::ScanCounter);
    let mut held = BTreeMap::new();
    for (point, spec) in &mut profile.points {
        if point.is_command() {
            continue;
        }
        let at = 10 * (held.len() as u16);
        (spec.table, spec.kind) = (Table::InputRegister, Kind::U16);
        (spec.scale, spec.min, spec.max) = (1.0, 0.0, 65_535.0);
        spec.frozen_after = None; // Here every register holds its value: it tells which one it is.
        (spec.address, _) = if point.is_number() {
            (at, held.insert(*point, 1000 + u32::from(at)))
        } else {
            (at + 100, held.insert(*point, 0))
        };
    }
    (profile, held)
}

/// How many of the readings are good; fails on the first that holds another register's value.
fn right(readings: &Readings, held: &BTreeMap<Point, u32>) -> usize {
    let now = Instant::now();
    let mut good = 0;
    for (point, wanted) in held {
        if let Ok(reading) = readings.get(*point, now) {
            assert_eq!(reading.raw, *wanted, "{point} is silently wrong");
            good += 1;
        }
    }
    good
}

/// Polls a spoiling cabinet through 300 requests, then until it is well; gives the spoilt and right.
async fn polled_through(fault: &str) -> (usize, usize) {
    let mut peer = Peer::python("chaos_cabinet.py", &[fault, "300"]);
    let device = PathBuf::from(peer.line().await);
    let (profile, held) = one_request_a_point(&device);
    let (cabinet, driver) = drive(profile);
    let mut tick = interval(Duration::from_millis(5));
    let mut good = 0;
    let storm = async {
        loop {
            tokio::select! {
                biased;
                line = peer.says.next_line() => return line.expect("readable").expect("its count"),
                _ = tick.tick() => good += right(&cabinet.poll().await, &held),
            }
        }
    };
    let count = timeout(Duration::from_secs(100), storm)
        .await
        .expect("in time");
    let spoilt = count.split(' ').next().and_then(|n| n.parse().ok());
    let well = poll_until(&cabinet, |r| right(r, &held) == held.len()).await;
    let link = cabinet.link_quality();
    assert!(link.timeouts + link.bad_replies > 30, "{link:?}");
    assert!(
        link.drains > link.reconnects && link.replies > 100,
        "{link:?}"
    );
    assert!(link.round_trip_p50 > Some(Duration::ZERO), "{link:?}");
    assert_eq!(well.flag(Point::DoorClosed, Instant::now()), Ok(false));
    drop(cabinet);
    bounded(driver).await.expect("ends with its last handle");
    println!("{fault}: {count} of 300 replies spoilt (and kept back), {good} right values");
    (spoilt.expect("a number"), good)
}

#[tokio::test]
async fn late_replies_on_a_serial_line_are_never_values() {
    let (late, good) = polled_through("late").await;
    assert!(late > 30 && good > 100, "{late} late, {good} right");
}

#[tokio::test]
async fn replies_sent_twice_are_never_values() {
    let (twice, good) = polled_through("twice").await;
    assert!(twice > 30 && good > 100, "{twice} twice, {good} right");
}

#[tokio::test]
async fn serial_port_that_is_not_there() {
    let missing = Path::new("/dev/no-such-cabinet");
    let (cabinet, _driver) = drive(rtu_profile(missing, 30, 100));
    let door = cabinet.poll().await.flag(Point::DoorClosed, Instant::now());
    let problem = LinkProblem::Port(PortProblem::Missing);
    assert_eq!(door, Err(Missing::NoAnswer(problem)));
}

#[tokio::test]
async fn serial_port_of_one_driver_is_refused_to_another() {
    let mut peer = Peer::python("chaos_cabinet.py", &["late", "0"]);
    let device = PathBuf::from(peer.line().await);
    let (first, _driver) = drive(one_request_a_point(&device).0);
    poll_until(&first, |r| {
        r.flag(Point::DoorClosed, Instant::now()).is_ok()
    })
    .await;
    let (second, _driver) = drive(one_request_a_point(&device).0);
    let door = second.poll().await.flag(Point::DoorClosed, Instant::now());
    let problem = LinkProblem::Port(PortProblem::Busy);
    assert_eq!(door, Err(Missing::NoAnswer(problem)));
}

#[test]
fn an_address_of_the_other_wire_is_refused() {
    let mut serial = rtu_profile(Path::new("/dev/cabinet-1"), 30, 100);
    let refused = serial
        .link
        .move_to(Address::Network("10.0.0.2:502".into()))
        .expect_err("another wire");
    assert_eq!(
        refused.to_string(),
        "10.0.0.2:502 does not fit transport = \"rtu\": allowed: host:port for tcp, a device such as \
         /dev/cabinet-1 for rtu"
    );
    let device = Address::Device("/dev/cabinet-2".into());
    serial.link.move_to(device.clone()).expect("the same wire");
    assert_eq!(serial.link.transport.address(), device);
    assert!(matches!(serial.link.transport, Transport::Rtu(_)));
}
