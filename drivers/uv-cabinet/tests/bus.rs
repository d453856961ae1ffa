//! Several units on one line: the shipped profiles against pymodbus, two cabinets on one port, a dead unit that costs the others
//! nothing, and a port that is unplugged and comes back under another number.

use std::{
    future::ready,
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU8, Ordering},
    time::{Duration, Instant},
};

use crate::peer::{Peer, Wire, drive, rtu_profile};
use crate::rogue::{Dice, Fault, Rogue, opened, sealed};
use crate::support::{bounded, poll_until};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_serial::{SerialPort as _, SerialStream};
use uv_cabinet::{
    Address, Cabinet, Command, Direction, Lines, LinkProblem, MapOrigin, Missing, Point,
    PortProblem, Profile, Readings, Switch, Transport,
};

const DELTA: &str = include_str!("../../../config/cabinets/delta-dvp.toml");
const WATTS: &str = include_str!("../../../config/cabinets/watts-lync-rtu.toml");
const DELTA_UNIT: &str = r#"[{"2048":[0,0,0]}, {"1024":[1,0,0,1,0]},
    {"4096":[0,16709,87,65481,57920,1,4321,777],"4196":[0],"4296":[19544]}, {}]"#;
const WATTS_PLC: &str = r#"[{"0":[0,0,0]}, {"0":[1,0,0,1,0]}, {"0":[0]}, {"0":[87,777]}]"#;
/// Lamp hours 70000 and 12.345 mW/cm², high word first.
const WATTS_SENSOR: &str = r#"[{}, {}, {}, {"1138":[1,4464],"1142":[0,12345]}]"#;

/// Patient with a busy machine: nothing grows old, nobody stands still, replies may take long.
fn patient(text: &str, address: Address, reply_timeout_ms: u64) -> Profile {
    let mut profile = Profile::parse(text).expect("shipped");
    assert_eq!(profile.map, MapOrigin::Invented, "and it says so");
    assert!(text.contains("REAL:") && text.contains("INVENTED:"));
    profile.link.move_to(address).expect("its wire");
    profile.link.reply_timeout = Duration::from_millis(reply_timeout_ms);
    if let Transport::Rtu(line) = &mut profile.link.transport {
        line.silent = Duration::from_millis(reply_timeout_ms + 100);
    }
    for spec in profile.points.values_mut() {
        (spec.max_age, spec.frozen_after) = (Duration::from_secs(20), None);
    }
    profile
}

fn holds(readings: &Readings, values: &[(Point, f64)]) {
    let now = Instant::now();
    for (point, value) in values {
        let read = readings.number(*point, now).expect("answered");
        assert!((read - value).abs() < 1e-9, "{point}: {read}, not {value}");
    }
}

async fn obeys(cabinet: &Cabinet) {
    for command in [
        Command::Heartbeat,
        Command::Fan(Switch::On),
        Command::Lock(Switch::Off),
    ] {
        let done = cabinet.command(command).await;
        done.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    }
}

#[tokio::test]
async fn shipped_delta_dvp_against_pymodbus() {
    let map = format!(r#"{{"1": {DELTA_UNIT}}}"#);
    let mut peer = Peer::python("pymodbus_map.py", &["tcp", &map]);
    let address = format!("127.0.0.1:{}", peer.line().await);
    let (cabinet, _driver) = drive(patient(DELTA, Address::Network(address), 5_000));
    let readings = cabinet.poll().await;
    holds(
        &readings,
        &[
            (Point::DoorClosed, 1.0),
            (Point::LampOn, 1.0),
            (Point::IrradianceMwCm2, 12.3125),
            (Point::OzoneMgM3, 0.087),
            (Point::LampTemperatureC, -5.5),
            (Point::LampHoursH, 12_345.6),
            (Point::LampStrikes, 4321.0),
            (Point::ScanCounter, 777.0),
        ],
    );
    obeys(&cabinet).await;
}

/// pymodbus on one end of a serial wire, with these units; the other end.
async fn serial_units(map: &str) -> (Wire, Peer, Address) {
    let wire = Wire::new().await;
    let port = wire.ends[0].display().to_string();
    let mut peer = Peer::python("pymodbus_map.py", &["rtu", map, &port]);
    assert_eq!(peer.line().await, "ready");
    let device = Address::Device(wire.ends[1].clone());
    (wire, peer, device)
}

#[tokio::test]
async fn shipped_watts_lync_against_pymodbus_on_one_serial_line() {
    let map = format!(r#"{{"1": {WATTS_PLC}, "2": {WATTS_SENSOR}}}"#);
    let (_wire, _peer, device) = serial_units(&map).await;
    let (cabinet, _driver) = drive(patient(WATTS, device, 5_000));
    let readings = cabinet.poll().await;
    holds(
        &readings,
        &[
            (Point::DoorClosed, 1.0),
            (Point::FanOn, 0.0),
            (Point::IrradianceMwCm2, 12.345),
            (Point::OzoneMgM3, 0.087),
            (Point::LampHoursH, 70_000.0),
            (Point::ScanCounter, 777.0),
        ],
    );
    obeys(&cabinet).await;
}

/// The sensor is dead: the PLC's points are there at every single poll, commands are obeyed.
async fn dead_sensor_costs_the_plc_nothing(profile: Profile) {
    let (cabinet, _driver) = drive(profile);
    let mut last_door = None;
    for _ in 0..10 {
        let readings = cabinet.poll().await;
        let now = Instant::now();
        let door = readings
            .get(Point::DoorClosed, now)
            .expect("the PLC answers");
        assert!(Some(door.at) > last_door, "read anew at every poll");
        last_door = Some(door.at);
        let sensor = readings.number(Point::IrradianceMwCm2, now);
        assert!(
            matches!(
                sensor,
                Err(Missing::NoAnswer(
                    LinkProblem::ReplyTimedOut | LinkProblem::BackingOff
                ))
            ),
            "{sensor:?}"
        );
        let fan = cabinet.command(Command::Fan(Switch::On)).await;
        fan.expect("the PLC obeys");
    }
    let link = cabinet.link_quality();
    assert!(
        (1..10).contains(&link.timeouts),
        "asked now and then: {link:?}"
    );
}

#[tokio::test]
async fn a_dead_unit_on_a_serial_line_does_not_block_the_rest() {
    let (device, _server, _station) = plugged_in(1);
    dead_sensor_costs_the_plc_nothing(patient(WATTS, Address::Device(device), 400)).await;
}

#[tokio::test]
async fn a_dead_unit_behind_a_gateway_does_not_block_the_rest() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let (first, rest) = WATTS.split_once("transport = \"rtu\"").expect("its wire");
    let (_, rest) = rest.split_once("unit = 1 ").expect("its unit");
    let text = format!("{first}transport = \"tcp\"\naddress = \"{address}\"\nunit = 1 {rest}");
    let _gateway = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            answers_for_unit_1(crate::rogue::Wire::Tcp, stream, 1).await;
        }
    });
    dead_sensor_costs_the_plc_nothing(patient(&text, Address::Network(address), 400)).await;
}

