//! The driver against peers that are not ours: pymodbus on TCP and on a serial line, and a cabinet
//! on a pseudo-terminal whose replies come late or twice. A pseudo-terminal has no baud rate.

#[expect(
    dead_code,
    reason = "the half for the simulated cabinet is used by tests/faults.rs"
)]
mod support;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use support::{DEMO, bounded, poll_until, profile};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout},
    task::JoinHandle,
    time::{interval, timeout},
};
use uv_cabinet::{
    Address, Cabinet, Command, Kind, LinkProblem, Missing, Point, Profile, Readings, Switch, Table,
    Transport,
};

/// A child that is ended, by its own process id, with the test.
struct Peer {
    _child: Child,
    says: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts a script of `tests/peers` in the Python that set-up made.
    fn python(script: &str, arguments: &[&str]) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = here.join("../../.setup/venv-test/bin/python");
        assert!(
            python.exists(),
            "{} is missing: run `make setup` first",
            python.display()
        );
        let mut child = tokio::process::Command::new(python)
            .arg(here.join("tests/peers").join(script))
            .args(arguments)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("python starts");
        let stdout = child.stdout.take().expect("piped");
        Self {
            _child: child,
            says: BufReader::new(stdout).lines(),
        }
    }

    async fn line(&mut self) -> String {
        let line = bounded(self.says.next_line()).await.expect("readable");
        line.expect("the peer says something before it ends")
    }
}

/// Two serial ports with a wire between them.
struct Wire {
    _socat: Child,
    _folder: tempfile::TempDir,
    ends: [PathBuf; 2],
}

impl Wire {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ends = ["cabinet", "station"].map(|name| folder.path().join(name));
        let end = |at: &PathBuf| format!("pty,rawer,link={}", at.display());
        let mut socat = tokio::process::Command::new("socat")
            .args(["-d", "-d", "-T", "120"])
            .args(ends.iter().map(end))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("socat is there: run `make setup` first");
        let mut says = BufReader::new(socat.stderr.take().expect("piped")).lines();
        let ready = async {
            while let Some(line) = says.next_line().await.expect("readable") {
                if line.contains("starting data transfer loop") {
                    return;
                }
            }
            panic!("socat ended before it was ready");
        };
        bounded(ready).await;
        Self {
            _socat: socat,
            _folder: folder,
            ends,
        }
    }
}

/// The shipped profile on a serial line.
fn rtu_profile(device: &Path, reply_timeout_ms: u64, silent_ms: u64) -> Profile {
    let text = DEMO
        .replace("transport = \"tcp\"", "transport = \"rtu\"")
        .replace(
            "address = \"127.0.0.1:1502\"",
            &format!(
                "device = {:?}\nbaud = 19200\nparity = \"none\"\nstop_bits = 1\nsilent_ms = {silent_ms}",
                device.display().to_string()
            ),
        )
        .replace(
            "reply_timeout_ms = 300",
            &format!("reply_timeout_ms = {reply_timeout_ms}"),
        )
        .replace("backoff_first_ms = 100", "backoff_first_ms = 10")
        .replace("backoff_max_ms = 2000", "backoff_max_ms = 10");
    Profile::parse(&text).expect("a good profile")
}

/// A profile for peers that may be slow because this machine is busy.
fn patient(mut profile: Profile) -> Profile {
    profile.link.reply_timeout = Duration::from_secs(5);
    for spec in profile.points.values_mut() {
        (spec.max_age, spec.frozen_after) = (Duration::from_secs(20), None);
    }
    profile
}

fn drive(profile: Profile) -> (Cabinet, JoinHandle<()>) {
    let (cabinet, task) = Cabinet::new(profile);
    (cabinet, tokio::spawn(task.run()))
}

/// What `pymodbus_cabinet.py` holds, and every command written and read back.
async fn is_the_cabinet_that_pymodbus_serves(cabinet: &Cabinet) {
    let readings = cabinet.poll().await;
    let now = Instant::now();
    let served = [
        (Point::DoorClosed, 1.0),
        (Point::Locked, 0.0),
        (Point::EstopPressed, 0.0),
        (Point::LampOn, 1.0),
        (Point::FanOn, 0.0),
        (Point::IrradianceMwCm2, 12.345),
        (Point::OzoneMgM3, 0.087),
        (Point::LampTemperatureC, -5.5),
        (Point::LampHoursH, 12_345.6),
        (Point::LampStrikes, 4321.0),
        (Point::ScanCounter, 777.0),
    ];
    for (point, value) in served {
        let read = readings.number(point, now).expect("answered");
        assert!((read - value).abs() < 1e-9, "{point}: {read}, not {value}");
    }
    for command in [
        Command::Lock(Switch::On),
        Command::Heartbeat,
        Command::Heartbeat,
        Command::Lamp(Switch::On),
        Command::Lamp(Switch::Off),
        Command::Fan(Switch::On),
        Command::Lock(Switch::Off),
    ] {
        let done = cabinet.command(command).await;
        done.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    }
}

#[tokio::test]
async fn pymodbus_on_tcp() {
    let mut peer = Peer::python("pymodbus_cabinet.py", &["tcp"]);
    let port = peer.line().await.parse().expect("a port");
    let (cabinet, driver) = drive(patient(profile(port)));
    is_the_cabinet_that_pymodbus_serves(&cabinet).await;
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
    is_the_cabinet_that_pymodbus_serves(&cabinet).await;
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
    assert!(fault != "late" || link.timeouts > 30, "{link:?}");
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
    assert_eq!(door, Err(Missing::NoAnswer(LinkProblem::CannotConnect)));
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
    assert_eq!(door, Err(Missing::NoAnswer(LinkProblem::CannotConnect)));
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
