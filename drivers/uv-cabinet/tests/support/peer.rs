//! Peers that are not ours, and the serial lines to them: pymodbus in Python, libmodbus in C, socat as the wire.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout},
    task::JoinHandle,
};
use uv_cabinet::{Cabinet, Command, Point, Profile, Switch};

use crate::support::{DEMO, bounded};

/// `tests/peers/libmodbus_peer.c`, compiled once for each test binary.
fn libmodbus_peer() -> &'static Path {
    static PEER: OnceLock<PathBuf> = OnceLock::new();
    PEER.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/libmodbus_peer.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let fresh = folder.join(format!("libmodbus_peer.{}", std::process::id()));
        let built = std::process::Command::new("cc")
            .args([
                "-O2",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-I/usr/include/modbus",
                "-o",
            ])
            .args([&fresh, &source])
            .arg("-lmodbus")
            .status()
            .expect("a C compiler is there: run `make setup` first");
        assert!(
            built.success(),
            "libmodbus-dev is there: run `make setup` first"
        );
        // Test binaries may run side by side: each puts a whole program in place.
        let program = folder.join("libmodbus_peer");
        std::fs::rename(&fresh, &program).expect("the same folder");
        program
    })
}

/// A child that is ended, by its own process id, with the test.
pub(crate) struct Peer {
    _child: Child,
    pub(crate) says: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts a script of `tests/peers` in the Python that set-up made.
    pub(crate) fn python(script: &str, arguments: &[&str]) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = here.join("../../.setup/venv-test/bin/python");
        assert!(
            python.exists(),
            "{} is missing: run `make setup` first",
            python.display()
        );
        let mut command = tokio::process::Command::new(python);
        command.arg(here.join("tests/peers").join(script));
        Self::start(command, arguments)
    }

    fn start(mut command: tokio::process::Command, arguments: &[&str]) -> Self {
        let mut child = command
            .args(arguments)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the peer starts");
        let stdout = child.stdout.take().expect("piped");
        Self {
            _child: child,
            says: BufReader::new(stdout).lines(),
        }
    }

    /// Compiles and starts the peer that speaks libmodbus.
    pub(crate) fn libmodbus(arguments: &[&str]) -> Self {
        Self::start(tokio::process::Command::new(libmodbus_peer()), arguments)
    }

    pub(crate) async fn line(&mut self) -> String {
        let line = bounded(self.says.next_line()).await.expect("readable");
        line.expect("the peer says something before it ends")
    }
}

/// Two serial ports with a wire between them.
pub(crate) struct Wire {
    _socat: Child,
    _folder: tempfile::TempDir,
    pub(crate) ends: [PathBuf; 2],
}

impl Wire {
    pub(crate) async fn new() -> Self {
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
pub(crate) fn rtu_profile(device: &Path, reply_timeout_ms: u64, silent_ms: u64) -> Profile {
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
            "reply_timeout_ms = 150",
            &format!("reply_timeout_ms = {reply_timeout_ms}"),
        )
        .replace("backoff_first_ms = 100", "backoff_first_ms = 10")
        .replace("backoff_max_ms = 2000", "backoff_max_ms = 10");
    Profile::parse(&text).expect("a good profile")
}

/// A profile for peers that may be slow because this machine is busy.
pub(crate) fn patient(mut profile: Profile) -> Profile {
    profile.link.reply_timeout = Duration::from_secs(5);
    for spec in profile.points.values_mut() {
        (spec.max_age, spec.frozen_after) = (Duration::from_secs(20), None);
    }
    profile
}

pub(crate) fn drive(profile: Profile) -> (Cabinet, JoinHandle<()>) {
    let (cabinet, task) = Cabinet::new(profile);
    (cabinet, tokio::spawn(task.run()))
}

/// What the peers hold, and every command written and read back.
pub(crate) async fn is_the_cabinet_that_peers_serve(cabinet: &Cabinet) {
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