/// Two units that no cycle needs are dead, and the door's value lives for less than both are waited for: it never grows old for that.
#[tokio::test]
async fn two_dead_units_on_a_serial_line_do_not_make_the_cabinet_silent() {
    let (device, _server, _station) = plugged_in(1);
    let ms = Duration::from_millis;
    let mut profile = rtu_profile(&device, 300, 600);
    // It says the same for everything, its name included.
    profile.identity.clear();
    profile.points.remove(&Point::ScanCounter);
    (profile.link.reply_timeout, profile.link.backoff_first) = (ms(300), ms(20));
    profile.link.backoff_max = ms(100);
    for (point, spec) in &mut profile.points {
        (spec.max_age, spec.frozen_after) = (ms(500), None);
        spec.modbus_unit = match point {
            Point::LampTemperatureC => Some(2),
            Point::LampHoursH => Some(3),
            _ => None,
        };
    }
    let (cabinet, _driver) = drive(profile);
    let both_asked = |r: &Readings| {
        let now = Instant::now();
        let silent = [Point::LampTemperatureC, Point::LampHoursH]
            .map(|point| matches!(r.number(point, now), Err(Missing::NoAnswer(_))));
        silent == [true, true] && r.flag(Point::DoorClosed, now).is_ok()
    };
    poll_until(&cabinet, both_asked).await;
    let asked_before = cabinet.link_quality().timeouts;
    // As the station looks: often, and never for long.
    for look in 0..40 {
        let (readings, _) = tokio::join!(cabinet.poll_within(ms(90)), tokio::time::sleep(ms(100)));
        let door = readings.flag(Point::DoorClosed, Instant::now());
        assert_eq!(door, Ok(true), "look {look}: {:?}", cabinet.link_quality());
    }
    let asked = cabinet.link_quality().timeouts - asked_before;
    assert!(asked >= 2, "each of them now and then: {asked}");
}

#[tokio::test]
async fn two_cabinets_on_one_serial_line_share_it() {
    let other = WATTS_PLC.replace("[1,0,0,1,0]", "[0,1,0,0,1]");
    let map = format!(r#"{{"1": {WATTS_PLC}, "2": {WATTS_SENSOR}, "5": {other}}}"#);
    let (_wire, _peer, device) = serial_units(&map).await;
    let lines = Lines::default();
    let profile = patient(WATTS, device, 5_000);
    let on_unit = |unit| {
        let mut profile = profile.clone();
        profile.link.unit = unit;
        profile
    };
    let (first, task) = lines.cabinet(on_unit(1)).expect("a new line");
    tokio::spawn(task.run());
    let (second, task) = lines.cabinet(on_unit(5)).expect("another unit");
    tokio::spawn(task.run());
    let (one, two) = tokio::join!(first.poll(), second.poll());
    holds(
        &one,
        &[(Point::DoorClosed, 1.0), (Point::IrradianceMwCm2, 12.345)],
    );
    holds(
        &two,
        &[(Point::DoorClosed, 0.0), (Point::IrradianceMwCm2, 12.345)],
    );
    tokio::join!(obeys(&first), obeys(&second));
    assert_eq!(
        first.link_quality().reconnects,
        0,
        "one connection for both"
    );

    let said = lines.cabinet(on_unit(5)).expect_err("taken").to_string();
    assert!(said.contains("unit 5 is another cabinet already"), "{said}");
    let mut faster = on_unit(6);
    if let Transport::Rtu(line) = &mut faster.link.transport {
        line.baud = 115_200;
    }
    let said = lines
        .cabinet(faster)
        .expect_err("another speed")
        .to_string();
    assert!(said.contains("other settings"), "{said}");
}

/// Says `value` for everything in unit 1; another unit is dead.
async fn answers_for_unit_1<S>(wire: crate::rogue::Wire, to: S, value: u8)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let asked_unit = AtomicU8::new(0);
    let answer = |asked: Vec<u8>| {
        let inside = opened(wire, &asked);
        asked_unit.store(inside[0], Ordering::SeqCst);
        let mut body = vec![inside[0], inside[1]];
        match inside[1] {
            1 | 2 => body.extend([inside[5].div_ceil(8), value]),
            3 | 4 => {
                body.push(2 * inside[5]);
                body.extend([0, value].repeat(usize::from(inside[5])));
            }
            _ => body.extend(&inside[2..]),
        }
        ready(io::Result::Ok(sealed(wire, &asked, &body)))
    };
    let mut rogue = Rogue {
        wire,
        dice: Dice::new(1),
        latest: Duration::from_secs(1),
    };
    let dead = |_: &mut Dice| (asked_unit.load(Ordering::SeqCst) != 1).then_some(Fault::Dropped);
    rogue.serve(to, answer, dead).await;
}

/// A cabinet on a new pseudo-terminal that says `value` for everything in unit 1.
fn plugged_in(value: u8) -> (PathBuf, JoinHandle<()>, SerialStream) {
    let (cabinet, station) = SerialStream::pair().expect("a pseudo-terminal");
    let device = PathBuf::from(station.name().expect("a name"));
    let server = tokio::spawn(answers_for_unit_1(crate::rogue::Wire::Rtu, cabinet, value));
    (device, server, station)
}

fn name_points_at(name: &Path, device: &Path) {
    let _ = std::fs::remove_file(name);
    std::os::unix::fs::symlink(device, name).expect("a name");
}

#[tokio::test]
async fn tty_unplugged_and_back_under_another_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().join("cabinet-1");
    let (device, server, station) = plugged_in(1);
    name_points_at(&name, &device);
    let mut profile = rtu_profile(&name, 100, 150);
    // It says the same for everything, its name included.
    profile.identity.clear();
    profile.points.remove(&Point::ScanCounter);
    for spec in profile.points.values_mut() {
        spec.frozen_after = None;
    }
    let (cabinet, driver) = drive(profile);
    let door = |r: &Readings| r.flag(Point::DoorClosed, Instant::now());
    poll_until(&cabinet, |r| door(r) == Ok(true)).await;

    std::fs::remove_file(&name).expect("udev takes the name away");
    server.abort();
    let _ = server.await;
    drop(station);
    poll_until(&cabinet, |r| {
        matches!(door(r), Err(Missing::NoAnswer(_)))
            && cabinet.link_quality().last_problem == Some(LinkProblem::Port(PortProblem::Missing))
    })
    .await;

    let (other, _server, _station) = plugged_in(0);
    name_points_at(&name, &other);
    poll_until(&cabinet, |r| door(r) == Ok(false)).await;
    let link = cabinet.link_quality();
    assert!(link.losses > 0 && link.reconnects > 0, "{link:?}");
    drop(cabinet);
    bounded(driver).await.expect("ends with its last handle");
}

#[tokio::test]
async fn a_port_that_cannot_switch_rs485_is_refused_when_the_profile_asks_for_it() {
    let (device, _server, _station) = plugged_in(1);
    let mut profile = rtu_profile(&device, 100, 150);
    if let Transport::Rtu(line) = &mut profile.link.transport {
        line.direction = Direction::RtsHighSends;
    }
    let (cabinet, _driver) = drive(profile);
    let door = cabinet.poll().await.flag(Point::DoorClosed, Instant::now());
    let problem = LinkProblem::Port(PortProblem::NoDirection);
    assert_eq!(door, Err(Missing::NoAnswer(problem)));
    let link = cabinet.link_quality();
    assert_eq!((link.requests, link.losses), (0, 1), "{link:?}");
}

#[tokio::test]
async fn an_open_port_is_locked_against_others() {
    let (device, _server, _station) = plugged_in(1);
    let mut profile = rtu_profile(&device, 100, 150);
    profile.identity.clear();
    let (cabinet, _driver) = drive(profile);
    poll_until(&cabinet, |r| {
        r.flag(Point::DoorClosed, Instant::now()).is_ok()
    })
    .await;
    let port = std::fs::File::open(&device).map_or(true, |file| file.try_lock().is_err());
    assert!(port, "neither opened nor locked by anybody else");
}
